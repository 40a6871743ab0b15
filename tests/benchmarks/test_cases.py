"""Sizes and work of the cases, the check of agreement, and the order of the turns."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import baselines, timing
from benchmarks.agreement import differences, disagreements
from benchmarks.cases import CASES, FLOORS, IN_README, Case, make_problem
from benchmarks.contenders import FastgruGRU
from benchmarks.timing import Task, time_in_turns

TINY = {
    "tokens": Case(3, 5, 4, 2),
    "ragged": Case(3, 8, 4, 2, ragged=True),
    "dense": Case(3, 5, 4, 2, n_symbols=None),
}


def test_cases__promises_are_about_existing_rows() -> None:
    for name, what in [*FLOORS, *IN_README]:
        assert what in CASES[name].passes


def test_flops__counts_products_of_state_and_dense_input() -> None:
    assert Case(2, 10, 8, 4).flops("forward") == 2 * 10 * 2 * 3 * 8 * 8
    assert Case(2, 10, 8, 4, n_symbols=None).flops("step") == 3 * 2 * 10 * 2 * 3 * 8 * (8 + 4)


def test_flops__of_a_ragged_case_counts_valid_steps() -> None:
    ragged = Case(4, 8, 8, ragged=True)
    assert sorted(ragged.lengths()) == [2, 4, 6, 8]
    assert ragged.flops("backward") == 2 * 20 * 2 * 3 * 8 * 8


@pytest.mark.parametrize("case", TINY.values(), ids=TINY)
def test_make_problem__is_the_same_in_every_run(case: Case) -> None:
    first, second = make_problem(case), make_problem(case)
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(first.weights["weight_hh_l0"], second.weights["weight_hh_l0"])


def test_disagreements__names_what_differs() -> None:
    expected = {"y": np.array([1.0, -2.0]), "dx": np.array([4.0])}
    actual = {"y": np.array([1.0, -2.0]), "dx": np.array([4.1])}
    assert disagreements(differences(expected, expected)) == []
    (line,) = disagreements(differences(actual, expected))
    assert line == "dx differs by 2.5e-02, at most 1e-04 was expected"


def test_disagreements__a_value_that_is_not_finite_disagrees() -> None:
    found = differences({"y": np.array([np.nan])}, {"y": np.array([1.0])})
    assert len(disagreements(found)) == 1


class RecordingBenchmark:
    """Stands for the fixture of pytest-benchmark."""

    def __init__(self) -> None:
        self.extra_info: dict[str, Any] = {}

    def pedantic(self, target: Callable[[], None], setup: Callable[[], None], rounds: int) -> None:
        for _ in range(rounds):
            setup()
            target()


def test_time_in_turns__alternates(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = SimpleNamespace(sleep=lambda _: None, perf_counter=timing.time.perf_counter)
    monkeypatch.setattr(timing, "time", sleep)
    events: list[str] = []

    def task(name: str) -> Task:
        return Task(lambda: events.append(name), prepare=lambda: events.append(f"{name} ready"))

    benchmark = RecordingBenchmark()
    time_in_turns(benchmark, task("ours"), task("theirs"), rounds=2)
    theirs = ["theirs ready", "theirs", "theirs ready", "theirs"]
    ours = ["ours ready", "ours", "ours ready", "ours"]
    assert events == (theirs + ours) * 2
    assert len(benchmark.extra_info["pytorch"]) == 2


@pytest.mark.parametrize("case", TINY.values(), ids=TINY)
def test_fastgru__computes_every_case(case: Case) -> None:
    ours = FastgruGRU(make_problem(case))
    ours.infer()
    ours.forward()
    ours.backward()
    assert len(ours.results()) == 8
    assert all(np.isfinite(array).all() for array in ours.results().values())


@pytest.mark.peers
@pytest.mark.parametrize("case", TINY.values(), ids=TINY)
def test_torch__agrees(case: Case) -> None:
    problem = make_problem(case)
    contenders = [FastgruGRU(problem), baselines.TorchGRU(problem)]
    for contender in contenders:
        contender.infer()
        contender.forward()
        contender.backward()
    ours, theirs = (contender.results() for contender in contenders)
    assert disagreements(differences(ours, theirs)) == []
