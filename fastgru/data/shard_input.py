"""The input of a scan of one shard: its part of each sequence, and its windows that are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from fastgru.data.alphabets import Alphabet
from fastgru.data.fasta import Record
from fastgru.data.long_sequences import LongSequence, check_long_records
from fastgru.data.regions import Regions, check_regions, read_regions
from fastgru.data.shard_reading import RecordPart, read_record_parts
from fastgru.data.shards import ShardPlan
from fastgru.data.windows import WindowGrid
from fastgru.errors import display_name

__all__ = ["ShardInput"]


class ShardInput:
    """What a shard has of sequences, with the windows that are wanted; iterated over once.

    Parameters
    ----------
    plan
        With a grid: of what is read together, such as windows.
    number
        The shard, from 1.
    paths
        The files of the plan.
    alphabet
    grid
        Of the rows that are wanted; a whole number of its windows lies in a step of the plan's.
    regions
        BED file; only windows that share a letter with one of its regions are wanted.  None for all
        windows.

    Attributes
    ----------
    lengths
        Letters of the whole of each sequence that has been read, by name.
    n_letters
        About the letters of the shard.
    """

    def __init__(
        self,
        plan: ShardPlan,
        number: int,
        paths: Sequence[str | os.PathLike[str]],
        *,
        alphabet: Alphabet,
        grid: WindowGrid,
        regions: str | None = None,
    ) -> None:
        assert plan.grid is not None
        self._parts = read_record_parts(plan, number, paths)
        self._alphabet, self._grid = alphabet, grid
        self._rows_per_window = plan.grid.step // grid.step
        self._regions: Regions | None = None if regions is None else read_regions(regions)
        self._regions_name = "" if regions is None else display_name(regions)
        self.lengths: dict[str, int] = {}
        self.n_letters = plan.shards[number - 1].n_letters

    def __iter__(self) -> Iterator[tuple[LongSequence, list[tuple[int, int]]]]:
        """Yield each sequence with ranges of windows: first, and the one behind the last."""
        part: RecordPart

        def records(parts: Iterator[tuple[str, RecordPart]]) -> Iterator[Record]:
            nonlocal part
            for _, part in parts:
                yield part.record

        by_file = groupby(self._parts, key=lambda found: found[0])
        sources = ((display_name(path), records(parts)) for path, parts in by_file)
        for letters in check_long_records(sources, self._alphabet):
            # a whole protein may have had a * behind it
            is_whole = part.position == 0 and part.end_window is None
            length = letters.length if is_whole else part.length
            self.lengths[letters.id] = length
            yield (
                replace(letters, length=length, offset=part.position),
                self._ranges(letters.id, length, part),
            )
        if self._regions is not None:
            known = {name: self._regions[name] for name in self.lengths if name in self._regions}
            check_regions(known, self.lengths, self._regions_name)

    def _ranges(self, name: str, length: int, part: RecordPart) -> list[tuple[int, int]]:
        """Return the wanted windows of a record that are the shard's."""
        ranges = [(0, self._grid.count(length))]
        if self._regions is not None:
            ranges = self._grid.overlapping(length, self._regions.get(name, ()))
        lowest = part.first_window * self._rows_per_window
        highest = self._grid.count(length)
        if part.end_window is not None:
            highest = min(highest, part.end_window * self._rows_per_window)
        clipped = ((max(first, lowest), min(last, highest)) for first, last in ranges)
        return [(first, last) for first, last in clipped if first < last]
