"""The file of a split: which records to train on, to stop training by, and to test with."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from fastgru.data.label_table import (
    SPLIT_NAMES,
    LabelTable,
    SplitOrigin,
    SplitSource,
    read_label_table,
)
from fastgru.data.labelled import LabelledSequences
from fastgru.data.problems import Problem, Problems
from fastgru.data.writing import atomic_write
from fastgru.errors import LabelError, counted, shorten

__all__ = [
    "apply_split",
    "divided_groups",
    "read_split",
    "refuse_divided_groups",
    "source_of",
    "write_split",
]


def write_split(
    path: str | os.PathLike[str],
    data: LabelledSequences,
    splits: Sequence[str],
    origin: SplitOrigin | None = None,
) -> None:
    """Write a split as TSV, whole or not at all.

    Parameters
    ----------
    path
    data
        The records; the column group is written if they have groups.
    splits
        Part of each record.
    origin
        How the split was made, which every row repeats, so that the file stays a plain table; None
        where that is unknown.
    """
    columns = {"id": data.ids, "label": data.labels, "split": splits}
    if data.groups is not None:
        columns["group"] = data.groups
    if origin is not None:
        seed = "" if origin.seed is None else str(origin.seed)
        columns["split_method"] = [origin.method] * len(splits)
        columns["split_seed"] = [seed] * len(splits)
    with atomic_write(path) as file:
        file.write("\t".join(columns) + "\n")
        for row in zip(*columns.values(), strict=True):
            file.write("\t".join(row) + "\n")


def read_split(path: str | os.PathLike[str]) -> LabelTable:
    """Read a split that `write_split` has written, or a table of labels with a split column.

    Raises
    ------
    LabelError
        If the table has no split column, or bad rows.
    """
    problems, digest = Problems(), hashlib.sha256()
    table = read_label_table(path, problems, digest=digest)
    problems.raise_if_any()
    if not table.has_split:
        raise LabelError(
            f"{table.name}: there is no column split, expected the columns id, label and split. "
            "Make the file with 'fastgru split'."
        )
    return replace(table, sha256=digest.hexdigest())


def source_of(
    splits: Iterable[str | None],
    groups: Iterable[str | None] | None,
    *,
    name: str | None = None,
    sha256: str | None = None,
    method: str | None = None,
    seed: int | None = None,
) -> SplitSource:
    """Return where the parts of records come from.

    Parameters
    ----------
    splits, groups
        Part and group of each record; None for no groups.
    name, sha256
        Of the file of the split; None for a column beside the labels.
    method, seed
        What that file says of how it was made; None for nothing.
    """
    sizes = Counter(splits)
    return SplitSource(
        name=None if name is None else os.path.basename(name),
        sha256=sha256,
        n_train=sizes["train"],
        n_validation=sizes["validation"],
        n_test=sizes["test"],
        n_groups=None if groups is None else len(set(groups)),
        method=method,
        seed=seed,
    )


def divided_groups(groups: Sequence[str] | None, splits: Sequence[str] | None) -> list[str]:
    """Return the groups of which a split has records in more than one part.

    Parameters
    ----------
    groups, splits
        Group and part of each record; None for none, of which nothing is divided.
    """
    parts: dict[str, set[str]] = {}
    for group, part in zip(groups or (), splits or (), strict=False):
        parts.setdefault(group, set()).add(part)
    return [group for group, found in parts.items() if len(found) > 1]


def refuse_divided_groups(groups: Sequence[str] | None, splits: Sequence[str] | None) -> None:
    """Refuse a given split that divides groups.

    Parameters
    ----------
    groups, splits
        As for `divided_groups`.

    Raises
    ------
    LabelError
        If it divides any.
    """
    divided = divided_groups(groups, splits)
    if divided:
        raise LabelError(
            f"the given split divides {counted(len(divided), 'group')}: {shorten(divided)}, "
            "expected each group in one part. Correct the column split or the column group, or "
            "leave one of them out."
        )


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
    result.split_file = source_of(
        (row.split for row in table.rows.values()),
        (row.group for row in table.rows.values()) if table.has_group else None,
        name=table.name,
        sha256=table.sha256,
        method=table.split_method,
        seed=table.split_seed,
    )
    return result
