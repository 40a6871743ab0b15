"""A label for each letter of a sequence, as a second FASTA file has them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import numpy as np

from fastgru.data.fasta import Record, read_fasta
from fastgru.data.labelled import InputFile, LabelledSequences
from fastgru.data.problems import Problem, Problems
from fastgru.errors import LabelError, counted, display_name

__all__ = ["MASKED", "read_step_labels", "shuffle_step_labels"]

MASKED = "?"
"""Stands for the label of a letter whose label is not known."""


def read_step_labels(
    path: str | os.PathLike[str], data: LabelledSequences
) -> tuple[dict[str, str], InputFile]:
    """Read the labels of all letters of some sequences.

    The records have the ids of the sequences and as many letters, each of which is the label of
    the letter at its place, as it is written: upper and lower case differ.

    Parameters
    ----------
    path
        FASTA file; ``"-"`` is standard input.
    data
        The sequences, from one file.

    Returns
    -------
    labels
        By id.
    file
        What was read.

    Raises
    ------
    FastaFormatError
        If the file is no FASTA.
    LabelError
        If a sequence has no labels or another number of them, if labels have no sequence, or if
        one id has two labellings; all are listed together.
    """
    name, problems = display_name(path), Problems()
    digest = hashlib.sha256()
    places = {record_id: place for place, record_id in enumerate(data.ids)}
    found: dict[str, str] = {}
    first_lines: dict[str, int] = {}
    n_records = 0
    for record in read_fasta(path, digest=digest):
        n_records += 1
        problem = _find_problem(record, data, places.get(record.id))
        if problem is None and found.get(record.id, record.sequence) != record.sequence:
            text = f"line {first_lines[record.id]} has other labels for the same id"
            cure = "Give every sequence an id of its own, and one record of labels."
            problem = Problem(text, cure, record.line, record.id)
        first_lines.setdefault(record.id, record.line)
        if problem is None:
            found[record.id] = record.sequence
        else:
            problems.add(name, problem, LabelError)
    for record_id, place in places.items():
        if record_id not in first_lines:
            text = f"there are no labels for this sequence ({data.sources[place]})"
            cure = "Add a record of labels, or remove the sequence; ids are compared exactly."
            problems.add(name, Problem(text, cure, None, record_id), LabelError)
    problems.raise_if_any()
    return found, InputFile(os.path.basename(name), digest.hexdigest(), n_records)


def _find_problem(record: Record, data: LabelledSequences, place: int | None) -> Problem | None:
    """Return what is wrong with the labels of a record; `place` is that of its sequence."""
    if place is None:
        cure = "Remove the record, or add the sequence; ids are compared exactly."
        return Problem("there is no sequence with this id", cure, record.line, record.id)
    n_labels, n_letters = len(record.sequence), len(data.sequences[place])
    if n_labels != n_letters:
        text = (
            f"there are {counted(n_labels, 'label')} for a sequence of "
            f"{counted(n_letters, 'letter')} ({data.sources[place]}), expected one for each"
        )
        cure = f"Write {MASKED} for a letter whose label is not known; a final * is no letter."
        return Problem(text, cure, record.line, record.id)
    return None


def shuffle_step_labels(labels: Sequence[str], *, seed: int = 0) -> list[str]:
    """Deal the labels of each sequence out to its letters at random; what is masked stays so.

    Parameters
    ----------
    labels
        A letter for each letter of each sequence.
    seed
        Seed of ``numpy.random.default_rng``.
    """
    rng = np.random.default_rng(seed)
    shuffled = []
    for text in labels:
        letters = np.array(list(text))
        known = np.flatnonzero(letters != MASKED)
        letters[known] = letters[rng.permutation(known)]
        shuffled.append("".join(letters))
    return shuffled
