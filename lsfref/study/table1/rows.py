"""The rows of Table 1, and the spaces of Figure 3: what each is called and how it answers.

Each row differs from the whole system in what its name says.
"""

from lsfref.study.table1.features import Recipe

WHOLE = "whole system"

ROWS = {  # by what they ask for; in the order of Table 1, the paper's first
    "idt": Recipe("improved trajectories + Fisher vector + linear SVM", select=False, ask="svm"),
    "cca": Recipe("Fisher score + CCA", fuse="cca", ask="exact"),
    "fisher_vector": Recipe("DT + Fisher vector + Fisher score + LSH"),
    "lsfnet": Recipe("LSFNet", select=False, ask="exact"),
    "selected": Recipe("LSFNet + Fisher score", ask="exact"),
    "whole": Recipe(WHOLE),
    "raw": Recipe("mean descriptor, exact neighbors", select=False, ask="exact"),
    "pca": Recipe("PCA in place of LSFNet"),
    "autoencoder": Recipe("autoencoder alone in place of LSFNet"),
}
TABLE_ROWS = {
    "cca": ROWS["cca"],
    "side by side": Recipe("Fisher score + LSH"),
    "lsfnet": ROWS["lsfnet"]._replace(fuse="lsfnet"),
    "selected": ROWS["selected"]._replace(fuse="lsfnet"),
    "whole": ROWS["whole"]._replace(fuse="lsfnet"),
    "pca": ROWS["pca"]._replace(fuse="pca"),
    "autoencoder": ROWS["autoencoder"]._replace(fuse="autoencoder"),
}
SHARING = (  # which rows want the same networks and mixtures; what takes longest comes first
    ("autoencoder",),
    ("raw", "pca", "lsfnet", "selected", "whole"),
    ("fisher_vector", "cca"),
    ("idt",),
)
SPACES = {"pca": "concatenation + PCA", "autoencoder": "autoencoder alone", "lsfnet": "LSFNet"}
