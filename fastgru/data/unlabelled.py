"""Sequences without labels, for prediction: one record at a time, however many there are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fastgru.data.alphabets import Alphabet
from fastgru.data.fasta import Record
from fastgru.data.files import Digest
from fastgru.data.problems import Problem, Problems, check_record
from fastgru.data.records import read_records
from fastgru.data.series_files import SeriesKind, read_series
from fastgru.errors import counted, display_name

__all__ = ["CheckedSequence", "check_sequences", "read_all_series", "read_sequences"]


@dataclass(frozen=True, slots=True)
class CheckedSequence:
    """One record of the input.

    Attributes
    ----------
    id
        First word of the header.
    sequence
        Normalised by the alphabet; ``""`` if the record cannot be used.  Or a series.
    problem
        Why the record cannot be used, in one line; None if it can.
    """

    id: str
    sequence: Any
    problem: str | None = None


def read_sequences(
    paths: Iterable[str | os.PathLike[str]],
    alphabet: Alphabet,
    *,
    on_invalid: Literal["error", "status"] = "error",
    min_length: int = 1,
    max_length: int | None = None,
    advice: str = "",
    digest: Digest | None = None,
) -> Iterator[CheckedSequence]:
    """Read the records of FASTA or FASTQ files one by one, and check them.

    Parameters
    ----------
    paths
        Files in the order to read; ``"-"`` is standard input.
    alphabet
        Letters that sequences may have.
    on_invalid
        ``"error"``: after the first bad record nothing more is yielded, and the error that is
        raised at the end lists all bad records.  ``"status"``: bad records are yielded with
        their problem.
    min_length, max_length
        A shorter or a longer sequence makes a record bad; None for no limit.
    advice
        Sentence that ends the list of bad records.
    digest
        Is updated with the bytes of all files as they are stored, as `read_records` does.

    Yields
    ------
    CheckedSequence
        In input order.

    Raises
    ------
    FastaFormatError
        If a file cannot be read, or holds bad records and `on_invalid` is ``"error"``.
    """
    records = (
        (display_name(path), record)
        for path in paths
        for record in read_records(path, digest=digest)
    )
    return check_sequences(
        *(records, alphabet),
        on_invalid=on_invalid,
        min_length=min_length,
        max_length=max_length,
        advice=advice,
    )


def check_sequences(
    records: Iterable[tuple[str, Record]],
    alphabet: Alphabet,
    *,
    on_invalid: Literal["error", "status"] = "error",
    min_length: int = 1,
    max_length: int | None = None,
    advice: str = "",
) -> Iterator[CheckedSequence]:
    """Check records one by one, as `read_sequences` does.

    Parameters
    ----------
    records
        Name of the source, for messages, and record.
    alphabet, on_invalid, min_length, max_length, advice
        As for `read_sequences`.

    Raises
    ------
    FastaFormatError
        If there are bad records and `on_invalid` is ``"error"``.
    """
    problems = Problems()
    for name, record in records:
        checked = check_record(record, alphabet)
        if isinstance(checked, str):
            checked = _check_length(record, checked, min_length, max_length)
        if isinstance(checked, str):
            if not problems:
                yield CheckedSequence(record.id, checked)
        elif on_invalid == "status":
            yield CheckedSequence(record.id, "", checked.text)
        else:
            problems.add(name, checked)
    problems.raise_if_any(advice)


def read_all_series(
    paths: Iterable[str | os.PathLike[str]], kind: SeriesKind, *, digest: Digest | None = None
) -> Iterator[CheckedSequence]:
    """Read the series of files or folders one by one.

    Parameters
    ----------
    paths
        In the order to read.
    kind
    digest
        Is updated with the bytes of all files as they are stored.

    Raises
    ------
    FastaFormatError, LabelError
        As :func:`fastgru.data.series_files.read_series`.
    """
    for path in paths:
        for record in read_series(path, kind, digest=digest):
            yield CheckedSequence(record.id, record.sequence)


def _check_length(
    record: Record, sequence: str, min_length: int, max_length: int | None
) -> str | Problem:
    if len(sequence) < min_length:
        expected = f"at least {min_length}"
        cure = "Leave it out, or train with a smaller kmer_size."
    elif max_length is not None and len(sequence) > max_length:
        expected = f"at most {max_length}"
        cure = (
            "Cut it to the window that the model was trained on, or train without position "
            "embedding."
        )
    else:
        return sequence
    text = f"the sequence has {counted(len(sequence), 'letter')}, expected {expected}"
    return Problem(text, cure, record.line or None, record.id)
