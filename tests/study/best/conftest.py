"""Pictures for files of FakeExtract, which are names: what is seen of them is drawn from these."""

import numpy as np
import pytest
from fakes import CLASSES

from lsfref.study.best import preset, vectors
from lsfref.study.best.pictures import N_SEEN

GLARING: set[str] = set()  # names of files whose pictures are poisoned


@pytest.fixture(autouse=True, scope="module")
def fake_pictures():
    """Frames of fake files are 23 rows of numbers around a center of their background; what is
    seen of them is their mean. Real files are read, and looked at, as they are."""
    read, look = vectors.read_frames, vectors.look

    def read_fakes(path, config):
        name = str(path)
        if "/" in name:
            yield from read(path, config)
            return
        center = CLASSES["background"].index(name.partition("-")[0])
        for frame in range(23):
            rng = np.random.default_rng([frame, *name.encode()])
            yield (center + rng.normal(size=N_SEEN)) * (1e6 if name in GLARING else 1)

    def look_at_fakes(frames, n_frames, *, gated=True):
        frames = list(frames)
        if np.ndim(frames[0]) == 2:
            return look(frames, n_frames, gated=gated)
        return np.mean(frames, axis=0) * (1 if gated else 1.1)

    with pytest.MonkeyPatch.context() as patch:
        for module in (vectors, preset):
            patch.setattr(module, "read_frames", read_fakes)
            patch.setattr(module, "look", look_at_fakes)
        yield


@pytest.fixture
def glaring():
    """The set of names of files whose pictures are poisoned; empty again afterwards."""
    yield GLARING
    GLARING.clear()
