from __future__ import annotations

import gzip
import io
from pathlib import Path
from unittest import mock

import pytest
from Bio.SeqIO.QualityIO import FastqGeneralIterator
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import files
from fastgru.data.fasta import Record
from fastgru.data.records import read_records
from fastgru.errors import FastaFormatError
from tests.strategies import LINE_ENDS, Entry, entries

QUALITIES = "!#+,@>IJ~ABC;"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fastq")


def read_text(folder: Path, text: str | bytes, block: int = 1 << 18) -> list[Record]:
    content = text.encode("utf-8") if isinstance(text, str) else text
    (folder / "a.fq").write_bytes(content)
    with mock.patch.object(files, "_BLOCK", block):
        return list(read_records(folder / "a.fq"))


@st.composite
def fastq_texts(draw: st.DrawFn) -> tuple[list[Entry], str]:
    """Records, and a text that means exactly these records."""
    records = draw(entries())
    lines: list[str] = []
    for record in records:
        n_letters = len(record.sequence)
        quality = draw(st.text(QUALITIES, min_size=n_letters, max_size=n_letters))
        width = draw(st.sampled_from([n_letters, n_letters, max(1, n_letters // 2), 7]))
        starts = range(0, n_letters, width)
        title = f"{record.id} {record.description}".rstrip()
        lines.append(f"@{title}")
        lines += [record.sequence[k : k + width] for k in starts]
        lines.append(draw(st.sampled_from(["+", f"+{title}"])))
        lines += [quality[k : k + width] for k in starts]
    line_end = draw(LINE_ENDS)
    return records, line_end.join(lines) + draw(st.sampled_from(["", line_end, 2 * line_end]))


@given(case=fastq_texts(), block=st.integers(8, 40))
def test_parse_fastq__sees_through_the_writing(
    case: tuple[list[Entry], str], block: int, folder: Path
) -> None:
    expected, text = case
    found = read_text(folder, text, block)
    assert [Entry(one.id, one.description, one.sequence) for one in found] == expected
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for one in found:
        assert lines[one.line - 1].startswith(f"@{one.id}")
        for place, letter in enumerate(one.sequence, 1):
            assert letter in lines[one.line_of(place) - 1]


@given(case=fastq_texts())
def test_parse_fastq__agrees_with_biopython(case: tuple[list[Entry], str], folder: Path) -> None:
    _, text = case
    handle = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n")
    expected = [(title, letters) for title, letters, _ in FastqGeneralIterator(handle)]
    found = read_text(folder, text)
    assert [(f"{one.id} {one.description}".rstrip(), one.sequence) for one in found] == expected


CLEAN = "@r1 first\nACGT\n+\nII@I\n@r2\nGG\n+r2\n+I\n"


@pytest.mark.parametrize(
    "content",
    [
        CLEAN.encode(),
        b"\n\n" + CLEAN.encode(),
        CLEAN.replace("@r2", "\n@r2").encode(),
        CLEAN.encode("utf-8-sig"),
        CLEAN.encode("utf-16"),
        CLEAN.rstrip().replace("\n", "\r\n").encode(),
        gzip.compress(CLEAN.encode(), mtime=0),
    ],
)
def test_parse_fastq__accepts_what_programs_write(content: bytes, tmp_path: Path) -> None:
    assert [(one.id, one.description, one.sequence) for one in read_text(tmp_path, content)] == [
        ("r1", "first", "ACGT"),
        ("r2", "", "GG"),
    ]


def test_parse_fastq__leaves_empty_records_to_the_caller(tmp_path: Path) -> None:
    found = read_text(tmp_path, "@trimmed\n\n+\n\n@\nAC\n+\nII\n@other\n+\n\n")
    assert [(one.id, one.sequence) for one in found] == [("trimmed", ""), ("", "AC"), ("other", "")]


@pytest.mark.parametrize("empty", ["@empty\n+\n", "@empty\n\n+\n"])
@pytest.mark.parametrize("n_empty", [1, 2, 3, 4, 5])
def test_parse_fastq__loses_nothing_behind_records_of_fewer_lines(
    empty: str, n_empty: int, tmp_path: Path
) -> None:
    found = read_text(tmp_path, CLEAN + n_empty * empty + CLEAN)
    names = ["r1", "r2", *["empty"] * n_empty, "r1", "r2"]
    assert [one.id for one in found] == names
    assert [one.sequence for one in found if one.sequence] == ["ACGT", "GG"] * 2
    with pytest.raises(FastaFormatError, match="the file ends within the record"):
        read_text(tmp_path, f"{empty}@cut")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "@r1\nACGT\n+\nIII\n@r2\nGG\n+\nII\n",
            4,
            (
                "line 4, record 'r1': the quality has 3 characters for 4 letters, expected "
                "as many. The file is incomplete"
            ),
        ),
        (
            "@r1\nACGT\n+\nIIIII\n",
            4,
            "the quality has 5 characters for 4 letters, expected as many. Correct the record.",
        ),
        ("@r1\nAC\nGT\n+\nII\nIII\n", 6, "the quality has 5 characters for 4 letters"),
        ("@r1\nACGT\n+\nII", 4, "line 4, record 'r1': the quality has 2 characters for 4 letters"),
        (
            "@r1\nAC\n+\nII\n@r2\nACGT\n",
            6,
            (
                "line 6, record 'r2': the file ends within the record, expected a line that begins "
                "with '+'. The file is incomplete"
            ),
        ),
        ("@r1\nACGT\n+\n", 3, "the file ends within the record, expected its quality"),
        ("@r1\nAC\nGT\n+\nII\n", 5, "the file ends within the record, expected its quality"),
        ("@r1\n", 1, "line 1, record 'r1': the file ends within the record"),
        (
            "@r1\nACGT\n@r2\nACGT\n",
            3,
            (
                "line 3, record 'r1': found '@r2' behind the letters, expected a line that begins "
                "with '+'. The record has no quality"
            ),
        ),
        ("@r1\nACGT\n>r2\nACGT\n", 3, "found '>r2' behind the letters"),
        (
            "@r1\nAC\n+\nII\n>r2\nACGT\n",
            5,
            (
                "line 5: found '>r2', expected a FASTQ record, which begins with '@'. Give FASTA "
                "and FASTQ as files of their own."
            ),
        ),
        (
            "@r1\nAC\n+\nII\nIII\n",
            5,
            (
                "line 5: found 'III', expected a FASTQ record, which begins with '@'. The record "
                "before has more letters or qualities than it should"
            ),
        ),
        ("@HD\tVN:1.6\nr1\t4\n", 1, "line 1: this looks like a SAM file"),
    ],
)
def test_parse_fastq__explains_a_fault(text: str, line: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(FastaFormatError) as caught:
        read_text(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'a.fq'}, line {line}")
    assert message in str(caught.value)
    assert caught.value.line == line


def test_parse_fastq__names_the_last_record_of_a_cut_file(tmp_path: Path) -> None:
    text = "".join(f"@seq{number}\n{'ACGT' * 50}\n+\n{'IIII' * 50}\n" for number in range(5000))
    with pytest.raises(FastaFormatError) as caught:
        read_text(tmp_path, gzip.compress(text.encode(), compresslevel=0)[:-2000])
    caught.match(r"expected its end mark\. .* The last whole record is 'seq(\d+)' at line \d+\.")
