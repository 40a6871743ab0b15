"""Writing files that are whole or not there.

Writing goes to a temporary name beside the target and ends with a rename.
"""

from __future__ import annotations

import contextlib
import glob
import gzip
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO, cast

from fastgru.data.files import is_special
from fastgru.errors import FastgruError, reason_of

__all__ = [
    "atomic_write",
    "atomic_write_bytes",
    "naming_file",
    "remove_unfinished",
    "remove_written",
    "require_writable",
]


def require_writable(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Refuse an output path now that would fail, or destroy something, after hours of work.

    Parameters
    ----------
    path
        Output to be; ``"-"`` is standard output.
    force
        Whether an existing file may be replaced.

    Raises
    ------
    FastgruError
        If the folder is missing or closed, or the file exists and `force` is not set.
    """
    target = os.fspath(path)
    if target == "-":
        return
    if not target:
        raise FastgruError("output: the name is empty, expected the name of a file to write.")
    if os.path.isdir(target):
        raise FastgruError(f"{target}: is a folder, expected the name of a file to write.")
    folder = os.path.dirname(os.path.realpath(target))
    if not os.path.isdir(folder):
        parent = os.path.dirname(target)
        raise FastgruError(f"{target}: there is no folder {parent!r}. Create it with mkdir first.")
    if is_special(target):
        return
    if not os.access(folder, os.W_OK):
        raise FastgruError(f"{target}: its folder cannot be written to. Choose another output.")
    if os.path.exists(target) and not force:
        raise FastgruError(
            f"{target}: exists already. Use --force to replace it, or choose another output."
        )


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    r"""Open a text file that appears under its name only when the block ends without an error.

    The text goes to a hidden file in the same folder, which is renamed at the end and removed if
    an exception passes.  Names that end in ``.gz`` are compressed, with no time stamp inside, so
    that equal text gives equal files.

    Parameters
    ----------
    path
        File to write, in UTF-8 with ``\n`` line ends; ``"-"`` is standard output.  Devices and
        pipes are written directly.

    Yields
    ------
    text
        The open file.

    Raises
    ------
    FastgruError
        If the file cannot be created.
    """
    with atomic_write_bytes(path) as binary:
        text = io.TextIOWrapper(binary, "utf-8", errors="surrogateescape", newline="\n")
        try:
            yield text
        finally:
            text.detach()


@contextlib.contextmanager
def atomic_write_bytes(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file in the way of `atomic_write`."""
    shown = os.fspath(path)
    with naming_file("standard output" if shown == "-" else shown):
        if shown == "-":
            sys.stdout.flush()
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif is_special(shown):  # by this name: that behind /dev/stdout may be no path
            with _create(shown, path) as stream:
                yield stream
        else:
            with _write_whole(path) as stream:
                yield stream


@contextlib.contextmanager
def _write_whole(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        with _create(temporary, path) as stream:
            if target.endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as packed:
                    yield cast(BinaryIO, packed)
            else:
                yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


@contextlib.contextmanager
def naming_file(path: str) -> Iterator[None]:
    """Let errors of the system inside the block say which file they are about.

    Those of writing and waiting for the disk do not: they know a number in place of the file.
    """
    try:
        yield
    except OSError as error:
        error.filename = error.filename or path
        raise


def remove_written(path: str | os.PathLike[str]) -> None:
    """Remove an output, and what is left of it as `remove_unfinished` says."""
    remove_unfinished(path)
    with contextlib.suppress(OSError):
        os.unlink(os.path.realpath(path))


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove what processes have left of an output that were killed in `atomic_write`."""
    folder, name = os.path.split(os.path.realpath(path))
    for left in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(name)}.*.part")):
        if left.split(".")[-2].isdigit():
            with contextlib.suppress(OSError):
                os.unlink(left)


class _NamedFile(io.FileIO):
    """Names itself where it cannot be written: a file may be written inside another's block."""

    def __init__(self, path: str, shown: str) -> None:
        super().__init__(path, "wb")
        self._shown = shown

    def write(self, content: Any, /) -> int:
        with naming_file(self._shown):
            return super().write(content)


def _create(path: str, shown: str | os.PathLike[str]) -> BinaryIO:
    try:
        return io.BufferedWriter(_NamedFile(path, os.fspath(shown)))
    except OSError as error:
        raise FastgruError(
            f"{os.fspath(shown)}: cannot be written ({reason_of(error)}). Choose another output."
        ) from error
