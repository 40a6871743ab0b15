from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.microkernel import ROWS
from fastgru.layers.blocks import MAX_GROUPS, plan_blocks

length_arrays = st.lists(st.integers(0, 300), max_size=9 * ROWS).map(
    lambda n: np.array(n, np.int64)
)


@given(lengths=length_arrays)
def test_plan_blocks__gives_every_sequence_one_slot(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    slots = blocks.sequences.ravel()
    assert sorted(slots[slots >= 0]) == list(range(len(lengths)))
    assert (slots == -1).sum() == -len(lengths) % ROWS
    slot_lengths = blocks.table[:, 2:].ravel()
    np.testing.assert_array_equal(slot_lengths[slots >= 0], lengths[slots[slots >= 0]])
    assert not slot_lengths[slots < 0].any()


@given(lengths=length_arrays)
def test_plan_blocks__sorts_by_length(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    within = blocks.table[:, 2:]
    assert (np.diff(within, axis=1) <= 0).all()
    np.testing.assert_array_equal(blocks.table[:, 1], within.max(axis=1, initial=0))
    # Blocks hold similar lengths: in the order of their longest ones, none overlaps the next.
    ranked = within[np.argsort(-within[:, 0], kind="stable")]
    assert (ranked[:-1, -1] >= ranked[1:, 0]).all()


@given(lengths=length_arrays)
def test_plan_blocks__gives_every_block_rows_of_its_own(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    ends = blocks.table[:, 0] + (blocks.table[:, 1] + 1) * ROWS
    np.testing.assert_array_equal(blocks.table[1:, 0], ends[:-1])
    assert blocks.n_rows == (ends[-1] if len(ends) else 0)
    np.testing.assert_array_equal(blocks.rows_at_start()[:, 0], blocks.table[:, 0])
    np.testing.assert_array_equal(blocks.rows_at_end()[:, -1], ends - 1)


@given(lengths=length_arrays)
def test_plan_blocks__cuts_blocks_into_groups_by_the_batch_alone(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    sizes = np.diff(blocks.groups)
    assert blocks.groups[0] == 0
    assert blocks.groups[-1] == blocks.n_blocks
    assert 1 <= len(sizes) <= MAX_GROUPS
    assert sizes.max() - sizes.min() <= 1


@given(lengths=st.lists(st.integers(1, 300), min_size=4 * ROWS, max_size=40 * ROWS))
def test_plan_blocks__shares_the_work_between_two_threads(lengths: list[int]) -> None:
    blocks = plan_blocks(np.array(lengths, np.int64), 300)
    n_groups = len(blocks.groups) - 1
    steps = np.add.reduceat(blocks.table[:, 1], blocks.groups[:-1])
    first, second = steps[: (n_groups + 1) // 2].sum(), steps[(n_groups + 1) // 2 :].sum()
    # Neighbours in the bit-reversed order differ by one block's rank, so by one long block at most,
    # and so do the sizes of groups.
    assert abs(first - second) <= 2 * blocks.table[:, 1].max() + steps.max()


@given(lengths=length_arrays)
def test_to_slots__and_back(lengths: np.ndarray) -> None:
    blocks = plan_blocks(lengths, 300)
    values = np.random.default_rng(0).standard_normal((len(lengths), 3))
    slots = blocks.to_slots(values, 5)
    assert slots.shape == (blocks.n_blocks, ROWS, 5)
    assert not slots[:, :, 3:].any()
    assert not slots[blocks.sequences < 0].any()
    np.testing.assert_array_equal(blocks.from_slots(slots, 3), values)
