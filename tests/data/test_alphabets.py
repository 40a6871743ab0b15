from __future__ import annotations

import numpy as np
import pytest
from Bio.Data import IUPACData
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.alphabets import alphabet_names, get_alphabet
from fastgru.errors import AlphabetError, ConfigurationError

NAMES = alphabet_names()


@pytest.mark.parametrize("name", NAMES)
def test_mixture__averages_the_letters_a_symbol_stands_for(name: str) -> None:
    alphabet = get_alphabet(name)
    assert alphabet.mixture.shape == (len(alphabet.symbols), len(alphabet.letters))
    np.testing.assert_allclose(alphabet.mixture.sum(axis=1), 1)
    n_letters = len(alphabet.letters)
    np.testing.assert_array_equal(alphabet.mixture[:n_letters], np.eye(n_letters))


@pytest.mark.parametrize(
    ("name", "symbol", "expected"),
    [
        ("dna", "R", {"A": 1 / 2, "G": 1 / 2}),
        ("dna", "B", {"C": 1 / 3, "G": 1 / 3, "T": 1 / 3}),
        ("dna", "N", dict.fromkeys("ACGT", 1 / 4)),
        ("dna", "X", dict.fromkeys("ACGT", 1 / 4)),
        ("rna", "W", {"A": 1 / 2, "U": 1 / 2}),
        ("protein", "B", {"D": 1 / 2, "N": 1 / 2}),
        ("protein", "Z", {"E": 1 / 2, "Q": 1 / 2}),
        ("protein", "J", {"I": 1 / 2, "L": 1 / 2}),
        ("protein", "X", dict.fromkeys(IUPACData.protein_letters, 1 / 20)),
        ("protein", "U", {"C": 1.0}),
        ("protein", "O", {"K": 1.0}),
    ],
)
def test_mixture__of_ambiguity_codes(name: str, symbol: str, expected: dict[str, float]) -> None:
    alphabet = get_alphabet(name)
    row = alphabet.mixture[alphabet.symbols.index(symbol)]
    actual = {letter: share for letter, share in zip(alphabet.letters, row, strict=True) if share}
    assert actual == pytest.approx(expected)


def test_symbols__are_those_of_biopython() -> None:
    assert set(get_alphabet("dna").symbols) == set(IUPACData.ambiguous_dna_values)
    assert set(get_alphabet("rna").symbols) == set(IUPACData.ambiguous_rna_values)
    assert set(get_alphabet("protein").symbols) == set(IUPACData.extended_protein_values)


@pytest.mark.parametrize("name", NAMES)
def test_encode__numbers_the_symbols(name: str) -> None:
    alphabet = get_alphabet(name)
    actual = alphabet.encode(alphabet.symbols)
    assert actual.dtype == np.uint8
    np.testing.assert_array_equal(actual, np.arange(len(alphabet.symbols)))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_encode__can_be_undone(name: str, data: st.DataObject) -> None:
    alphabet = get_alphabet(name)
    sequence = data.draw(st.text(alphabet.symbols))
    decoded = "".join(alphabet.symbols[code] for code in alphabet.encode(sequence))
    assert decoded == sequence


@given(st.text("acgtuACGTUnN"))
def test_encode__does_not_see_the_spelling(sequence: str) -> None:
    dna = get_alphabet("dna")
    expected = dna.encode(sequence.upper().replace("U", "T"))
    np.testing.assert_array_equal(dna.encode(sequence), expected)


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("dna", "acgu", "ACGT"),
        ("rna", "acgt", "ACGU"),
        ("protein", "mkl*", "MKL"),
        ("protein", "mk*l**", "MK*L*"),
        ("protein", "MUT", "MUT"),
        ("dna", "ACG*", "ACG*"),
        ("dna", "", ""),
    ],
)
def test_normalise__gives_one_spelling(name: str, written: str, expected: str) -> None:
    assert get_alphabet(name).normalise(written) == expected


@given(st.text())
def test_normalise__twice_is_once(text: str) -> None:
    # Except for the stop codon: only one is dropped, which is why reading does it exactly once.
    dna = get_alphabet("dna")
    assert dna.normalise(dna.normalise(text)) == dna.normalise(text)


@given(st.text(max_size=20))
def test_invalid_letters__are_those_encode_refuses(text: str) -> None:
    protein = get_alphabet("protein")
    normalised = protein.normalise(text)
    expected = [
        (place, letter)
        for place, letter in enumerate(normalised, 1)
        if letter not in protein.symbols
    ]
    assert protein.invalid_letters(text) == expected
    if expected:
        with pytest.raises(AlphabetError) as caught:
            protein.encode(text)
        assert (caught.value.position, caught.value.letter) == expected[0]
    else:
        assert len(protein.encode(text)) == len(normalised)


@pytest.mark.parametrize(
    ("name", "sequence", "message"),
    [
        ("dna", "ACGE", "letter 'E' at position 4 is not in the dna alphabet"),
        ("dna", "ACGE", r"\(ACGT, and BDHKMNRSVWXY for ambiguous positions\)"),
        ("dna", "MKLE", "use the alphabet protein"),
        ("rna", "MKLE", "use the alphabet protein"),
        ("dna", "AC-GT", "Remove the gaps of the alignment"),
        (
            "dna",
            "ACGT@r2ACGT+",
            "A line that begins with '@' is FASTQ: give it in a file of its own",
        ),
        ("protein", "MK.L", "Remove the gaps of the alignment"),
        ("protein", "MK*L", "cut the sequence there"),
        ("dna", "ACG>seq2", "the line break before it was lost"),
        ("dna", "1ACG", "Remove the numbering"),
        ("dna", "AC?G", r"replace it by N \(unknown\)"),
        ("protein", "MK?L", r"replace it by X \(unknown\)"),
        ("dna", "AC\u200bGT", r"letter '\\u200b' at position 3"),
        ("dna", "ACZZZ", r"position 3 \(and at 2 more places\)"),
    ],
)
def test_encode__says_what_is_wrong_and_how_to_fix_it(
    name: str, sequence: str, message: str
) -> None:
    with pytest.raises(AlphabetError, match=message):
        get_alphabet(name).encode(sequence)


def test_get_alphabet__names_the_alphabets_there_are() -> None:
    expected = "^alphabet must be one of 'dna', 'rna', 'protein', got 'DNA'.$"
    with pytest.raises(ConfigurationError, match=expected):
        get_alphabet("DNA")
