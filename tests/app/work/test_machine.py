"""Threads and memory of a process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lsfref.app import cli
from lsfref.app.work import machine, workers

pytestmark = pytest.mark.unwatched

FAULTS = """
import resource, sys
import numpy as np
from lsfref.app import cli
from lsfref.app.work import machine, workers
from lsfref.flow import dense_flow
if sys.argv[1] == "kept":
    machine.keep_freed_memory()
first_HW, second_HW = np.random.default_rng(0).uniform(0, 255, (2, 240, 320)).astype(np.float32)
count = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    before = count()
    dense_flow(first_HW, second_HW)
print(count() - before)
"""


def test_threads_are_set_whatever_the_environment_says(monkeypatch):
    for name in machine.THREADS:
        monkeypatch.setenv(name, "4")
    machine.use_one_thread()
    assert {os.environ[name] for name in machine.THREADS} == {"1"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_freed_memory_is_kept():
    """Page faults of one flow: thousands, or next to none."""
    count = {
        how: int(
            subprocess.run(
                [sys.executable, "-c", FAULTS, how],
                cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
            ).stdout
        )
        for how in ("kept", "handed back")
    }  # fmt: skip
    assert count["kept"] < 300
    assert count["handed back"] > 3 * count["kept"]


def faults_of_arrays(_):
    """Return the page faults of eight arrays of 4 MB, after others of the same size."""
    import resource

    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        arrays = [np.ones(1 << 19) for _ in range(8)]
        arrays.clear()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_workers_keep_freed_memory():
    with workers.mapper(2) as mapper:
        assert max(mapper(faults_of_arrays, range(2))) < 300


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_so_they_do_where_the_environment_trims(monkeypatch):
    """As Dask's nanny does: with a threshold set, malloc never raises another by itself."""
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    with workers.mapper(2) as mapper:
        assert max(mapper(faults_of_arrays, range(2))) < 300


def test_the_command_line_asks_for_both(monkeypatch, capsys):
    kept = []
    monkeypatch.setattr(machine, "keep_freed_memory", lambda: kept.append(1))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    assert cli.main(["inspect", "absent.npz"]) == 3
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert kept == [1]
