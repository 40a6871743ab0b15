"""Reading sequences from files of any format: FASTA or FASTQ, by the first character."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain

from fastgru.data.fasta import Record, decoded, parse_fasta, read_with
from fastgru.data.fastq import parse_fastq
from fastgru.data.files import Digest
from fastgru.data.formats import SAM_HEADERS

__all__ = ["read_records"]


def read_records(path: str | os.PathLike[str], *, digest: Digest | None = None) -> Iterator[Record]:
    """Read the records of a FASTA or FASTQ file one by one; of FASTQ without their qualities.

    Parameters
    ----------
    path
        File or part of one to read, perhaps compressed; ``"-"`` is standard input.
    digest
        A ``hashlib`` object, or what counts, to update with the bytes of the file.

    Yields
    ------
    Record
        In file order; the sequence may be empty, and its letters are not checked.

    Raises
    ------
    FastaFormatError
        As :func:`fastgru.data.fasta.read_fasta`, and at the first line of FASTQ that cannot be one.
    """
    return read_with(_parse, path, digest)


def _parse(blocks: Iterator[bytes], name: str, first_line: int) -> Iterator[Record]:
    seen: list[bytes] = []
    for block in blocks:
        seen.append(block)
        if start := block.lstrip()[:4]:
            is_sam = decoded(start).lower() in SAM_HEADERS
            parse = parse_fastq if start.startswith(b"@") and not is_sam else parse_fasta
            return parse(chain(seen, blocks), name, first_line)
    return iter(())
