"""Fixtures that more than one test file needs, and the Hypothesis profiles."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from tests.conformance_hooks import (
    pytest_addoption,
    pytest_runtest_logreport,
    pytest_runtest_makereport,
    pytest_sessionfinish,
)

# Workers and commands of the tests share the cores: threads that wait must not keep them busy.
# (Read when the first kernel starts its threads; classifiers' tests took half the time with it.)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = [
    "pytest_addoption",
    "pytest_runtest_logreport",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
]

# No deadline anywhere: the first example of a test may compile a kernel.
settings.register_profile("default", deadline=None, max_examples=20)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=20,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", deadline=None, max_examples=5, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "default")
)


def pytest_configure() -> None:
    """Share the cores between the processes of xdist: BLAS would take them all in each.

    Its threads wait for each other in loops, which makes a small product a hundred times slower.
    """
    n_processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if n_processes > 1:
        n_threads = max(1, (os.cpu_count() or 1) // n_processes)
        os.environ["OPENBLAS_NUM_THREADS"] = str(n_threads)  # for what is loaded or started later
        threadpool_limits(n_threads, user_api="blas")


class CliResult(NamedTuple):
    """What one call of the command left behind."""

    code: int
    out: str
    err: str


def _captured_stream() -> io.TextIOWrapper:
    # A binary buffer below the text, as the real streams have: `-o -` may write bytes.
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8")


@pytest.fixture
def run_cli(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CliResult]:
    """Call ``fastgru ARGV...`` in this process: ``code, out, err = run_cli(["info", path])``.

    Arguments may be paths or numbers; `stdin` (str or bytes) is what the command reads from ``-``.
    """

    def run(argv: Iterable[object] = (), stdin: str | bytes = b"") -> CliResult:
        from fastgru.cli import main

        content = stdin.encode("utf-8") if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        out, err = _captured_stream(), _captured_stream()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main([str(argument) for argument in argv])
            except SystemExit as exit_request:  # argparse leaves this way after a usage error
                code = exit_request.code or 0
        return CliResult(code, _text_of(out), _text_of(err))

    return run


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20240229)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 kB, more with ``mount -o remount,size=1m``."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("needs mount, as root")
    mounting = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("this system mounts nothing")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
