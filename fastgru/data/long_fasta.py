"""FASTA files of chromosomes, read a stretch at a time: memory does not grow with a record.

A first pass checks and measures, a second hands letters on.  What is wrong with a file is said by
:mod:`fastgru.data.long_sequences`, which reads whole records and so knows lines and places.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastgru.data.alphabets import Alphabet
from fastgru.data.fasta import read_fasta
from fastgru.data.files import open_text
from fastgru.data.long_sequences import LongSequence
from fastgru.errors import FastaFormatError, display_name

__all__ = ["measure_records", "read_in_stretches", "record_lengths"]

_BLOCK = 1 << 18
_COMMENT = re.compile(r"\n;[^\n]*")
_WHITE_SPACE = bytes(code for code in range(128) if chr(code).isspace())


@dataclass(frozen=True, slots=True)
class _Header:
    id: str


def _pieces(path: str | os.PathLike[str]) -> Iterator[_Header | bytes]:
    """Yield the header of each record, and behind it its letters piece by piece.

    Pieces may be empty, and hold ``?`` for what is not ASCII.  A line may be longer than a piece.
    """
    held, within_line = "", False
    with open_text(path) as file:
        while True:
            block = file.read(_BLOCK)
            text = held + block if within_line else f"\n{held}{block}"
            held, within_line = "", bool(block) and not block.endswith("\n")
            last = text.rfind("\n")
            if within_line and text[last + 1 : last + 2] in (">", ";") and last >= 0:
                text, held, within_line = text[:last], text[last + 1 :], False
            yield from _take_apart(_COMMENT.sub("", text) if ";" in text else text)
            if not block:
                return


def _take_apart(text: str) -> Iterator[_Header | bytes]:
    first, *records = text.split("\n>")
    yield _letters(first)
    for record in records:
        header, _, body = record.partition("\n")
        yield _Header((header.split(None, 1) or [""])[0])
        yield _letters(body)


def _letters(text: str) -> bytes:
    return text.encode("ascii", "replace").translate(None, _WHITE_SPACE)


def record_lengths(paths: Sequence[str | os.PathLike[str]]) -> dict[str, int]:
    """Return the letters of each record, of whatever kind they are.

    Parameters
    ----------
    paths
        FASTA files, which are read twice if there is anything that cannot be used.

    Raises
    ------
    FastaFormatError
        If a file cannot be read.
    """
    measured = measure_records(paths, None)
    if measured is not None:
        return measured
    return {record.id: len(record.sequence) for path in paths for record in read_fasta(path)}


def measure_records(
    paths: Iterable[str | os.PathLike[str]], alphabet: Alphabet | None
) -> dict[str, int] | None:
    """Return the letters of each record; None if there is anything that cannot be used.

    Parameters
    ----------
    paths
        FASTA files.
    alphabet
        Of nucleotides: letters that sequences may have; None for any.
    """
    lengths: dict[str, int] = {}
    for path in paths:
        name = ""
        try:
            for piece in _pieces(path):
                if isinstance(piece, _Header):
                    if not piece.id or piece.id in lengths or lengths.get(name) == 0:
                        return None
                    name = piece.id
                    lengths[name] = 0
                elif piece:
                    if not name:
                        return None
                    if alphabet is not None and alphabet.invalid_letters(piece.decode("ascii")):
                        return None
                    lengths[name] += len(piece)
        except FastaFormatError:
            return None
        if not lengths.get(name):
            return None
    return lengths


def read_in_stretches(
    paths: Iterable[str | os.PathLike[str]], lengths: Mapping[str, int]
) -> Iterator[LongSequence]:
    """Yield records whose letters are read when they are asked for, from the start to the end.

    Parameters
    ----------
    paths
    lengths
        From :func:`measure_records`.

    Raises
    ------
    FastaFormatError
        There and when letters are read, if a file is no longer what it was.
    """
    for path in paths:
        letters = _Letters(_pieces(path), display_name(path))
        while (header := letters.next_header()) is not None:
            if header.id not in lengths:
                raise letters.changed(header.id)
            yield LongSequence(header.id, letters, lengths[header.id])


class _Letters:
    """The letters of the record at hand: slices of them, whose starts rise.

    Parameters
    ----------
    pieces
        From :func:`_pieces`.
    name
        Of the file, for messages.
    """

    def __init__(self, pieces: Iterator[_Header | bytes], name: str) -> None:
        self._pieces, self._name = pieces, name
        self._header: _Header | None = None
        self._following: _Header | None = None
        self._held, self._start = bytearray(), 0

    def next_header(self) -> _Header | None:
        """Go to the next record; None behind the last."""
        while self._following is None and self._read():
            self._held.clear()
        self._header, self._following = self._following, None
        self._held.clear()
        self._start = 0
        return self._header

    def _read(self) -> bool:
        """Hold one more piece; False at the end of the record."""
        piece = b"" if self._following is not None else next(self._pieces, None)
        if isinstance(piece, bytes) and self._following is None:
            self._held += piece
            return True
        if isinstance(piece, _Header):
            self._following = piece
        return False

    def __getitem__(self, places: slice) -> str:
        if places.start < self._start:
            raise ValueError(f"letters from {places.start} on are gone, those before {self._start}")
        while self._start + len(self._held) < places.stop:
            n_gone = min(places.start - self._start, len(self._held))
            del self._held[:n_gone]
            self._start += n_gone
            if not self._read():
                raise self.changed(self._header.id if self._header else "")
        first = places.start - self._start
        return self._held[first : places.stop - self._start].decode("ascii")

    def changed(self, record: str) -> FastaFormatError:
        """Return the error for a file that is no longer what it was."""
        return FastaFormatError(
            f"{self._name}, record {record!r}: has changed since it was checked, expected the same "
            "letters. Scan again, when nothing writes to the file.",
            self._name,
        )
