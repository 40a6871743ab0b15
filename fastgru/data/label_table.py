"""Reading a table of labels: TSV with the columns id and label, optionally split and group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from fastgru.data.files import Digest, open_text
from fastgru.data.problems import Problem, Problems
from fastgru.errors import LabelError, display_name, location

__all__ = ["SPLIT_NAMES", "LabelRow", "LabelTable", "read_label_table"]

SPLIT_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What the table says about one sequence; split and group are None without that column."""

    label: str
    split: str | None
    group: str | None
    line: int


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
    """

    name: str
    rows: dict[str, LabelRow]
    has_split: bool
    has_group: bool


def read_label_table(
    path: str | os.PathLike[str], problems: Problems, *, digest: Digest | None = None
) -> LabelTable:
    """Read a table of labels.

    The first line names the columns, in any order and case; columns beside id, label, split and
    group are ignored, and so are blank lines and lines that begin with ``#``.

    Parameters
    ----------
    path
        TSV file, plain or compressed; ``"-"`` is standard input.
    problems
        Receives what is wrong with single rows.
    digest
        A ``hashlib`` object to update with the bytes of the file.

    Raises
    ------
    LabelError
        If the header is missing, lacks a column or has one twice.
    """
    name = display_name(path)
    rows: dict[str, LabelRow] = {}
    with open_text(path, digest=digest) as file:
        lines = enumerate(file, 1)
        columns = _read_header(lines, name)
        for number, line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.rstrip("\n").split("\t")]
            cells += [""] * (max(columns.values()) + 1 - len(cells))
            found = {column: cells[place] for column, place in columns.items()}
            problem = _find_problem(found, number, rows)
            if problem is not None:
                problems.add(name, problem, LabelError)
            # A bad row is kept as well, or its sequence would be reported as unlabelled, too.
            row = LabelRow(found["label"], found.get("split"), found.get("group"), number)
            rows.setdefault(found["id"], row)
    return LabelTable(name, rows, "split" in columns, "group" in columns)


def _read_header(lines: Iterator[tuple[int, str]], name: str) -> dict[str, int]:
    """Return the place of each known column."""
    for number, line in lines:
        cells = [cell.strip().lower() for cell in line.lstrip("#").split("\t")]
        is_header = {"id", "label"} <= set(cells)
        if not line.strip() or (line.startswith("#") and not is_header):
            continue
        if is_header:
            known = ("id", "label", "split", "group")
            for column in known:
                if cells.count(column) > 1:
                    raise LabelError(
                        f"{location(name, number)}: {cells.count(column)} columns are called "
                        f"{column!r}, expected one. Rename or remove the others."
                    )
            return {column: cells.index(column) for column in known if column in cells}
        hint = ""
        if "\t" not in line and ("," in line or ";" in line):
            hint = " The columns must be separated by tabs, not by commas or semicolons."
        raise LabelError(
            f"{location(name, number)}: found {line.strip()[:40]!a}, expected a header with "
            f"the columns id and label. Add the line 'id<TAB>label' at the top.{hint}"
        )
    raise LabelError(
        f"{name}: the table is empty, expected a header with the columns id and label. "
        "Check that the step that made it has finished."
    )


def _find_problem(found: dict[str, str], line: int, rows: dict[str, LabelRow]) -> Problem | None:
    record = found["id"]
    if not record:
        return Problem("the id is empty", "Give every row an id.", line)
    if not found["label"]:
        cure = "Give every row a label, or remove the row and its sequence."
        return Problem("the label is empty", cure, line, record)
    if found.get("split") not in (None, *SPLIT_NAMES):
        text = f"split is {found['split']!r}, expected one of {', '.join(SPLIT_NAMES)}"
        return Problem(text, "Correct the column split, or leave it out.", line, record)
    if found.get("group") == "":
        cure = "Give every row a group (its own id, if it stands alone), or leave the column out."
        return Problem("the group is empty", cure, line, record)
    first = rows.get(record)
    given = (found["label"], found.get("split"), found.get("group"))
    if first is not None and given != (first.label, first.split, first.group):
        text = f"the row contradicts line {first.line}, which has the same id"
        return Problem(text, "Keep one row per id.", line, record)
    return None
