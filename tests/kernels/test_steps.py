from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.kernels.microkernel import ROWS
from fastgru.kernels.steps import (
    from_blocks,
    index_positions,
    index_tokens,
    move_steps,
    product,
    sum_groups,
    to_blocks,
)
from fastgru.layers.blocks import Blocks, plan_blocks
from tests.gru_problems import DTYPES, assert_same_bits

length_lists = st.lists(st.integers(0, 6), max_size=2 * ROWS + 1)


class Place(NamedTuple):
    """A row of a blocked array, and the sequence and the step that it belongs to."""

    row: int
    b: int
    t: int


def places(blocks: Blocks) -> Iterator[Place]:
    """Every valid step, by the definition of the layout."""
    for block, sequences in zip(blocks.table, blocks.sequences, strict=True):
        for i, b in enumerate(sequences):
            for t in range(block[2 + i]):
                yield Place(block[0] + t * ROWS + i, b, t)


def plan(lengths: list[int]) -> tuple[Blocks, int]:
    n_steps = max(lengths, default=0) + 1
    return plan_blocks(np.array(lengths, np.int64), n_steps), n_steps


@given(lengths=length_lists, reverse=st.booleans())
def test_index_tokens__gives_each_step_its_token(lengths: list[int], reverse: bool) -> None:
    blocks, n_steps = plan(lengths)
    tokens = 1 + np.arange(len(lengths) * n_steps).reshape(-1, n_steps)
    actual = np.full(blocks.n_rows, -1, np.int32)
    index_tokens(blocks.table, blocks.sequences, tokens, reverse, actual)
    expected = np.zeros(blocks.n_rows, np.int32)
    for row, b, t in places(blocks):
        expected[row] = tokens[b, lengths[b] - 1 - t if reverse else t]
    np.testing.assert_array_equal(actual, expected)


@given(lengths=length_lists, reverse=st.booleans())
def test_index_positions__counts_within_each_sequence(lengths: list[int], reverse: bool) -> None:
    blocks, _ = plan(lengths)
    actual = np.full(blocks.n_rows, -1, np.int32)
    index_positions(blocks.table, reverse, actual)
    expected = np.zeros(blocks.n_rows, np.int32)
    for row, b, t in places(blocks):
        expected[row] = lengths[b] - 1 - t if reverse else t
    np.testing.assert_array_equal(actual, expected)


@given(lengths=length_lists, reverse=st.booleans(), shift=st.sampled_from([0, ROWS]))
def test_to_blocks__and_back(lengths: list[int], reverse: bool, shift: int) -> None:
    blocks, n_steps = plan(lengths)
    x = np.random.default_rng(0).standard_normal((len(lengths), n_steps, 5))
    blocked = np.full((blocks.n_rows + 1, 4), np.nan)
    to_blocks(blocks.table, blocks.sequences, x, 2, reverse, blocked, shift, 3)
    valid = set()
    for row, b, t in places(blocks):
        step = lengths[b] - 1 - t if reverse else t
        np.testing.assert_array_equal(blocked[row + shift, :3], x[b, step, 2:])
        valid.add(row + shift)
    others = [row for row in range(blocks.n_rows) if row not in valid]
    assert not np.nan_to_num(blocked[others]).any()  # zero or untouched
    assert np.isnan(blocked[:, 3]).all()
    again = np.ones_like(x)
    from_blocks(blocks.table, blocks.sequences, blocked, shift, 3, reverse, again, 2)
    past = np.arange(n_steps) >= np.array(lengths)[:, None] if lengths else np.zeros((0, n_steps))
    expected = np.where(past[:, :, None], 1, 1 + x)
    expected[:, :, :2] = 1
    np.testing.assert_array_equal(again, expected)


@given(
    lengths=length_lists, reverse=st.booleans(), add=st.booleans(), shift=st.sampled_from([0, ROWS])
)
def test_move_steps__copies_columns_step_by_step(
    lengths: list[int], reverse: bool, add: bool, shift: int
) -> None:
    blocks, _ = plan(lengths)
    rng = np.random.default_rng(0)
    source, target = rng.standard_normal((2, blocks.n_rows + 1, 6))
    before = target.copy()
    move_steps(blocks.table, source, shift, 1, target, ROWS - shift, 3, 2, reverse, add)
    expected = before.copy()
    if not add:  # every step of a block is written, with zeros past each end
        for start, n_steps in blocks.table[:, :2]:
            expected[start + ROWS - shift :][: n_steps * ROWS, 3:5] = 0
    step_rows = {(b, t): row for row, b, t in places(blocks)}
    for row, b, t in places(blocks):
        origin = step_rows[b, lengths[b] - 1 - t if reverse else t] + shift
        expected[row + ROWS - shift, 3:5] += source[origin, 1:3]
    np.testing.assert_array_equal(target, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, 1, 5000, 40_000])
def test_sum_groups__adds_in_order_on_any_number_of_threads(size: int, dtype: str) -> None:
    parts = np.random.default_rng(0).standard_normal((16, size)).astype(dtype)
    expected = parts[0].copy()
    for part in parts[1:]:
        expected += part
    for threads in (1, 2):
        actual = np.full(size, np.nan, dtype)
        with threads_limited_to(threads):
            sum_groups(parts, actual)
        assert_same_bits(actual, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@given(sizes=st.tuples(*[st.integers(0, 7)] * 3), transposed=st.booleans())
def test_product__adds_the_matrix_product(
    dtype: str, sizes: tuple[int, int, int], transposed: bool
) -> None:
    m, k, n = sizes
    rng = np.random.default_rng(0)
    a, b, out = (rng.standard_normal(shape).astype(dtype) for shape in ((m, k), (k, n), (m, n)))
    expected = out.astype(float) + a.astype(float) @ b.astype(float)
    product(a, np.ascontiguousarray(b.T).T if transposed else b, out)
    np.testing.assert_allclose(out, expected, rtol=0, atol=60 * np.finfo(dtype).eps)
