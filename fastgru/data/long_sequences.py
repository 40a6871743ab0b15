"""Sequences as long as chromosomes, of which a stretch at a time is looked at.

Letters stay as they are in the file, a byte each; only the stretch at hand is encoded.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet, is_any_letter
from fastgru.data.fasta import Record, read_fasta
from fastgru.data.problems import Problem, Problems, check_record
from fastgru.errors import display_name

__all__ = [
    "LongSequence",
    "Stretch",
    "check_long_record",
    "check_long_records",
    "encode_stretch",
    "read_long_sequences",
]

_CHECKED_AT_ONCE = 1 << 20
_FIRST_LOWER = ord("a")


class Letters(Protocol):
    """Slices of a string, or of what is read from a file."""

    def __getitem__(self, places: slice) -> str:
        """Return some neighbouring letters."""


@dataclass(frozen=True, slots=True)
class LongSequence:
    """A sequence, or a part of one.

    Attributes
    ----------
    id
    letters
        As in the file, upper and lower case; valid in the alphabet.  Slices of them, whose starts
        may have to rise.
    length
        Of the whole sequence.
    offset
        Letters of the whole before `letters`.
    """

    id: str
    letters: Letters
    length: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some neighbouring letters of a sequence.

    Attributes
    ----------
    start
        Place of the first in the sequence.
    codes
        uint8 (L,)
    unknown, masked
        int64 (L + 1,): letters before each place that may be any of the alphabet (N, X), and that
        are in lower case.
    """

    start: int
    codes: NDArray[np.uint8]
    unknown: NDArray[np.int64]
    masked: NDArray[np.int64]


def check_long_record(record: Record, alphabet: Alphabet) -> LongSequence | Problem:
    """Return the letters of a record, or what is wrong with its name or letters.

    As :func:`fastgru.data.problems.check_record`, but keeps the case, and makes no copies of a
    whole chromosome.
    """
    letters = record.sequence
    # the alphabet takes a * at the end for that of the protein, which the end of a part is not
    at_once = len(letters) or 1 if alphabet.name == "protein" else _CHECKED_AT_ONCE
    for start in range(0, len(letters) or 1, at_once):
        part = Record(record.id, "", letters[start : start + at_once])
        if isinstance(check_record(part, alphabet), Problem):
            problem = check_record(record, alphabet)  # of the whole: it says which place
            assert isinstance(problem, Problem)
            return problem
    if alphabet.name == "protein":
        letters = letters.removesuffix("*")
    return LongSequence(record.id, letters, len(letters))


def encode_stretch(sequence: LongSequence, alphabet: Alphabet, start: int, end: int) -> Stretch:
    """Encode some letters of a sequence.

    Parameters
    ----------
    sequence
    alphabet
    start, end
        Half-open, in letters of the whole sequence.
    """
    letters = sequence.letters[start - sequence.offset : end - sequence.offset]
    codes = alphabet.encode(letters)
    is_unknown = np.zeros(256, bool)
    is_unknown[: len(alphabet.symbols)] = is_any_letter(alphabet.mixture)
    is_masked = np.frombuffer(letters.encode("ascii"), np.uint8) >= _FIRST_LOWER
    return Stretch(start, codes, _counted(is_unknown[codes]), _counted(is_masked))


def _counted(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.append(0, np.cumsum(mask, dtype=np.int64))


def read_long_sequences(
    paths: Iterable[str | os.PathLike[str]], alphabet: Alphabet
) -> Iterator[LongSequence]:
    """Read the records of FASTA files one by one, and check them.

    After the first bad record nothing more is yielded, and the error that is raised at the end
    lists all bad records.

    Parameters
    ----------
    paths
        Files in the order to read; ``"-"`` is standard input.
    alphabet
        Letters that sequences may have.

    Raises
    ------
    FastaFormatError
        If a file cannot be read, or holds records without name or letters, with letters outside
        the alphabet, or with the name of an earlier one.
    """
    return check_long_records(((display_name(path), read_fasta(path)) for path in paths), alphabet)


def check_long_records(
    sources: Iterable[tuple[str, Iterable[Record]]], alphabet: Alphabet
) -> Iterator[LongSequence]:
    """Do as :func:`read_long_sequences`, for records.

    Parameters
    ----------
    sources
        Records with the name of where they come from.
    alphabet
        Letters that sequences may have.

    Raises
    ------
    FastaFormatError
        As there.
    """
    problems, names = Problems(), set[str]()
    for name, records in sources:
        for record in records:
            checked = check_long_record(record, alphabet)
            if isinstance(checked, LongSequence) and checked.id in names:
                text = "an earlier record has the same name, expected a name for each"
                cure = "Rename one, or leave it out: places on them could not be told apart."
                checked = Problem(text, cure, record.line, record.id)
            names.add(record.id)
            if isinstance(checked, Problem):
                from_file = record.line > 0
                problems.add(name, checked if from_file else replace(checked, line=None))
            elif not problems:
                yield checked
    problems.raise_if_any()
