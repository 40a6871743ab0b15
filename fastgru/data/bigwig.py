"""bigWig files, from intervals that come in order."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastgru.data.disk_room import reserve_room
from fastgru.data.files import open_text
from fastgru.data.long_fasta import record_lengths
from fastgru.data.tracks import Intervals
from fastgru.data.writing import atomic_write_bytes, naming_file
from fastgru.errors import FastgruError, LabelError, counted, display_name, location, shorten
from fastgru.packages import require_package

__all__ = ["BigWigFile", "read_sizes", "require_bigwig"]

_LOGGER = logging.getLogger(__name__)
_AT_ONCE = 1 << 16
# 12 of an interval, 32 of a summary of four, sixteen and so on, and the index; not compressed
_BYTES_OF_ROW = 32
# a block of each kind and its places in the indexes, beside the name in a tree of its own
_BYTES_OF_NAME, _BYTES_OF_HEADER = 256, 4096
_END = bytes.fromhex("26fc8f88")  # what every bigWig begins and ends with
_LARGEST_SIZE = 2**32 - 1
_ROW = np.dtype([("start", "<i8"), ("end", "<i8"), ("value", "<f8")])


def require_bigwig(what: str) -> None:
    """Import pyBigWig.

    Parameters
    ----------
    what
        What messages say needs it.

    Raises
    ------
    FastgruError
        If it cannot be imported.
    """
    require_package(["pyBigWig"], what, "pip install 'fastgru[bigwig]'")


def read_sizes(path: str | os.PathLike[str]) -> dict[str, int]:
    """Read the lengths of sequences.

    Parameters
    ----------
    path
        A table without header of names and lengths, separated by tabs (``chrom.sizes``, or the
        ``.fai`` of samtools, whose other columns are ignored), or the sequences as FASTA.

    Raises
    ------
    LabelError
        For a line that is none, a name that comes twice with two lengths, or no line at all.
    FastaFormatError
        If the file cannot be read.
    """
    name = display_name(path)
    with open_text(path) as file:
        if file.read(1) != ">":
            return _read_table(path, name)
    return record_lengths([path])


def _read_table(path: str | os.PathLike[str], name: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\n").split("\t")
            if not line.strip():
                continue
            try:
                size = int(cells[1])
                if size < 1 or sizes.setdefault(cells[0], size) != size:
                    raise ValueError
            except (IndexError, ValueError):
                raise LabelError(
                    f"{location(name, number)}: found {line.strip()[:60]!r}, expected a name and "
                    "its length, separated by a tab, each name once. Give a chrom.sizes, a .fai or "
                    "the FASTA."
                ) from None
    if not sizes:
        raise LabelError(
            f"{name}: is empty, expected names of sequences and their lengths. Give a chrom.sizes, "
            "a .fai or the FASTA."
        )
    return sizes


class BigWigFile:
    """A bigWig to be: intervals wait in a temporary file, since the header needs all lengths.

    Parameters
    ----------
    path
        File to write, whole or not at all.
    """

    def __init__(self, path: str) -> None:
        require_bigwig(f"--bigwig {path}")
        self._path = path
        self._folder = tempfile.gettempdir()
        self._rows = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by `close`
        self._counts: list[tuple[str, int]] = []

    def add(self, intervals: Intervals) -> None:
        """Take the next intervals."""
        if not len(intervals.starts):
            return
        rows = np.empty(len(intervals.starts), _ROW)
        rows["start"], rows["end"] = intervals.starts, intervals.ends
        rows["value"] = intervals.values
        with self._naming_rows():
            self._rows.write(rows.tobytes())
        if self._counts and self._counts[-1][0] == intervals.chrom:
            self._counts[-1] = intervals.chrom, self._counts[-1][1] + len(rows)
        else:
            self._counts.append((intervals.chrom, len(rows)))

    def write(self, sizes: Mapping[str, int]) -> None:
        """Write the file; without intervals it has the names and lengths alone.

        Parameters
        ----------
        sizes
            Letters of each sequence, of one at least.

        Raises
        ------
        FastgruError
            If a sequence has no length, is shorter than its intervals, or has a name that is no
            UTF-8, or if there is no room.
        """
        if not self._counts:
            _LOGGER.warning("warning: %s: is empty, since no window has a score", self._path)
        named = [chrom for chrom, _ in self._counts]
        unknown = [chrom for chrom in named if chrom not in sizes]
        if unknown:
            raise FastgruError(
                f"{self._path}: there is no length for {shorten(unknown)}, expected one for each "
                "sequence of the table. Give --sizes of the same sequences."
            )
        # in the order of the intervals: a bigWig has its data in the order of its names
        with_intervals = set(named)
        others = [chrom for chrom in sizes if chrom not in with_intervals]
        header = [(chrom, sizes[chrom]) for chrom in [*named, *others]]
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            place = os.path.join(folder, "track.bw")
            self._write(place, header)
            self._require_whole(place)
            with open(place, "rb") as made, atomic_write_bytes(self._path) as file:
                shutil.copyfileobj(made, file)

    def _take_room(self, place: str, header: list[tuple[str, int]]) -> None:
        """Refuse a full disk beforehand: libBigWig goes on writing to it, and then may not end."""
        needed = _largest_size(
            sum(count for _, count in self._counts), [name for name, _ in header]
        )
        free = shutil.disk_usage(self._folder).free
        if free >= needed:
            try:
                reserve_room(place, needed)
                return
            except OSError as error:  # somebody else was quicker, or has a quota
                if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                    raise
        raise FastgruError(
            f"{self._path}: {free / 1e6:.0f} MB are free for temporary files in {self._folder}, "
            f"expected {needed / 1e6:.0f} MB at least. Make room, or name another folder in the "
            "environment variable TMPDIR."
        )

    def _require_whole(self, place: str) -> None:
        """Refuse what libBigWig has not written to its end, of which it says nothing."""
        with open(place, "rb") as file:
            file.seek(-min(len(_END), os.path.getsize(place)), os.SEEK_END)
            if file.read() == _END:
                return
        raise self._cut_off("the disk was full for some time")

    def _cut_off(self, reason: str) -> FastgruError:
        return FastgruError(
            f"{self._path}: its temporary file in {self._folder} is cut off ({reason}), expected "
            "a whole one. Make room, or name another folder in the environment variable TMPDIR."
        )

    def _write(self, place: str, header: list[tuple[str, int]]) -> None:
        import pyBigWig

        _require_storable(self._path, header)
        file = pyBigWig.open(place, "w")
        try:
            self._take_room(place, header)
            file.addHeader(header)
            with self._naming_rows():
                self._rows.seek(0)
            sizes = dict(header)
            for chrom, count in self._counts:
                for first in range(0, count, _AT_ONCE):
                    self._add_entries(file, chrom, sizes[chrom], min(_AT_ONCE, count - first))
        except RuntimeError as error:
            raise self._cut_off(f"libBigWig says: {str(error).lower()}") from error
        finally:
            file.close()

    def _add_entries(self, file: Any, chrom: str, size: int, count: int) -> None:
        rows = np.frombuffer(self._rows.read(count * _ROW.itemsize), _ROW)
        if rows["end"][-1] > size:
            raise FastgruError(
                f"{self._path}: {chrom} has a window up to {rows['end'][-1]}, expected none behind "
                f"its end: it has {counted(size, 'letter')}. Give --sizes of the same sequences."
            )
        starts, ends, values = (np.ascontiguousarray(rows[name]) for name in _ROW.names or ())
        file.addEntries([chrom] * count, starts, ends=ends, values=values)

    def _naming_rows(self) -> contextlib.AbstractContextManager[None]:
        return naming_file(f"{self._path}: temporary file in {self._folder}")

    def close(self) -> None:
        """Give the temporary file back."""
        with contextlib.suppress(OSError):  # what it has not written, it has said before
            self._rows.close()


def _largest_size(n_rows: int, names: Sequence[str]) -> int:
    """Return how many bytes a bigWig has at most."""
    of_names = _BYTES_OF_NAME + 2 * max(len(name.encode()) for name in names)
    return _BYTES_OF_HEADER + _BYTES_OF_ROW * n_rows + of_names * len(names)


def _require_storable(path: str, header: list[tuple[str, int]]) -> None:
    too_long = [name for name, size in header if size > _LARGEST_SIZE]
    if too_long:
        raise FastgruError(
            f"{path}: {shorten(too_long)} has more than {_LARGEST_SIZE} letters, which a "
            "bigWig cannot hold. Write a bedGraph instead."
        )
    # bytes that are no UTF-8 are read as surrogates
    strange = next(
        (name for name, _ in header if any("\ud800" <= c <= "\udfff" for c in name)), None
    )
    if strange is not None:
        raise FastgruError(
            f"{path}: the name {strange!a} is no UTF-8, expected one that a bigWig "
            "can hold. Rename the sequence, or write a bedGraph instead."
        )
