"""The result files of the runs: one run is one model trained and tested on one data set.

docs/file-formats.md describes each of them.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastgru.errors import FastgruError, shorten

__all__ = [
    "KEYS",
    "Run",
    "read_audit",
    "read_history",
    "read_object",
    "read_run",
    "read_table",
]


KEYS = {
    "classification": (
        *("classes", "n_test", "accuracy", "accuracy_interval", "confusion_matrix", "per_class"),
    ),
    "multilabel": ("labels", "n_test", "per_label", "intervals"),
    "regression": ("targets", "n_test", "per_target", "intervals"),
    "tagging": ("classes", "n_test", "confusion_matrix", "per_class", "intervals"),
    "language_model": ("n_test", "bits_per_letter", "intervals"),
    "translation": ("n_test", "token_accuracy", "intervals"),
}
"""Entries that ``metrics.json`` of each task has to have."""


@dataclass(frozen=True)
class Run:
    """One model or baseline tested on one data set, and the folder of its results."""

    folder: Path
    metrics: dict[str, Any]

    @property
    def task(self) -> str:
        """The task; in a file without a word about it, classification."""
        return str(self.metrics.get("task", "classification"))

    @property
    def classes(self) -> list[str]:
        """Classes in the order of the probability columns, of a task that has some."""
        return list(self.metrics["classes"])


def read_run(folder: str | os.PathLike[str], name: str = "metrics.json") -> Run | None:
    """Read the scores of a run, None of a baseline that is not applicable.

    Parameters
    ----------
    folder
        Folder with the file.
    name
        Of the file with the scores.

    Raises
    ------
    FastgruError
        If the file cannot be read, or is not a ``metrics.json`` of fastgru.
    """
    path, command = Path(folder) / name, "fastgru evaluate"
    metrics = read_object(path, command, ())
    if "not_applicable" in metrics:
        return None
    run = Run(Path(folder), metrics)
    if run.task not in KEYS:
        raise FastgruError(
            f"{path}: the task is {run.task!r}, expected one of {shorten(KEYS)}. Use one version "
            "of fastgru for the results and the report."
        )
    _require_entries(path, command, metrics, KEYS[run.task])
    return run


def read_object(path: Path, command: str, keys: Iterable[str]) -> dict[str, Any]:
    """Read a JSON object that a command has written and that holds some keys.

    Parameters
    ----------
    path
        File to read.
    command
        What wrote it, for messages.
    keys
        Entries that it has to have.

    Raises
    ------
    FastgruError
        If the file cannot be read, or an entry is missing.
    """
    cure = f"Write it with {command}."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FastgruError(f"{path}: cannot be read as JSON ({_reason(error)}). {cure}") from error
    content = content if isinstance(content, dict) else {}
    _require_entries(path, command, content, keys)
    return content


def _require_entries(
    path: Path, command: str, content: dict[str, Any], keys: Iterable[str]
) -> None:
    missing = [key for key in keys if key not in content]
    if missing:
        cure = f"Write it with {command}."
        raise FastgruError(
            f"{path}: {shorten(missing)} missing, expected the output of {command}. {cure}"
        )


def read_table(path: Path, columns: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a TSV file with a header, after checking that it has some columns.

    Raises
    ------
    FastgruError
        If the file cannot be read, or a column or a cell is missing.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = next(rows, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise FastgruError(
                    f"{path}: no column {shorten(missing)}, found {shorten(header) or 'nothing'}."
                )
            for row in rows:
                if len(row) != len(header):
                    raise FastgruError(
                        f"{path}, line {rows.line_num}: found {len(row)} cells, "
                        f"expected {len(header)} as in the header."
                    )
                yield dict(zip(header, row, strict=True))
    except (OSError, UnicodeDecodeError) as error:
        raise FastgruError(f"{path}: cannot be read ({_reason(error)}).") from error


def read_history(folder: Path) -> dict[str, list[float]]:
    """Return the epochs of a run, column by column; an empty cell is NaN."""
    columns = ("epoch", "train_loss", "validation_loss")
    path = folder / "history.tsv"
    history: dict[str, list[float]] = {}
    for row in read_table(path, columns):
        for name, cell in row.items():
            try:
                value = float(cell) if cell else float("nan")
            except ValueError:
                raise FastgruError(
                    f"{path}: {cell!r} in column {name!r} is not a number."
                ) from None
            history.setdefault(name, []).append(value)
    return history or {name: [] for name in columns}


def read_seconds(path: Path) -> float | None:
    """Return how long a job of the workflow took; None if there is no such file, or no number."""
    if not path.is_file():
        return None
    rows = list(read_table(path, ["s"]))
    try:
        return sum(float(row["s"]) for row in rows) / len(rows) if rows else None
    except ValueError:
        return None


def read_audit(folder: Path) -> dict[str, Any]:
    """Return the audit of a data set."""
    keys = ("classes", "excluded", "files", "findings", "n_records", "shortcuts")
    return read_object(folder / "audit.json", "fastgru audit", keys)


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return (text or str(error)).rstrip(".")
