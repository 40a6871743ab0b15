"""Which threads of a process use the CPUs, as /proc tells it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE = 0.02


class ThreadUse(NamedTuple):
    """What was seen of a process.

    Attributes
    ----------
    code
        Exit code.
    seconds
        CPU time of each thread, falling.
    """

    code: int
    seconds: list[float]

    def busy(self, share: float = 0.1) -> int:
        """Return how many threads have used at least this share of what the busiest has."""
        return sum(used >= share * self.seconds[0] for used in self.seconds)


def watch(command: list[str], **options: object) -> ThreadUse:
    """Run a command and look at its threads, and those of its children, until it ends."""
    process = subprocess.Popen(command, **options)  # type: ignore[call-overload]
    used: dict[str, float] = {}
    while process.poll() is None:
        for task in tasks_below(process.pid):
            try:
                fields = (task / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # has ended since
            used[str(task)] = (int(fields[11]) + int(fields[12])) / _TICKS
        time.sleep(_PAUSE)
    return ThreadUse(process.returncode, sorted(used.values(), reverse=True))


def tasks_below(pid: int) -> list[Path]:
    """Return the threads of a process and of its children, by their folders in /proc."""
    tasks: list[Path] = []
    try:
        tasks += Path(f"/proc/{pid}/task").iterdir()
        for task in list(tasks):
            for child in (task / "children").read_text().split():
                tasks += tasks_below(int(child))
    except OSError:
        pass
    return tasks
