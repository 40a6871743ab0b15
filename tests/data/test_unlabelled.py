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


def test_read_sequences__counts_long_records_as_bad(paths: list[Path]) -> None:
    statuses = [
        r.problem for r in read_sequences(paths[:1], DNA, on_invalid="status", max_length=3)
    ]
    assert statuses[0] == "the sequence has 4 letters, expected at most 3"
    assert statuses[2] is None
    with pytest.raises(FastaFormatError) as caught:
        list(read_sequences(paths[:1], DNA, max_length=3))
    message = str(caught.value)
    assert "  line 1, record 'a': the sequence has 4 letters, expected at most 3\n" in message
    assert "Cut it to the window that the model was trained on, or train without pos" in message


def test_read_sequences__counts_short_records_as_bad(paths: list[Path]) -> None:
    with pytest.raises(FastaFormatError) as caught:
        list(read_sequences(paths[:1], DNA, min_length=5))
    message = str(caught.value)
    assert "  line 1, record 'a': the sequence has 4 letters, expected at least 5\n" in message
    assert "Leave it out, or train with a smaller kmer_size." in message


def test_read_sequences__ends_its_list_with_the_advice(paths: list[Path]) -> None:
    with pytest.raises(FastaFormatError) as caught:
        list(read_sequences(paths, DNA, advice="Ask somebody."))
    assert str(caught.value).splitlines()[-1] == "Ask somebody."
    (paths[0].parent / "empty.fa").touch()
    with pytest.raises(FastaFormatError, match="the file holds no records") as caught:
        list(read_sequences([paths[0].parent / "empty.fa"], DNA, advice="Ask somebody."))
    assert "Ask somebody." not in str(caught.value)
