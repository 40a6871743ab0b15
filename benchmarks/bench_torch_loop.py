"""A step of a training loop in PyTorch whose GRU comes from fastgru.torch: one line changed."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import baselines
from benchmarks.agreement import differences
from benchmarks.recording import describe, refuse_disagreement, skip
from benchmarks.rivals import Setting
from benchmarks.timing import Task, time_in_turns

TARGETS = ["loop-ratio"]
BATCH_SIZE, SEQ_LEN = 64, 100


@pytest.mark.parametrize("hidden_size", [64, 128])
def test_torch_loop(hidden_size: int, benchmark: Any, setting: Setting) -> None:
    if not baselines.has_torch:
        skip(TARGETS, baselines.NOT_INSTALLED)
    import torch

    import fastgru.torch
    from benchmarks.torch_loop import TorchLoop

    sizes = BATCH_SIZE, SEQ_LEN, hidden_size
    ours, theirs = TorchLoop(fastgru.torch.GRU, *sizes), TorchLoop(torch.nn.GRU, *sizes)
    found = differences(ours.gradients(), theirs.gradients())
    refuse_disagreement(found, "the loop")
    describe(
        benchmark,
        what="step",
        label=f"embedding, GRU, linear, Adam in PyTorch, B {BATCH_SIZE}, T {SEQ_LEN}, "
        f"H {hidden_size}",
        measure="ratio",
        rival="torch.nn",
        targets=TARGETS,
        work=BATCH_SIZE,
        unit="sequences/s",
        differences=found,
    )
    time_in_turns(benchmark, Task(ours.step), Task(theirs.step))
