from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.layers.blocks import BLOCK_ROWS, MAX_GROUPS, plan_blocks

length_arrays = st.lists(st.integers(0, 300), max_size=9 * BLOCK_ROWS).map(
    lambda n: np.array(n, np.int64)
)


@pytest.mark.parametrize(
    ("n_sequences", "expected"),
    [(0, 4), (1, 1), (2, 4), (BLOCK_ROWS, 4), (BLOCK_ROWS + 1, BLOCK_ROWS), (1000, BLOCK_ROWS)],
)
def test_plan_blocks__takes_fewer_rows_for_small_batches(n_sequences: int, expected: int) -> None:
    blocks = plan_blocks(np.full(n_sequences, 3), 3)
    assert blocks.rows == expected
    assert blocks.table["lengths"].shape == (-(-n_sequences // expected), expected)


@given(lengths=length_arrays)
def test_plan_blocks__gives_every_sequence_one_row(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    sequences = blocks.table["sequences"].ravel()
    used = sequences >= 0
    assert sorted(sequences[used]) == list(range(len(lengths)))
    assert (~used).sum() == -len(lengths) % blocks.rows
    row_lengths = blocks.table["lengths"].ravel()
    np.testing.assert_array_equal(row_lengths[used], lengths[sequences[used]])
    assert not row_lengths[~used].any()
    assert (blocks.n_sequences, blocks.n_steps) == (len(lengths), 300)


@given(lengths=length_arrays)
def test_plan_blocks__sorts_by_length(lengths: np.ndarray) -> None:
    table = plan_blocks(lengths, 300).table
    # The longest first, within blocks and from block to block, so that threads end together.
    assert (np.diff(table["lengths"].ravel()) <= 0).all()
    np.testing.assert_array_equal(table["steps"], table["lengths"].max(axis=1, initial=0))


@given(lengths=length_arrays)
def test_plan_blocks__gives_every_block_rows_of_its_own(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    ends = blocks.table["first"] + (blocks.table["steps"] + 1) * blocks.rows
    np.testing.assert_array_equal(blocks.table["first"][1:], ends[:-1])
    assert blocks.n_rows == (ends[-1] if len(ends) else 0)
    assert not blocks.table["first"][:1].any()


@given(lengths=length_arrays)
def test_plan_blocks__cuts_blocks_into_groups_by_the_batch_alone(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    sizes = np.diff(blocks.groups)
    assert blocks.groups[0] == 0
    assert blocks.groups[-1] == len(blocks.table)
    assert len(sizes) == max(1, min(len(blocks.table), MAX_GROUPS))
    assert sizes.min() >= (1 if len(lengths) else 0)


@given(lengths=st.lists(st.integers(1, 300), min_size=4 * BLOCK_ROWS, max_size=40 * BLOCK_ROWS))
def test_plan_blocks__gives_groups_about_equally_many_steps(lengths: list[int]) -> None:
    blocks = plan_blocks(np.array(lengths, np.int64), 300)
    costs = blocks.table["steps"] + 1
    groups = np.add.reduceat(costs, blocks.groups[:-1])
    # A cut falls at most one block away from where it was wanted, on either side.
    assert groups.max() <= costs.sum() / len(groups) + 2 * costs.max()
