from __future__ import annotations

from pathlib import Path

import pytest

from fastgru.data.records import read_records
from fastgru.errors import FastaFormatError


@pytest.mark.parametrize(
    "text",
    [
        ">a b\nACGT\n",
        "; made by hand\n>a b\nACGT\n",
        "\n \n>a b\nAC\nGT\n",
        "@a b\nACGT\n+\n>;@+\n",
    ],
)
def test_read_records__knows_the_format_by_its_first_character(text: str, tmp_path: Path) -> None:
    (tmp_path / "misleading.txt").write_text(text, encoding="utf-8")
    (record,) = read_records(tmp_path / "misleading.txt")
    assert (record.id, record.description, record.sequence) == ("a", "b", "ACGT")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file holds no records, expected FASTA or FASTQ"),
        ("\n \n", "the file holds no records, expected FASTA or FASTQ"),
        ("ACGT\n", "line 1: found 'ACGT', expected a FASTA header"),
        ("@SQ\tSN:chr1\tLN:9\n", "line 1: this looks like a SAM file"),
    ],
)
def test_read_records__explains_what_is_neither(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(text, encoding="utf-8")
    with pytest.raises(FastaFormatError, match=message):
        list(read_records(tmp_path / "a"))
