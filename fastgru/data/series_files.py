"""Reading series of real numbers: a table or archive for all records, or a folder with files.

The kinds are told apart by what they are: a folder, a zip archive (``.npz``), else a table (TSV).
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.archives import is_archive, read_archive
from fastgru.data.files import Digest, open_text
from fastgru.data.series import encode_one
from fastgru.errors import FastaFormatError, LabelError, counted, display_name, location

__all__ = ["Series", "SeriesKind", "SeriesRecord", "read_series"]

_NAME = re.compile(r"(.+)\.(?:tsv(?:\.(?:gz|bz2|xz))?|npz)")
Path = str | os.PathLike[str]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One series, which like a string of letters has a length, and equals one of the same numbers.

    Attributes
    ----------
    values
        float64 (L, F)
    """

    values: Array

    def __len__(self) -> int:
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.values + 0.0).tobytes())  # -0 equals 0

    def digest(self) -> str:
        """Return the SHA-256 of the little-endian doubles, step by step, in hexadecimal."""
        return hashlib.sha256((self.values + 0.0).astype("<f8").tobytes()).hexdigest()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype)


@dataclass(frozen=True)
class SeriesKind:
    """What series have to be like.

    Attributes
    ----------
    n_features
        Features of each step; None for those of the first record.
    timed
        Whether the first of them is the time of the step.
    """

    n_features: int | None = None
    timed: bool = False


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """One record.

    Attributes
    ----------
    id
    sequence
    line
        Line of its first step in a table; None elsewhere.
    """

    id: str
    sequence: Series
    line: int | None = None


def read_series(
    path: Path, kind: SeriesKind, *, digest: Digest | None = None
) -> Iterator[SeriesRecord]:
    """Read the records of a file or folder one by one, and check them.

    Parameters
    ----------
    path
        A table for all records; an archive with an array for each; or a folder with a table or an
        archive of one array for each, ``ID.tsv`` or ``ID.npz``.  ``"-"`` is a table on standard
        input.
    kind
    digest
        A ``hashlib`` object to update with the bytes of the file; of a folder with the lines that
        ``sha256sum *`` prints in it.

    Raises
    ------
    FastaFormatError, LabelError
        For what cannot be read or used, with its place.
    """
    n_features, seen = kind.n_features, False
    for place, record in _records(path, digest):
        seen = True
        encode_one(record.sequence, place, n_features=n_features, timed=kind.timed)
        n_features = record.sequence.values.shape[1]
        yield record
    if not seen:
        raise FastaFormatError(
            f"{display_name(path)}: there is no series in it, expected at least one. Check that "
            "the step that made it has finished."
        )


def _records(path: Path, digest: Digest | None) -> Iterator[tuple[str, SeriesRecord]]:
    """Yield each record with its place for messages."""
    name = display_name(path)
    if os.path.isdir(path):
        yield from _read_folder(path, digest)
    elif is_archive(path):
        for record_id, values in read_archive(path, digest):
            place = location(name, record=record_id)
            yield place, SeriesRecord(record_id, Series(_as_steps(values, place)))
    else:
        for record_id, line, values in _read_table(path, digest, has_id=True):
            place = location(name, line, record_id)
            yield place, SeriesRecord(record_id, Series(values), line)


def _as_steps(values: np.ndarray, place: str) -> Array:
    if values.ndim not in (1, 2):
        raise LabelError(
            f"{place}: has the shape {values.shape}, expected (length, features) or (length,). "
            "Reshape it."
        )
    return values.astype(np.float64).reshape(len(values), -1 if values.size else 0)


# --- folders ------------------------------------------------------------------------------


def _read_folder(path: Path, digest: Digest | None) -> Iterator[tuple[str, SeriesRecord]]:
    for name in sorted(os.listdir(path)):
        if name.startswith("."):
            continue
        place, of_file = os.path.join(path, name), hashlib.sha256()
        named = _NAME.fullmatch(name)
        if named is None:
            raise FastaFormatError(
                f"{place}: is no series, expected files called ID.tsv or ID.npz alone in a folder "
                "of series. Move it elsewhere."
            )
        yield place, SeriesRecord(named[1], Series(_read_one(place, of_file)))
        if digest is not None:
            digest.update(f"{of_file.hexdigest()}  {name}\n".encode(errors="surrogateescape"))


def _read_one(path: str, digest: Digest) -> Array:
    """Return the only series of a file."""
    if not is_archive(path):
        found = [values for _, _, values in _read_table(path, digest, has_id=False)]
    else:
        found = [_as_steps(values, path) for _, values in read_archive(path, digest)]
    if len(found) != 1:
        raise FastaFormatError(
            f"{path}: holds {counted(len(found), 'record')}, expected one in each file of a folder."
            " Give a file for each record."
        )
    return found[0]


# --- tables -------------------------------------------------------------------------------


def _read_table(
    path: Path, digest: Digest | None, *, has_id: bool
) -> Iterator[tuple[str, int, Array]]:
    """Yield id, line of the first step, and numbers of each record."""
    name = display_name(path)
    record_id, first, rows, known = "", 0, list[list[float]](), set[str]()
    with open_text(path, digest=digest) as file:
        lines = ((k, line) for k, line in enumerate(file, 1) if line.strip() and line[0] != "#")
        columns = _read_header(lines, name, has_id)
        for number, line in lines:
            cells = line.rstrip("\n").split("\t")
            if len(cells) != len(columns):
                raise FastaFormatError(
                    f"{location(name, number)}: has {counted(len(cells), 'cell')}, expected one "
                    f"for each of {len(columns)} columns. Separate them by tabs."
                )
            found = cells.pop(0).strip() if has_id else ""
            if found != record_id or not rows:
                if rows:
                    yield record_id, first, np.array(rows)
                record_id, first, rows = found, number, []
                _require_new(found, known, location(name, number), has_id)
            rows.append(_numbers(cells, columns[-len(cells) :], name, number))
    if rows:
        yield record_id, first, np.array(rows)


def _read_header(lines: Iterator[tuple[int, str]], name: str, has_id: bool) -> list[str]:
    """Return the names of the columns."""
    number, line = next(lines, (1, ""))
    columns = [cell.strip() for cell in line.rstrip("\n").split("\t")]
    is_header = not any(_is_number(cell) for cell in columns) and all(columns)
    if not is_header or has_id != (columns[0].lower() == "id") or len(columns) == has_id:
        expected = "the column id and then one for each feature"
        wanted = expected if has_id else "a column for each feature, and none called id"
        raise FastaFormatError(
            f"{location(name, number)}: found {line.strip()[:40]!a}, expected a header with "
            f"{wanted}. Add one at the top; columns are separated by tabs."
        )
    return columns


def _require_new(record_id: str, known: set[str], place: str, has_id: bool) -> None:
    if has_id and (not record_id or record_id in known):
        found = f"comes back behind another ({record_id!r})" if record_id else "is empty"
        raise FastaFormatError(
            f"{place}: the id {found}, expected all steps of a series in a row under an id of "
            "their own. Sort the table by id."
        )
    known.add(record_id)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(cells: list[str], columns: list[str], name: str, line: int) -> list[float]:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        numbers = [math.nan]
    if all(map(math.isfinite, numbers)):
        return numbers
    column, cell = next(
        (column, cell)
        for column, cell in zip(columns, cells, strict=True)
        if not (_is_number(cell) and math.isfinite(float(cell)))
    )
    raise FastaFormatError(
        f"{location(name, line)}: the column {column!r} holds {cell[:40]!r}, expected a number. "
        "Fill it in, or leave the step out."
    )
