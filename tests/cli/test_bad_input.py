"""Bad input ends in one message that names place, fault and cure, and leaves nothing behind."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

GOOD = "".join(f">r{place}\n{'ACGT' * 5}{'ACGT'[place % 4] * (place + 1)}\n" for place in range(20))
LABELS = "id\tlabel\n" + "".join(f"r{place}\t{'xy'[place % 2]}\n" for place in range(20))
PROTEINS = "".join(f">p{place}\nMKLV{'AEFI'[place % 4]}\n" for place in range(50))

# name: (content of a.fa, content of labels.tsv, parts that the message must have)
BAD_INPUT: dict[str, tuple[str | bytes, str | bytes, list[str]]] = {
    "empty file": (
        "",
        LABELS,
        ["a.fa: the file holds no records, expected FASTA or FASTQ.", "Check that the step"],
    ),
    "empty gzip": (gzip.compress(b""), LABELS, ["a.fa: the file holds no records"]),
    "blank file": ("\n\n", LABELS, ["a.fa: the file holds no records"]),
    "no >": (
        "ACGT\nACGT\n",
        LABELS,
        ["a.fa, line 1: found 'ACGT', expected a FASTA header", "Put a line '>name' before each"],
    ),
    "text before the first >": ("note\n" + GOOD, LABELS, ["a.fa, line 1: found 'note', expected"]),
    "empty record": (
        GOOD.replace(">r1\nACGTACGTACGTACGTACGTCC\n", ">r1\n"),
        LABELS,
        ["a.fa, line 3, record 'r1': the sequence is empty, expected at least one letter.",
         "Remove the record or add its sequence."],
    ),
    "empty last record": (GOOD + ">r20\n", LABELS, ["a.fa, line 41, record 'r20': the sequence"]),
    "record without a name": (GOOD + ">\nACGT\n", LABELS, ["a.fa, line 41: the header is empty"]),
    "letter outside the alphabet": (
        GOOD.replace(">r3\nACGT", ">r3\nACGT\nAC!T"),
        LABELS,
        ["a.fa, line 9, record 'r3': letter '!' at position 7", "not in the dna alphabet (ACGT,",
         "Correct the letter, replace it by N (unknown), or remove the record."],
    ),
    "letter outside ASCII": (
        GOOD.replace(">r3\nACGT", ">r3\nACG\u0422"),  # a Cyrillic letter that looks like T
        LABELS,
        ["a.fa, line 8, record 'r3': letter '\\u0422' at position 4"],
    ),
    "gaps": (
        GOOD.replace(">r3\nACGT", ">r3\nAC-GT"),
        LABELS,
        ["letter '-' at position 3", "Remove the gaps of the alignment"],
    ),
    "digits": (GOOD.replace(">r3\nACGT", ">r3\n1 ACGT"), LABELS, ["Remove the numbering"]),
    "joined without a line break": (
        GOOD.rstrip() + GOOD.replace(">r", ">s"),
        LABELS,
        ["record 'r19': letter '>' at position 41", "the line break before it was lost"],
    ),
    "duplicate id with different sequence": (
        GOOD + ">r3\nACACAC\n",
        LABELS,
        ["a.fa, line 41, record 'r3': the id is that of another sequence (", "a.fa, line 7).",
         "Give every sequence an id of its own"],
    ),
    "sequence without label": (
        GOOD + ">new\nACACAC\n",
        LABELS,
        ["a.fa, line 41, record 'new': the record has no label in ", "Add a row for it to "],
    ),
    "label without sequence": (
        GOOD,
        LABELS + "lost\tx\n",
        ["labels.tsv, line 22, record 'lost': there is no sequence with this id.",
         "Remove the row, or add the sequence"],
    ),
    "contradicting rows": (GOOD, LABELS + "r0\ty\n", ["labels.tsv, line 22, record 'r0': the row"]),
    "table without header": (GOOD, LABELS.partition("\n")[2], ["labels.tsv, line 1: found 'r0"]),
    "table with commas": (GOOD, LABELS.replace("\t", ","), ["separated by tabs, not by commas"]),
    "empty table": (GOOD, "", ["labels.tsv: the table is empty, expected a header"]),
    "table of a spreadsheet": (GOOD, b"PK\x03\x04", ["labels.tsv: this is a ZIP archive"]),
    "protein given as DNA": (
        PROTEINS,
        "id\tlabel\n" + "".join(f"p{place}\tx\n" for place in range(50)),
        ["a.fa: 50 problems:", "line 2, record 'p0': letter 'L' at position 3", "and 30 more",
         "If these are protein sequences, use the alphabet protein (--alphabet protein)."],
    ),
    "truncated gzip": (
        gzip.compress(GOOD.encode())[:-9],
        LABELS,
        ["a.fa: the gzip data ends too early, expected its end mark.", "copy or download it again"],
    ),
    "truncated bzip2": (bz2.compress(GOOD.encode())[:-9], LABELS, ["the bzip2 data ends"]),
    "truncated xz": (lzma.compress(GOOD.encode())[:-9], LABELS, ["the xz data ends too early"]),
    "damaged gzip": (
        gzip.compress(GOOD.encode())[:-8] + bytes(8),
        LABELS,
        ["the gzip data is damaged (crc check failed"],
    ),
    "binary file": (
        bytes(range(256)) * 9,
        LABELS,
        ["a.fa: this is a binary file, expected text.", "Check that the right file was given."],
    ),
    "HTML page": (
        "<!DOCTYPE html>\n<html><body>404</body></html>\n",
        LABELS,
        ["a.fa, line 1: this looks like an HTML page, expected FASTA", "Download the file itself"],
    ),
    "Word file": (b"PK\x03\x04\x14\0\6\0", LABELS, ["a ZIP archive or an Office document"]),
    "SAM": ("@HD\tVN:1.6\n", LABELS, ["looks like a SAM file", "Convert it with 'samtools fasta'"]),
}  # fmt: skip


@pytest.mark.parametrize("command", ["audit", "split"])
@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input__is_explained(name: str, command: str, tmp_path: Path, run_cli) -> None:
    fasta, labels, parts = BAD_INPUT[name]
    for file, content in (("a.fa", fasta), ("labels.tsv", labels)):
        data = content.encode("utf-8") if isinstance(content, str) else content
        (tmp_path / file).write_bytes(data)
    inputs = [tmp_path / "a.fa", "--labels", tmp_path / "labels.tsv"]
    code, out, err = run_cli([command, *inputs, "-o", tmp_path / "out"])
    assert code == 1
    assert out == ""
    for part in parts:
        assert part in err
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.fa", "labels.tsv"]


def test_bad_input__of_all_kinds_is_listed_together(tmp_path: Path, run_cli) -> None:
    (tmp_path / "x.fa").write_text(">a\nAC!\n>b\n\n>c\nACGT\n>c\nACGG\n", encoding="utf-8")
    (tmp_path / "y.fa").write_text(">d\nAC-\n>e\nACGT\n", encoding="utf-8")
    classes = ["--class", f"x={tmp_path / 'x.fa'}", "--class", f"y={tmp_path / 'y.fa'}"]
    code, _, err = run_cli(["audit", *classes])
    assert code == 1
    for part in ("x.fa: 3 problems:", "record 'a'", "record 'b'", "record 'c'", "record 'd'"):
        assert part in err


def test_bad_input__on_standard_input_has_a_name(run_cli) -> None:
    code, _, err = run_cli(["audit", "-", "--label-field", "label"], stdin=">a label=x\nAC!T\n")
    assert code == 1
    assert "error: standard input, line 2, record 'a': letter '!' at position 3" in err


def test_too_few_records__are_refused(tmp_path: Path, run_cli) -> None:
    # Four records, but two of them are the same sequence.
    text = "".join(f">r{place} label=x\n{'A' * (place + 1)}\n" for place in range(9))
    text += ">s1 label=y\nCC\n>s2 label=y\nGG\n>s3 label=y\nGG\n"
    code, _, err = run_cli(
        ["split", "-", "--label-field", "label", "-o", tmp_path / "out"], stdin=text
    )
    assert code == 1
    assert "too few records to split into train, validation, test: class 'y' has 2" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make_file", [None, "folder"])
def test_missing_file__is_named(make_file: str | None, tmp_path: Path, run_cli) -> None:
    if make_file:
        (tmp_path / "a.fa").mkdir()
    code, _, err = run_cli(["audit", tmp_path / "a.fa", "--label-field", "label"])
    assert code == 1
    assert f"error: {tmp_path / 'a.fa'}: cannot be read (" in err
