"""The order of the turns, and the loop that shows the machine's limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import timing
from benchmarks.fma_limit import FLOPS_PER_ROUND, FmaLimit, _occupy
from benchmarks.timing import LONG, MAX_ROUNDS, MOST_RUNS, SETTLE, Task, time_in_turns


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
    """Stands for the module ``time``; only tasks, and threads that spin after them, take time."""

    def __init__(self) -> None:
        self.now = self.busy = 0.0
        self.spinning_until = 0.0

    def perf_counter(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.busy

    def sleep(self, seconds: float) -> None:
        self.busy += min(max(self.spinning_until - self.now, 0.0), seconds)
        self.now += seconds

    def work(self, seconds: float, spinning: float = 0.0) -> None:
        self.now += seconds
        self.busy += seconds
        self.spinning_until = self.now + spinning


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timing, "time", made)
    return made


def test_time_in_turns__alternates(clock: Clock) -> None:
    events: list[str] = []

    def task(name: str) -> Task:
        def run() -> None:
            events.append(name)
            clock.work(timing.WARM)

        return Task(run, prepare=lambda: events.append(f"{name} ready"))

    benchmark = RecordingBenchmark()
    time_in_turns(benchmark, task("ours"), task("theirs"), rounds=2)
    theirs = ["theirs ready", "theirs", "theirs ready", "theirs"]
    ours = ["ours ready", "ours", "ours ready", "ours"]
    assert events == (theirs + ours) * 2
    assert len(benchmark.extra_info["theirs"]) == 2


@pytest.mark.parametrize(
    ("our_seconds", "their_seconds", "runs"),
    [(0.001, 0.002, MOST_RUNS), (0.001, 0.04, 2), (0.01, 0.2, 1), (0.01, LONG * 1.1, 1)],
)
def test_time_in_turns__times_as_many_runs_of_each(
    our_seconds: float, their_seconds: float, runs: int, clock: Clock
) -> None:
    timed: list[str] = []

    def task(name: str, seconds: float) -> Task:
        def run() -> None:
            timed.append(name)
            clock.work(seconds)

        return Task(run, prepare=lambda: timed.append("|"))

    benchmark = RecordingBenchmark()
    time_in_turns(benchmark, task("a", our_seconds), task("b", their_seconds))
    times = benchmark.extra_info["theirs"]
    assert times == pytest.approx([their_seconds] * len(times))
    assert len(times) == benchmark.rounds
    assert benchmark.rounds % runs == 0
    assert benchmark.rounds <= MAX_ROUNDS * runs
    last = "".join(timed).replace("|", "").rsplit("b", 1)[1]
    warm = max(1, round(timing.WARM / our_seconds))
    assert len(last) == pytest.approx(warm + runs, abs=1)
    assert clock.now < 2 * timing.BUDGET + 4 * their_seconds


def test_task__waits_for_threads_that_spin(clock: Clock) -> None:
    starts: list[float] = []

    def run() -> None:
        starts.append(clock.now)

    clock.work(1.0, spinning=2.5 * SETTLE)
    Task(run, repeated=False).take_turn()
    assert starts == pytest.approx([1.0 + 4 * SETTLE])
    clock.work(0.0, spinning=1000.0)
    Task(run, repeated=False).take_turn()
    assert starts[1] - starts[0] == pytest.approx(timing.SETTLE_AT_MOST)


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
