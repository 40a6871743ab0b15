"""Timing in turns: both contenders within one loop, so that a slow minute hits both.

Each turn waits until the other's threads have gone to sleep, runs untimed for a moment (which
brings the arrays to the caches and wakes the own threads, as in a training loop), and then timed:
a few times where a run is short, as many for one contender as for the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

SETTLE, SETTLE_AT_MOST = 0.03, 0.3
"""Seconds of quiet before a turn, and for how long to wait for them: threads of a pool go on
spinning after their work (ONNX Runtime's, measured: for 0.05 s)."""

IDLE = 0.1
"""CPUs that this process may use in what counts as quiet."""

WARM = 0.03
"""Seconds of untimed runs before the timed ones of a turn: one run at least."""

TIMED, MOST_RUNS = 0.1, 5
"""Seconds that the timed runs of a turn take, about, and how many there are at most."""

BUDGET = 1.2
"""Seconds that the turns of one benchmark may take, unless MIN_ROUNDS need more."""

MIN_ROUNDS, MAX_ROUNDS = 2, 20

LONG = 0.3
"""Seconds of a run that needs no untimed one before it: caches and threads warm up on the way."""


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Task:
    """Something to time, and what has to be done before each time.

    Attributes
    ----------
    run, prepare
    repeated
        Whether to run once untimed before each time.
    """

    run: Callable[[], None]
    prepare: Callable[[], None] = nothing
    repeated: bool = True

    def make_ready(self) -> None:
        """Do all that comes before the timed runs of a turn."""
        _wait_for_quiet()
        self.prepare()
        start = time.perf_counter()
        while self.repeated:
            self.run()
            self.prepare()
            if time.perf_counter() - start >= WARM:
                break

    def take_turn(self, runs: int = 1) -> list[float]:
        """Return the seconds of each of a turn's runs."""
        self.make_ready()
        return [self.timed(again=number > 0) for number in range(runs)]

    def timed(self, *, again: bool) -> float:
        """Return the seconds of one run, prepared anew where it comes ``again``."""
        if again:
            self.prepare()
        start = time.perf_counter()
        self.run()
        return time.perf_counter() - start


def _wait_for_quiet() -> None:
    """Return once this process has done next to nothing for SETTLE seconds."""
    latest = time.perf_counter() + SETTLE_AT_MOST
    while time.perf_counter() < latest:
        before = time.process_time()
        time.sleep(SETTLE)
        if time.process_time() - before < IDLE * SETTLE:
            return


def _tried(task: Task) -> tuple[Task, float, float]:
    """Take one turn: return the task, without untimed runs if it is long, and seconds.

    They are those of the run, and of all before it.
    """
    start = time.perf_counter()
    (seconds,) = task.take_turn()
    if seconds > LONG:
        return replace(task, repeated=False), seconds, 0.0
    return task, seconds, time.perf_counter() - start - seconds


def time_in_turns(
    benchmark: Any, ours: Task, theirs: Task | None, *, rounds: int | None = None
) -> None:
    """Time two tasks in turns with the fixture of pytest-benchmark.

    The times of ``ours`` become the statistics of the benchmark, those of ``theirs`` its extra
    information under ``theirs``: as many, turn by turn.

    Parameters
    ----------
    benchmark
        The fixture.
    ours, theirs
        ``theirs`` is None where there is no rival.
    rounds
        Turns of each, with one run a turn; None for as many as :data:`BUDGET` allows.
    """
    runs = 1
    if rounds is None:
        ours, longest, overhead = _tried(ours)
        if theirs is not None:
            theirs, seconds, more = _tried(theirs)
            longest, overhead = max(longest, seconds), overhead + more
        runs = min(max(int(TIMED / max(longest, TIMED / MOST_RUNS)), 1), MOST_RUNS)
        turn = overhead + 2 * runs * longest
        rounds = min(max(int(BUDGET / turn), MIN_ROUNDS), MAX_ROUNDS)
    their_times: list[float] = []
    done = 0

    def before_our_run() -> None:
        nonlocal done
        if done % runs:
            ours.prepare()
        else:
            if theirs is not None:
                their_times.extend(theirs.take_turn(runs))
            ours.make_ready()
        done += 1

    benchmark.pedantic(ours.run, setup=before_our_run, rounds=rounds * runs)
    benchmark.extra_info["theirs"] = their_times
