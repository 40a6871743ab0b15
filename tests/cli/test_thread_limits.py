"""Commands use as many threads as they are told, libraries and helpers included."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from fastgru._machine import usable_cpus
from fastgru.cli.thread_limits import libraries_limited_to
from tests.cli.conftest import Work
from tests.thread_use import watch

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux")


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_libraries_limited_to__limits_what_is_loaded_and_what_will_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "64")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with libraries_limited_to(2):
            assert os.environ["OMP_NUM_THREADS"] == "1"  # was lower
            assert os.environ["OPENBLAS_NUM_THREADS"] == "2"
            assert os.environ["MKL_NUM_THREADS"] == "2"
        with libraries_limited_to(1):
            assert blas_threads() == {1}
        assert blas_threads() == before
    assert os.environ["OPENBLAS_NUM_THREADS"] == "64"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(2)
    letters = "".join(rng.choice(list("ACGT"), 600_000))
    folder = tmp_path_factory.mktemp("reads")
    (folder / "reads.fa").write_text(
        "".join(
            f">r{at} label={'ab'[at % 400 // 200]}\n{letters[at : at + 200]}\n"
            for at in range(0, len(letters), 200)
        )
    )
    return folder / "reads.fa"


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("command", ["predict", "scan", "train"])
def test_command__keeps_no_more_threads_busy_than_it_is_told(
    command: str, threads: int, work: Work, reads: Path, tmp_path: Path
) -> None:
    arguments = {
        "predict": ["predict", work.model, reads, "-o", "out"],
        "scan": ["scan", work.model, reads, "--window", "100", "--step", "50", "-o", "out"],
        "train": [
            *("train", reads, "--label-field", "label", "--alphabet", "dna", "--max-epochs", "1"),
            *("--hidden-size", "16", "-o", "out"),
        ],
    }[command]
    line = [sys.executable, "-m", "fastgru", *arguments, "--quiet", "--threads", threads]
    use = watch([str(word) for word in line], cwd=tmp_path)
    assert use.code == 0
    assert 1 <= use.busy() <= min(threads, usable_cpus()), use.seconds
