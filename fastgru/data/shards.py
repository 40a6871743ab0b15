"""Cutting large inputs into shards of about equally many letters, for jobs side by side.

A shard of records is a number of whole records.  A shard of windows may begin and end inside a
record: windows lie on a grid, window k on the letters from k * step to k * step + window (the last
one of a record may be moved back to its end), and each belongs to one shard, whose letters reach
as far as its windows do.  What is computed for a record or window depends on no shard, so that the
results of all shards, one behind the other, are those of the whole input.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from fastgru.data.file_samples import FileSample, sample_file
from fastgru.data.files import is_read_once
from fastgru.data.places import Place, Places, find_places
from fastgru.errors import ConfigurationError, display_name

__all__ = ["Grid", "Part", "Shard", "ShardPlan", "plan_shards", "refuse_streams"]


@dataclass(frozen=True)
class Grid:
    """How windows lie on every record.

    Attributes
    ----------
    window
        Letters of a window, at least 1.
    step
        Letters from the start of a window to that of the next, at least 1.
    context
        Letters that are read on either side of a window, where the record has them.
    """

    window: int
    step: int
    context: int = 0

    def first_window(self, position: int) -> int:
        """Return the first window that needs no letter before `position`, wherever the record ends.

        The last window of a record may be moved back by less than a step.
        """
        return -(-(position + self.context) // self.step) + 1 if position else 0

    def end_of(self, window: int) -> int:
        """Return up to which letter of a long record a window needs them."""
        return window * self.step + self.window + self.context


@dataclass(frozen=True)
class Part:
    """The part of a file that a shard reads.

    Attributes
    ----------
    file
        Number of the file, from 0.
    begin, end
        Bytes of its text, without compression, before the part and up to its end; None for the end
        of the file.
    line
        Line on which the part begins, from 1.
    n_records
        Records that begin in the part or are continued in it; behind them there may be others,
        which are not the shard's.
    record
        Id of the record that is continued, None where the part begins with a header.
    length
        Letters of this record.
    position
        Letters of it before the part.
    first_window
        The shard's first window of the first record.
    end_window
        Window of the last record before which the shard ends; None for its end.
    last_length
        Letters of the last record, where the shard ends within it; else 0.
    """

    file: int
    begin: int
    end: int | None
    line: int
    n_records: int
    record: str | None = None
    length: int = 0
    position: int = 0
    first_window: int = 0
    end_window: int | None = None
    last_length: int = 0


@dataclass(frozen=True)
class Shard:
    """What one job works on.

    Attributes
    ----------
    n_records
        Records that begin in the shard.
    n_letters
        About the letters of its records or windows, without what windows of two shards share.
    parts
        In input order; none for an empty shard.
    """

    n_records: int
    n_letters: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class ShardPlan:
    """How files are cut.

    Attributes
    ----------
    files
        By what the files are known again.
    grid
        Of the windows; None where records are not cut.
    n_records, n_letters
        Of all files.
    shards
        In input order.
    """

    files: tuple[FileSample, ...]
    grid: Grid | None
    n_records: int
    n_letters: int
    shards: tuple[Shard, ...]


def plan_shards(
    paths: Sequence[str | os.PathLike[str]], number: int, *, grid: Grid | None = None
) -> ShardPlan:
    """Cut files into shards.

    Parameters
    ----------
    paths
        FASTA files in the order of the input, plain or compressed; FASTQ without `grid`.
    number
        Shards, at least 1.  Those that there is nothing for are empty.
    grid
        Of the windows, where records may be cut; None for whole records.

    Raises
    ------
    ConfigurationError
        If standard input is among the files, or one is no plain file.
    FastaFormatError
        If a file cannot be read, or is something else.
    """
    refuse_streams(paths)
    files = tuple(map(sample_file, paths))
    places = find_places(paths, within_records=grid is not None)
    cuts = _choose(places, number)
    last = Place(places.n_letters, places.n_records, len(files), 0, 1)
    shards = [
        Shard(
            after.n_records - before.n_records,
            after.n_letters - before.n_letters,
            tuple(_parts(before, after, places, grid)),
        )
        for before, after in zip(cuts, [*cuts[1:], last], strict=True)
    ]
    return ShardPlan(files, grid, places.n_records, places.n_letters, tuple(shards))


def refuse_streams(paths: Sequence[str | os.PathLike[str]]) -> None:
    """Refuse inputs that cannot be read by every shard.

    Parameters
    ----------
    paths

    Raises
    ------
    ConfigurationError
        As `plan_shards`.
    """
    for path in paths:
        if is_read_once(path):
            raise ConfigurationError(
                f"{display_name(path)}: is read once only, expected a file, which every shard "
                "reads its part of. Write the sequences into a file first."
            )


def _choose(places: Places, number: int) -> list[Place]:
    """Return where each shard begins: at the place nearest to its share of the letters."""
    letters = [place.n_letters for place in places.kept]
    cuts = [places.kept[0]]
    for shard in range(1, number):
        target = shard * places.n_letters / number
        after = min(bisect_left(letters, target), len(letters) - 1)
        before = max(after - 1, 0)
        nearer = before if target - letters[before] <= abs(letters[after] - target) else after
        cuts.append(max(cuts[-1], places.kept[nearer], key=lambda place: place.n_letters))
    return cuts


def _parts(before: Place, after: Place, places: Places, grid: Grid | None) -> Iterator[Part]:
    """Yield what lies between two places, file by file."""
    for file in range(before.file, min(after.file + 1, len(places.first_records) - 1)):
        begin, end, line, first = 0, None, 1, 0
        last: tuple[int | None, int] = (None, 0)
        of_record: tuple[str | None, int, int] = (None, 0, 0)
        first_record, last_record = places.first_records[file : file + 2]
        if file == before.file:
            begin, line, first_record = before.offset, before.line, before.n_records
            if grid is not None and before.record is not None:
                of_record = (before.record.id, before.record.n_letters, before.position)
                first, first_record = grid.first_window(before.position), first_record - 1
        if file == after.file:
            end, last_record = after.offset, after.n_records
            if grid is not None and after.record is not None:
                end_window = grid.first_window(after.position)
                end = _end_of(end_window, after, places, grid)
                last = (end_window, after.record.n_letters)
        n_records = last_record - first_record
        nothing = n_records == 1 and last[0] == first > 0
        if n_records and not nothing:
            yield Part(file, begin, end, line, n_records, *of_record, first, *last)


def _end_of(window: int, cut: Place, places: Places, grid: Grid) -> int | None:
    """Return a place behind the letters of all windows before one; None for the end of the file."""
    position = grid.end_of(window - 1)
    if position <= cut.position:
        return cut.offset
    begin = bisect_left(places.kept, cut.n_letters, key=lambda place: place.n_letters)
    for place in islice(places.kept, begin, None):
        behind = place.n_records > cut.n_records or place.position >= position
        if place.file > cut.file or behind:
            return place.offset if place.file == cut.file else None
    return None
