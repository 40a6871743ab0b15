from __future__ import annotations

from pathlib import Path

import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.data.unlabelled import CheckedSequence, read_sequences
from fastgru.errors import FastaFormatError

DNA = get_alphabet("dna")


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    (tmp_path / "x.fa").write_text(">a\nacgu\n>b\nAC!T\n>c\nGG\n", encoding="utf-8")
    (tmp_path / "y.fa").write_text(">d\n>a\nTT\n", encoding="utf-8")
    return [tmp_path / "x.fa", tmp_path / "y.fa"]


def test_read_sequences__gives_bad_records_a_status(paths: list[Path]) -> None:
    a, b, c, d, repeated = read_sequences(paths, DNA, on_invalid="status")
    assert a == CheckedSequence("a", "ACGT")
    assert (b.id, b.sequence) == ("b", "")
    assert b.problem.startswith("letter '!' at position 3 is not in the dna alphabet")
    assert c == CheckedSequence("c", "GG")
    assert d == CheckedSequence("d", "", "the sequence is empty, expected at least one letter")
    assert repeated == CheckedSequence("a", "TT")


def test_read_sequences__lists_all_bad_records(paths: list[Path]) -> None:
    with pytest.raises(FastaFormatError) as caught:
        list(read_sequences(paths, DNA))
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{paths[0]}, line 4, record 'b': letter '!' at position 3")
    assert second.startswith(f"{paths[1]}, line 1, record 'd': the sequence is empty")


def test_read_sequences__yields_nothing_after_the_first_bad_record(paths: list[Path]) -> None:
    seen = []
    with pytest.raises(FastaFormatError):
        seen.extend(record.id for record in read_sequences(paths, DNA))
    assert seen in ([], ["a"])


def test_read_sequences__is_lazy(paths: list[Path]) -> None:
    assert next(read_sequences(paths, DNA)).id == "a"
