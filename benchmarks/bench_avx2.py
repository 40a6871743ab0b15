"""The engine on a CPU without AVX-512, played by a process that is told to do without.

numba compiles for the CPU that it is told of, so the same machine shows both: how close the tile of
the narrower vectors comes to their limit, and what is lost to the wide ones.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cases import Case, make_problem
from benchmarks.contenders import FastgruLayer
from benchmarks.recording import describe, refuse_disagreement, skip
from benchmarks.rivals import Setting, all_differences, task
from benchmarks.timing import time_in_turns
from benchmarks.worker import Remote
from fastgru._numba import cpu_features

CASE = Case(64, 200, 128)
_FEATURES = (
    "avx avx2 bmi bmi2 cmov cx16 f16c fma fxsr lzcnt mmx movbe popcnt sse sse2 sse3 sse4.1 sse4.2 "
    "ssse3 xsave"
)
AVX2 = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": ",".join("+" + name for name in _FEATURES.split()),
}
TARGETS = {"256-bit FMA limit": ["avx2"], "AVX-512 mode": []}


@pytest.mark.parametrize("rival", TARGETS)
def test_avx2(rival: str, benchmark: Any, setting: Setting) -> None:
    targets = TARGETS[rival]
    if "avx2" not in cpu_features():
        skip(targets, "this CPU has no AVX2")
    if "avx512f" not in cpu_features():
        skip(targets, "this CPU has no AVX-512: all rows are in AVX2 mode")
    ours = Remote("fastgru", CASE, setting.threads, environment=AVX2)
    wide = FastgruLayer(CASE, make_problem(CASE))
    found = all_differences(ours, wide)
    refuse_disagreement(found, "AVX2 mode")
    work = CASE.flops("step") / 1e9
    theirs, rival_work = task(wide, "step"), work
    if rival == "256-bit FMA limit":
        limit = Remote("FMA limit", CASE, setting.threads, environment=AVX2)
        theirs, rival_work = task(limit, "run"), limit.work
    describe(
        benchmark,
        what="step",
        label=f"{CASE.label}, AVX2 mode",
        measure="share",
        rival=rival,
        targets=targets,
        work=work,
        rival_work=rival_work,
        unit="GFLOP/s",
        differences=found,
    )
    time_in_turns(benchmark, task(ours, "step"), theirs)
