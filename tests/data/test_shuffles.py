from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from fastgru.data.alphabets import get_alphabet
from fastgru.data.shuffles import (
    kind_of_shuffle,
    shuffle_dinucleotides,
    shuffle_labels,
    shuffle_residues,
    shuffle_sequences,
)
from tests.strategies import sequences


def pairs(sequence: str) -> Counter[tuple[str, str]]:
    return Counter(itertools.pairwise(sequence))


def all_with_the_same_pairs(sequence: str) -> list[str]:
    """Every different sequence with these pairs and this first letter, found by trying."""
    others = {"".join(order) for order in itertools.permutations(sequence[1:])}
    found = [sequence[0] + other for other in others]
    return sorted(text for text in found if pairs(text) == pairs(sequence))


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


@given(sequences("ACGTN", max_size=200), st.integers(0, 2**63))
def test_shuffle_dinucleotides__keeps_their_counts_and_the_ends(text: str, seed: int) -> None:
    shuffled = shuffle_dinucleotides(text, np.random.default_rng(seed))
    assert pairs(shuffled) == pairs(text)
    assert Counter(shuffled) == Counter(text)
    assert (shuffled[0], shuffled[-1]) == (text[0], text[-1])


@given(st.text(max_size=60), st.integers(0, 2**63))
def test_shuffle_dinucleotides__takes_any_text(text: str, seed: int) -> None:
    assert pairs(shuffle_dinucleotides(text, np.random.default_rng(seed))) == pairs(text)


@pytest.mark.parametrize(
    "text",
    [
        "ACAGATA",  # three loops: every order of them
        "AACAAGA",  # with stays, which no tree has
        "CGCATGCGA",  # ends elsewhere than it began
        "ACCGAGTCA",  # trees of different weight
    ],
)
def test_shuffle_dinucleotides__draws_every_sequence_equally_often(text: str) -> None:
    possible = all_with_the_same_pairs(text)
    assert len(possible) >= 5
    rng = np.random.default_rng(8)
    drawn = Counter(shuffle_dinucleotides(text, rng) for _ in range(200 * len(possible)))
    assert sorted(drawn) == possible
    assert chi_square(list(drawn.values())) < chi2.isf(0.001, len(possible) - 1)


@pytest.mark.parametrize("text", ["", "A", "AC", "ACG", "AAAAAA", "ACACAC", "ACGT"])
def test_shuffle_dinucleotides__leaves_what_has_no_other_order(text: str) -> None:
    assert shuffle_dinucleotides(text, np.random.default_rng(0)) == text


@given(sequences("ACDEFGHIKLMNPQRSTVWYX"), st.integers(0, 2**63))
def test_shuffle_residues__keeps_their_counts(text: str, seed: int) -> None:
    assert Counter(shuffle_residues(text, np.random.default_rng(seed))) == Counter(text)


def test_shuffle_residues__draws_every_order_equally_often() -> None:
    rng = np.random.default_rng(8)
    drawn = Counter(shuffle_residues("MKV", rng) for _ in range(1200))
    assert set(drawn) == set(map("".join, itertools.permutations("MKV")))
    assert chi_square(list(drawn.values())) < chi2.isf(0.001, 5)


@pytest.mark.parametrize(("name", "kind"), [("dna", "dinucleotides"), ("protein", "residues")])
def test_shuffle_sequences__does_not_depend_on_the_others(name: str, kind: str) -> None:
    alphabet, rng = get_alphabet(name), np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), 50)) for _ in range(5)]
    together = shuffle_sequences(texts, alphabet, seed=3)
    assert kind_of_shuffle(alphabet) == kind
    assert shuffle_sequences(texts[::-1], alphabet, seed=3) == together[::-1]
    assert [shuffle_sequences([text], alphabet, seed=3)[0] for text in texts] == together
    assert shuffle_sequences(texts, alphabet, seed=4) != together
    assert all(new != old for new, old in zip(together, texts, strict=True))
    same_pairs = [pairs(new) == pairs(old) for new, old in zip(together, texts, strict=True)]
    assert same_pairs == [kind == "dinucleotides"] * 5


def test_shuffle_sequences__gives_rna_the_shuffle_of_dna() -> None:
    assert kind_of_shuffle(get_alphabet("rna")) == "dinucleotides"
    (shuffled,) = shuffle_sequences(["ACGUUGCAACGU" * 5], get_alphabet("rna"))
    assert pairs(shuffled) == pairs("ACGUUGCAACGU" * 5)


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(0, 2**63))
def test_shuffle_labels__deals_the_same_labels_out(labels: list[str], seed: int) -> None:
    shuffled = shuffle_labels(labels, seed=seed)
    assert Counter(shuffled) == Counter(labels)
    assert shuffled == shuffle_labels(labels, seed=seed)


def test_shuffle_labels__leaves_no_relation() -> None:
    labels = ["a"] * 500 + ["b"] * 500
    kept = sum(new == old for new, old in zip(shuffle_labels(labels, seed=1), labels, strict=True))
    assert 440 < kept < 560  # four standard deviations of sqrt(1000) / 2 around the half
