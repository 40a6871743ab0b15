"""What ranks take of a batch and join again, with threads in the place of processes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.layers.blocks import Blocks, own_blocks, plan_blocks
from fastgru.layers.parts import ALONE
from tests.ranks import ThreadCommunicator, run_ranks

batches = st.lists(st.integers(0, 50), min_size=1, max_size=200).map(
    lambda n: np.array(n, np.int64)
)


def whole_and_parts(lengths: np.ndarray, size: int) -> tuple[Blocks, list[Blocks]]:
    whole = plan_blocks(lengths, 50, 8)
    return whole, run_ranks(size, lambda one: own_blocks(whole, one))


@given(lengths=batches, size=st.integers(2, 5))
def test_own_blocks__gives_each_block_to_one_rank(lengths: np.ndarray, size: int) -> None:
    whole, parts = whole_and_parts(lengths, size)
    numbers, steps, n_groups = [], [], 0
    for rank, blocks in enumerate(parts):
        own = blocks.part.sequences[rank]
        assert blocks.n_sequences == len(own)
        there = blocks.table["sequences"] >= 0
        assert sorted(blocks.table["sequences"][there]) == list(range(len(own)))
        named = np.where(there, own[blocks.table["sequences"]] if len(own) else -1, -1)
        numbers += named.tolist()
        steps += blocks.table["lengths"].tolist()
        ends = blocks.table["first"] + (blocks.table["steps"] + 1) * blocks.rows
        assert blocks.table["first"].tolist() == [0, *ends[:-1]][: len(ends)]
        assert blocks.n_rows == (ends[-1] if len(ends) else 0)
        assert blocks.groups[0] == 0
        assert blocks.groups[-1] == len(blocks.table)
        n_groups += len(blocks.groups) - 1
    # in the order of one process, so that sums of groups follow each other as there
    assert numbers == whole.table["sequences"].tolist()
    assert steps == whole.table["lengths"].tolist()
    assert n_groups == len(whole.groups) - 1 == whole.part.n_groups


def test_own_blocks__of_one_process_are_all() -> None:
    whole = plan_blocks(np.array([3, 1, 2]), 3)
    assert own_blocks(whole, ALONE) is whole


@given(lengths=batches, size=st.integers(2, 4))
def test_join__puts_back_what_take_has_taken(lengths: np.ndarray, size: int) -> None:
    whole = plan_blocks(lengths, 50, 8)
    rows = np.random.default_rng(0).standard_normal((len(lengths), 3, 2)).astype(np.float32)

    def there_and_back(one: ThreadCommunicator) -> np.ndarray:
        part = own_blocks(whole, one).part
        return part.join(part.take(rows))

    for found in run_ranks(size, there_and_back):
        assert found.dtype == rows.dtype
        np.testing.assert_array_equal(found, rows)
    np.testing.assert_array_equal(whole.part.join(whole.part.take(rows)), rows)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_complete__fills_in_the_groups_of_others(size: int) -> None:
    whole = plan_blocks(np.arange(40), 50, 8)
    rng = np.random.default_rng(0)
    truth = [rng.standard_normal((5, *shape)) for shape in [(3,), (2, 4), (0, 2)]]

    def fill(one: ThreadCommunicator) -> list[np.ndarray]:
        part = own_blocks(whole, one).part
        sums = [np.full_like(array, np.nan) for array in truth]
        for own, array in zip(map(part.of_groups, sums), truth, strict=True):
            own[...] = part.of_groups(array)
        part.complete(sums)
        return sums

    for found in run_ranks(size, fill):
        for array, expected in zip(found, truth, strict=True):
            np.testing.assert_array_equal(array, expected)
    sums = [array.copy() for array in truth]
    whole.part.complete(list(map(whole.part.of_groups, sums)))
    np.testing.assert_array_equal(sums[1], truth[1])
