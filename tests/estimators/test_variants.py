from __future__ import annotations

import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import ConfigurationError, LabelError
from fastgru.estimators.variants import apply_variants

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")


def test_apply_variants__changes_one_letter_each() -> None:
    changed = apply_variants(DNA, "acguA", ["A1C", "u4g", "T4G", "A5T"])
    assert changed == ["CCGTA", "ACGGA", "ACGGA", "ACGTT"]
    assert apply_variants(PROTEIN, "MKV*", ["V3W"]) == ["MKW"]
    assert apply_variants(DNA, "ACGT", []) == []


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("12", "variant '12': is no substitution, expected the letter of the reference"),
        ("A0C", "is no substitution"),
        ("AC1", "is no substitution"),
        ("A1CC", "is no substitution"),
        ("C1A", "variant 'C1A': the reference has 'A' there, expected 'C'. Count places from 1"),
        ("A9C", "variant 'A9C': the reference has 5 letters, expected a place among them"),
        ("A1N", "'N' is an ambiguity code, which has no probability, expected two of ACGT"),
        ("N5A", "'N' is an ambiguity code"),
    ],
)
def test_apply_variants__refuses_what_is_no_substitution(variant: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        apply_variants(DNA, "ACGTN", [variant])


def test_apply_variants__lists_the_first_faults() -> None:
    variants = [f"C{place}A" for place in (1, 3, 4, 6, 7, 8, 9)]
    with pytest.raises(LabelError, match=r"'C1A'.* 'C7A'.* And 2 more\.$") as caught:
        apply_variants(DNA, "ACGT", variants)
    assert "C8A" not in str(caught.value)


def test_apply_variants__wants_a_list() -> None:
    with pytest.raises(ConfigurationError, match="variants must be a list of strings, got str"):
        apply_variants(DNA, "ACGT", "A1C")
