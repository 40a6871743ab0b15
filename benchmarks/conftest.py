"""What all benchmarks share: the number of threads, and what is stored about the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import baselines
from fastgru import __version__
from fastgru._numba import cpu_name, default_threads, threading_layer, threads_limited_to
from fastgru.kernels.microkernel import ROWS, VECTOR_BYTES

LIBRARIES = ("numba", "llvmlite", "numpy", "torch")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--threads", type=int, default=min(2, default_threads()))
    parser.addoption("--keep-denormals", action="store_true")


@pytest.fixture(scope="session", autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Give both contenders the same number of threads."""
    number = request.config.getoption("threads")
    if baselines.has_torch:
        keep = request.config.getoption("keep_denormals")
        baselines.prepare_torch(number, flush_denormals=not keep)
    with threads_limited_to(number) as in_force:
        yield in_force


def _version_of(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    import cpuinfo  # comes with pytest-benchmark, and takes a second

    return str(cpuinfo.get_cpu_info().get("brand_raw") or platform.machine())


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.load_at_start = os.getloadavg()[0]


def pytest_benchmark_generate_machine_info(config: Any) -> dict[str, Any]:
    """Return what the figures depend on; pytest-benchmark's own list has the host's name too."""
    return {
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "fastgru": __version__,
        "libraries": {name: _version_of(name) for name in LIBRARIES},
        "threads": config.getoption("threads"),
        "threading_layer": threading_layer(),
        "compiled_for": cpu_name(),
        "tile": f"{ROWS} rows of 3 vectors of {VECTOR_BYTES} bytes",
        "torch_flushes_denormals": not config.getoption("keep_denormals"),
        "load_average_at_start": round(config.load_at_start, 2),
    }
