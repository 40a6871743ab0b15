from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru._numba import jit_disabled, kernel, kernel_part, threads_limited_to
from fastgru.kernels.workers import APART, END, NEXT, deal, deal_again, run_workers, take_next
from tests.kernels.uncached import uncached_kernel, without_cache


@kernel_part
def work(worker: Any, shares: Any, effort: Any, times_taken: Any, takers: Any, sums: Any) -> None:
    """Take pieces; each takes as long as `effort` says, and leaves a sum."""
    piece = take_next(shares, worker)
    while piece < effort.shape[0]:
        times_taken[piece] += 1
        takers[piece] = worker
        for k in range(effort[piece]):
            sums[piece] += k * 0.5
        piece = take_next(shares, worker)


@without_cache
@kernel(parallel=True)
def share_out(shares: Any, effort: Any, times_taken: Any, takers: Any, sums: Any) -> None:
    run_workers(work, (shares, effort, times_taken, takers, sums))


class Outcome:
    """What the workers left behind."""

    def __init__(self, effort: np.ndarray, n_workers: int) -> None:
        self.shares = deal(len(effort), n_workers)
        self.times_taken = np.zeros(len(effort), np.int64)
        self.takers = np.full(len(effort), -1)
        self.sums = np.zeros(len(effort))
        share_out(self.shares, effort, self.times_taken, self.takers, self.sums)


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
    assert (outcome.shares[:, NEXT] >= outcome.shares[:, END]).all()  # nothing is left
    assert set(outcome.takers) <= set(range(0, APART * n_workers, APART))
    expected = [sum(k * 0.5 for k in range(size)) for size in effort]
    np.testing.assert_array_equal(outcome.sums, expected)


@pytest.mark.skipif(jit_disabled, reason="plain Python has one thread")
def test_run_workers__share_uneven_work_by_what_it_takes() -> None:
    # The first piece takes longer than all others together: its taker leaves them to the other.
    effort = np.array([100_000_000] + [1000] * 200, np.int64)
    with threads_limited_to(2) as threads:
        if threads < 2:
            pytest.skip("about two threads")
        takers = Outcome(effort, 2).takers
    # Of the first worker's share, the first 100; were the other late, it would have taken more.
    assert (takers[1:100] == takers[0]).sum() < 50


def test_run_workers__does_nothing_without_workers() -> None:
    outcome = Outcome(np.ones(3, np.int64), 0)
    assert not outcome.times_taken.any()


@uncached_kernel
def take(shares: Any, worker: Any) -> Any:
    return take_next(shares, worker)


def test_take_next__takes_the_own_share_before_the_others() -> None:
    shares = deal(7, 3)
    first, second, third = 0, APART, 2 * APART
    assert [take(shares, second) for _ in range(3)] == [2, 3, 4]  # its own, then the third's
    assert [take(shares, first) for _ in range(3)] == [0, 1, 5]
    assert [take(shares, third) for _ in range(3)] == [6, 7, 7]  # no more: all 7 are taken
    assert take(shares, first) == 7


@uncached_kernel
def give_back(shares: Any) -> None:
    deal_again(shares)


def test_deal_again__gives_each_its_own_once_more() -> None:
    shares = deal(5, 2)
    for _ in range(6):
        take(shares, 0)
    give_back(shares)
    np.testing.assert_array_equal(shares, deal(5, 2))


def test_deal__leaves_workers_without_a_piece_nothing() -> None:
    shares = deal(1, 3)
    assert [take(shares, worker * APART) for worker in (1, 0, 2)] == [0, 1, 1]
