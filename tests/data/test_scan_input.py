from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.data.scan_input import ScanInput
from fastgru.data.windows import WindowGrid
from fastgru.errors import ConfigurationError, FastaFormatError, LabelError

DNA, GRID = get_alphabet("dna"), WindowGrid(4, 2)
FASTA = ">a\nACGTACGTAC\n>b\nACG\n"


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "a.fa"
    path.write_text(FASTA, encoding="utf-8")
    return path


def ranges_of(given: ScanInput) -> list[tuple[str, list[tuple[int, int]]]]:
    return [(sequence.id, ranges) for sequence, ranges in given]


def test_input__of_files_or_letters_is_the_same(fasta: Path) -> None:
    for sequences in (fasta, str(fasta), [fasta], {"a": "ACGTACGTAC", "b": "ACG"}):
        given = ScanInput(sequences, DNA, GRID)
        assert given.lengths == {"a": 10, "b": 3}
        assert given.n_letters == 13
        assert ranges_of(given) == [("a", [(0, 4)]), ("b", [(0, 1)])]


def test_pipes__are_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(FASTA,))
    writer.start()
    given = ScanInput(pipe, DNA, GRID)
    assert ranges_of(given) == [("a", [(0, 4)]), ("b", [(0, 1)])]
    writer.join()


def test_proteins__end_before_a_star(tmp_path: Path) -> None:
    path = tmp_path / "p.fa"
    path.write_text(">p\nMKV*\n", encoding="utf-8")
    given = ScanInput(path, get_alphabet("protein"), GRID)
    assert [(one.letters[0 : one.length], one.length) for one, _ in given] == [("MKV", 3)]


def test_regions__choose_windows(fasta: Path, tmp_path: Path) -> None:
    bed = tmp_path / "r.bed"
    bed.write_text("a\t0\t1\na\t9\t10\n", encoding="utf-8")
    for regions in (bed, {"a": [(9, 10), (0, 1)]}):
        given = ScanInput(fasta, DNA, GRID, regions)
        assert ranges_of(given) == [("a", [(0, 1), (3, 4)]), ("b", [])]
        assert given.n_letters == 8


def test_input__is_checked_before_any_work(tmp_path: Path, fasta: Path) -> None:
    bad = tmp_path / "bad.fa"
    bad.write_text(">c\nAC\n>d\nA!\n", encoding="utf-8")
    with pytest.raises(FastaFormatError, match=r"bad\.fa, line 4, record 'd'"):
        ScanInput([fasta, bad], DNA, GRID)
    with pytest.raises(FastaFormatError, match="sequences, record 'd': letter '!'"):
        ScanInput({"d": "A!"}, DNA, GRID)
    with pytest.raises(LabelError, match="regions: there is no sequence 'z'"):
        ScanInput(fasta, DNA, GRID, {"z": [(0, 1)]})


def test_standard_input__is_checked_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(regions: dict) -> ScanInput:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FASTA.encode())))
        return ScanInput("-", DNA, GRID, regions)

    known = given({"a": [(0, 1)]})
    assert (known.lengths, known.n_letters) == ({}, None)
    assert ranges_of(known) == [("a", [(0, 1)]), ("b", [])]
    assert known.lengths == {"a": 10, "b": 3}
    unknown = iter(given({"z": [(0, 1)]}))
    assert next(unknown)[0].id == "a"
    with pytest.raises(LabelError, match="there is no sequence 'z'"):
        list(unknown)


def test_standard_input__is_read_once() -> None:
    with pytest.raises(ConfigurationError, match=r"standard input .* can be read only once"):
        ScanInput("-", DNA, GRID, "-")
