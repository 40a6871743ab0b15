"""Timing in turns: both contenders within one loop, so that a slow minute hits both.

Each turn waits until the other's threads have gone to sleep, runs once untimed (which brings the
arrays to the caches and wakes the own threads, as in a training loop), and then once timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

SETTLE = 0.03
"""Seconds for which the threads of an OpenMP pool go on spinning after their work, at most."""

BUDGET = 1.2
"""Seconds that the turns of one benchmark may take, unless MIN_ROUNDS need more."""

MIN_ROUNDS, MAX_ROUNDS = 2, 40

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
        """Do all but the timed run of a turn."""
        time.sleep(SETTLE)
        self.prepare()
        if self.repeated:
            self.run()
            self.prepare()

    def take_turn(self) -> float:
        """Return the seconds of one run."""
        self.make_ready()
        start = time.perf_counter()
        self.run()
        return time.perf_counter() - start


def _tried(task: Task) -> tuple[Task, float]:
    """Take one turn: return the task, without untimed runs if it is long, and a turn's seconds."""
    start = time.perf_counter()
    seconds = task.take_turn()
    if seconds > LONG:
        return replace(task, repeated=False), seconds
    return task, time.perf_counter() - start


def time_in_turns(
    benchmark: Any, ours: Task, theirs: Task | None, *, rounds: int | None = None
) -> None:
    """Time two tasks in turns with the fixture of pytest-benchmark.

    The times of ``ours`` become the statistics of the benchmark, those of ``theirs`` its extra
    information under ``theirs``.

    Parameters
    ----------
    benchmark
        The fixture.
    ours, theirs
        ``theirs`` is None where there is no rival.
    rounds
        Turns of each; None for as many as :data:`BUDGET` allows.
    """
    if rounds is None:
        ours, seconds = _tried(ours)
        if theirs is not None:
            theirs, more = _tried(theirs)
            seconds += more
        rounds = min(max(int(BUDGET / seconds), MIN_ROUNDS), MAX_ROUNDS)
    their_times: list[float] = []

    def before_our_run() -> None:
        if theirs is not None:
            their_times.append(theirs.take_turn())
        ours.make_ready()

    benchmark.pedantic(ours.run, setup=before_our_run, rounds=rounds)
    benchmark.extra_info["theirs"] = their_times
