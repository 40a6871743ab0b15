"""Reading a table of labels or targets: TSV with the column id, optionally split and group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fastgru.data.files import Digest, open_text
from fastgru.data.problems import Problem, Problems
from fastgru.data.target_columns import TargetColumns, Targets
from fastgru.errors import LabelError, display_name, location, shorten

__all__ = [
    "SPLIT_NAMES",
    "UNLABELLED",
    "LabelRow",
    "LabelTable",
    "SplitOrigin",
    "SplitSource",
    "read_label_table",
]

SPLIT_NAMES = ("train", "validation", "test")
_OPTIONAL = ("split", "group", "split_method", "split_seed")
UNLABELLED = "-"
"""The label of sequences that have none, as those of tasks without classes."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What the table says about one sequence; split and group are None without that column.

    The label is :data:`UNLABELLED` where it was not read.
    """

    label: str
    split: str | None
    group: str | None
    line: int
    targets: Targets = ()


@dataclass(frozen=True)
class LabelTable:
    """A table of labels by id.

    Attributes
    ----------
    name
        Name of the file for messages.
    rows
        The rows by id, in file order.
    has_split, has_group
        Whether the optional columns are there.
    split_method, split_seed
        How the split was made, and the seed, as the columns of these names say the same in every
        row; else None.
    sha256
        Checksum of the file, where it was asked for.
    """

    name: str
    rows: dict[str, LabelRow]
    has_split: bool
    has_group: bool
    split_method: str | None = None
    split_seed: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class SplitOrigin:
    """How a split was made.

    Attributes
    ----------
    method
        In words, with its numbers, such as ``"random, test 0.2, validation 0.1"``.
    seed
        None where nothing was drawn.
    """

    method: str
    seed: int | None = None


@dataclass(frozen=True)
class SplitSource:
    """Where the parts of a split come from, as the model file remembers it.

    Attributes
    ----------
    name, sha256
        Name of the file without folders, and its checksum; None for a column beside the labels.
    n_train, n_validation, n_test
        Records that it puts into each part.
    n_groups
        Groups that stand beside the parts, which none divides; None where there are none.
    method, seed
        How it was made, and with which seed; None where that is unknown.
    """

    name: str | None
    sha256: str | None
    n_train: int
    n_validation: int
    n_test: int
    n_groups: int | None
    method: str | None = None
    seed: int | None = None


def read_label_table(
    path: str | os.PathLike[str],
    problems: Problems,
    *,
    digest: Digest | None = None,
    targets: TargetColumns | None = None,
    unlabelled: bool = False,
) -> LabelTable:
    """Read a table of labels, or of targets, or of neither.

    The first line names the columns, in any order and case; columns beside id, label, split,
    group, split_method and split_seed are ignored, and so are blank lines and lines that begin with
    ``#``.  Columns of targets stand in place of the column label, which is then not read; their
    names are spelt exactly.

    Parameters
    ----------
    path
        TSV file, plain or compressed; ``"-"`` is standard input.
    problems
        Receives what is wrong with single rows.
    digest
        A ``hashlib`` object to update with the bytes of the file.
    targets
        Columns of targets; None for labels.
    unlabelled
        Whether the column label is not needed and not read.

    Raises
    ------
    LabelError
        If the header is missing, lacks a column or has one twice.
    """
    name = display_name(path)
    rows: dict[str, LabelRow] = {}
    origins: set[tuple[str, str]] = set()
    wanted: tuple[str, ...] = ("id",) if unlabelled else ("id", "label")
    if targets is not None:
        wanted = ("id", *targets.names)
    with open_text(path, digest=digest) as file:
        lines = enumerate(file, 1)
        columns = _read_header(lines, name, wanted)
        for number, line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.rstrip("\n").split("\t")]
            cells += [""] * (max(columns.values()) + 1 - len(cells))
            found = {column: cells[place] for column, place in columns.items()}
            origins.add((found.get("split_method", ""), found.get("split_seed", "")))
            numbers, problem = _read_targets(found, number, targets)
            row = LabelRow(
                found.get("label", UNLABELLED),
                found.get("split"),
                found.get("group"),
                number,
                numbers,
            )
            problem = problem or _find_problem(found["id"], row, rows)
            if problem is not None:
                problems.add(name, problem, LabelError)
            # A bad row is kept as well, or its sequence would be reported as unlabelled, too.
            rows.setdefault(found["id"], row)
    method, seed = origins.pop() if len(origins) == 1 else ("", "")
    return LabelTable(
        *(name, rows, "split" in columns, "group" in columns),
        split_method=method or None,
        split_seed=int(seed) if seed.isdecimal() and len(seed) < 20 else None,
    )


def _read_targets(
    found: dict[str, str], line: int, targets: TargetColumns | None
) -> tuple[Targets, Problem | None]:
    """Return the targets of a row, and the first thing that is wrong with them."""
    numbers: list[float | None] = []
    if targets is None:
        return (), None
    for column in targets.names:
        try:
            numbers.append(targets.read(column, found[column]))
        except ValueError as error:
            cure = "Correct the cell, or leave it empty."
            return (), Problem(str(error), cure, line, found["id"])
    return tuple(numbers), None


def _read_header(
    lines: Iterator[tuple[int, str]], name: str, wanted: tuple[str, ...]
) -> dict[str, int]:
    """Return the place of each known column."""
    known = (*wanted, *_OPTIONAL)
    any_case = {"id", "label", *_OPTIONAL}
    *others, last = wanted
    expected = f"the columns {', '.join(others)} and {last}" if others else f"the column {last}"
    for number, line in lines:
        written = [cell.strip() for cell in line.lstrip("#").split("\t")]
        cells = [cell.lower() if cell.lower() in any_case else cell for cell in written]
        is_header = set(wanted) <= set(cells)
        if not line.strip() or (line.startswith("#") and not is_header):
            continue
        if is_header:
            for column in known:
                if cells.count(column) > 1:
                    raise LabelError(
                        f"{location(name, number)}: {cells.count(column)} columns are called "
                        f"{column!r}, expected one. Rename or remove the others."
                    )
            return {column: cells.index(column) for column in known if column in cells}
        if "label" not in wanted and "id" in cells:
            raise LabelError(
                f"{location(name, number)}: there is no column "
                f"{shorten(column for column in wanted if column not in cells)}, found "
                f"{shorten(written)}, expected {expected}. Correct the names, which are spelt "
                "exactly as in the table."
            )
        hint = ""
        if "\t" not in line and ("," in line or ";" in line):
            hint = " The columns must be separated by tabs, not by commas or semicolons."
        raise LabelError(
            f"{location(name, number)}: found {line.strip()[:40]!a}, expected a header with "
            f"{expected}. Add the line {'<TAB>'.join(wanted)!r} at the top.{hint}"
        )
    raise LabelError(
        f"{name}: the table is empty, expected a header with {expected}. "
        "Check that the step that made it has finished."
    )


def _find_problem(record: str, row: LabelRow, rows: dict[str, LabelRow]) -> Problem | None:
    if not record:
        return Problem("the id is empty", "Give every row an id.", row.line)
    if not row.label:
        cure = "Give every row a label, or remove the row and its sequence."
        return Problem("the label is empty", cure, row.line, record)
    if row.split not in (None, *SPLIT_NAMES):
        text = f"split is {row.split!r}, expected one of {', '.join(SPLIT_NAMES)}"
        return Problem(text, "Correct the column split, or leave it out.", row.line, record)
    if row.group == "":
        cure = "Give every row a group (its own id, if it stands alone), or leave the column out."
        return Problem("the group is empty", cure, row.line, record)
    first = rows.get(record)
    if first is not None and row != replace(first, line=row.line):
        text = f"the row contradicts line {first.line}, which has the same id"
        return Problem(text, "Keep one row per id.", row.line, record)
    return None
