from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import LabelError
from fastgru.estimators import sequence_features
from fastgru.estimators.sequence_features import Kmers, Length, LetterShares, OneHot
from tests.strategies import sequences


def encode(texts: list[str], alphabet: str = "dna") -> list[np.ndarray]:
    return [get_alphabet(alphabet).encode(text) for text in texts]


def counted_by_hand(text: str, k: int) -> np.ndarray:
    """Words of k letters with their probability, by trying every word at every place."""
    dna = get_alphabet("dna")
    counts = np.zeros(4**k)
    for number, word in enumerate(itertools.product(range(4), repeat=k)):
        for place in range(len(text) - k + 1):
            symbols = dna.encode(text[place : place + k])
            counts[number] += np.prod(
                [dna.mixture[s, w] for s, w in zip(symbols, word, strict=True)]
            )
    return counts


def test_length__is_given_in_three_forms() -> None:
    found = Length().fit_transform(encode(["A", "ACGTACG"]))
    np.testing.assert_allclose(found, [[1, 0, 0], [7, np.log(7), np.log(7) ** 2]])


def test_letter_shares__shares_ambiguous_letters_out() -> None:
    found = LetterShares("dna").fit_transform(encode(["AARN", "ccgt"]))
    assert found.tolist() == [[2.75 / 4, 0.25 / 4, 0.75 / 4, 0.25 / 4], [0, 0.5, 0.25, 0.25]]


def test_one_hot__has_a_column_for_each_letter_at_each_place() -> None:
    features = OneHot("dna").fit(encode(["AC"]))
    found = features.transform(encode(["AC", "TR"]))
    assert found.toarray().tolist() == [[1, 0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0.5, 0, 0.5, 0]]
    assert found.nnz == 5


@given(st.lists(st.text("ACDEFXBZJUO", min_size=4, max_size=4), min_size=1, max_size=5))
def test_one_hot__is_the_mixture_of_each_letter(texts: list[str]) -> None:
    encoded = encode(texts, "protein")
    found = OneHot("protein").fit(encoded).transform(encoded).toarray()
    expected = get_alphabet("protein").mixture[np.stack(encoded)].reshape(len(texts), -1)
    assert found.tolist() == expected.tolist()


def test_one_hot__refuses_another_length() -> None:
    features = OneHot("dna").fit(encode(["AC"]))
    with pytest.raises(LabelError) as caught:
        features.transform(encode(["AC", "ACG"]))
    assert str(caught.value) == (
        "sequence 1: has 3 letters, expected 2 as in training. Cut it, or use another baseline."
    )


@given(st.lists(sequences("ACGT"), min_size=1, max_size=5), st.integers(1, 4))
def test_kmers__are_those_of_scikit_learn(texts: list[str], longest: int) -> None:
    found = Kmers("dna", longest).fit_transform(encode(texts)).toarray()
    blocks = []
    for k in range(1, longest + 1):
        words = ["".join(word) for word in itertools.product("ACGT", repeat=k)]
        counter = CountVectorizer(
            analyzer="char", ngram_range=(k, k), lowercase=False, vocabulary=words
        )
        blocks.append(normalize(counter.transform(texts)).toarray())
    np.testing.assert_allclose(found, np.hstack(blocks), atol=1e-12)


@given(st.lists(sequences("ACGTRYSWKMBDHVN", max_size=12), min_size=1, max_size=3))
def test_kmers__share_ambiguous_letters_out(texts: list[str]) -> None:
    found = Kmers("dna", 3).fit_transform(encode(texts)).toarray()
    by_hand = [np.stack([counted_by_hand(text, k) for text in texts]) for k in (1, 2, 3)]
    np.testing.assert_allclose(found, np.hstack([normalize(b) for b in by_hand]), atol=1e-12)


@pytest.mark.parametrize("dense", [False, True])
def test_kmers__of_a_sequence_do_not_depend_on_the_others(
    dense: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = encode(["ACGTNA", "GG", "RYACB", "A", "NNNN", "ACGT" * 20])
    features = Kmers("dna", 3, dense=dense)
    together = features.transform(texts)
    monkeypatch.setattr(sequence_features, "_GROUP_WORDS", 10)
    assert len(list(sequence_features._groups(texts, "dna"))) > 3
    apart = features.transform(texts)
    if not dense:
        together, apart = together.toarray(), apart.toarray()
    assert apart.tobytes() == together.tobytes()


@pytest.mark.parametrize("letters", ["ACGT", "ACGTRYSWKMBDHVN"])
def test_kmers__need_memory_for_their_result_alone(
    letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence_features, "_GROUP_WORDS", 1 << 14)
    rng = np.random.default_rng(0)
    texts = encode(["".join(rng.choice(list(letters), 200)) for _ in range(500)])
    tracemalloc.start()
    try:
        found = Kmers("dna", 2).transform(texts)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # the parts and the whole, and what a group takes; all at once would take 8 MB or 34 MB
    assert peak < 2.5 * (found.data.nbytes + found.indices.nbytes) + 120 * (1 << 14)


def test_kmers__read_nothing_from_a_run_of_unknown_letters() -> None:
    text = "AAACCCG"
    found = Kmers("dna", 6).fit_transform(encode([text, text + "N" * 30]))
    longest = found[:, -(4**6) :]
    assert longest[0].nnz == 2
    # the places of which the last one, two, three or four letters are unknown
    assert longest[1].nnz == 2 + 4 + 16 + 64 + 256


def test_kmers__know_the_codes_of_proteins_that_have_one_meaning() -> None:
    features = Kmers("protein", 2)
    unusual, usual = features.fit_transform(encode(["MUOX", "MCKX"], "protein"))
    assert (unusual != usual).nnz == 0


def test_kmers__are_the_same_dense() -> None:
    texts = encode(["ACGTNA", "GG"])
    dense = Kmers("dna", 2, dense=True).fit_transform(texts)
    assert dense.dtype == np.float32
    np.testing.assert_allclose(dense, Kmers("dna", 2).fit_transform(texts).toarray(), rtol=1e-6)


def test_kmers__of_sequences_that_are_shorter_are_none() -> None:
    found = Kmers("dna", 4).fit_transform(encode(["AC", "G"])).toarray()
    assert found.shape == (2, 4 + 16 + 64 + 256)
    assert np.flatnonzero(found.sum(axis=0)).tolist() == [0, 1, 2, 4 + 1]
