"""Places of FASTA and FASTQ files at which they can be cut, found in one pass that counts letters.

The pass looks at bytes, not records, so that a chromosome takes no more memory than a read.  Of the
places that it meets, so many are kept that neighbours are about equally far apart in letters; when
there are too many, every other is forgotten.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from fastgru.data.files import open_plain
from fastgru.data.formats import SAM_HEADERS, describe_text
from fastgru.errors import FastaFormatError, display_name, location

__all__ = ["CountedRecord", "Place", "Places", "find_places"]

_BLOCK = 1 << 20
_MOST_PLACES = 1 << 16
_SMALLEST_STEP, _LARGEST_STEP = 64, 1 << 16
_LINE_START = re.compile(rb"(?<![^\r\n])[>;]")
_LINE_END = re.compile(rb"[\r\n]")
_WHITE = b" \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f"
_LONGEST_HEADER = 1 << 16


@dataclass(slots=True)
class CountedRecord:
    """A record, of which no letters are kept.

    Attributes
    ----------
    header
        As far as it has been read.
    n_letters
        Up to now; in the end all, but not a ``*`` behind them.
    """

    header: bytes = b""
    n_letters: int = 0

    @property
    def id(self) -> str:
        """First word of the header."""
        words = self.header[1:].decode("utf-8", "surrogateescape").split(None, 1)
        return words[0] if words else ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place at which files can be cut: before a record, or between two letters of one.

    Attributes
    ----------
    n_letters, n_records
        Letters of all files before the place, and records that begin before it.
    file
        Number of the file, from 0.
    offset, line
        Bytes of the file's text before the place, and the line that it is on, from 1.
    position
        Letters of the record before the place; 0 before the record itself.
    record
        That the place is in; None before a record.
    """

    n_letters: int
    n_records: int
    file: int
    offset: int
    line: int
    position: int = 0
    record: CountedRecord | None = None


class Places:
    """The places of files in their order, of bounded number.

    Attributes
    ----------
    kept
        The places.
    n_letters, n_records
        Of all files so far.
    first_records
        Records before each file, and before the end of the last.
    """

    def __init__(self) -> None:
        self.kept: list[Place] = []
        self.n_letters = 0
        self.n_records = 0
        self.first_records = [0]
        self.spacing = 1
        self.next = 0

    def add(self, place: Place) -> None:
        """Keep a place; only called where `n_letters` has reached `next`."""
        self.kept.append(place)
        self.next = place.n_letters + self.spacing
        while len(self.kept) > _MOST_PLACES:
            self.spacing *= 2
            self.next = 0
            places, self.kept = self.kept, []
            for place in places:
                if place.n_letters >= self.next:
                    self.kept.append(place)
                    self.next = place.n_letters + self.spacing


def find_places(paths: Iterable[str | os.PathLike[str]], *, within_records: bool) -> Places:
    """Count the letters of files, and find places to cut them at.

    Parameters
    ----------
    paths
        FASTA or FASTQ files, plain or compressed.
    within_records
        Whether there may be places between the letters of a record of FASTA.

    Raises
    ------
    FastaFormatError
        If a file cannot be read, or is no FASTA, nor FASTQ where records stay whole.
    """
    places = Places()
    for number, path in enumerate(paths):
        name = display_name(path)
        with open_plain(path) as (text, is_utf16):
            if is_utf16:
                raise FastaFormatError(
                    f"{name}: is UTF-16 text, expected UTF-8, which can be cut at any letter. "
                    "Convert it, for example with iconv -f UTF-16 -t UTF-8."
                )
            if _is_fastq(text) and not within_records:  # scans read FASTA alone
                _count_fastq(places, number, text, name)
            else:
                counter = _Counter(places, number, name, within_records)
                while block := text.read(_BLOCK):
                    counter.feed(block)
                counter.end_record()
        if places.n_records == places.first_records[-1]:
            raise FastaFormatError(
                f"{name}: the file holds no records, expected FASTA or FASTQ. Check that the step "
                "that made it has finished."
            )
        places.first_records.append(places.n_records)
    return places


def _is_fastq(text: io.BufferedReader[Any]) -> bool:
    start = text.peek(_BLOCK).lstrip()[:4]
    return start.startswith(b"@") and start.decode("ascii", "replace").lower() not in SAM_HEADERS


def _count_fastq(places: Places, file: int, text: Iterable[bytes], name: str) -> None:
    """Count the records of FASTQ, each of which has four lines."""
    lines, offset, number = iter(text), 0, 1
    for title in lines:
        if not title.strip():
            offset, number = offset + len(title), number + 1
            continue
        letters, plus, quality = (next(lines, b"") for _ in range(3))
        n_letters = len(letters.strip())
        if not (title[:1] == b"@" and plus[:1] == b"+" and n_letters == len(quality.strip())):
            raise FastaFormatError(
                f"{location(name, number)}: found a FASTQ record that has not four lines with as "
                "many letters as qualities, expected such records. Repair it, or convert the file "
                "to FASTA.",
                name,
                number,
            )
        if places.n_letters >= places.next:
            places.add(Place(places.n_letters, places.n_records, file, offset, number))
        places.n_records += 1
        places.n_letters += n_letters
        offset, number = offset + sum(map(len, (title, letters, plus, quality))), number + 4


class _Counter:
    """Reads one file block by block."""

    def __init__(self, places: Places, file: int, name: str, within_records: bool) -> None:
        self._places = places
        self._file = file
        self._name = name
        self._within = within_records
        self._offset, self._line = 0, 1
        self._before = b"\n"  # the byte before: a line begins here
        self._record: CountedRecord | None = None
        self._last_letter = b""
        self._mark = b""  # of the line that is to be skipped, or none

    def feed(self, block: bytes) -> None:
        """Count a block."""
        begin = 0
        while begin < len(block):
            if self._mark:
                begin = self._skip_line(block, begin)
                continue
            found = self._find_mark(block, begin)
            end = len(block) if found is None else found
            self._count_letters(block, begin, end)
            begin = end
            if found is not None:
                self._begin_line(block, begin)

    def _find_mark(self, block: bytes, begin: int) -> int | None:
        """Return where the next line with a header or a comment begins."""
        for found in _LINE_START.finditer(block, begin):
            if found.start() > begin or self._before in b"\r\n":
                return found.start()
        return None

    def _begin_line(self, block: bytes, begin: int) -> None:
        self._mark = block[begin : begin + 1]
        if self._mark == b">":
            self.end_record()
            places = self._places
            if places.n_letters >= places.next:
                places.add(self._place())
            places.n_records += 1
            self._record = CountedRecord()
            self._last_letter = b""

    def _skip_line(self, block: bytes, begin: int) -> int:
        """Go to the end of a header or comment; return where it is."""
        found = _LINE_END.search(block, begin)
        end = len(block) if found is None else found.start()
        record = self._record
        if self._mark == b">" and record is not None:
            room = _LONGEST_HEADER - len(record.header)
            record.header += block[begin : min(end, begin + room)]
        if found is not None:
            self._mark = b""
        self._pass(block, begin, end)
        return end

    def _count_letters(self, block: bytes, begin: int, end: int) -> None:
        step = end - begin
        if self._within:
            step = min(max(self._places.spacing, _SMALLEST_STEP), _LARGEST_STEP)
        while begin < end:
            stop = min(begin + step, end)
            letters = block[begin:stop].translate(None, _WHITE)
            if letters:
                record = self._record or self._refuse(block, begin, stop)
                # Between \r and \n the next reader would count one line too many.
                inside = record.n_letters and self._within and self._before != b"\r"
                if inside and self._places.n_letters >= self._places.next:
                    self._places.add(self._place(record))
                record.n_letters += len(letters)
                self._places.n_letters += len(letters)
                self._last_letter = letters[-1:]
            self._pass(block, begin, stop)
            begin = stop

    def end_record(self) -> None:
        """Finish the record at hand: ``*`` stands behind a protein, and is none of its letters."""
        if self._record is not None and self._last_letter == b"*":
            self._record.n_letters -= 1

    def _place(self, record: CountedRecord | None = None) -> Place:
        places, position = self._places, 0 if record is None else record.n_letters
        return Place(
            *(places.n_letters, places.n_records, self._file, self._offset, self._line),
            *(position, record),
        )

    def _refuse(self, block: bytes, begin: int, end: int) -> NoReturn:
        text = block[begin:end]
        line = self._line + _line_ends(block, begin, end - len(text.lstrip()))
        found = describe_text(text.lstrip().splitlines()[0].decode("utf-8", "replace"))
        raise FastaFormatError(f"{location(self._name, line)}: {found}", self._name, line)

    def _pass(self, block: bytes, begin: int, end: int) -> None:
        """Go on to `end`."""
        if begin == end:
            return
        self._line += _line_ends(block, begin, end)
        if self._before == b"\r" and block[begin : begin + 1] == b"\n":
            self._line -= 1
        self._offset += end - begin
        self._before = block[end - 1 : end]


def _line_ends(block: bytes, begin: int, end: int) -> int:
    n_ends = block.count(b"\n", begin, end)
    if block.find(b"\r", begin, end) >= 0:
        n_ends += block.count(b"\r", begin, end) - block.count(b"\r\n", begin, end)
    return n_ends
