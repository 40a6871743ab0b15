from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastgru.layers.kmer_sizes import count_kmers, max_letters

SIZES = st.integers(1, 6).flatmap(lambda k: st.tuples(st.just(k), st.integers(1, k)))


@given(n_letters=st.integers(0, 40), sizes=SIZES)
def test_count_kmers__are_the_words_that_fit(n_letters: int, sizes: tuple[int, int]) -> None:
    size, stride = sizes
    starts = [start for start in range(0, n_letters, stride) if start + size <= n_letters]
    assert count_kmers(n_letters, size, stride) == len(starts)
    assert count_kmers(np.array([n_letters, 0]), size, stride).tolist() == [len(starts), 0]


@given(n_kmers=st.integers(1, 20), sizes=SIZES)
def test_max_letters__is_the_last_length_with_so_many_words(
    n_kmers: int, sizes: tuple[int, int]
) -> None:
    longest = max_letters(n_kmers, *sizes)
    assert count_kmers(longest, *sizes) == n_kmers
    assert count_kmers(longest + 1, *sizes) == n_kmers + 1
