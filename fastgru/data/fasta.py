"""Reading and writing FASTA.

A record is a header line ``>id description`` and the lines up to the next header.  The reader
checks the frame only: that the file is text and that it begins with a header.  Letters are
checked by the caller, who knows the alphabet (`fastgru.data.problems`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TextIO

from fastgru.data.file_parts import first_line_of
from fastgru.data.files import Digest, atomic_write, open_text
from fastgru.data.formats import describe_text
from fastgru.errors import FastaFormatError, display_name, location

__all__ = ["Record", "read_fasta", "write_fasta"]

_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a FASTA file.

    Attributes
    ----------
    id
        First word of the header, ``""`` if the header is empty.
    description
        Rest of the header, ``""`` if there is none.
    sequence
        The letters as in the file, lines joined and white space removed.
    line
        Line of the header in the file, counted from 1; 0 if the record was not read.
    """

    id: str
    description: str
    sequence: str
    line: int = 0
    # Runs (letters in the line, number of such lines): a few numbers even for a chromosome.
    _line_lengths: tuple[tuple[int, int], ...] = field(default=(), repr=False, compare=False)

    def line_of(self, position: int) -> int:
        """Return the line of the file that holds the letter at `position`, counted from 1."""
        line, remaining = self.line + 1, position - 1
        for length, count in self._line_lengths:
            if remaining < length * count:
                return line + remaining // length
            remaining -= length * count
            line += count
        return line


def read_fasta(path: str | os.PathLike[str], *, digest: Digest | None = None) -> Iterator[Record]:
    """Read the records of a FASTA file one by one.

    Accepted: sequences over several lines, lower case, blank lines, spaces and tabs, comment
    lines that begin with ``;``, any line ends, a byte-order mark, a missing last line end, and
    gzip, bzip2 or xz by content.  Memory holds one record at a time.

    Parameters
    ----------
    path
        File or part of one to read; ``"-"`` is standard input.
    digest
        A ``hashlib`` object to update with the bytes of the file.

    Yields
    ------
    Record
        In file order; the sequence may be empty, and its letters are not checked.

    Raises
    ------
    FastaFormatError
        If the file cannot be read, is empty, is not text, is cut short, or does not begin with
        a header.  Its `line` is the line of the fault.
    """
    name = display_name(path)
    record: Record | None = None
    try:
        with open_text(path, digest=digest) as lines:
            for record in _parse(lines, name, first_line_of(path)):
                yield record
    except FastaFormatError as error:
        if error.line is None and record is not None:
            message = f"{error} The last whole record is {record.id!r} at line {record.line}."
            raise FastaFormatError(message, name, record.line) from error
        raise
    if record is None:
        raise FastaFormatError(
            f"{name}: the file holds no records, expected FASTA. "
            "Check that the step that made it has finished.",
            name,
        )


def _parse(lines: TextIO, name: str, first_line: int) -> Iterator[Record]:
    """Yield the records of the text; this loop runs once per line and is kept bare."""
    header: str | None = None
    header_line = 0
    body: list[str] = []
    for number, line in enumerate(lines, first_line):
        if line[0] == ">":
            if header is not None:
                yield _make_record(header, header_line, body)
            header, header_line, body = line, number, []
        elif header is not None:
            body.append(line)
        elif line[0] != ";" and line.strip():
            place = location(name, number)
            raise FastaFormatError(f"{place}: {describe_text(line)}", name, number)
    if header is not None:
        yield _make_record(header, header_line, body)


def _make_record(header: str, line: int, body: list[str]) -> Record:
    words = header[1:].split(None, 1)
    record_id = words[0] if words else ""
    description = words[1].rstrip() if len(words) > 1 else ""
    if len(body) == 1:
        return Record(record_id, description, _letters(body[0]), line)
    sequence = "".join(body).replace("\n", "")
    if ";" in sequence or sequence.split(None, 1) not in ([sequence], []):
        # Comments and white space: each line shrinks to its letters, but stays a line.
        body = [_letters(part) + "\n" for part in body]
        sequence = "".join(body).replace("\n", "")
    elif body and not body[-1].endswith("\n"):
        body[-1] += "\n"
    runs = groupby(map(len, body))
    lengths = tuple((length - 1, len(tuple(run))) for length, run in runs)
    return Record(record_id, description, sequence, line, lengths)


def _letters(line: str) -> str:
    return "" if line.startswith(";") else "".join(line.split())


def write_fasta(records: Iterable[Record], path: str | os.PathLike[str]) -> None:
    """Write records as FASTA, 80 letters a line; whole or not at all.

    Parameters
    ----------
    records
        The records, in the order to write; their `line` is ignored.
    path
        File to write; ``"-"`` is standard output; a name in ``.gz`` is compressed.
    """
    with atomic_write(path) as file:
        for record in records:
            header = f"{record.id} {record.description}" if record.description else record.id
            file.write(f">{header}\n")
            for start in range(0, len(record.sequence), _WIDTH):
                file.write(record.sequence[start : start + _WIDTH] + "\n")
