"""Reading and writing FASTA.

A record is a header line ``>id description`` and the lines up to the next header.  The reader
checks the frame only: that the file is text and that it begins with a header.  Letters are
checked by the caller, who knows the alphabet (`fastgru.data.problems`).

The text is taken apart in blocks of many records and joined by the methods of ``bytes``: a loop
over lines took four times as long.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TextIO

from fastgru.data.file_parts import first_line_of
from fastgru.data.files import Digest, open_lines
from fastgru.data.formats import describe_text
from fastgru.data.writing import atomic_write
from fastgru.errors import FastaFormatError, display_name, location

__all__ = [
    "Record",
    "decoded",
    "make_record",
    "parse_fasta",
    "read_fasta",
    "read_with",
    "write_fasta",
    "write_record",
]

_WIDTH = 80
_HEADER = ord(">")
_WHITE_SPACE = bytes(code for code in range(128) if chr(code).isspace())


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a FASTA or FASTQ file.

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
    # The lines of the sequence as they were: what finds a line again costs nothing until asked.
    _body: bytes = field(default=b"", repr=False, compare=False)

    def line_of(self, position: int) -> int:
        """Return the line of the file that holds the letter at `position`, counted from 1."""
        line, remaining = self.line, position
        for text in self._body.split(b"\n"):
            line += 1
            remaining -= len(_letters(text))
            if remaining <= 0:
                break
        return line


def read_fasta(path: str | os.PathLike[str], *, digest: Digest | None = None) -> Iterator[Record]:
    """Read the records of a FASTA file one by one.

    Accepted: sequences over several lines, lower case, blank lines, spaces and tabs, comment
    lines that begin with ``;``, any line ends, a byte-order mark, a missing last line end, and
    gzip, bzip2 or xz by content.  Memory holds a few times the longest record.

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
    return read_with(parse_fasta, path, digest)


def read_with(
    parse: Callable[[Iterator[bytes], str, int], Iterator[Record]],
    path: str | os.PathLike[str],
    digest: Digest | None = None,
) -> Iterator[Record]:
    """Read the records of a file one by one.

    Parameters
    ----------
    parse
        From the blocks of lines that :func:`fastgru.data.files.open_lines` yields, the name of the
        file and the number of the first line to its records.
    path, digest
        As for :func:`read_fasta`.

    Raises
    ------
    FastaFormatError
        Where the file ends too early, with the last whole record.
    """
    name = display_name(path)
    record: Record | None = None
    try:
        with open_lines(path, digest=digest) as blocks:
            for record in parse(blocks, name, first_line_of(path)):
                yield record
    except FastaFormatError as error:
        if error.line is None and record is not None:
            message = f"{error} The last whole record is {record.id!r} at line {record.line}."
            raise FastaFormatError(message, name, record.line) from error
        raise
    if record is None:
        raise FastaFormatError(
            f"{name}: the file holds no records, expected FASTA or FASTQ. "
            "Check that the step that made it has finished.",
            name,
        )


def parse_fasta(blocks: Iterator[bytes], name: str, first_line: int = 1) -> Iterator[Record]:
    """Yield the records of blocks of whole lines.

    Parameters
    ----------
    blocks
    name
        Of the file, for messages.
    first_line
        Number of the first line.

    Raises
    ------
    FastaFormatError
        For text before the first header.
    """
    line, first = _skip_to_header(blocks, name, first_line)
    for text in _whole_records(chain([first], blocks)):
        for part in text[1:].removesuffix(b"\n").split(b"\n>"):
            header, _, body = part.partition(b"\n")
            yield make_record(header, body, line)
            line += 1 + part.count(b"\n")


def _whole_records(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text of one or more records, from blocks of which the first begins with one."""
    begun: list[bytes] = []
    for block in blocks:
        last = block.rfind(b"\n>") + 1
        if last or block.startswith(b">"):
            if text := b"".join([*begun, block[:last]]):
                yield text
            begun = []
        begun.append(block[last:])
    if text := b"".join(begun):
        yield text


def _skip_to_header(blocks: Iterator[bytes], name: str, number: int) -> tuple[int, bytes]:
    """Return the number of the first line with a header, and the rest of its block from there."""
    for block in blocks:
        start = 0
        while start < len(block):
            if block[start] == _HEADER:
                return number, block[start:]
            end = block.find(b"\n", start) + 1 or len(block)
            text = decoded(block[start:end])
            if text[0] != ";" and text.strip():
                place = location(name, number)
                raise FastaFormatError(f"{place}: {describe_text(text)}", name, number)
            start, number = end, number + 1
    return number, b""


def make_record(header: bytes, body: bytes, line: int) -> Record:
    """Return a record.

    Parameters
    ----------
    header
        The first line without its first character.
    body
        The lines of the sequence.
    line
        Of the header.
    """
    words = decoded(header).split(None, 1)
    record_id = words[0] if words else ""
    description = words[1].rstrip() if len(words) > 1 else ""
    return Record(record_id, description, _letters(body), line, body)


def decoded(text: bytes) -> str:
    """Return bytes as text; those that are not UTF-8 become surrogates."""
    return text.decode("utf-8", "surrogateescape")


def _letters(body: bytes) -> str:
    """Return the letters of some lines, without white space and comments."""
    if b";" in body:
        body = b"\n".join(line for line in body.split(b"\n") if not line.startswith(b";"))
    letters = body.translate(None, _WHITE_SPACE)
    return letters.decode("ascii") if letters.isascii() else "".join(decoded(letters).split())


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
            write_record(record, file)


def write_record(record: Record, file: TextIO) -> None:
    """Write one record, as `write_fasta` does.

    Parameters
    ----------
    record
    file
        Open for writing.
    """
    header = f"{record.id} {record.description}" if record.description else record.id
    file.write(f">{header}\n")
    letters = record.sequence
    file.writelines(f"{letters[at : at + _WIDTH]}\n" for at in range(0, len(letters), _WIDTH))
