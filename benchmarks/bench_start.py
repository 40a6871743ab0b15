"""The first training step of a new process: imports, and the kernels from compiler or cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import baselines
from benchmarks.recording import describe
from benchmarks.timing import Task, nothing, time_in_turns

OURS = """
import numpy as np
from fastgru import GRU
gru = GRU(16, 64)
tokens, embedding = np.zeros((8, 20), np.int64), np.ones((4, 16), np.float32)
y, h_n = gru.forward(tokens, embedding=embedding)
gru.backward(y, h_n)
"""
THEIRS = """
import torch
gru = torch.nn.GRU(16, 64, batch_first=True)
tokens, embedding = torch.zeros(8, 20, dtype=int), torch.ones(4, 16, requires_grad=True)
y, h_n = gru(torch.nn.functional.embedding(tokens, embedding))
torch.autograd.backward([y, h_n], [y, h_n])
"""


class Starts:
    """Starts processes whose kernels are cached in a directory of our own."""

    def __init__(self, root: Path) -> None:
        self._root, self._number = root, 0

    def empty_the_cache(self) -> None:
        self._number += 1

    def run(self, script: str) -> None:
        cache = self._root / str(self._number)
        environment = os.environ | {"FASTGRU_CACHE_DIR": str(cache)}
        subprocess.run([sys.executable, "-c", script], check=True, env=environment)


@pytest.mark.parametrize(
    ("cache", "rounds"), [("empty", 1), ("filled", 3)], ids=["empty", "filled"]
)
def test_start(cache: str, rounds: int, benchmark: Any, tmp_path: Path) -> None:
    starts = Starts(tmp_path)
    if cache == "filled":
        starts.run(OURS)
    prepare = starts.empty_the_cache if cache == "empty" else nothing
    ours = Task(lambda: starts.run(OURS), prepare, repeated=False)
    theirs = Task(lambda: starts.run(THEIRS), repeated=False) if baselines.has_torch else None
    describe(
        benchmark,
        what="start",
        label=f"of a new process, kernel cache {cache}",
        measure="seconds",
        rival="PyTorch" if theirs else None,
        targets=[f"start-{cache}"],
    )
    time_in_turns(benchmark, ours, theirs, rounds=rounds)
