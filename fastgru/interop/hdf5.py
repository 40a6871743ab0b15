"""Reading HDF5 files that nobody has checked: plain arrays and texts, and no more of them than fit.

A file may declare arrays far larger than itself, link to other files, or go round in circles.
Here only what lies in the file itself is followed, and the bytes of all arrays together may be at
most :data:`MAX_EXPANSION` times those of the file.
"""

from __future__ import annotations

import mmap
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from fastgru.errors import FastgruError, ModelFileError
from fastgru.packages import require_package

MAX_EXPANSION = 100
"""Bytes of arrays for each byte of a file; Keras compresses nothing."""

_HEAP = b"GCOL\x01\0\0\0"
_HEAP_HEADER = struct.Struct("<8sQ")
_HEAP_ENTRY = struct.Struct("<HHIQ")
_MAX_GROUPS = 100_000
_MAX_DEPTH = 64
_MAX_TEXT = 1 << 26
_FAULTS = (
    *(OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError, EOFError, zipfile.BadZipFile, zlib.error),
)


@contextmanager
def naming_damage(where: str) -> Iterator[None]:
    """Turn whatever goes wrong with the bytes of a file into an error that names it.

    Raises
    ------
    ModelFileError
        In the place of any fault of a library that reads the file.
    """
    try:
        yield
    except FastgruError:
        raise
    except _FAULTS as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ModelFileError(
            f"{where}: expected a file of Keras (.keras or .h5), found one that cannot be read "
            f"({type(error).__name__}: {str(reason)[:200]}). Check the path, or copy the file "
            "again."
        ) from error


def check_heaps(where: str, content: bytes | mmap.mmap) -> None:
    """Check that the heaps of texts in a file are whole, which HDF5 believes without looking.

    It goes round in circles over a heap whose entries have wrong sizes (HDF5 file format
    specification, version 3.0, III.E).

    Parameters
    ----------
    where
        What messages call the file.
    content
        Of the whole file.

    Raises
    ------
    ModelFileError
        If entries do not fill their heap, or are there twice; or if a heap lies in another.
    """
    end = 0
    start = content.find(_HEAP)
    while start >= 0:
        heap = content[start : start + _HEAP_HEADER.size]
        size = _HEAP_HEADER.unpack(heap)[1] if len(heap) == _HEAP_HEADER.size else 0
        if start < end or not _is_whole(content, start + _HEAP_HEADER.size, start + size):
            raise ModelFileError(
                f"{where}: expected texts in whole heaps, found a damaged one at byte {start}. "
                "Copy or write the file again."
            )
        end = start + size
        # Not from its end: what looks like a heap may be made to hide another.
        start = content.find(_HEAP, start + 1)


def _is_whole(content: bytes | mmap.mmap, place: int, end: int) -> bool:
    seen = set()
    if not place <= end <= len(content):
        return False
    while end - place >= _HEAP_ENTRY.size:
        entry = content[place : place + _HEAP_ENTRY.size]
        index, _, reserved, size = _HEAP_ENTRY.unpack(entry)
        if index == 0:  # the free rest
            return bool(size == end - place)
        if index in seen or reserved:
            return False
        seen.add(index)
        place += _HEAP_ENTRY.size + -(-size // 8) * 8
    return place <= end


class Hdf5File:
    """The groups, arrays and texts of one HDF5 file.

    Parameters
    ----------
    file
        Path or open file.
    where
        What messages call it.
    n_bytes
        Of the file.
    """

    def __init__(self, file: str | os.PathLike[str] | BinaryIO, where: str, n_bytes: int) -> None:
        self._h5py = _import_h5py(where)
        self._where, self._left = where, MAX_EXPANSION * n_bytes
        self.root = self._h5py.File(file, "r")

    def close(self) -> None:
        """Close the file."""
        self.root.close()

    def fault(self, found: str, expected: str) -> ModelFileError:
        """Return an error that says what is wrong with the file."""
        return ModelFileError(
            f"{self._where}: expected {expected}, found {found}. Copy or write the file again."
        )

    def member(self, group: Any, name: str) -> Any:
        """Return a group or an array by its path below a group; None if there is none."""
        for part in name.split("/"):
            if not isinstance(group, self._h5py.Group) or part not in group:
                return None
            if not isinstance(group.get(part, getlink=True), self._h5py.HardLink):
                raise self.fault(f"a link to another place at {part!r}", "everything inside")
            group = group[part]
        return group

    def array(self, group: Any, name: str) -> np.ndarray:
        """Return an array by its path below a group.

        Raises
        ------
        ModelFileError
            If there is none, it lies elsewhere, or is larger than the file can account for.
        """
        found = self.member(group, name)
        if not isinstance(found, self._h5py.Dataset):
            raise self.fault("none" if found is None else "a group", f"an array {name!r}")
        if found.is_virtual or found.external:
            raise self.fault(f"{name!r} in another file", "everything inside")
        if found.dtype.kind not in "fiu" or found.shape is None:
            raise self.fault(f"{found.dtype} in {name!r}", "an array of real numbers")
        self._take(name, found.size * found.dtype.itemsize)
        return np.asarray(found[()])

    def _take(self, name: str, n_bytes: int) -> None:
        self._left -= n_bytes
        if self._left < 0:
            raise self.fault(
                f"{n_bytes} declared in {name!r}",
                f"at most {MAX_EXPANSION} bytes of arrays for each byte of the file",
            )

    def texts(self, group: Any, name: str) -> list[str] | None:
        """Return an attribute that is a list of texts, or numbered parts of one; None if absent."""
        if name in group.attrs:
            return self._text_array(group, name)
        texts: list[str] = []
        for part in range(_MAX_GROUPS):
            if f"{name}{part}" not in group.attrs:
                return texts if part else None
            texts += self._text_array(group, f"{name}{part}")
        raise self.fault("more", f"{_MAX_GROUPS} parts of {name!r} at most")

    def _text_array(self, group: Any, name: str) -> list[str]:
        attribute = group.attrs.get_id(name)
        if 0 in attribute.shape:  # of no type in particular
            return []
        # HDF5 itself may fall over the heap of a damaged list of anything else.
        if attribute.get_type().get_class() != self._h5py.h5t.STRING:
            raise self.fault(f"{attribute.dtype} in the attribute {name!r}", "texts")
        self._take(name, attribute.get_storage_size())
        texts = [_decoded(one) for one in np.asarray(group.attrs[name]).reshape(-1)]
        if sum(map(len, texts)) > _MAX_TEXT:
            raise self.fault("more", f"{_MAX_TEXT} characters in {name!r} at most")
        return texts

    def text(self, group: Any, name: str) -> str | None:
        """Return an attribute that is a text; None if there is none."""
        if name not in group.attrs:
            return None
        found = self._text_array(group, name)
        if len(found) != 1:
            raise self.fault(f"{len(found)} in {name!r}", "one text")
        return found[0]

    def arrays_by_group(self) -> dict[str, list[str]]:
        """Return the names of the arrays of each group, by the path of the group."""
        found: dict[str, list[str]] = {}
        waiting = [("", self.root, 0)]
        while waiting:
            path, group, depth = waiting.pop()
            if depth > _MAX_DEPTH or len(found) + len(waiting) > _MAX_GROUPS:
                raise self.fault("more", f"{_MAX_DEPTH} levels and {_MAX_GROUPS} groups at most")
            members = {name: self.member(group, name) for name in group}
            found[path] = [n for n, one in members.items() if isinstance(one, self._h5py.Dataset)]
            for name, one in members.items():
                if isinstance(one, self._h5py.Group):
                    waiting.append((f"{path}/{name}".lstrip("/"), one, depth + 1))
        return found


def _decoded(text: object) -> str:
    return text.decode("utf-8") if isinstance(text, bytes) else str(text)


def _import_h5py(where: str) -> Any:
    require_package(["h5py"], where, "pip install 'fastgru[keras]'")
    import h5py

    return h5py
