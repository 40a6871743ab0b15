"""Dividing records into those to train on, those to stop training by, and those to test with."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from fastgru.data.files import atomic_write
from fastgru.data.label_table import SPLIT_NAMES, LabelTable, read_label_table
from fastgru.data.labelled import LabelledSequences
from fastgru.data.partition import partition_groups, partition_records
from fastgru.data.problems import Problem, Problems
from fastgru.errors import ConfigurationError, LabelError, counted, shorten

__all__ = ["apply_split", "make_split", "random_split", "read_split", "write_split"]

_TRAIN, _VALIDATION, _TEST = SPLIT_NAMES


def make_split(
    data: LabelledSequences,
    *,
    test_fraction: float = 0.2,
    validation_fraction: float = 0.1,
    seed: int = 0,
) -> list[str]:
    """Divide labelled records, respecting what was given with the labels.

    A given split is kept; if it has no validation part, one is drawn from its training part.
    Otherwise the split is random, and does not divide groups if there are any.

    Parameters
    ----------
    data
        Records without repeated sequences (see `fastgru.data.duplicates`).
    test_fraction, validation_fraction
        Shares in [0, 1), together below 1.
    seed
        The same seed and records give the same split.

    Returns
    -------
    splits
        ``"train"``, ``"validation"`` or ``"test"`` for each record.

    Raises
    ------
    LabelError
        If a class has too few records, or a given split lacks one or divides a group.
    ConfigurationError
        If the fractions are out of range.
    """
    if data.splits is None:
        return random_split(
            data.labels,
            groups=data.groups,
            test_fraction=test_fraction,
            validation_fraction=validation_fraction,
            seed=seed,
        )
    splits = list(data.splits)
    train = [index for index, split in enumerate(splits) if split == _TRAIN]
    missing = set(data.labels) - {data.labels[index] for index in train}
    if missing:
        raise LabelError(
            f"the given split leaves no training records of {shorten(sorted(missing))}, expected "
            "some of every class. Correct the column split, or leave it out for a random split."
        )
    _refuse_divided_groups(data.groups, splits)
    if _VALIDATION not in splits and validation_fraction > 0:
        part = data.subset(train)
        drawn = random_split(
            part.labels,
            groups=part.groups,
            test_fraction=0,
            validation_fraction=validation_fraction,
            seed=seed,
        )
        for index, split in zip(train, drawn, strict=True):
            splits[index] = split
    return splits


def random_split(
    labels: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    test_fraction: float = 0.2,
    validation_fraction: float = 0.1,
    seed: int = 0,
) -> list[str]:
    """Divide records at random, each class in the same proportions.

    Parameters
    ----------
    labels
        Class of each record.
    groups
        Records of one group stay together; the proportions are then approximate.
    test_fraction, validation_fraction
        Shares in [0, 1), together below 1; a part with a share above 0 gets at least one record
        of every class.
    seed
        Seed of ``numpy.random.default_rng``.

    Returns
    -------
    splits
        ``"train"``, ``"validation"`` or ``"test"`` for each record.

    Raises
    ------
    LabelError
        If a class has fewer records, or groups, than there are parts.
    ConfigurationError
        If the fractions are out of range.
    """
    if min(test_fraction, validation_fraction) < 0 or test_fraction + validation_fraction >= 1:
        raise ConfigurationError(
            "test_fraction and validation_fraction must be at least 0 and together below 1, "
            f"got {test_fraction} and {validation_fraction}."
        )
    shares = {
        _TRAIN: 1 - test_fraction - validation_fraction,
        _VALIDATION: validation_fraction,
        _TEST: test_fraction,
    }
    shares = {name: share for name, share in shares.items() if share > 0}
    _require_enough(labels, groups, list(shares))
    rng = np.random.default_rng(seed)
    if groups is None:
        return partition_records(labels, shares, rng)
    splits = partition_groups(labels, groups, shares, rng)
    _require_every_class(labels, splits, list(shares))
    return splits


def _require_enough(
    labels: Sequence[str], groups: Sequence[str] | None, parts: Sequence[str]
) -> None:
    unit = "records" if groups is None else "groups"
    members = enumerate(labels) if groups is None else zip(groups, labels, strict=True)
    counts = Counter(label for _, label in set(members))
    few = {label: count for label, count in sorted(counts.items()) if count < len(parts)}
    if few:
        found = ", ".join(f"{label!r} has {count}" for label, count in list(few.items())[:5])
        raise LabelError(
            f"too few {unit} to split into {', '.join(parts)}: class {found}, expected at least "
            f"{len(parts)} of every class (repeated sequences count once). "
            "Add sequences, remove the class, or set the fraction of a part to 0."
        )


def _require_every_class(
    labels: Sequence[str], splits: Sequence[str], parts: Sequence[str]
) -> None:
    found = set(zip(labels, splits, strict=True))
    for label in sorted(set(labels)):
        for part in parts:
            if (label, part) not in found:
                raise LabelError(
                    f"the groups cannot be divided: no group with class {label!r} is left for "
                    f"{part}. Use smaller groups, or set the fraction of a part to 0."
                )


def _refuse_divided_groups(groups: Sequence[str] | None, splits: Sequence[str]) -> None:
    parts: dict[str, set[str]] = {}
    for group, split in zip(groups or (), splits, strict=False):
        parts.setdefault(group, set()).add(split)
    divided = [group for group, found in parts.items() if len(found) > 1]
    if divided:
        raise LabelError(
            f"the given split divides {counted(len(divided), 'group')}: {shorten(divided)}. "
            "Correct the column split or the column group, or leave one of them out."
        )


def write_split(
    path: str | os.PathLike[str],
    ids: Sequence[str],
    labels: Sequence[str],
    splits: Sequence[str],
) -> None:
    """Write a split as TSV with the columns id, label and split; whole or not at all."""
    with atomic_write(path) as file:
        file.write("id\tlabel\tsplit\n")
        for row in zip(ids, labels, splits, strict=True):
            file.write("\t".join(row) + "\n")


def read_split(path: str | os.PathLike[str]) -> LabelTable:
    """Read a split that `write_split` has written, or a table of labels with a split column.

    Raises
    ------
    LabelError
        If the table has no split column, or bad rows.
    """
    problems = Problems()
    table = read_label_table(path, problems)
    problems.raise_if_any()
    if not table.has_split:
        raise LabelError(
            f"{table.name}: there is no column split, expected the columns id, label and split. "
            "Make the file with 'fastgru split'."
        )
    return table


def apply_split(
    data: LabelledSequences, table: LabelTable, parts: Collection[str] = SPLIT_NAMES
) -> LabelledSequences:
    """Return the records that a split puts into the given parts, with their split.

    Records that the table does not name, such as removed duplicates, are left out.  Groups in the
    table replace those of the records.

    Parameters
    ----------
    data
        The records that the split was made from.
    table
        From `read_split`.
    parts
        Which of ``"train"``, ``"validation"`` and ``"test"`` to return.

    Raises
    ------
    LabelError
        If the table names records that are not there, has another label for one, or puts one
        sequence into two parts.
    """
    first = {record_id: index for index, record_id in reversed(list(enumerate(data.ids)))}
    part_of_sequence: dict[str, str] = {}
    problems = Problems()
    for record_id, row in table.rows.items():
        index = first.get(record_id)
        text = ""
        if index is None:
            text = "there is no sequence with this id"
        elif data.labels[index] != row.label:
            text = f"the label is {row.label!r}, but that of the sequence is {data.labels[index]!r}"
        elif part_of_sequence.setdefault(data.sequences[index], str(row.split)) != row.split:
            text = "the same sequence is also in another part of the split"
        if text:
            cure = "Make the split from the same sequences with 'fastgru split'."
            problems.add(table.name, Problem(text, cure, row.line, record_id), LabelError)
    problems.raise_if_any()
    chosen = [
        index
        for index, record_id in enumerate(data.ids)
        if first[record_id] == index
        and record_id in table.rows
        and table.rows[record_id].split in parts
    ]
    result = data.subset(chosen)
    rows = [table.rows[record_id] for record_id in result.ids]
    result.splits = [str(row.split) for row in rows]
    if table.has_group:
        result.groups = [str(row.group) for row in rows]
    return result
