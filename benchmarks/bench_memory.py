"""How much a layer keeps for the gradients, in numbers of the output's size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.cases import Case, make_problem
from benchmarks.contenders import FastgruLayer, not_available
from benchmarks.recording import describe, skip
from benchmarks.rivals import Setting, task
from benchmarks.timing import time_in_turns

CASES = [
    Case(batch, steps, hidden, save_memory=save)
    for save in (False, True)
    for batch, steps, hidden in ((64, 500, 64), (64, 500, 128), (64, 500, 256))
]
ROUNDS = 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_memory(case: Case, benchmark: Any, setting: Setting) -> None:
    targets = ["memory-saved" if case.save_memory else "memory"]
    if reason := not_available(case):
        skip(targets, reason)
    ours = FastgruLayer(case, make_problem(case))
    if not hasattr(ours.layer, "tape_bytes"):
        skip(targets, "this fastgru does not tell how much it keeps")
    ours.forward()
    states = case.batch_size * case.seq_len * case.hidden_size
    kept = ours.layer.tape_bytes / np.dtype(np.float32).itemsize / states
    describe(
        benchmark,
        what="memory",
        label=case.label,
        measure="floats",
        targets=targets,
        work=case.flops("step") / 1e9,
        unit="GFLOP/s",
        amount=round(kept, 3),
    )
    time_in_turns(benchmark, task(ours, "step"), None, rounds=ROUNDS)
