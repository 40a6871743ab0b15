"""The gathered results of a data set, ``experiment.json``: found, read and checked.

The file lies in the folder of the data set, beside ``audit.json``; the runs that it gathers lie
below, in ``fold{k}/{model}/{variant}/``.  docs/file-formats.md describes each of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastgru.errors import FastgruError, shorten
from fastgru.report.contents import MAIN
from fastgru.report.design import task_name
from fastgru.report.results import read_object
from fastgru.report.tasks import find_task
from fastgru.report.tasks.task import Task

__all__ = ["Experiment", "find_experiments"]

SCHEMA_VERSION = 1
_COMMAND = "fastgru experiment"


@dataclass(frozen=True)
class _Optional:
    """What may be null."""

    shape: Any


@dataclass(frozen=True)
class _MapOf:
    """An object with names of its own, and one shape of all values."""

    shape: Any


_NUMBER = (int, float)
_SCORE = _Optional(_NUMBER)
_COMPARISON = {
    "a": str,
    "b": str,
    "metric": str,
    **dict.fromkeys(("score_a", "score_b", "difference", "low", "high", "p", "p_holm"), _SCORE),
    "verdict": str,
    "method": str,
}
_CONTENDER = {
    "name": str,
    "kind": str,
    "description": str,
    "not_applicable": _Optional(str),
}
_OF_TASK: dict[str, dict[str, Any]] = {
    "classification": {"classes": [str], "positive": _Optional(str)},
    "multilabel": {"labels": [str]},
    "regression": {"targets": [str]},
    "tagging": {"classes": [str]},
    "language_model": {},
    "translation": {},
}


def _shape_of_scored(scores: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of a contender that has scores: one that is not applicable has none."""
    fold = {
        **dict.fromkeys(("fold", "n_train", "n_validation", "n_test"), int),
        "metrics": scores,
    }
    return {
        "folds": [fold],
        "mean": scores,
        "sd": _Optional(scores),
        "pooled": scores,
        "intervals": _MapOf(_Optional([_NUMBER])),
        "resampled": str,
    }


def _shape_of_experiment(task: str, scores: dict[str, Any]) -> dict[str, Any]:
    control = {
        **dict.fromkeys(("name", "of", "kind"), str),
        "fold": int,
        "metrics": scores,
        "reference": scores,
        "class_shares": _NUMBER if task == "classification" else _Optional(_NUMBER),
    }
    bands = [{"name": str, "low": _NUMBER, "high": _NUMBER, "n": int, "metrics": _MapOf(scores)}]
    return {
        "dataset": str,
        "alphabet": str,
        **_OF_TASK[task],
        "n_records": int,
        "n_folds": int,
        "n_groups": _Optional(int),
        "split": {
            "method": _Optional(str),
            "identity": _Optional(_NUMBER),
            "coverage": _Optional(_NUMBER),
            "folds": int,
            "repeats": int,
        },
        "best": str,
        "chosen_by": _Optional(str),
        "contenders": [_CONTENDER],
        "shortcuts": [{"feature": str, "roc_auc": _SCORE, "share": _SCORE, "detail": str}],
        "controls": [control],
        "comparisons": [_COMPARISON],
        "seeds": _MapOf([{"variant": str, "metrics": scores}]),
        "ensemble": _MapOf(_Optional(scores)),
        "learning_curve": _MapOf([{"share": _NUMBER, "n_train": int, "metrics": scores}]),
        "bands": bands,
        "lengths": bands,
        "conclusion": [str],
    }


@dataclass(frozen=True)
class Experiment:
    """All that was run on one data set, and the folder where it lies."""

    folder: Path
    content: dict[str, Any]

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return str(self.content["dataset"])

    @property
    def names(self) -> list[str]:
        """Names of what is predicted: classes, labels or targets; empty where there are none."""
        content = self.content
        keys = ("classes", "labels", "targets")
        return next((list(content[key]) for key in keys if key in content), [])

    @property
    def task(self) -> Task:
        """What was learned."""
        return find_task(task_name(self.content))

    @property
    def scored(self) -> list[dict[str, Any]]:
        """The models and baselines that have scores."""
        return [row for row in self.content["contenders"] if row["not_applicable"] is None]

    @property
    def models(self) -> list[dict[str, Any]]:
        """The models, the best one first."""
        best = self.content["best"]
        found = [row for row in self.scored if row["kind"] == "model"]
        return sorted(found, key=lambda row: bool(row["name"] != best))

    @property
    def best(self) -> dict[str, Any]:
        """The model with the lowest validation loss, if there was a choice."""
        return self.models[0]

    @property
    def metric(self) -> str:
        """The score that comparisons are made by, with which the page leads."""
        rows = self.content["comparisons"]
        return str(rows[0]["metric"]) if rows else self.task.uncompared

    def comparison(self, name: str) -> dict[str, Any] | None:
        """Return the comparison of the best model with another one by `metric`, if there is one."""
        rows = self.content["comparisons"]
        wanted = (self.content["best"], name, self.metric)
        found = [row for row in rows if (row["a"], row["b"], row["metric"]) == wanted]
        return found[0] if found else None

    def run_folder(self, model: str, fold: int) -> Path:
        """Return the folder of the run of a model in one fold."""
        return self.folder / f"fold{fold}" / model / MAIN

    def timing(self, rule: str, folder: Path) -> Path:
        """Return the file in which the workflow notes how long a rule took for a run."""
        place = folder.relative_to(self.folder.parent)
        return self.folder.parent / "timings" / rule / place.parent / f"{place.name}.tsv"


def find_experiments(paths: Iterable[str | os.PathLike[str]]) -> list[Experiment]:
    """Find the gathered results in result folders.

    Parameters
    ----------
    paths
        ``experiment.json`` files, or folders to search for them.

    Returns
    -------
    list of Experiment
        In the order of `paths`; those of one folder sorted by name.  A file found twice is listed
        once.

    Raises
    ------
    FastgruError
        If a path holds none, a file cannot be read, or says something else than expected.
    """
    found: dict[Path, Experiment] = {}
    for path in map(Path, paths):
        files = sorted(path.glob("**/experiment.json")) if path.is_dir() else [path]
        if not files:
            raise FastgruError(
                f"{path}: no experiment.json found, expected the results of {_COMMAND}. "
                "Name the folder that holds them."
            )
        for file in files:
            folder = file.resolve().parent
            if folder not in found:
                found[folder] = Experiment(folder, _read(file))
    return list(found.values())


def _read(path: Path) -> dict[str, Any]:
    content = read_object(path, _COMMAND, ("schema_version",))
    version = content["schema_version"]
    if version != SCHEMA_VERSION:
        raise FastgruError(
            f"{path}: schema_version is {version!r}, expected {SCHEMA_VERSION}. "
            "Use one version of fastgru for the results and the report."
        )
    fault = next(_faults_of_task(content), None)
    if fault is not None:
        raise FastgruError(
            f"{path}: {fault}; expected what {_COMMAND} writes. Make the file again."
        )
    return content


def _faults_of_task(content: dict[str, Any]) -> Iterator[str]:
    task = task_name(content)
    if task not in _OF_TASK:
        yield f"task is {task!r}, not one of {shorten(_OF_TASK)}"
        return
    names = find_task(task).scores
    scores = dict.fromkeys(names, _SCORE)
    faults = list(_faults(content, _shape_of_experiment(task, scores), ""))
    yield from faults
    if not faults:
        yield from _contradictions(content, _shape_of_scored(scores), names)


def _faults(value: Any, shape: Any, place: str) -> Iterator[str]:
    """Yield where a value does not have its shape."""
    if isinstance(shape, _Optional):
        if value is not None:
            yield from _faults(value, shape.shape, place)
    elif isinstance(shape, (_MapOf, dict)):
        if not isinstance(value, dict):
            yield f"{place or 'the file'} is {_kind(value)}, not an object"
            return
        of = shape if isinstance(shape, Mapping) else dict.fromkeys(value, shape.shape)
        for name, inner in of.items():
            if name in value:
                yield from _faults(value[name], inner, f"{place} > {name}" if place else name)
            else:
                yield f"{f'{place} > ' if place else ''}{name} is missing"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{place} is {_kind(value)}, not a list"
            return
        for number, item in enumerate(value, start=1):
            yield from _faults(item, shape[0], f"{place} > {number}")
    elif isinstance(value, bool) or not isinstance(value, shape):
        names = {str: "text", int: "a whole number"}
        yield f"{place} is {_kind(value)}, not {names.get(shape, 'a number')}"


def _kind(value: Any) -> str:
    return "null" if value is None else f"{value!r:.40}"


def _contradictions(
    content: dict[str, Any], scored: dict[str, Any], scores: Sequence[str]
) -> Iterator[str]:
    """Yield what does not fit together although each entry has its shape."""
    rows = content["contenders"]
    for number, row in enumerate(rows, start=1):
        if row["not_applicable"] is None:
            faults = list(_faults(row, scored, f"contenders > {number}"))
            yield from faults
            if not faults and not row["folds"]:
                yield f"contenders > {number} > folds is empty"
    models = [r["name"] for r in rows if r["kind"] == "model" and r["not_applicable"] is None]
    if content["best"] not in models:
        yield f"best is {content['best']!r}, not a model among the contenders"
    if len(content.get("classes", (1, 2))) < 2:
        yield "classes has fewer than two names"
    if content.get("positive") not in (None, *content.get("classes", ())):
        yield f"positive is {content['positive']!r}, not one of the classes"
    for number, row in enumerate(content["comparisons"], start=1):
        if row["metric"] not in scores:
            yield f"comparisons > {number} > metric is {row['metric']!r}, not one of the scores"
