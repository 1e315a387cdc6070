"""Figure 1 of the paper: labeled videos become a model, a video becomes two answers.

Training: extract -> sample -> phase 1 (LSFNet) -> phase 2 (pool, select, hash).
Testing:  extract -> encode and pool -> select, hash, search, vote.
"""

from collections.abc import Iterable
from functools import partial

import numpy as np

from lsfref.config import Config, random_streams
from lsfref.errors import LsfrefError
from lsfref.model import LabeledVideo, Model, Trained
from lsfref.phases import growth, testing
from lsfref.phases.advice import check_classes, fit_warnings, unusable
from lsfref.phases.extraction import ALONE, Extract, PathLike, Work, extract
from lsfref.phases.passes import Pooled, pool_video, survey
from lsfref.phases.phase1 import fit_network
from lsfref.phases.phase2 import encode_labels, fit_tasks, labels_of
from lsfref.phases.sampling import Describe, survey_videos

__all__ = ["classify", "extract", "retrieve", "train"]


def train(
    videos: Iterable[LabeledVideo],
    config: Config,
    *,
    classes: dict[str, tuple[str, ...]],
    work: Work = ALONE,
    describe: Describe = survey,
) -> Trained:
    """Return the fitted system (Figure 1, left half); videos are taken in the order of their names.

    `classes` holds the class names of each task in their order (T1). Videos that cannot be used are
    skipped and named. `describe` may compute more of a video in the pass that draws rows. Raises
    LsfrefError where nothing can be learned: no background labels, fewer than two classes with
    videos.
    """
    videos = sorted(videos, key=lambda v: v.name)
    classes = {task: names for task, names in classes.items() if names}
    labels_A = encode_labels([v.background for v in videos], classes.get("background", ()))
    paths = [v.path for v in videos]
    described, (sample,) = survey_videos(paths, [labels_A], config, work=work, describe=describe)
    labels_P = labels_A[sample.owner_P]  # every row has the label of its video (B3)
    faults = [
        d.error or unusable(v.path, d.n_frames, d.n_points, config)
        for v, d in zip(videos, described, strict=True)
    ]
    skipped = [fault for fault in faults if fault]
    videos = [v for v, fault in zip(videos, faults, strict=True) if not fault]
    check_classes(videos, classes, skipped)
    n_classes = len(classes["background"])
    network, remarks = fit_network(sample.rows_PD, labels_P, config, n_classes=n_classes, work=work)
    pool = partial(pool_video, encoder=network.encoder, config=config, extract=work.extract)
    pooled = list(work.each("pooling", pool, [v.path for v in videos]))
    lost = [p.error for p in pooled if p.error]
    if lost:  # it could be read a moment ago
        raise LsfrefError(lost[0])
    pooled_ME = np.stack([p.pooled_E for p in pooled])
    rng = random_streams(config.seed).hash
    model = Model(
        config=config,
        network=network,
        head_classes=classes["background"],
        files=tuple(v.name for v in videos),
        groups=tuple(v.group or "" for v in videos),
        points_M=np.array([p.n_points for p in pooled], dtype=np.int64),
        pooled_ME=pooled_ME,
        tasks=fit_tasks(pooled_ME, labels_of(videos, classes), classes, config, rng=rng),
    )
    warnings = [text for d in described for text in d.warnings]
    return Trained(model, skipped, [*warnings, *remarks, *fit_warnings(model)], described)


def classify(path: PathLike, model: Model, *, extract: Extract = extract) -> testing.Answer:
    """Return the paper's answers to both tasks for one video (Figure 1, right half).

    Bad input is in `error`, with no labels; it is never raised.
    """
    return testing.answer(model, _described(path, model, extract))


def retrieve(
    path: PathLike, model: Model, *, task: str, top: int, extract: Extract = extract
) -> tuple[Pooled, list[growth.Hit]]:
    """Return a video's pooled code and the indexed videos most similar to it (Section 2.4).

    Bad input is in `error` of the first, with no hits; it is never raised.
    """
    pooled = _described(path, model, extract)
    if pooled.pooled_E is None:
        return pooled, []
    hits = growth.most_similar(model.tasks[task], model.pooled_ME, pooled.pooled_E, top=top)
    return pooled, hits


def _described(path: PathLike, model: Model, extract: Extract) -> Pooled:
    encoder, config = model.network.encoder, model.config
    return testing.describe(path, encoder=encoder, config=config, extract=extract)
