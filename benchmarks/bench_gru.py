"""One GRU layer: inference, gradients and training step of every case."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from benchmarks import baselines
from benchmarks.agreement import differences, disagreements
from benchmarks.cases import CASES, FLOORS, IN_README, make_problem
from benchmarks.contenders import FastgruGRU
from benchmarks.timing import Task, time_in_turns

ITEMS = [
    pytest.param(name, what, id=f"{name}-{what}")
    for name, case in CASES.items()
    for what in case.passes
]


class Contenders:
    """The two that compute one case, and by how much their results differ."""

    def __init__(self, name: str) -> None:
        self.name, self.case = name, CASES[name]
        problem = make_problem(self.case)
        self.ours = FastgruGRU(problem)
        self.theirs = baselines.TorchGRU(problem) if baselines.has_torch else None
        self.differences: dict[str, float] = {}
        for contender in filter(None, (self.ours, self.theirs)):
            contender.forward()
            contender.backward()
        if self.theirs is not None:
            self.differences = differences(self.ours.results(), self.theirs.results())


@functools.lru_cache(maxsize=1)
def contenders_of(name: str) -> Contenders:
    return Contenders(name)  # the passes of a case follow each other


@pytest.fixture
def contenders(request: pytest.FixtureRequest) -> Contenders:
    pair = contenders_of(request.param)
    if bad := disagreements(pair.differences):
        pytest.fail(f"{pair.name} is not timed: " + "; ".join(bad), pytrace=False)
    return pair


def task(contender: Any, what: str) -> Task | None:
    """Return how ``what`` is timed, None without a contender."""
    if contender is None:
        return None

    def step() -> None:
        contender.forward()
        contender.backward()

    return {
        "forward": Task(contender.infer),
        "backward": Task(contender.backward, prepare=contender.forward),
        "step": Task(step),
    }[what]


@pytest.mark.parametrize(("contenders", "what"), ITEMS, indirect=["contenders"])
def test_gru(contenders: Contenders, what: str, benchmark: Any) -> None:
    case, name = contenders.case, contenders.name
    benchmark.group = what
    benchmark.extra_info |= {
        "label": case.label,
        "work": case.flops(what) / 1e9,
        "unit": "GFLOP/s",
        "largest_difference": max(contenders.differences.values(), default=None),
        "floor": FLOORS.get((name, what)),
        "in_readme": (name, what) in IN_README,
    }
    time_in_turns(benchmark, task(contenders.ours, what), task(contenders.theirs, what))
