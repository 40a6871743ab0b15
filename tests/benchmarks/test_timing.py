"""The order of the turns, and the loop that shows the machine's limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import timing
from benchmarks.fma_limit import FLOPS_PER_ROUND, FmaLimit, _occupy
from benchmarks.timing import LONG, MAX_ROUNDS, Task, time_in_turns


class RecordingBenchmark:
    """Stands for the fixture of pytest-benchmark."""

    def __init__(self) -> None:
        self.extra_info: dict[str, Any] = {}
        self.rounds = 0

    def pedantic(self, target: Callable[[], None], setup: Callable[[], None], rounds: int) -> None:
        self.rounds = rounds
        for _ in range(rounds):
            setup()
            target()


class Clock:
    """Stands for the module ``time``; only tasks take time."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_time_in_turns__alternates(monkeypatch: pytest.MonkeyPatch) -> None:
    sleepless = SimpleNamespace(sleep=lambda _: None, perf_counter=time.perf_counter)
    monkeypatch.setattr(timing, "time", sleepless)
    events: list[str] = []

    def task(name: str) -> Task:
        return Task(lambda: events.append(name), prepare=lambda: events.append(f"{name} ready"))

    benchmark = RecordingBenchmark()
    time_in_turns(benchmark, task("ours"), task("theirs"), rounds=2)
    theirs = ["theirs ready", "theirs", "theirs ready", "theirs"]
    ours = ["ours ready", "ours", "ours ready", "ours"]
    assert events == (theirs + ours) * 2
    assert len(benchmark.extra_info["theirs"]) == 2


@pytest.mark.parametrize(
    ("seconds", "runs_per_turn", "rounds"), [(0.001, 2, 18), (LONG * 1.1, 1, 2), (0.0, 2, 20)]
)
def test_time_in_turns__keeps_to_its_budget(
    seconds: float, runs_per_turn: int, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, runs = Clock(), []
    monkeypatch.setattr(timing, "time", clock)

    def run() -> None:
        runs.append(seconds)
        clock.now += seconds

    benchmark = RecordingBenchmark()
    time_in_turns(benchmark, Task(run), Task(run))
    assert benchmark.rounds == rounds <= MAX_ROUNDS
    tries = 2 * 2
    assert len(runs) == tries + 2 * rounds * runs_per_turn
    assert benchmark.extra_info["theirs"] == pytest.approx([seconds] * rounds)


def test_fma_limit__counts_what_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.fma_limit.SECONDS", 0.001)
    limit = FmaLimit(2)
    start = time.perf_counter()
    limit.run()
    seconds = time.perf_counter() - start
    rounds = limit.work * 1e9 / (2 * FLOPS_PER_ROUND)
    assert rounds == pytest.approx(round(rounds))
    assert rounds >= 1
    assert limit.work / seconds < 10_000  # GFLOP/s: nothing was optimised away


def test_fma_limit__loop_is_made_of_vector_fma() -> None:
    FmaLimit(1)
    (assembly,) = _occupy.inspect_asm().values()
    body = [line for line in assembly.splitlines() if "fmadd" in line or "fmla" in line]
    assert len(body) >= 12
    assert not any("callq\tfmaf" in line for line in assembly.splitlines())
