"""Runs with their predictions and the truth: what a comparison of runs starts from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fastgru.errors import FastgruError, shorten
from fastgru.evaluation.records import ScoredRecords
from fastgru.report.results import Run, read_run, read_table
from fastgru.report.tasks import find_task

__all__ = ["ScoredRun", "align", "pool_runs", "read_scored_run"]

_MEASURES = ("length", "identity")


@dataclass(frozen=True)
class ScoredRun:
    """One run and its predictions for the test records.

    Attributes
    ----------
    folder
        Where it lies, for messages.
    n_train, n_validation
        Records that it learned from, and that it stopped by.
    ids
        Id of each test record.
    groups
        Group of each, or None.
    predictions
        Predictions and truth, in the order of `ids`.
    task
        What was learned.
    measures
        Of each record what else is known as a number: ``length``, and of the baseline ``nearest``
        the ``identity`` with the nearest training sequence.
    baselines
        What the file of a model says of baselines, by their names.
    """

    folder: Path
    n_train: int
    n_validation: int
    ids: list[str]
    groups: list[str] | None
    predictions: ScoredRecords
    measures: dict[str, list[float]] = field(default_factory=dict)
    task: str = "classification"
    baselines: dict[str, ScoredRecords] = field(default_factory=dict)


def read_scored_run(folder: str | os.PathLike[str]) -> ScoredRun | None:
    """Read metrics.json and predictions.tsv of a run, None if it is not applicable.

    Parameters
    ----------
    folder
        Folder with the two files, written by one ``fastgru evaluate`` or ``fastgru baseline``.

    Raises
    ------
    FastgruError
        If a file is missing, or holds something else.
    """
    run = read_run(folder)
    if run is None:
        return None
    task = find_task(run.task)
    rows = _read_rows(run, task.columns(run))
    n_train, n_validation = _read_sizes(run)
    return ScoredRun(
        folder=Path(folder),
        n_train=n_train,
        n_validation=n_validation,
        ids=[row["id"] for row in rows],
        groups=[row["group"] for row in rows] if "group" in rows[0] else None,
        predictions=task.read(run, rows),
        measures={name: _numbers(run, rows, name) for name in _MEASURES if name in rows[0]},
        task=run.task,
        baselines=task.read_baselines(run, rows),
    )


def _numbers(run: Run, rows: Sequence[dict[str, str]], column: str) -> list[float]:
    try:
        return [float(row[column]) for row in rows]
    except ValueError as error:
        raise FastgruError(
            f"{run.folder / 'predictions.tsv'}, column {column}: {error}, expected numbers. "
            "Evaluate again."
        ) from None


def _read_sizes(run: Run) -> tuple[int, int]:
    learned, stopped_by = (run.metrics.get(name) for name in ("n_train", "n_validation"))
    if not (isinstance(learned, int) and isinstance(stopped_by, int) and learned > 0):
        raise FastgruError(
            f"{run.folder / 'metrics.json'}: n_train is {learned} and n_validation {stopped_by}, "
            "expected the numbers of sequences that were learned from. Evaluate again."
        )
    return learned, stopped_by


def _read_rows(run: Run, columns: Sequence[str]) -> list[dict[str, str]]:
    path = run.folder / "predictions.tsv"
    cure = "Write it with 'fastgru evaluate' or 'fastgru baseline' and their --predictions."
    try:
        rows = list(read_table(path, ("id", *columns)))
    except FastgruError as error:
        raise FastgruError(f"{error} {cure}") from error
    if len(rows) != run.metrics["n_test"]:
        raise FastgruError(
            f"{path}: found {len(rows)} records, expected {run.metrics['n_test']} as in "
            f"metrics.json. {cure}"
        )
    return rows


def align(reference: ScoredRun, other: ScoredRun) -> ScoredRun:
    """Return the other run with its records in the order of the reference.

    Parameters
    ----------
    reference, other
        Two runs.

    Raises
    ------
    FastgruError
        If they were not tested on the same records with the same classes and labels.
    """
    by_id = [np.argsort(np.array(run.ids, dtype=str), kind="stable") for run in (reference, other)]
    order = np.empty(len(other.ids), dtype=np.intp)
    same = sorted(reference.ids) == sorted(other.ids) and reference.task == other.task
    if same:
        order[by_id[0]] = by_id[1]
        moved = other.predictions.take(order)
        same = moved.names == reference.predictions.names
        same = same and reference.predictions.has_truth_of(moved)
    if not same:
        raise FastgruError(
            f"{other.folder}: was not tested on the records, labels and classes of "
            f"{reference.folder}, expected the same. Compare runs of one split, and give the "
            "folds of each in the same order."
        )
    groups = None if other.groups is None else [other.groups[place] for place in order]
    measures = {name: [row[place] for place in order] for name, row in other.measures.items()}
    return replace(
        other,
        ids=list(reference.ids),
        groups=groups,
        predictions=moved,
        measures=measures,
        baselines={name: found.take(order) for name, found in other.baselines.items()},
    )


def pool_runs(folds: Sequence[ScoredRun]) -> ScoredRun:
    """Return the predictions of all folds as those of one; a repeated record is a group.

    Parameters
    ----------
    folds
        Runs of one contender, one or more.

    Raises
    ------
    FastgruError
        If the predictions of one fold have a column that those of another lack, or are of
        something else.
    """
    first = folds[0]
    _require_same_columns(folds)
    ids = [record for run in folds for record in run.ids]
    groups: list[str] | None = None
    if first.groups is not None:
        groups = [group for run in folds for group in run.groups or ()]
    elif len(set(ids)) < len(ids):
        groups = ids
    return ScoredRun(
        folder=first.folder,
        n_train=first.n_train,
        n_validation=first.n_validation,
        ids=ids,
        groups=groups,
        predictions=type(first.predictions).pool([run.predictions for run in folds]),
        measures={
            name: [value for run in folds for value in run.measures[name]]
            for name in first.measures
        },
        task=first.task,
    )


def _require_same_columns(folds: Sequence[ScoredRun]) -> None:
    has = {
        run.folder: {*run.measures, *(["group"] if run.groups is not None else [])} for run in folds
    }
    other = next(
        (run for run in folds if run.predictions.names != folds[0].predictions.names), None
    )
    if other is not None:
        raise FastgruError(
            f"{other.folder / 'metrics.json'}: predicts {shorten(other.predictions.names)}, "
            f"expected {shorten(folds[0].predictions.names)} as in {folds[0].folder}. Give all "
            "folds the same classes, labels or targets."
        )
    for column in sorted(set().union(*has.values())):
        lacking = next((folder for folder in has if column not in has[folder]), None)
        if lacking is not None:
            holding = next(folder for folder in has if column in has[folder])
            raise FastgruError(
                f"{lacking / 'predictions.tsv'}: no column {column!r}, which "
                f"{holding / 'predictions.tsv'} has, expected the same columns in every fold. "
                "Evaluate both again with one version of fastgru, on splits of one kind."
            )
