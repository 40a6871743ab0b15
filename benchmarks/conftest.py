"""What all benchmarks share: the number of threads, and what is stored about the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import baselines
from benchmarks.line_transfer import line_transfer
from benchmarks.machine import Company, describe_machine
from benchmarks.recording import NOT_MEASURED
from benchmarks.rivals import Setting
from fastgru._numba import default_threads, threads_limited_to

_company = Company()
_transfers: list[float] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--threads", type=int, default=min(2, default_threads()))
    parser.addoption("--keep-denormals", action="store_true")


@pytest.fixture(scope="session", autouse=True)
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    """Give all contenders the same number of threads."""
    options = request.config
    flush = not options.getoption("keep_denormals")
    if baselines.has_torch:
        baselines.prepare_torch(options.getoption("threads"), flush_denormals=flush)
    with threads_limited_to(options.getoption("threads")) as in_force:
        yield Setting(in_force, flush)


@pytest.fixture(autouse=True)
def between_cpus() -> None:
    """Measure before each row how near each other the CPUs are."""
    seconds = line_transfer()
    if seconds is not None:
        _transfers.append(seconds)


def pytest_benchmark_generate_machine_info(config: Any) -> dict[str, Any]:
    """Describe the machine; called when the run is over."""
    return {
        **describe_machine(config.getoption("threads")),
        "rivals_flush_denormals": not config.getoption("keep_denormals"),
        "cpus_busy_elsewhere": _company.cpus(),
        "line_transfer_ns": [round(seconds * 1e9) for seconds in _transfers],
        "not_measured": NOT_MEASURED,
    }
