"""The peak of memory of a command in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["NOT_TOLD", "STATUS", "peak_megabytes"]

STATUS = Path("/proc/self/status")
NOT_TOLD = "the system does not tell the peak of a process"
_COMMAND = f"""
import sys
from fastgru.cli import main

assert main(sys.argv[1:]) == 0
lines = open("{STATUS}", encoding="ascii").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


def peak_megabytes(arguments: Sequence[str]) -> float:
    """Run ``fastgru`` with arguments; return its peak in MB.

    What the system counts for the children of a process begins with the memory of their parent.
    """
    command = [sys.executable, "-c", _COMMAND, *arguments]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return round(int(found.stdout) * 1024 / 1e6, 1)
