"""Pictures for files of FakeExtract, which are names."""

import fakes_best
import pytest


@pytest.fixture(autouse=True, scope="module")
def fake_pictures():
    """Frames of fake files, and what is seen of them; real files are looked at as they are."""
    with fakes_best.fake_pictures():
        yield


@pytest.fixture
def glaring():
    """The set of names of files whose pictures are poisoned; empty again afterwards."""
    yield fakes_best.GLARING
    fakes_best.GLARING.clear()
