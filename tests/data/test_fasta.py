from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import files
from fastgru.data.fasta import Record, read_fasta, write_fasta
from fastgru.errors import FastaFormatError
from tests.strategies import Entry, entries, fasta_texts, sequences


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fasta")


def read_text(folder: Path, text: str | bytes) -> list[Record]:
    content = text.encode("utf-8") if isinstance(text, str) else text
    (folder / "a.fa").write_bytes(content)
    return list(read_fasta(folder / "a.fa"))


def meaning(records: list[Record]) -> list[Entry]:
    return [Entry(record.id, record.description, record.sequence) for record in records]


@given(case=fasta_texts())
def test_read_fasta__sees_through_the_writing(case: tuple[list[Entry], str], folder: Path) -> None:
    expected, text = case
    # White space in descriptions is kept, so it is compared word by word.
    actual = meaning(read_text(folder, text))
    assert [entry._replace(description=entry.description.split()) for entry in actual] == [
        entry._replace(description=entry.description.split()) for entry in expected
    ]


@given(case=fasta_texts(with_comments=False))
def test_read_fasta__agrees_with_biopython(case: tuple[list[Entry], str], folder: Path) -> None:
    _, text = case
    actual = [(record.id, record.sequence) for record in read_text(folder, text)]
    handle = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))
    expected = [(record.id, str(record.seq)) for record in SeqIO.parse(handle, "fasta")]
    # Biopython keeps tabs inside sequences, and removes spaces.
    assert actual == [(name, sequence.replace("\t", "")) for name, sequence in expected]


@given(case=fasta_texts(), data=st.data())
def test_line_of__finds_the_line_of_every_letter(
    case: tuple[list[Entry], str], data: st.DataObject, folder: Path
) -> None:
    _, text = case
    records = read_text(folder, text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    record = data.draw(st.sampled_from(records))
    position = data.draw(st.integers(1, len(record.sequence)))
    expected_line = record.line
    remaining = position
    while remaining > 0:
        expected_line += 1
        line = lines[expected_line - 1]
        remaining -= 0 if line.startswith(";") else len(line.strip())
    assert lines[record.line - 1].startswith(f">{record.id}")
    assert record.line_of(position) == expected_line


@given(records=entries())
def test_read_fasta__undoes_write_fasta(records: list[Entry], folder: Path) -> None:
    write_fasta([Record(*entry) for entry in records], folder / "b.fa")
    assert meaning(list(read_fasta(folder / "b.fa"))) == records


@given(sequence=sequences(max_size=300))
def test_write_fasta__wraps_lines(sequence: str, folder: Path) -> None:
    write_fasta([Record("a", "", sequence)], folder / "b.fa")
    header, *lines = (folder / "b.fa").read_text(encoding="utf-8").splitlines()
    assert header == ">a"
    assert all(len(line) == 80 for line in lines[:-1])
    assert 0 < len(lines[-1]) <= 80


CLEAN = ">sp|P12345|NAME_HUMAN some text\nACGTACGT\n>b\nGGTT\n"
VARIANTS: dict[str, bytes] = {
    "wrapped": CLEAN.replace("ACGTACGT", "ACG\nTAC\nGT").encode(),
    "CRLF": CLEAN.replace("\n", "\r\n").encode(),
    "CR": CLEAN.replace("\n", "\r").encode(),
    "mixed line ends": CLEAN.replace("\n", "\r\n", 1).encode(),
    "byte-order mark": CLEAN.encode("utf-8-sig"),
    "UTF-16": CLEAN.encode("utf-16"),
    "blank lines": CLEAN.replace("\n", "\n\n\n").encode(),
    "leading blank lines": b"\n \n" + CLEAN.encode(),
    "no last line end": CLEAN.rstrip().encode(),
    "white space at line ends": CLEAN.replace("\n", " \t\n").encode(),
    "blocks of ten": CLEAN.replace("ACGTACGT", "  ACGT ACGT").encode(),
    "comments": ("; made by hand\n" + CLEAN.replace("ACGTACGT", "ACGT\n;half\nACGT")).encode(),
    "tab in the header": CLEAN.replace("HUMAN some", "HUMAN\tsome").encode(),
    "space after >": CLEAN.replace(">", "> ").encode(),
    "gzip": gzip.compress(CLEAN.encode()),
    "bzip2": bz2.compress(CLEAN.encode()),
    "xz": lzma.compress(CLEAN.encode()),
}


@pytest.mark.parametrize("content", VARIANTS.values(), ids=VARIANTS)
def test_read_fasta__accepts_what_people_write(content: bytes, tmp_path: Path) -> None:
    expected = [Entry("sp|P12345|NAME_HUMAN", "some text", "ACGTACGT"), Entry("b", "", "GGTT")]
    assert meaning(read_text(tmp_path, content)) == expected


@given(case=fasta_texts(), block=st.integers(8, 30))
def test_read_fasta__does_not_depend_on_the_blocks_it_reads(
    case: tuple[list[Entry], str], block: int, folder: Path
) -> None:
    _, text = case
    expected = read_text(folder, text)
    with mock.patch.object(files, "_BLOCK", block):
        found = read_text(folder, text)
    assert found == expected
    for one, other in zip(found, expected, strict=True):
        places = range(1, len(one.sequence) + 1)
        assert [*map(one.line_of, places)] == [*map(other.line_of, places)]


def test_read_fasta__takes_records_of_many_blocks(tmp_path: Path) -> None:
    letters = "ACGTTGCA" * 100_000
    (long,) = read_text(tmp_path, f">long\n{letters}\n")
    assert long.sequence == letters
    wrapped = "\n".join(letters[k : k + 61] for k in range(0, len(letters), 61))
    short, long, last = read_text(tmp_path, f">short\nAC\n>long\n{wrapped}\n>last\nGT\n")
    assert (short.sequence, last.sequence) == ("AC", "GT")
    assert long.sequence == letters
    assert last.line == 4 + wrapped.count("\n") + 1
    assert long.line_of(len(letters)) == last.line - 1


def test_read_fasta__removes_white_space_of_any_alphabet(tmp_path: Path) -> None:
    (record,) = read_text(tmp_path, ">a\nAC\u00a0GT\x0b\x1cé\u2003\n")
    assert record.sequence == "ACGTé"
    assert record.line_of(5) == 2


def test_read_fasta__keeps_case_and_leaves_letters_to_the_caller(tmp_path: Path) -> None:
    assert [record.sequence for record in read_text(tmp_path, ">a\nacgN-*\n>b\n>c\n!\n")] == [
        "acgN-*",
        "",
        "!",
    ]


def test_read_fasta__keeps_names_that_are_not_utf8(tmp_path: Path) -> None:
    records = read_text(tmp_path, b">M\xfcller\nACGT\n")
    write_fasta(records, tmp_path / "copy.fa")
    assert (tmp_path / "copy.fa").read_bytes() == b">M\xfcller\nACGT\n"


def test_read_fasta__holds_one_record_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(">a\nACGT\n>b\nACGT\nthe end is bad", encoding="utf-8")
    assert next(read_fasta(tmp_path / "a.fa")).id == "a"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", None, "the file holds no records, expected FASTA or FASTQ. Check that the step"),
        (b"\n\n \n", None, "the file holds no records"),
        (b"; only a comment\n", None, "the file holds no records"),
        (gzip.compress(b"", mtime=0), None, "the file holds no records"),
        (b"ACGT\nACGT\n", 1, "line 1: found 'ACGT', expected a FASTA header"),
        (b"\n;c\nACGT\n>a\nA\n", 3, "line 3: found 'ACGT', expected a FASTA header"),
        (b"id,sequence\na,ACGT\n", 1, "line 1: found 'id,sequence'"),
        (b"<!DOCTYPE html>\n<html>", 1, "line 1: this looks like an HTML page"),
        (b"@r1\nACGT\n+\nIIII\n", 1, "line 1: this looks like a FASTQ file"),
        (b"\x00\x01\x02", None, "this is a binary file, expected text"),
        (b"\x93NUMPY\x01\x00v\x00", None, "this is a binary file, expected text"),
        (b"%PDF-1.7", None, "this is a PDF document"),
    ],
)
def test_read_fasta__refuses_what_is_no_fasta(
    content: bytes, line: int | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FastaFormatError, match=message) as caught:
        read_text(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "a.fa"))
    assert caught.value.line == line


def test_read_fasta__names_the_last_record_of_a_cut_file(tmp_path: Path) -> None:
    # Longer than the reader's buffer, which is lost when the damage is met.
    text = "".join(f">seq{number}\n{'ACGT' * 50}\n" for number in range(5000))
    with pytest.raises(FastaFormatError) as caught:
        read_text(tmp_path, gzip.compress(text.encode(), compresslevel=0)[:-2000])
    caught.match(r"expected its end mark\. .* The last whole record is 'seq(\d+)' at line \d+\.")
    assert 5000 < caught.value.line < 10_000


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_read_fasta__never_takes_a_cut_file_for_a_whole_one(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    content = compress(CLEAN.encode())
    for size in range(6, len(content)):
        with pytest.raises(FastaFormatError):
            read_text(tmp_path, content[:size])
