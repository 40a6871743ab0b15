"""Opening text files in any compression.

Reading looks at the content, never at the name: a gzip file called ``reads.fasta`` is read as
gzip.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TextIO

from fastgru.data.file_parts import FilePart, read_part, skip
from fastgru.data.formats import describe_binary
from fastgru.errors import FastaFormatError, display_name, reason_of

__all__ = [
    "is_read_once",
    "is_special",
    "open_lines",
    "open_plain",
    "open_text",
]

_BLOCK = 1 << 18
_HEAD = 8
"""First bytes that say what a file is; a pipe may bring them one by one."""

_DECOMPRESSORS: tuple[tuple[bytes, str, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b", "gzip", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", "bzip2", bz2.BZ2File),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMAFile),
)


def is_read_once(path: str | os.PathLike[str]) -> bool:
    """Return whether what is read is gone: of standard input (``"-"``) and pipes.

    Parameters
    ----------
    path
        File or pipe, which need not be there.
    """
    return os.fspath(path) == "-" or is_special(path)


def is_special(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is that of a device or a pipe, such as /dev/null."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


class Digest(Protocol):
    """What `open_text` needs of a ``hashlib`` object."""

    def update(self, data: Any, /) -> None:
        """Take more bytes into account."""


class _Source(io.RawIOBase):
    """A stream whose errors name the file, and whose bytes pass through a digest."""

    def __init__(self, stream: Any, path: str, kind: str = "", digest: Digest | None = None):
        self._stream = stream
        self._path = path
        self._kind = kind
        self._digest = digest
        self._is_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            n_read = self._fill(memoryview(buffer))
        except EOFError as error:
            found = f"the {self._kind} data ends too early, expected its end mark"
            cure = "The file is incomplete: copy or download it again"
            raise FastaFormatError(f"{self._path}: {found}. {cure}.", self._path) from error
        except (OSError, zlib.error, lzma.LZMAError) as error:
            found = f"the {self._kind} data is damaged" if self._kind else "cannot be read"
            cure = "Copy or download the file again"
            message = f"{self._path}: {found} ({reason_of(error)}). {cure}."
            raise FastaFormatError(message, self._path) from error
        if self._digest is not None:
            self._digest.update(memoryview(buffer)[:n_read])
        return n_read

    def _fill(self, buffer: memoryview) -> int:
        n_read: int = self._stream.readinto(buffer)
        n_more = 0 if self._is_begun else n_read
        while n_more and n_read < _HEAD:
            n_more = self._stream.readinto(buffer[n_read:])
            n_read += n_more
        self._is_begun = True
        return n_read


@contextlib.contextmanager
def open_text(path: str | os.PathLike[str], *, digest: Digest | None = None) -> Iterator[TextIO]:
    r"""Open a file for reading lines of text.

    gzip, bzip2 and xz are recognised by their first bytes, UTF-8 and UTF-16 by their byte-order
    mark, and all three kinds of line ends arrive as ``\n``.  Bytes that are not UTF-8 (a Latin-1
    name in a header) survive as surrogates, and `atomic_write` writes them back unchanged.

    Parameters
    ----------
    path
        File or part of one to read; ``"-"`` is standard input, which is left open.
    digest
        Is updated with the bytes of the file as they are stored.  It is complete only after the
        last line was read.

    Raises
    ------
    FastaFormatError
        Here or at any later line: if the file cannot be opened, is cut short or damaged, or is
        recognised as something else than text.
    """
    with open_plain(path, digest) as (plain, is_utf16):
        if is_utf16:
            yield io.TextIOWrapper(plain, encoding="utf-16", errors="replace")
        else:
            yield io.TextIOWrapper(plain, encoding="utf-8", errors="surrogateescape")


@contextlib.contextmanager
def open_lines(
    path: str | os.PathLike[str], *, digest: Digest | None = None
) -> Iterator[Iterator[bytes]]:
    r"""Open a text file for reading many lines at once, several times as fast as one by one.

    Yields an iterator of blocks of whole lines that end with ``\n``, but for the last of all:
    UTF-8, without a byte-order mark.  A block has a quarter of a megabyte, or the rest of a line
    more.

    Parameters
    ----------
    path, digest
        As for `open_text`.

    Raises
    ------
    FastaFormatError
        As for `open_text`.
    """
    with open_plain(path, digest) as (plain, is_utf16):
        if is_utf16:
            text = io.TextIOWrapper(plain, encoding="utf-16", errors="replace")
            yield _whole_lines(part.encode() for part in iter(lambda: text.read(_BLOCK), ""))
        else:
            yield _whole_lines(_with_plain_line_ends(iter(lambda: plain.read1(_BLOCK), b"")))


def _with_plain_line_ends(parts: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for part in parts:
        text, held = held + part, b""
        if b"\r" in text:
            if text.endswith(b"\r"):  # perhaps half a line end
                text, held = text[:-1], b"\r"
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield text
    if held:
        yield b"\n"


def _whole_lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for part in parts:
        end = part.rfind(b"\n") + 1
        if end:
            yield b"".join([*begun, part[:end]])
            begun = []
        if end < len(part):
            begun.append(part[end:])
    if begun:
        yield b"".join(begun)


@contextlib.contextmanager
def open_plain(
    path: str | os.PathLike[str], digest: Digest | None = None
) -> Iterator[tuple[io.BufferedReader[Any], bool]]:
    """Open a text file behind its compression and mark; say whether it is UTF-16.

    Parameters
    ----------
    path, digest
        As for `open_text`, with the same errors.
    """
    name = display_name(path)
    with contextlib.ExitStack() as stack:
        raw = _open_raw(path, stack)
        stored = io.BufferedReader(_Source(raw, name, digest=digest), _BLOCK)
        plain = stored
        head = stored.peek(_HEAD)
        for magic, kind, decompressor in _DECOMPRESSORS:
            if head.startswith(magic):
                inner = stack.enter_context(decompressor(stored))
                plain = io.BufferedReader(_Source(inner, name, kind), _BLOCK)
                break
        start = plain.peek(512)[:512]
        foreign = describe_binary(start)
        if foreign:
            raise FastaFormatError(f"{name}: {foreign}", name)
        is_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        # Skipped by hand: the codec utf-8-sig is several times slower than utf-8.
        n_skipped = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
        plain.read(n_skipped)
        if not isinstance(path, FilePart):
            yield plain, is_utf16
        elif plain is stored:
            raw.seek(n_skipped + path.begin)
            yield read_part(_Source(raw, name, digest=digest), path), is_utf16
        else:
            skip(plain, path.begin)
            yield read_part(plain, path), is_utf16


def _open_raw(path: str | os.PathLike[str], stack: contextlib.ExitStack) -> Any:
    if os.fspath(path) == "-":
        # Below its buffer, whose lock a thread that waits for input would hold when the process
        # ends; Python aborts then.
        return getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    try:
        # Unbuffered: `_Source` is wrapped in a buffer, and the digest must see each byte once.
        return stack.enter_context(open(path, "rb", buffering=0))
    except OSError as error:
        name = display_name(path)
        message = (
            f"{name}: cannot be read ({reason_of(error)}). Check the path and its permissions."
        )
        raise FastaFormatError(message, name) from error
