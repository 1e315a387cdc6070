"""Golden files against libraries that share no code with lsfref. What is not installed is skipped.

torch: losses, gradients, training. scipy, sklearn: windows, medians, Fisher scores, neighbors.
opencv: grey, resampling, windows, medians, bilinear reading, Farneback's flow.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage
from scipy.spatial import distance

from golden.cases import CASES
from lsfref.storage.tensors import read_tensor

GOLDEN = Path(__file__).parents[2] / "golden"


def keys(kind):
    return [case.key for case in CASES if case.kind.name == kind]


def load(key):
    """Return all stored tensors of a case by name, and its settings."""
    settings = next(case.settings for case in CASES if case.key == key)
    return {path.stem: read_tensor(path) for path in (GOLDEN / key).glob("*.npy")}, settings


def close(got, want, tol=1e-11):
    """Assert max|got - want| <= tol max|want|."""
    assert_allclose(got, want, rtol=0, atol=tol * np.abs(want).max(initial=0))


# torch


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return torch


def leaves(torch, t):
    starts = ("weights_", "encoder_bias_", "decoder_bias_", "head_")
    return {
        name: torch.tensor(array.copy(), requires_grad=True)
        for name, array in t.items()
        if name.startswith(starts)
    }


def reconstruction(torch, p, rows):
    depth = sum(name.startswith("weights_") for name in p)
    layer = encoded(torch, p, rows)
    for k in range(1, depth + 1):
        weights = p[f"weights_{depth + 1 - k}"].T
        layer = layer @ weights + p[f"decoder_bias_{k}"]
        layer = torch.tanh(layer) if k < depth else layer
    return layer


def encoded(torch, p, rows):
    depth = sum(name.startswith("weights_") for name in p)
    for k in range(1, depth + 1):
        rows = rows @ p[f"weights_{k}"] + p[f"encoder_bias_{k}"]
        rows = torch.tanh(rows) if k < depth else rows
    return rows


def loss_of(torch, which, p, rows, labels):
    if which == "reconstruction":
        return torch.nn.functional.mse_loss(reconstruction(torch, p, rows), rows)
    logits = encoded(torch, p, rows) @ p["head_weights"] + p["head_bias"]
    return torch.nn.functional.cross_entropy(logits, labels)


@pytest.mark.parametrize("key", keys("network"))
def test_losses_and_gradients_are_those_of_torch(key, torch):
    t, _ = load(key)
    for which in ("reconstruction", "classification"):
        p = leaves(torch, t)
        rows = torch.tensor(t["rows_BD"].copy(), requires_grad=True)
        loss = loss_of(torch, which, p, rows, torch.tensor(t["labels_B"].copy()))
        loss.backward()
        close(loss.item(), t[f"{which}_loss"])
        found = {name: leaf.grad for name, leaf in (p | {"rows": rows}).items()}
        stored = {n.partition("_d_")[2] for n in t if n.startswith(f"{which}_d_")}
        assert stored == {name for name, gradient in found.items() if gradient is not None}
        for name in stored:
            close(found[name].numpy(), t[f"{which}_d_{name}"])
    codes = encoded(torch, p, rows)
    close(codes.detach().numpy(), t["codes_BE"])
    close(reconstruction(torch, p, rows).detach().numpy(), t["rebuilt_BD"])
    shares = torch.softmax(codes @ p["head_weights"] + p["head_bias"], dim=1)
    close(shares.detach().numpy(), t["posteriors_BC"])


@pytest.mark.parametrize("key", keys("steps") + keys("training"))
def test_training_is_that_of_torch_optimizers(key, torch):
    t, settings = load(key)
    p = leaves(torch, t)
    rates = {"reconstruction": float(t["lr_ae"]), "classification": float(t["lr_mlp"])}
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    own = {"reconstruction": "head_", "classification": "decoder_"}
    descents = {
        which: kinds[settings["optimizer"]](
            [leaf for name, leaf in p.items() if not name.startswith(own[which])], lr=rate
        )
        for which, rate in rates.items()
    }
    turns = list(rates)
    steps = 0
    curves = {which: [] for which in turns}
    orders = t["order_4P"] if "order_4P" in t else t["order_UP"]
    batch_size = len(t["rows_PD"]) if "order_4P" in t else int(t["batch_size"])
    for epoch, order in enumerate(orders):
        sums = {which: [0.0, 0] for which in turns}
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            rows = torch.tensor(t["rows_PD"][batch])
            labels = torch.tensor(t["labels_P"][batch])
            grain = {
                "step": [steps % 2],
                "epoch": [epoch % 2],
                "both": [0, 1],
                "reconstruction": [0],
            }
            for number in grain[settings["switch"]]:
                which = turns[number]
                descents[which].zero_grad()
                loss = loss_of(torch, which, p, rows, labels)
                loss.backward()
                descents[which].step()
                sums[which][0] += loss.item() * len(batch)
                sums[which][1] += len(batch)
            steps += 1
            if "order_4P" in t:
                for name, leaf in p.items():
                    close(leaf.detach().numpy(), t[f"after_{name}"][steps - 1])
        for which, (total, count) in sums.items():
            if not count:
                rows, labels = torch.tensor(t["rows_PD"].copy()), torch.tensor(t["labels_P"].copy())
                total, count = loss_of(torch, which, p, rows, labels).item(), 1
            curves[which].append(total / count)
    if "order_UP" in t:
        for which, curve in curves.items():
            close(np.array(curve), t[f"{which}_curve_U"])
        for name, leaf in p.items():
            if f"after_{name}" in t:
                close(leaf.detach().numpy(), t[f"after_{name}"])


# scipy and scikit-learn


@pytest.mark.parametrize("key", keys("box"))
def test_window_sums_are_those_of_scipy(key):
    t, _ = load(key)
    size = int(t["size"])
    close(ndimage.uniform_filter(t["image_HW"], size, mode="constant") * size**2, t["sums_HW"])


@pytest.mark.parametrize("key", keys("median"))
def test_medians_are_those_of_scipy(key):
    t, _ = load(key)
    want = ndimage.median_filter(t["image_HW"], int(t["size"]), mode="nearest")
    assert np.array_equal(t["median_HW"], want)


@pytest.mark.parametrize("key", keys("warp"))
def test_bilinear_reading_is_that_of_scipy(key):
    t, _ = load(key)
    places = np.stack([t["y_HW"], t["x_HW"]])
    close(ndimage.map_coordinates(t["image_HW"], places, order=1, mode="nearest"), t["warped_HW"])


@pytest.mark.parametrize("key", keys("slopes"))
def test_slopes_are_those_of_scipy(key):
    t, _ = load(key)
    for name, axis in (("gx_HW", 1), ("gy_HW", 0)):
        want = ndimage.correlate1d(t["image_HW"], np.array([1, -8, 0, 8, -1]) / 12, axis=axis)
        inner = [slice(None), slice(None)]
        inner[axis] = slice(2, -2)
        close(t[name][tuple(inner)], want[tuple(inner)])


@pytest.mark.parametrize("key", keys("sample"))
def test_corner_strength_is_the_eigenvalue_of_numpy(key):
    t, _ = load(key)
    dx = ndimage.sobel(t["grey_HW"], axis=1, mode="mirror")
    dy = ndimage.sobel(t["grey_HW"], axis=0, mode="mirror")

    def sums(plane):
        return ndimage.uniform_filter(plane, 3, mode="mirror") * 9

    tensor = [[sums(dx * dx), sums(dx * dy)], [sums(dx * dy), sums(dy * dy)]]
    least = np.linalg.eigvalsh(np.moveaxis(np.array(tensor), (0, 1), (-2, -1)))[..., 0]
    assert_allclose(t["strength_HW"], least, rtol=0, atol=1e-9 * max(1, np.abs(least).max()))


@pytest.mark.parametrize("key", keys("fisher"))
def test_fisher_scores_are_the_f_statistic_of_sklearn(key):
    selection = pytest.importorskip("sklearn.feature_selection")
    if key.endswith(("constant", "large")):  # 0/0 and squares beyond double precision
        pytest.skip("sklearn has no finite answer")
    t, _ = load(key)
    n, n_classes = len(t["labels_M"]), len(np.unique(t["labels_M"]))
    with np.errstate(all="ignore"):
        statistic, _ = selection.f_classif(t["pooled_ME"], t["labels_M"])
    close(t["scores_E"] * (n - n_classes) / (n_classes - 1), statistic, 1e-9)


@pytest.mark.parametrize("key", [key for key in keys("search") if not key.endswith("stacked")])
def test_neighbors_are_those_of_scipy_and_sklearn(key):
    neighbors = pytest.importorskip("sklearn.neighbors")
    t, _ = load(key)
    for c, directions in enumerate(t["directions_TNQ"]):
        index, queries = t["index_mQ"] @ directions.T, t["queries_MQ"] @ directions.T
        close(index, t["index_hashes_TmN"][c])
        close(queries, t["query_hashes_TMN"][c])
        squared = distance.cdist(t["query_hashes_TMN"][c], t["index_hashes_TmN"][c], "sqeuclidean")
        order = np.argsort(squared, axis=1, kind="stable")[:, : t["neighbors_TMK"].shape[2]]
        assert np.array_equal(order, t["neighbors_TMK"][c])
        near = np.take_along_axis(squared, order, axis=1)
        assert_allclose(t["squared_distances_TMK"][c], near, rtol=1e-9, atol=0)
        brute = neighbors.NearestNeighbors(n_neighbors=order.shape[1], algorithm="kd_tree")
        apart, found = brute.fit(t["index_hashes_TmN"][c]).kneighbors(t["query_hashes_TMN"][c])
        assert_allclose(apart**2, near, rtol=1e-9, atol=1e-9)
        if not key.endswith(("tie", "same")):
            assert np.array_equal(found, t["neighbors_TMK"][c])


# OpenCV, in single precision


@pytest.fixture
def cv2():
    cv2 = pytest.importorskip("cv2")
    cv2.setNumThreads(1)
    return cv2


@pytest.mark.parametrize("key", keys("grey"))
def test_grey_is_that_of_opencv(key, cv2):
    t, _ = load(key)
    rgb = t["rgb_HW3"].astype(np.float32)
    close(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), t["grey_HW"], 1e-6)
    eight = cv2.cvtColor(t["rgb_HW3"].astype(np.uint8), cv2.COLOR_RGB2GRAY)
    assert np.abs(eight.astype(int) - t["grey_8bit_HW"]).max() <= 1


@pytest.mark.parametrize("key", keys("shrink"))
def test_area_means_are_those_of_opencv(key, cv2):
    t, _ = load(key)
    frame = t["frame_HW"].astype(np.float32)
    found = cv2.resize(frame, t["shrunk_HW"].shape[::-1], interpolation=cv2.INTER_AREA)
    close(found, t["shrunk_HW"], 1e-6)


@pytest.mark.parametrize("key", keys("layers"))
def test_layers_are_those_of_opencv(key, cv2):
    t, settings = load(key)
    names = sorted(name for name in t if name.startswith("layer_"))
    layer = t["frame_HW"].astype(np.uint8 if settings["bits"] == "8" else np.float32)
    for name in names:
        shape = t[name].shape[::-1]
        found = cv2.resize(layer, shape, interpolation=cv2.INTER_LINEAR)
        if settings["bits"] == "8":
            off = np.abs(found.astype(int) - t[name])
            assert off.max() <= 1  # releases of OpenCV round in different ways
            layer = t[name].astype(np.uint8)
        else:
            close(found, t[name], 1e-6)
            layer = t[name].astype(np.float32)


@pytest.mark.parametrize("key", keys("box") + keys("median") + keys("warp"))
def test_windows_and_reading_are_those_of_opencv(key, cv2):
    t, _ = load(key)
    image = t["image_HW"].astype(np.float32)
    if "sums_HW" in t:
        size = (int(t["size"]),) * 2
        found = cv2.boxFilter(image, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        close(found, t["sums_HW"], 1e-6)
    elif "median_HW" in t:
        assert np.array_equal(cv2.medianBlur(image, int(t["size"])), t["median_HW"])
    else:
        places = (t["x_HW"].astype(np.float32), t["y_HW"].astype(np.float32))
        found = cv2.remap(image, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        close(found, t["warped_HW"], 1 / 32)  # OpenCV reads at 32nds of a pixel


def test_farneback_with_one_layer_is_that_of_opencv(cv2):
    t, _ = load("02_flow/farneback_one_layer")
    frames = [t[name].astype(np.float32) for name in ("first_HW", "second_HW")]
    gaussian = cv2.OPTFLOW_FARNEBACK_GAUSSIAN
    flow = cv2.calcOpticalFlowFarneback(*frames, None, 0.5, 1, 10, 2, 7, 1.5, gaussian)
    found = np.stack([cv2.medianBlur(flow[..., i].copy(), 5) for i in (0, 1)], axis=-1)
    close(found, t["flow_0_HW2"], 1e-3)
