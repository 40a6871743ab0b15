"""Knowing a large file again without reading it: by its size and some of its bytes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from fastgru.errors import FastaFormatError, display_name

__all__ = ["FileSample", "sample_file"]

_N_SAMPLES = 16
_SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True)
class FileSample:
    """What a file is known by.

    Attributes
    ----------
    name
        As it was given.
    size
        Bytes.
    sample_sha256
        Checksum of 16 blocks of 64 KiB at even distances, of which the last ends with the file; of
        all bytes where there are no more.
    """

    name: str
    size: int
    sample_sha256: str


def sample_file(path: str | os.PathLike[str]) -> FileSample:
    """Read what a file is known by.

    Parameters
    ----------
    path

    Raises
    ------
    FastaFormatError
        If the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= _N_SAMPLES * _SAMPLE_BYTES:
                digest.update(file.read(size))
            else:
                last = size - _SAMPLE_BYTES
                for number in range(_N_SAMPLES):
                    file.seek(number * last // (_N_SAMPLES - 1))
                    digest.update(file.read(_SAMPLE_BYTES))
    except OSError as error:
        name = display_name(path)
        reason = (error.strerror or str(error)).lower()
        raise FastaFormatError(
            f"{name}: cannot be read ({reason}). Check the path and its permissions.", name
        ) from error
    return FileSample(os.fspath(path), size, digest.hexdigest())
