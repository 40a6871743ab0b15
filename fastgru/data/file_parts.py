"""Parts of text files: what lies between two places, and on which line it begins.

Places are counted in bytes of the text as it is without compression and byte-order mark, so that
they hold for a file in any compression.  A part is a path to whatever only opens it
(`fastgru.data.files.open_text`), and reads like a file of its own.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Any

__all__ = ["FilePart", "first_line_of", "read_part", "skip"]

_BLOCK = 1 << 18


@dataclass(frozen=True)
class FilePart(os.PathLike[str]):
    """A part of a file, which can be given wherever a path is.

    Attributes
    ----------
    path
        The whole file.
    begin
        Bytes of its text before the part.
    end
        Bytes of its text up to the end of the part; None for the end of the file.
    line
        Line of the file in which the part begins, counted from 1.
    heading
        Lines to read first, which are not in the file at this place.
    """

    path: str
    begin: int = 0
    end: int | None = None
    line: int = 1
    heading: str = ""

    def __fspath__(self) -> str:
        return self.path


def first_line_of(path: str | os.PathLike[str]) -> int:
    """Return the number of the first line that is read of a file or part."""
    if not isinstance(path, FilePart):
        return 1
    return path.line - path.heading.count("\n")


def read_part(text: io.RawIOBase | io.BufferedReader[Any], part: FilePart) -> io.BufferedReader:
    """Return the bytes of a part.

    Parameters
    ----------
    text
        The text of the file from the begin of the part on.
    part
    """
    heading = part.heading.encode("utf-8", "surrogateescape")
    length = None if part.end is None else part.end - part.begin
    return io.BufferedReader(_Limited(text, heading, length), _BLOCK)


def skip(text: io.BufferedReader[Any], number: int) -> None:
    """Read a number of bytes, or all there are, and forget them."""
    while number > 0 and (skipped := len(text.read(min(number, _BLOCK)))):
        number -= skipped


class _Limited(io.RawIOBase):
    """A heading, then a stream up to a number of bytes."""

    def __init__(
        self, stream: io.RawIOBase | io.BufferedReader[Any], heading: bytes, length: int | None
    ) -> None:
        self._stream = stream
        self._heading = heading
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        if self._heading:
            found = self._heading[: len(view)]
            self._heading = self._heading[len(found) :]
        else:
            wanted = len(view) if self._left is None else min(len(view), self._left)
            found = self._stream.read(wanted) or b""
            if self._left is not None:
                self._left -= len(found)
        view[: len(found)] = found
        return len(found)
