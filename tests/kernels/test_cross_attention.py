from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.kernels.cross_attention import cross_attention_backward, cross_attention_forward
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.kernels.workers import deal
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES


class Problem(NamedTuple):
    """Two steps axes of different lengths, queries (B, T, C), states (B, U, C), bias (2R + 1,)."""

    lengths: np.ndarray
    source_lengths: np.ndarray
    centres: np.ndarray
    queries: np.ndarray
    states: np.ndarray
    offset_bias: np.ndarray
    d_context: np.ndarray


class Attended(NamedTuple):
    """By pair: weights (t, u), context (t, c), and the gradients of q, s and, by pair, of o."""

    weights: list[np.ndarray]
    context: list[np.ndarray]
    d_queries: list[np.ndarray]
    d_states: list[np.ndarray]
    d_offset_bias: np.ndarray


def room(size: int, dtype: np.dtype) -> int:
    step = max(ROWS, lanes_of(dtype))
    return -(-size // step) * step


def draw(
    lengths: list[int], source_lengths: list[int], channels: int, dtype: str, seed: int
) -> Problem:
    rng = np.random.default_rng(seed)
    n, steps, states = len(lengths), max(lengths), max(source_lengths)
    drawn = [
        rng.uniform(-1, 1, shape).astype(dtype)
        for shape in ((n, steps, channels), (n, states, channels), (5,), (n, steps, channels))
    ]
    centres = rng.integers(0, states + 4, (n, steps))
    return Problem(np.array(lengths), np.array(source_lengths), centres, *drawn)


def padded(array: np.ndarray) -> np.ndarray:
    """Rows of a batch (B, T, C) with room for whole tiles and vectors, (B * T', C')."""
    n, steps, channels = array.shape
    full = np.zeros((n, room(steps, array.dtype), room(channels, array.dtype)), array.dtype)
    full[:, :steps, :channels] = array
    return full.reshape(-1, full.shape[2])


def attend(problem: Problem, n_workers: int = 1) -> Attended:
    dtype, n = problem.queries.dtype, len(problem.lengths)
    queries, states, d_context = map(padded, (problem.queries, problem.states, problem.d_context))
    steps, wide = len(queries) // n, room(problem.states.shape[1], dtype)
    centres = np.zeros((n, steps), np.int64)
    centres[:, : problem.centres.shape[1]] = problem.centres
    weights, context = np.zeros((n * steps, wide), dtype), np.zeros_like(queries)
    shares = deal(n, n_workers)
    transposed = np.full((len(shares) * queries.shape[1], wide), np.nan, dtype)
    given = (problem.lengths, problem.source_lengths, centres, queries, states)
    cross_attention_forward(shares, *given, problem.offset_bias, weights, context, transposed)
    d_queries, d_states = np.zeros_like(queries), np.zeros_like(states)
    d_offset_bias = np.full((n, len(problem.offset_bias)), np.nan, dtype)
    d_scores = np.full((len(shares) * steps, wide), np.nan, dtype)
    cross_attention_backward(
        *(deal(n, n_workers), *given, weights, d_context),
        *(d_queries, d_states, d_offset_bias, d_scores, transposed),
    )
    channels = problem.queries.shape[2]

    def of_pairs(rows: np.ndarray, lengths: np.ndarray, width: int | np.ndarray) -> list:
        wide = np.broadcast_to(width, n)
        parts = rows.reshape(n, -1, rows.shape[1])
        return [part[:length, :end] for part, length, end in zip(parts, lengths, wide, strict=True)]

    return Attended(
        of_pairs(weights, problem.lengths, problem.source_lengths),
        of_pairs(context, problem.lengths, channels),
        of_pairs(d_queries, problem.lengths, channels),
        of_pairs(d_states, problem.source_lengths, channels),
        d_offset_bias,
    )


def reference(problem: Problem) -> Attended:
    """The equations of the module, in float64, with the gradients by the chain rule."""
    found = Attended([], [], [], [], np.zeros((len(problem.lengths), len(problem.offset_bias))))
    reach = len(problem.offset_bias) // 2
    for b, (length, n_states) in enumerate(
        zip(problem.lengths, problem.source_lengths, strict=True)
    ):
        q, dz = (array[b, :length].astype(float) for array in (problem.queries, problem.d_context))
        s = problem.states[b, :n_states].astype(float)
        distance = np.arange(n_states) - problem.centres[b, :length, None]
        k = reach + np.clip(distance, -reach, reach)
        scores = q @ s.T + problem.offset_bias[k]
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        w = odds / odds.sum(axis=1, keepdims=True)
        dw = dz @ s.T
        da = w * (dw - (w * dw).sum(axis=1, keepdims=True))
        found.weights.append(w)
        found.context.append(w @ s)
        found.d_queries.append(da @ s)
        found.d_states.append(w.T @ dz + da.T @ q)
        np.add.at(found.d_offset_bias[b], k, da)
    return found


PAIRS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 40)), min_size=1, max_size=5)


@pytest.mark.parametrize("dtype", DTYPES)
@given(pairs=PAIRS, channels=st.integers(1, 40), seed=st.integers(0, 2**16))
def test_cross_attention__equals_reference(
    dtype: str, pairs: list[tuple[int, int]], channels: int, seed: int
) -> None:
    problem = draw(*map(list, zip(*pairs, strict=True)), channels, dtype, seed)
    actual, expected = attend(problem), reference(problem)
    scale = np.finfo(dtype).eps * 100 * (1 + channels)
    for name, found, wanted in zip(Attended._fields, actual, expected, strict=True):
        for row, wanted_row in zip(found, wanted, strict=True):
            np.testing.assert_allclose(row, wanted_row, rtol=0, atol=scale, err_msg=name)


def test_cross_attention_backward__equals_central_differences() -> None:
    problem = draw([3, 1, 4], [2, 5, 1], 3, "float64", seed=5)

    def value() -> float:
        context = attend(problem).context
        pairs = zip(context, problem.d_context, strict=True)
        return float(sum((rows * given[: len(rows)]).sum() for rows, given in pairs))

    found = attend(problem)
    for array, gradients in (
        (problem.queries, found.d_queries),
        (problem.states, found.d_states),
    ):
        expected = central_differences(value, array)
        for rows, wanted in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(rows, wanted[: len(rows)], rtol=0, atol=TOLERANCE)
    expected = central_differences(value, problem.offset_bias)
    np.testing.assert_allclose(found.d_offset_bias.sum(axis=0), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("dtype", DTYPES)
@given(pair=st.tuples(st.integers(1, 30), st.integers(1, 40)), beside=PAIRS)
def test_cross_attention__of_a_pair_does_not_depend_on_its_batch(
    dtype: str, pair: tuple[int, int], beside: list[tuple[int, int]]
) -> None:
    problem = draw(*map(list, zip(*beside, pair, strict=True)), 7, dtype, seed=3)
    length, n_states = pair
    alone = Problem(
        *(array[-1:] for array in problem[:2]),
        *(problem.centres[-1:, :length], problem.queries[-1:, :length]),
        *(problem.states[-1:, :n_states], problem.offset_bias, problem.d_context[-1:, :length]),
    )
    for name, found, wanted in zip(Attended._fields, attend(problem), attend(alone), strict=True):
        assert_same_bits(found[-1], wanted[0], name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_attention__gives_the_same_bits_on_any_number_of_threads(
    dtype: str, rng: np.random.Generator
) -> None:
    lengths, source_lengths = rng.integers(1, 30, (2, 20)).tolist()
    problem = draw(lengths, source_lengths, 5, dtype, seed=1)
    expected = attend(problem)
    with threads_limited_to(2):
        actual = attend(problem, n_workers=2)
    for found, wanted in zip(actual, expected, strict=True):
        for row, wanted_row in zip(found, wanted, strict=True):
            assert_same_bits(row, wanted_row)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_attention_forward__hides_no_nan(dtype: str) -> None:
    problem = draw([3, 3], [4, 4], 2, dtype, seed=2)
    problem.states[0, 1, 0] = np.nan
    found = attend(problem)
    assert [bool(np.isnan(rows).any()) for rows in found.weights] == [True, False]
    assert [bool(np.isnan(rows).any()) for rows in found.context] == [True, False]
