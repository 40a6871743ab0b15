from __future__ import annotations

import numpy as np
import pytest

from fastgru.kernels.shared_steps import join_steps
from fastgru.kernels.workers import deal
from tests.comparing import assert_same_bits
from tests.problems import DTYPES

FIRST, LAST, SIZE, N_STEPS, CHANNELS = 2, 9, 4, 12, 5
OF_WINDOW, PLACES = np.array([0, 0, 0, 4, 4]), np.array([0, 3, 8, 1, 5])


def rows_of(window: int, pieces: np.ndarray, ends: np.ndarray) -> list[np.ndarray]:
    run = np.concatenate([piece[FIRST : FIRST + SIZE] for piece in pieces[OF_WINDOW[window] :]])
    begin = PLACES[window]
    inner = run[begin : begin + LAST - FIRST]
    tail = ends[len(PLACES) + window, FIRST : FIRST + N_STEPS - LAST]
    return [*ends[window, :FIRST], *inner, *tail]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_join_steps__puts_together_head_pieces_and_tail(dtype: str, n_workers: int) -> None:
    rng = np.random.default_rng(0)
    pieces = rng.standard_normal((8, FIRST + SIZE + 1, CHANNELS)).astype(dtype)
    ends = rng.standard_normal((2 * len(PLACES), 6, CHANNELS)).astype(dtype)
    x = np.full((len(PLACES), N_STEPS, CHANNELS), np.nan, dtype)
    shares = deal(len(PLACES), n_workers)
    join_steps(shares, FIRST, LAST, SIZE, OF_WINDOW, PLACES, pieces, ends, x)
    expected = np.array([rows_of(window, pieces, ends) for window in range(len(PLACES))])
    assert_same_bits(x, expected)
