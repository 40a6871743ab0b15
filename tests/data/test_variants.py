from __future__ import annotations

from pathlib import Path

import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.data.variants import VariantRow, apply_variants, read_variants
from fastgru.errors import LabelError

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")
REFERENCES = {"a": "ACGTN", "b": "TT"}


def test_apply_variants__changes_one_letter_each() -> None:
    changed = apply_variants(DNA, "acguA", ["A1C", "u4g", "T4G", "A5T"])
    assert changed == ["CCGTA", "ACGGA", "ACGGA", "ACGTT"]
    assert apply_variants(PROTEIN, "MKV*", ["V3W"]) == ["MKW"]
    assert apply_variants(DNA, "ACGT", []) == []


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("12", "variants, record '12': is no substitution, expected the letter of the reference"),
        ("A0C", "is no substitution"),
        ("AC1", "is no substitution"),
        ("A1CC", "is no substitution"),
        ("C1A", "record 'C1A': the reference has 'A' there, expected 'C'. Check that it belongs"),
        ("A9C", "record 'A9C': the reference has 5 letters, expected a place among them"),
        ("A1N", "ambiguity codes have no probability, expected two of ACGT. Leave the variant"),
        ("N5A", "ambiguity codes have no probability"),
        ("A1Z", "record 'A1Z': 'Z' is no letter of the dna alphabet, expected one of ACGT. Cor"),
        ("A1" + "0" * 5000 + "C", "is no substitution"),
    ],
)
def test_apply_variants__refuses_what_is_no_substitution(variant: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        apply_variants(DNA, "ACGTN", ["A1C", variant])


def test_apply_variants__lists_all_faults() -> None:
    with pytest.raises(LabelError, match="variants: 2 problems:") as caught:
        apply_variants(DNA, "ACGT", ["C1A", "A1C", "x"])
    assert "record 'x': is no substitution" in str(caught.value)


def test_read_variants__reads_the_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "v.tsv"
    path.write_text("# made by hand\nVariant\tnote\tID\nA1C\tx\ta\n\nT2G\t\tb\n", encoding="utf-8")
    assert read_variants(path, DNA, REFERENCES) == [VariantRow("a", "A1C"), VariantRow("b", "T2G")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "v.tsv: the table is empty, expected a header with the columns id and variant"),
        ("a\tA1C\n", "v.tsv, line 1: found 'a A1C', expected a header with the columns id and"),
        ("id\tvariant\nc\tA1C\n", "v.tsv, line 2: there is no sequence with the id 'c'. Add"),
        ("id\tvariant\na\tC1A\n", "v.tsv, line 2, record 'C1A': the reference has 'A' there"),
        ("id\tvariant\na\n", "v.tsv, line 2, record '': is no substitution"),
        ("id\tvariant\na\tx\nc\ty\n", "v.tsv: 2 problems:"),
    ],
)
def test_read_variants__refuses_other_tables(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "v.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError, match=message):
        read_variants(path, DNA, REFERENCES)
