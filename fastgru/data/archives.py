"""Reading archives of NumPy's arrays (``.npz``) without trust: no code is run, no size believed."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastgru.data.files import Digest
from fastgru.errors import FastaFormatError, display_name, location

__all__ = ["is_archive", "read_archive"]

_MOST_PER_BYTE = 1032
"""Bytes that one byte of a zip archive can stand for at most, by the format of deflate."""

_BLOCK = 1 << 20
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
Path = str | os.PathLike[str]


def is_archive(path: Path) -> bool:
    """Whether a path is that of a zip archive, by its first bytes."""
    if not os.path.isfile(path):  # standard input, or a file that is missing
        return False
    with _open_bytes(path) as file:
        return bool(file.read(4) == b"PK\x03\x04")


def _open_bytes(path: Path) -> Any:
    try:
        return open(path, "rb")
    except OSError as error:
        raise FastaFormatError(
            f"{display_name(path)}: cannot be read ({error.strerror}). Check the path and its "
            "permissions."
        ) from error


def read_archive(path: Path, digest: Digest | None = None) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the numbers of each array, in the order of the archive.

    Memory is taken for no more than is there, whatever a header promises.

    Parameters
    ----------
    path
    digest
        A ``hashlib`` object to update with the bytes of the file; None for none.

    Raises
    ------
    FastaFormatError
        For what is damaged, or no array of numbers.
    """
    name = display_name(path)
    with _open_bytes(path) as file:
        while digest is not None and (block := file.read(_BLOCK)):
            digest.update(block)
    try:
        most = _MOST_PER_BYTE * os.path.getsize(path)
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                array = member.filename.removesuffix(".npy")
                yield array, _read_array(archive, member, most, location(name, record=array))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise FastaFormatError(
            f"{name}: the archive is damaged, or not from NumPy ({error}). Write it again with "
            "numpy.savez."
        ) from error


def _read_array(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, place: str
) -> np.ndarray:
    """Return an array whose header promises no more than is there; nothing is unpickled."""
    with archive.open(member) as file:
        try:
            shape, by_columns, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
        except (ValueError, KeyError) as error:
            raise FastaFormatError(
                f"{place}: is no array of NumPy ({error}), expected one for each series. Write "
                "the file again with numpy.savez."
            ) from error
        if dtype.kind not in "fiub":
            raise FastaFormatError(
                f"{place}: holds {dtype}, expected numbers. Convert it before numpy.savez."
            )
        size = math.prod(shape) * dtype.itemsize
        there = min(member.file_size - file.tell(), most)
        data = file.read(size) if 0 <= size <= there else b""
    if len(data) != size or size < 0:
        raise FastaFormatError(
            f"{place}: its header promises {math.prod(shape)} numbers, expected no more than the "
            "file holds. The file is damaged; write it again."
        )
    order: Any = "F" if by_columns else "C"
    return np.frombuffer(data, dtype).reshape(shape, order=order)
