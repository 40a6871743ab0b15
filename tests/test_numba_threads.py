"""The number of threads, forked processes, and threading layers that bear less than others."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import get_num_threads

from fastgru import _machine, _numba
from fastgru._numba import kernel, kernel_part, threads_limited_to
from fastgru.kernels.workers import APART, deal, run_workers
from fastgru.layers.workspace import new_shares
from tests.kernels.uncached import without_cache

ROOT = Path(__file__).parent.parent
MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
AVAILABLE = int(_numba.config.NUMBA_NUM_THREADS)
needs_compilation = pytest.mark.skipif(_numba.jit_disabled, reason="plain Python has one thread")


# --- how many -----------------------------------------------------------------------------


@pytest.fixture
def control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the files of a control group: ``control_group("cpu.max", "max 100000")``."""
    monkeypatch.setattr(_machine, "Path", lambda path: tmp_path / str(path).lstrip("/"))

    def write(name: str, content: str) -> None:
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("memory.max", "1048576\n", 2**20),
        ("memory.max", "max\n", MEMORY),
        ("memory.max", "9223372036854771712\n", MEMORY),
        ("memory/memory.limit_in_bytes", "1048576\n", 2**20),
    ],
)
def test_usable_memory__keeps_to_the_control_group(
    name: str, content: str, expected: float, control_group: Any
) -> None:
    control_group(name, content)
    assert _machine.usable_memory() == expected


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000\n", AVAILABLE),
        ("100000 100000\n", 1),
        ("190000 100000\n", 1),
        ("10000 100000\n", 1),
        ("6400000 100000\n", AVAILABLE),
        ("nonsense\n", AVAILABLE),
    ],
)
def test_default_threads__keeps_to_the_control_group(
    quota: str, expected: int, control_group: Any
) -> None:
    control_group("cpu.max", quota)
    assert _numba.default_threads() == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", AVAILABLE), ("100000", 1)])
def test_default_threads__knows_control_groups_of_version_1(
    quota: str, expected: int, control_group: Any
) -> None:
    control_group("cpu/cpu.cfs_quota_us", quota)
    control_group("cpu/cpu.cfs_period_us", "100000")
    assert _numba.default_threads() == expected


def test_default_threads__is_all_cpus_without_control_group(control_group: Any) -> None:
    assert _numba.default_threads() == AVAILABLE


@pytest.mark.parametrize("asked", [None, -1, 0, 1, 2, 1000])
def test_threads_limited_to__gives_no_more_than_asked_nor_than_there_are(asked: int | None) -> None:
    with threads_limited_to(1), threads_limited_to(asked) as given:
        wanted = _numba.default_threads() if asked is None else max(1, asked)
        assert given == min(wanted, AVAILABLE)
        assert get_num_threads() == given


def test_threads_limited_to__restores_what_was() -> None:
    with threads_limited_to(1):
        with pytest.raises(ZeroDivisionError), threads_limited_to(AVAILABLE):
            raise ZeroDivisionError
        assert get_num_threads() == 1
        with threads_limited_to(AVAILABLE):
            pass
        assert get_num_threads() == 1


def test_threads_limited_to__is_for_the_calling_thread_alone() -> None:
    seen: list[int] = []
    with threads_limited_to(1):
        other = threading.Thread(target=lambda: seen.append(get_num_threads()))
        other.start()
        other.join()
    assert seen == [AVAILABLE]


@pytest.mark.parametrize("threads", range(1, AVAILABLE + 1))
def test_threads_in_force__are_those_of_the_limit(threads: int) -> None:
    with threads_limited_to(threads):
        assert _numba.threads_in_force() == (1 if _numba.jit_disabled else threads)


@needs_compilation
def test_threads_in_force__are_the_default_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_numba, "_default_threads_once", lambda: 7)
    found: list[int] = []
    other = threading.Thread(target=lambda: found.append(_numba.threads_in_force()))
    other.start()
    other.join()
    assert found == [7]
    with threads_limited_to(1):
        assert _numba.threads_in_force() == 1


@kernel_part
def meet(worker: Any, shares: Any, present: Any, patience: Any, met: Any) -> None:
    """Wait until every worker is here."""
    present[worker] = 1
    for _ in range(patience):
        if present.sum() == shares.shape[0] // APART:
            met[worker] = True
            break


@without_cache
@kernel(parallel=True)
def gather(shares: Any, present: Any, patience: Any, met: Any) -> None:
    run_workers(meet, (shares, present, patience, met))


@needs_compilation
@pytest.mark.parametrize("threads", range(1, AVAILABLE + 1))
def test_kernels__run_on_that_many_threads(threads: int) -> None:
    with threads_limited_to(threads):
        shares = new_shares(pieces=1000)
        met = np.zeros(len(shares), bool)
        gather(shares, np.zeros(len(shares), np.int64), 100_000_000, met)
    assert met.sum() == threads  # so none waited for another to end


# --- forked processes and threading layers ------------------------------------------------

CALL = """
import os, sys, threading
import numpy as np
from fastgru import _numba
from fastgru.kernels.pooling import pool_backward
from fastgru.layers.workspace import new_shares

def call():
    lengths, gradient = np.full(64, 100), np.ones((64, 50))
    first, dy = np.zeros((64, 50), np.int32), np.empty((64, 100, 50))
    pool_backward(new_shares(64), lengths, gradient * 100, gradient, first, dy)
    assert (dy[:, 0] == 2).all() and (dy[:, 1:] == 1).all()

def call_in_a_fork():
    child = os.fork()
    if child == 0:
        try:
            call()
            print("fine", flush=True)
        except RuntimeError as error:
            print(error, flush=True)
        os._exit(0)
    print("exit status", os.waitpid(child, 0)[1], flush=True)
"""
AFTER_FORK = (
    "fastgru kernels cannot run here: this process was forked after its parent had used them, and "
    "GNU OpenMP does not survive a fork. Start workers with the 'spawn' or 'forkserver' method of "
    "multiprocessing.\nexit status 0\n"
)


def run(program: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CALL + program],
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def has_layer(name: str) -> bool:
    with threads_limited_to(1):
        gather(deal(1, 1), np.zeros(APART, np.int64), 1, np.zeros(APART, bool))
        return _numba.threading_layer() == name


needs_openmp = pytest.mark.skipif(
    _numba.jit_disabled
    or sys.platform == "darwin"
    or not hasattr(os, "fork")
    or not has_layer("omp"),
    reason="about GNU OpenMP",
)


@needs_openmp
@pytest.mark.parametrize("use", ["call()", "with _numba.threads_limited_to(1): pass"])
def test_kernels__say_that_they_cannot_run_after_a_fork(use: str) -> None:
    assert run(f"{use}\ncall_in_a_fork()", NUMBA_THREADING_LAYER="omp") == AFTER_FORK


@needs_openmp
def test_kernels__run_in_a_fork_that_came_before_the_first_use() -> None:
    program = "call_in_a_fork()\ncall()\ncall_in_a_fork()"
    output = run(program, NUMBA_THREADING_LAYER="omp")
    assert output == "fine\nexit status 0\n" + AFTER_FORK


@needs_compilation
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_kernels__run_after_a_fork_with_the_work_queue() -> None:
    output = run("call()\ncall_in_a_fork()", NUMBA_THREADING_LAYER="workqueue")
    assert output == "fine\nexit status 0\n"


@needs_compilation
def test_kernels__take_turns_on_the_work_queue() -> None:
    # Which ends the process when two threads call it at once.
    program = """
call()
threads = [threading.Thread(target=lambda: [call() for _ in range(10)]) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(_numba.threading_layer())
"""
    assert run(program, NUMBA_THREADING_LAYER="workqueue") == "workqueue\n"


@needs_openmp
def test_threading_layer__leaves_others_the_threads_of_openmp() -> None:
    program = (
        "import ctypes\n"
        "openmp = ctypes.CDLL('libgomp.so.1')\n"
        "openmp.omp_set_num_threads(3)\n"
        "with _numba.threads_limited_to(1):\n"
        "    print(_numba.threading_layer(), openmp.omp_get_max_threads())\n"
    )
    assert run(program, NUMBA_THREADING_LAYER="omp") == "omp 3\n"
