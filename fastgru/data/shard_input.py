"""The input of a scan of one shard: its part of each sequence, and its windows that are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from fastgru.data.alphabets import Alphabet
from fastgru.data.fasta import read_fasta
from fastgru.data.long_fasta import measure_records, read_in_stretches
from fastgru.data.long_sequences import LongSequence, check_long_records
from fastgru.data.regions import Regions, check_regions, read_regions
from fastgru.data.shard_reading import file_part
from fastgru.data.shards import Part, ShardPlan
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
        self._parts, self._paths = plan.shards[number - 1].parts, paths
        self._alphabet, self._grid = alphabet, grid
        self._rows_per_window = plan.grid.step // grid.step
        self._regions: Regions | None = None if regions is None else read_regions(regions)
        self._regions_name = "" if regions is None else display_name(regions)
        self.lengths: dict[str, int] = {}
        self.n_letters = plan.shards[number - 1].n_letters

    def __iter__(self) -> Iterator[tuple[LongSequence, list[tuple[int, int]]]]:
        """Yield each sequence with ranges of windows: first, and the one behind the last."""
        for part in self._parts:
            for count, letters in enumerate(self._read(part), 1):
                is_first, is_last = count == 1, count == part.n_records
                first, end, length, offset = 0, None, letters.length, 0
                if is_last and part.end_window is not None:
                    end, length = part.end_window, part.last_length
                if is_first and part.record is not None:
                    first, length, offset = part.first_window, part.length, part.position
                self.lengths[letters.id] = length
                wanted = self._ranges(letters.id, length, first, end)
                yield replace(letters, length=length, offset=offset), wanted
        if self._regions is not None:
            known = {name: self._regions[name] for name in self.lengths if name in self._regions}
            check_regions(known, self.lengths, self._regions_name)

    def _read(self, part: Part) -> Iterator[LongSequence]:
        """Read the records of a part, by stretches if nothing is wrong with them."""
        path = file_part(part, self._paths)
        if self._alphabet.name != "protein":
            measured = measure_records([path], self._alphabet)
            if measured is not None:
                return islice(read_in_stretches([path], measured), part.n_records)
        records = islice(read_fasta(path), part.n_records)
        return check_long_records([(display_name(path), records)], self._alphabet)

    def _ranges(
        self, name: str, length: int, first_window: int, end_window: int | None
    ) -> list[tuple[int, int]]:
        """Return the wanted rows of a record that are the shard's."""
        n_rows = self._grid.count(length)
        ranges = [(0, n_rows)]
        if self._regions is not None:
            ranges = self._grid.overlapping(length, self._regions.get(name, ()))
        lowest = first_window * self._rows_per_window
        highest = n_rows if end_window is None else end_window * self._rows_per_window
        clipped = ((max(first, lowest), min(last, highest)) for first, last in ranges)
        return [(first, last) for first, last in clipped if first < last]
