"""One recurrent layer: inference, gradients or training step of every comparison."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cases import make_problem
from benchmarks.contenders import not_available
from benchmarks.fma_limit import FmaLimit
from benchmarks.recording import describe, refuse_disagreement, skip
from benchmarks.rivals import RIVALS, Setting, all_differences, short_difference, task
from benchmarks.rows import ROWS, Comparison
from benchmarks.timing import time_in_turns


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_layer(row: Comparison, benchmark: Any, setting: Setting) -> None:
    rival = RIVALS[row.rival]
    if reason := not_available(row.case) or rival.missing(setting):
        skip(row.targets, reason)
    ours = rival.ours(row.case, make_problem(row.case))
    their_case = rival.changed(row.case)
    theirs = rival.make(their_case, setting)
    found = all_differences(ours, theirs) if rival.agrees else short_difference(row.case)
    refuse_disagreement(found, row.name)
    limit = theirs.work if isinstance(theirs, FmaLimit) else None
    describe(
        benchmark,
        what=row.what,
        label=row.case.label,
        measure=row.measure,
        rival=row.rival,
        targets=row.targets,
        work=row.case.flops(row.what) / 1e9,
        rival_work=limit or their_case.flops(row.what) / 1e9,
        unit="GFLOP/s",
        differences=found,
    )
    time_in_turns(benchmark, task(ours, row.what), task(theirs, row.what))
