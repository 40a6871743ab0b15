from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.alphabets import get_alphabet
from fastgru.data.composition import (
    count_symbols,
    describe_lengths,
    describe_letters,
    histogram_edges,
)

DNA = get_alphabet("dna")
LENGTHS = st.lists(st.integers(1, 10**6), min_size=1, max_size=30)


@given(st.lists(st.text(DNA.symbols, min_size=1), min_size=1, max_size=5))
def test_count_symbols__counts_every_letter(sequences: list[str]) -> None:
    counts = count_symbols(sequences, DNA)
    expected = [[sequence.count(symbol) for symbol in DNA.symbols] for sequence in sequences]
    np.testing.assert_array_equal(counts, expected)


@given(LENGTHS)
def test_histogram__holds_every_length(lengths: list[int]) -> None:
    values = np.array(lengths)
    edges = histogram_edges(values)
    assert edges == sorted(set(edges))
    assert len(edges) <= 31
    assert sum(describe_lengths(values, edges)["histogram"]) == len(lengths)


def test_histogram_edges__follow_the_lengths() -> None:
    assert histogram_edges(np.array([60, 60])) == [60, 61]
    assert histogram_edges(np.array([7, 10])) == [7, 8, 9, 10]
    wide = histogram_edges(np.array([10, 10, 10, 10_000]))
    assert wide[0] == 10
    assert wide[-1] == 10_000
    assert wide[1] - wide[0] < wide[-1] - wide[-2]
    assert histogram_edges(np.array([], dtype=np.int64)) == []


def test_describe_lengths__by_example() -> None:
    actual = describe_lengths(np.array([1, 2, 3, 4, 10]), [1, 5, 10])
    assert actual == {
        "min": 1,
        "max": 10,
        "mean": 4.0,
        "q05": 1.2,
        "q25": 2.0,
        "median": 3.0,
        "q75": 4.0,
        "q95": 8.8,
        "histogram": [4, 1],
    }


def test_describe_letters__shares_ambiguity_codes_out() -> None:
    actual = describe_letters(count_symbols(["AARN", "CC"], DNA), DNA)
    assert actual["ambiguous"] == {"N": 1, "R": 1}
    assert actual["composition"] == pytest.approx(
        {"A": 2.75 / 6, "C": 2.25 / 6, "G": 0.75 / 6, "T": 0.25 / 6}, abs=1e-6
    )
