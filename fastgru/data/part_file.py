"""A file that grows beside the name it will have, and that a later run may go on with.

Other than that of :func:`fastgru.data.files.atomic_write` it stays when its run ends too early.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import zlib

from fastgru.data.writing import naming_file
from fastgru.errors import FastgruError

__all__ = ["PartFile", "part_path"]

_MEMBER = 1 << 20
"""Bytes of content after which a gzip member may end: one more costs 20 bytes."""
_GZIP = 16 + zlib.MAX_WBITS


def part_path(path: str | os.PathLike[str]) -> str:
    """Return the name under which an output grows: hidden, and in the same folder."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{name}.part")


class PartFile:
    """An output that is not whole yet.

    A name in ``.gz`` is compressed, as members that end where at least a megabyte of content ends
    with a record: which bytes are written depends on the content alone, and not on the number of
    runs that it took.

    Parameters
    ----------
    path
        Output to be, a file.

    Raises
    ------
    FastgruError
        If the file cannot be created, or another process is writing to it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = part_path(path)
        self._target, self._shown = os.path.realpath(path), os.fspath(path)
        self._descriptor = _open_alone(self.path, self._shown)
        self._packer = _Packer() if self._target.endswith(".gz") else None

    @property
    def n_bytes(self) -> int:
        """How long the file is."""
        return os.fstat(self._descriptor).st_size

    @property
    def may_end_anywhere(self) -> bool:
        """Whether a run may go on behind whatever was written."""
        return self._packer is None

    @property
    def is_full(self) -> bool:
        """Whether a compressed member is long enough to end with this record."""
        return self._packer is not None and self._packer.n_packed >= _MEMBER

    @property
    def has_its_name(self) -> bool:
        """Whether the file is whole and has been renamed."""
        with contextlib.suppress(OSError):
            return not os.path.samestat(os.fstat(self._descriptor), os.stat(self.path))
        return True

    def cut(self, n_bytes: int) -> None:
        """Go on behind the first `n_bytes`, and forget the others."""
        with naming_file(self._shown):
            os.ftruncate(self._descriptor, n_bytes)
        os.lseek(self._descriptor, n_bytes, os.SEEK_SET)

    def write(self, content: bytes) -> None:
        """Append bytes of the content."""
        self._append(content if self._packer is None else self._packer.pack(content))

    def end_member(self) -> None:
        """Make what was written whole by itself: a run may go on behind it."""
        if self._packer is not None:
            self._append(self._packer.end())

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        with naming_file(self._shown):
            os.fsync(self._descriptor)

    def rename(self) -> None:
        """Give the file its name; it is whole."""
        self.sync()
        with naming_file(self._shown):
            os.replace(self.path, self._target)

    def remove(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def close(self) -> None:
        """Let others have the file."""
        os.close(self._descriptor)

    def _append(self, stored: bytes) -> None:
        with naming_file(self._shown):
            left = memoryview(stored)
            while left:
                left = left[os.write(self._descriptor, left) :]


class _Packer:
    """Compresses one gzip member after the other, with no time stamp inside."""

    def __init__(self) -> None:
        self.n_packed = 0
        self._member = zlib.compressobj(wbits=_GZIP)

    def pack(self, content: bytes) -> bytes:
        self.n_packed += len(content)
        return self._member.compress(content)

    def end(self) -> bytes:
        if not self.n_packed:
            return b""
        self.n_packed, last = 0, self._member
        self._member = zlib.compressobj(wbits=_GZIP)
        return last.flush()


def _open_alone(path: str, shown: str) -> int:
    """Open a file for this process alone, and create it where it is missing."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise FastgruError(
                f"{shown}: cannot be written ({str(error.strerror).lower()}). Choose another "
                "output."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise FastgruError(
                f"{shown}: another process is writing to it, expected this one to be alone. Wait "
                "until it has ended, or choose another output."
            ) from error
        except OSError:  # some network drives know no locks
            return descriptor
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)  # the process that had it has just given it its name
