"""What all benchmarks share: the number of threads, and what is stored about the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import baselines
from benchmarks.machine import Company, describe_machine
from fastgru._numba import default_threads, threads_limited_to

_company = Company()


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


def pytest_benchmark_generate_machine_info(config: Any) -> dict[str, Any]:
    return {
        **describe_machine(config.getoption("threads")),
        "torch_flushes_denormals": not config.getoption("keep_denormals"),
        "cpus_busy_elsewhere": _company.cpus(),
    }
