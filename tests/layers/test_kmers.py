from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.alphabets import get_alphabet
from fastgru.layers import kmers as module
from fastgru.layers.kmers import KmerReader
from fastgru.training.batches import pad

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")
SIZES = [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (5, 3)]


def words_of(word: str) -> list[int]:
    """Rows of all k-mers that a word stands for."""
    meant = [
        "".join(DNA.letters[v] for v in np.flatnonzero(DNA.mixture[DNA.symbols.index(s)]))
        for s in word
    ]
    all_words = ["".join(letters) for letters in product(DNA.letters, repeat=len(word))]
    return [all_words.index("".join(letters)) for letters in product(*meant)]


def table_of(size: int, alphabet=DNA, seed: int = 0) -> np.ndarray:
    rows = len(alphabet.letters) ** size
    return np.random.default_rng(seed).standard_normal((rows, 3))


def batch(*sequences: str) -> tuple[np.ndarray, np.ndarray]:
    return pad([DNA.encode(letters) for letters in sequences])


@pytest.mark.parametrize(("size", "stride"), SIZES)
@given(sequences=st.lists(st.text("ACGTRYN", max_size=12), min_size=1, max_size=5))
def test_embed__is_the_average_of_the_words(size: int, stride: int, sequences: list[str]) -> None:
    reader, table = KmerReader(DNA.mixture, size, stride), table_of(size)
    kmers = reader.read(*batch(*sequences))
    symbols = reader.embed(kmers, table)
    assert kmers.tokens.dtype == np.int32
    for row, length, letters in zip(kmers.tokens, kmers.lengths, sequences, strict=True):
        starts = range(0, len(letters) - size + 1, stride)
        assert length == len(starts)
        assert not row[length:].any() or size == 1
        for token, start in zip(row[:length], starts, strict=True):
            expected = table[words_of(letters[start : start + size])].mean(axis=0)
            np.testing.assert_allclose(symbols[token], expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("size", "stride"), SIZES)
def test_add_gradient__is_that_of_embed(size: int, stride: int) -> None:
    reader, table = KmerReader(DNA.mixture, size, stride), table_of(size)
    kmers = reader.read(*batch("ACGTNACGRTTNNNNNACG", "TTRYACGA"))
    d_symbols = np.random.default_rng(1).standard_normal(reader.embed(kmers, table).shape)
    start = np.full_like(table, 0.5)
    d_table = start.copy()
    reader.add_gradient(kmers, d_symbols, d_table)
    # linear, so the gradient is the transpose: <d, embed(t)> = <gradient(d), t> for any table
    for seed in range(3):
        other = table_of(size, seed=seed + 10)
        expected = (reader.embed(kmers, other) * d_symbols).sum()
        assert ((d_table - start) * other).sum() == pytest.approx(expected, rel=1e-12)


def test_read__gives_each_ambiguous_word_one_row() -> None:
    reader = KmerReader(DNA.mixture, 3, 1)
    kmers = reader.read(*batch("ACNAC", "CNACN"))
    found = ["".join(DNA.symbols[code] for code in word) for word in kmers.ambiguous]
    assert sorted(found) == ["ACN", "CNA", "NAC"]
    assert len(reader.embed(kmers, table_of(3))) == 64 + 3


def test_read__sees_nothing_past_the_end() -> None:
    reader = KmerReader(DNA.mixture, 2, 1)
    tokens, lengths = batch("ACGTT", "AC")
    expected = reader.read(tokens, lengths)
    tokens[1, 2:] = DNA.symbols.index("N")
    found = reader.read(tokens, lengths)
    np.testing.assert_array_equal(found.tokens, expected.tokens)
    assert len(found.ambiguous) == 0


@pytest.mark.parametrize("sequences", [(), ("AC",), ("", "A")])
def test_read__of_sequences_without_a_word_has_no_steps(sequences: tuple[str, ...]) -> None:
    kmers = KmerReader(DNA.mixture, 3, 2).read(*batch(*sequences))
    assert kmers.tokens.shape == (len(sequences), 0)
    assert not kmers.lengths.any()


def test_read__takes_words_of_amino_acids() -> None:
    reader, table = KmerReader(PROTEIN.mixture, 3, 3), table_of(3, PROTEIN)
    kmers = reader.read(*pad([PROTEIN.encode("YYYABA")]))
    assert kmers.tokens[0, 0] == 7999
    order, (d, n) = PROTEIN.letters, (PROTEIN.letters.index(letter) for letter in "DN")
    a = order.index("A")
    expected = (table[400 * a + 20 * d + a] + table[400 * a + 20 * n + a]) / 2  # B is D or N
    np.testing.assert_allclose(
        reader.embed(kmers, table)[kmers.tokens[0, 1]], expected, rtol=0, atol=1e-15
    )


def test_embed__takes_as_many_words_at_a_time_as_memory_has(monkeypatch) -> None:
    reader, table = KmerReader(DNA.mixture, 2, 1), table_of(2)
    kmers = reader.read(*batch("ANCNGNTNRYACGRR"))
    expected, d_symbols = reader.embed(kmers, table), np.ones((16 + len(kmers.ambiguous), 3))
    gradient = np.zeros_like(table)
    reader.add_gradient(kmers, d_symbols, gradient)
    monkeypatch.setattr(module, "_MAX_SHARES", 40)  # two words
    np.testing.assert_array_equal(reader.embed(kmers, table), expected)
    in_parts = np.zeros_like(table)
    reader.add_gradient(kmers, d_symbols, in_parts)
    np.testing.assert_array_equal(in_parts, gradient)
