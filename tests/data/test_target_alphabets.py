from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.target_alphabets import TARGET_ALPHABETS, get_target_alphabet, next_tokens
from fastgru.errors import AlphabetError, ConfigurationError

CODONS = get_target_alphabet("codons")


@given(letters=st.text("ACGT", max_size=30))
def test_codons__come_back_from_their_codes(letters: str) -> None:
    gene = letters[: len(letters) // 3 * 3]
    codes = CODONS.encode(gene)
    assert codes.dtype == np.uint8
    assert len(codes) == len(gene) // 3
    assert CODONS.decode(codes) == gene


def test_codons__are_in_the_order_of_the_letters() -> None:
    assert len(CODONS.tokens) == 64
    assert CODONS.tokens == tuple(sorted(CODONS.tokens))
    assert CODONS.encode("aaaAACuuu").tolist() == [0, 1, 63]


def test_codons__with_an_ambiguity_code_have_one_code() -> None:
    codes = CODONS.encode("NAAACGAAR")
    assert codes.tolist() == [64, 6, 64]
    np.testing.assert_allclose(CODONS.mixture[64], 1 / 64)
    np.testing.assert_array_equal(CODONS.mixture[:64], np.eye(64))


@pytest.mark.parametrize("name", ["dna", "rna", "protein"])
def test_letters__are_tokens_of_one_letter(name: str) -> None:
    target = get_target_alphabet(name)
    assert "".join(target.tokens) == target.letters.letters
    sequence = target.letters.letters
    np.testing.assert_array_equal(target.encode(sequence), target.letters.encode(sequence))
    assert target.decode(target.encode(sequence)) == sequence


def test_encode__refuses_broken_codons() -> None:
    with pytest.raises(AlphabetError, match=r"has 4 letters, expected a multiple of 3, as codons"):
        CODONS.encode("ACGT")


def test_get_target_alphabet__refuses_unknown_names() -> None:
    with pytest.raises(ConfigurationError, match=r"target_alphabet must be one of .*'codons', got"):
        get_target_alphabet("codon")
    assert {get_target_alphabet(name).name for name in TARGET_ALPHABETS} == set(TARGET_ALPHABETS)


def test_next_tokens__end_and_leave_out_what_is_ambiguous() -> None:
    targets, counts = next_tokens(get_target_alphabet("rna").encode("ANU"), 4)
    assert counts.tolist() == [True, False, True, True]
    assert targets[counts].tolist() == [0, 3, 4]
    # the first ambiguity code has the number of the end
    targets, counts = next_tokens(np.array([4], np.uint8), 4)
    assert (targets.tolist(), counts.tolist()) == ([4, 4], [False, True])
