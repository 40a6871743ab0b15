from __future__ import annotations

import numpy as np
import pytest
from Bio.SeqUtils.ProtParam import ProteinAnalysis

from fastgru.data.alphabets import get_alphabet
from fastgru.data.residues import residue_properties

LETTERS = get_alphabet("protein").letters
COLUMNS = ("hydropathy", "mass", "charge", "aromatic", "proline", "cysteine")


def column(name: str) -> dict[str, float]:
    values = residue_properties(LETTERS)[:, COLUMNS.index(name)]
    return dict(zip(LETTERS, values.tolist(), strict=True))


def test_residue_properties__are_standardised_over_the_letters() -> None:
    table = residue_properties(LETTERS)
    assert table.shape == (20, 10)
    np.testing.assert_allclose(table.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(table.std(axis=0), 1)


def test_residue_properties__tell_all_letters_apart() -> None:
    assert len(np.unique(residue_properties(LETTERS), axis=0)) == len(LETTERS)


def test_residue_properties__are_those_of_the_letter_wherever_it_stands() -> None:
    backwards = residue_properties(LETTERS[::-1])
    np.testing.assert_allclose(backwards[::-1], residue_properties(LETTERS))


@pytest.mark.parametrize(
    ("name", "large", "small"),
    [
        ("hydropathy", "IVLF", "RKDE"),
        ("mass", "WYR", "GAS"),
        ("charge", "KR", "DE"),
        ("aromatic", "FWYH", "AGKL"),
        ("proline", "P", "GA"),
        ("cysteine", "C", "SM"),
    ],
)
def test_residue_properties__order_letters_as_chemistry_does(
    name: str, large: str, small: str
) -> None:
    values = column(name)
    assert min(values[letter] for letter in large) > max(values[letter] for letter in small)


def test_charge__is_that_of_a_side_chain_in_neutral_water() -> None:
    # what a letter adds to a chain that is long enough for its ends not to matter
    charge = column("charge")
    added = {
        letter: ProteinAnalysis("G" * 10 + letter).charge_at_pH(7)
        - ProteinAnalysis("G" * 11).charge_at_pH(7)
        for letter in LETTERS
        if letter not in "DE"  # whose place at the end changes that of the end
    }
    values = np.array(list(added.values()))
    found = np.array([charge[letter] for letter in added])
    slope, offset = np.polyfit(values, found, 1)
    np.testing.assert_allclose(found, slope * values + offset, atol=1e-6)
