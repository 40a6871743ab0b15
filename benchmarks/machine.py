"""What the figures of a run depend on: the machine, the versions, and what else was running."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from pathlib import Path
from typing import Any

from fastgru import __version__
from fastgru._kernel_cache import cpu_name
from fastgru._numba import threading_layer
from fastgru.kernels.registers import ROWS, VECTOR_BYTES

LIBRARIES = ("numba", "llvmlite", "numpy", "torch", "onnxruntime", "onednn-cpu-gomp")
_STAT = Path("/proc/stat")


class Company:
    """Counts the CPUs that other processes keep busy, from now on."""

    def __init__(self) -> None:
        self._start = self._read()

    @staticmethod
    def _read() -> tuple[float, float, float] | None:
        """Return the clock, and the CPU seconds of everyone and of this process, None off Linux."""
        if not _STAT.exists():
            return None
        user, nice, system, _, _, *interrupts_and_stolen = map(
            int, _STAT.read_text().split("\n")[0].split()[1:9]
        )
        ticks = user + nice + system + sum(interrupts_and_stolen)
        return time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])

    def cpus(self) -> float | None:
        """Return the mean number of CPUs since the start, None where it cannot be known."""
        end = self._read()
        if self._start is None or end is None:
            return None
        seconds, all_cpu, own_cpu = (b - a for a, b in zip(self._start, end, strict=True))
        return max(0.0, round((all_cpu - own_cpu) / seconds, 2))


def _version_of(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    import cpuinfo  # comes with pytest-benchmark, and takes a second

    return str(cpuinfo.get_cpu_info().get("brand_raw") or platform.machine())


def describe_machine(threads: int) -> dict[str, Any]:
    """Return machine and versions; pytest-benchmark's own list has the host's name too."""
    return {
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "fastgru": __version__,
        "libraries": {name: _version_of(name) for name in LIBRARIES},
        "threads": threads,
        "threading_layer": threading_layer(),
        "compiled_for": cpu_name(),
        "tile": f"{ROWS} rows of 3 vectors of {VECTOR_BYTES} bytes",
    }
