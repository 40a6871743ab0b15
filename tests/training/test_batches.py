from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastgru.training.batches import batches_by_length, pad, shuffled_batches


def test_pad__fills_with_zeros() -> None:
    tokens, lengths = pad([np.array([3, 2, 1], np.uint8), np.array([4], np.uint8)])
    assert tokens.tolist() == [[3, 2, 1], [4, 0, 0]]
    assert (tokens.dtype, lengths.dtype) == (np.uint8, np.int64)
    assert lengths.tolist() == [3, 1]


def test_pad__takes_no_sequences() -> None:
    tokens, lengths = pad([])
    assert (tokens.shape, lengths.shape) == ((0, 0), (0,))


@given(n=st.integers(0, 200), batch_size=st.integers(1, 70), seed=st.integers(0, 99))
def test_shuffled_batches__meet_each_sequence_once(n: int, batch_size: int, seed: int) -> None:
    batches = list(shuffled_batches(n, batch_size, np.random.default_rng(seed)))
    assert sorted(np.concatenate([*batches, []]).tolist()) == list(range(n))
    assert all(len(batch) == batch_size for batch in batches[:-1])


def test_shuffled_batches__differ_from_epoch_to_epoch() -> None:
    rng = np.random.default_rng(1)
    first, second = (np.concatenate(list(shuffled_batches(50, 8, rng))) for _ in range(2))
    assert first.tolist() != second.tolist()


@given(lengths=st.lists(st.integers(1, 300)), max_tokens=st.integers(1, 1000))
def test_batches_by_length__meet_each_sequence_once_within_bounds(
    lengths: list[int], max_tokens: int
) -> None:
    array = np.array(lengths, np.int64)
    batches = list(batches_by_length(array, max_tokens))
    assert sorted(np.concatenate([*batches, []]).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * array[batch].max() <= max_tokens
    in_order = [array[k] for batch in batches for k in batch]
    assert in_order == sorted(lengths)
