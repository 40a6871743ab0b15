"""What the machine grants this process: CPUs, memory, and a directory of its own."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def control_group_cpus() -> float:
    """Return the CPUs that the control group grants (version 2, then 1), or infinity."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()[:2]
        return float("inf") if quota == "max" else int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError):
        folder = Path("/sys/fs/cgroup/cpu")
        quota_us = int(folder.joinpath("cpu.cfs_quota_us").read_text())
        period_us = int(folder.joinpath("cpu.cfs_period_us").read_text())
        return quota_us / period_us if quota_us > 0 else float("inf")
    return float("inf")


def usable_cpus() -> int:
    """Return the number of CPUs that affinity and the control group leave to this process."""
    affine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, int(min(affine or 1, control_group_cpus())))


def usable_threads(asked: int | None) -> int:
    """Return how many threads to use: as many as asked for, and no more than are ours."""
    return min(asked or usable_cpus(), usable_cpus())


def usable_memory() -> float:
    """Return the bytes of memory that machine and control group have, or infinity if unknown."""
    limits = [float("inf")]
    with contextlib.suppress(OSError, ValueError, AttributeError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # version 2, then 1
        with contextlib.suppress(OSError, ValueError):
            limits.append(int(Path("/sys/fs/cgroup").joinpath(name).read_text()))
    return min(limits)


def is_private_directory(path: Path) -> bool:
    """Make ``path`` if need be; true where this user alone may write in it.

    numba's cache entries are pickles, so a directory that another user can write to would let
    that user run code here.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return True
    shared = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return status.st_uid == os.getuid() and not shared
