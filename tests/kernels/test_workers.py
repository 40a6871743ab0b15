from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru._numba import jit_disabled, kernel, kernel_part, threads_limited_to
from fastgru.kernels.workers import run_workers, take_next
from tests.kernels.uncached import uncached_kernel, without_cache


@without_cache
@kernel_part
def work(worker: Any, counter: Any, effort: Any, times_taken: Any, takers: Any, sums: Any) -> None:
    """Take pieces; each takes as long as `effort` says, and leaves a sum."""
    piece = take_next(counter)
    while piece < effort.shape[0]:
        times_taken[piece] += 1
        takers[piece] = worker
        for k in range(effort[piece]):
            sums[piece] += k * 0.5
        piece = take_next(counter)


@without_cache
@kernel(parallel=True)
def share_out(
    counter: Any, n_workers: Any, effort: Any, times_taken: Any, takers: Any, sums: Any
) -> None:
    run_workers(work, n_workers, (counter, effort, times_taken, takers, sums))


class Outcome:
    """What the workers left behind."""

    def __init__(self, effort: np.ndarray, n_workers: int) -> None:
        self.counter = np.zeros(1, np.int64)
        self.times_taken = np.zeros(len(effort), np.int64)
        self.takers = np.full(len(effort), -1)
        self.sums = np.zeros(len(effort))
        share_out(self.counter, n_workers, effort, self.times_taken, self.takers, self.sums)


@settings(max_examples=20)
@given(
    effort=st.lists(st.sampled_from([0, 1, 10, 3000]), max_size=200),
    n_workers=st.integers(1, 5),
    threads=st.integers(1, 2),
)
def test_run_workers__takes_every_piece_once(
    effort: list[int], n_workers: int, threads: int
) -> None:
    with threads_limited_to(threads):
        outcome = Outcome(np.array(effort, np.int64), n_workers)
    assert (outcome.times_taken == 1).all()
    assert outcome.counter[0] == len(effort) + n_workers  # each asks once more than it gets
    assert set(outcome.takers) <= set(range(n_workers))
    expected = [sum(k * 0.5 for k in range(size)) for size in effort]
    np.testing.assert_array_equal(outcome.sums, expected)


@pytest.mark.skipif(jit_disabled, reason="plain Python has one thread")
def test_run_workers__share_uneven_work_by_what_it_takes() -> None:
    # The first piece takes longer than all others together: whoever has it leaves them alone.
    effort = np.array([100_000_000] + [1000] * 200, np.int64)
    with threads_limited_to(2) as threads:
        if threads < 2:
            pytest.skip("about two threads")
        takers = Outcome(effort, 2).takers
    # Were the other worker late to start, the first would have taken more than its one piece.
    assert (takers == takers[0]).sum() < 100


def test_run_workers__does_nothing_without_workers() -> None:
    outcome = Outcome(np.ones(3, np.int64), 0)
    assert not outcome.times_taken.any()


@uncached_kernel
def take_three(counter: Any) -> Any:
    return take_next(counter), take_next(counter), take_next(counter)


def test_take_next__counts_from_where_the_counter_stands() -> None:
    counter = np.array([5])
    assert take_three(counter) == (5, 6, 7)
    assert counter[0] == 8
