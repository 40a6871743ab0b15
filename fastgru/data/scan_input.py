"""The input of a scan: long sequences, and which windows of each are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fastgru.data.alphabets import Alphabet
from fastgru.data.fasta import Record
from fastgru.data.files import is_read_once
from fastgru.data.long_fasta import measure_records, read_in_stretches
from fastgru.data.long_sequences import LongSequence, check_long_records, read_long_sequences
from fastgru.data.regions import Regions, check_regions, joined_regions, read_regions
from fastgru.data.windows import WindowGrid
from fastgru.errors import ConfigurationError, display_name

__all__ = ["PathLike", "RegionsLike", "ScanInput", "SequencesLike"]

PathLike = str | os.PathLike[str]
SequencesLike = PathLike | Iterable[PathLike] | Mapping[str, str]
RegionsLike = PathLike | Mapping[str, Sequence[tuple[int, int]]]


class ScanInput:
    """Sequences with the windows that are wanted; iterated over once.

    What can be read twice is checked here, before any work; standard input and pipes as they are
    read.

    Parameters
    ----------
    sequences
        A FASTA file or several, read a stretch at a time (if one of them is standard input or a
        pipe, a record at a time), or letters by name.
    alphabet
    grid
    regions
        Only windows that share a letter with one of these are wanted: a BED file, or starts and
        ends by name; None for all windows.

    Attributes
    ----------
    lengths
        Letters of each sequence, by name; of standard input and pipes those that have been read.
    n_letters
        Letters from the first to the last window of all ranges; None if that is unknown.

    Raises
    ------
    ConfigurationError
        If standard input should be read twice.
    FastaFormatError
        For sequences that cannot be used, all of them.
    LabelError
        For regions that cannot be used, or of other sequences.
    """

    def __init__(
        self,
        sequences: SequencesLike,
        alphabet: Alphabet,
        grid: WindowGrid,
        regions: RegionsLike | None = None,
    ) -> None:
        self._alphabet, self._grid = alphabet, grid
        self._letters = sequences if isinstance(sequences, Mapping) else {}
        self._paths: list[PathLike] = []
        if isinstance(sequences, str | os.PathLike):
            self._paths = [sequences]
        elif not isinstance(sequences, Mapping):
            self._paths = list(sequences)
        if [*self._paths, regions].count("-") > 1:
            raise ConfigurationError(
                "standard input (-) can be read only once. Use a file instead."
            )
        self._regions: Regions | None = None
        self._regions_name = "regions"
        if isinstance(regions, Mapping):
            self._regions = joined_regions(regions)
        elif regions is not None:
            self._regions, self._regions_name = read_regions(regions), display_name(regions)
        self.lengths: dict[str, int] = {}
        self.n_letters: int | None = None
        self._in_stretches = False
        if not any(map(is_read_once, self._paths)):
            measured = None
            if self._paths and alphabet.name != "protein":  # whose * is none at the end
                measured = measure_records(self._paths, alphabet)
            if measured is None:  # of files with faults this says which
                measured = {sequence.id: sequence.length for sequence in self._read()}
            else:
                self._in_stretches = True
            self.lengths = measured
            self._check_regions()
            self.n_letters = sum(
                grid.span(length, self._ranges(name, length))
                for name, length in self.lengths.items()
            )

    def __iter__(self) -> Iterator[tuple[LongSequence, list[tuple[int, int]]]]:
        """Yield each sequence with ranges of windows: first, and the one behind the last."""
        for sequence in self._read():
            self.lengths[sequence.id] = sequence.length
            yield sequence, self._ranges(sequence.id, sequence.length)
        if self.n_letters is None:
            self._check_regions()

    def _read(self) -> Iterator[LongSequence]:
        if self._in_stretches:
            return read_in_stretches(self._paths, self.lengths)
        if self._paths:
            return read_long_sequences(self._paths, self._alphabet)
        records = (Record(name, "", letters) for name, letters in self._letters.items())
        return check_long_records([("sequences", records)], self._alphabet)

    def _ranges(self, name: str, length: int) -> list[tuple[int, int]]:
        if self._regions is None:
            return [(0, self._grid.count(length))]
        return self._grid.overlapping(length, self._regions.get(name, ()))

    def _check_regions(self) -> None:
        if self._regions is not None:
            check_regions(self._regions, self.lengths, self._regions_name)
