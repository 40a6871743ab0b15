"""The gathered results of a data set, ``experiment.json``: found, read and checked.

The file lies in the folder of the data set, beside ``audit.json``; the runs that it gathers lie
below, in ``fold{k}/{model}/{variant}/``.  docs/file-formats.md describes each of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastgru.errors import FastgruError
from fastgru.evaluation.weighted_scores import SCORES as METRICS
from fastgru.report.contents import MAIN
from fastgru.report.results import read_object

__all__ = ["METRICS", "Experiment", "find_experiments"]

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
_SCORES = dict.fromkeys(METRICS, _SCORE)
_FOLD = {
    **dict.fromkeys(("fold", "n_train", "n_validation", "n_test"), int),
    "metrics": _SCORES,
}
_CONTENDER = {
    "name": str,
    "kind": str,
    "description": str,
    "not_applicable": _Optional(str),
}
# A contender that is not applicable has no scores.
_SCORED = {
    "folds": [_FOLD],
    "mean": _SCORES,
    "sd": _Optional(_SCORES),
    "pooled": _SCORES,
    "intervals": _MapOf(_Optional([_NUMBER])),
    "resampled": str,
}
_CONTROL = {
    "name": str,
    "of": str,
    "kind": str,
    "fold": int,
    "metrics": _SCORES,
    "reference": _SCORES,
    "class_shares": _NUMBER,
}
_COMPARISON = {
    "a": str,
    "b": str,
    "metric": str,
    **dict.fromkeys(("score_a", "score_b", "difference", "low", "high", "p", "p_holm"), _SCORE),
    "verdict": str,
    "method": str,
}
_BAND = {"name": str, "low": _NUMBER, "high": _NUMBER, "n": int, "metrics": _MapOf(_SCORES)}
_EXPERIMENT = {
    "dataset": str,
    "alphabet": str,
    "classes": [str],
    "positive": _Optional(str),
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
    "controls": [_CONTROL],
    "comparisons": [_COMPARISON],
    "seeds": _MapOf([{"variant": str, "metrics": _SCORES}]),
    "ensemble": _MapOf(_Optional(_SCORES)),
    "learning_curve": _MapOf([{"share": _NUMBER, "n_train": int, "metrics": _SCORES}]),
    "bands": [_BAND],
    "lengths": [_BAND],
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
    def classes(self) -> list[str]:
        """Classes in the order of the probability columns."""
        return list(self.content["classes"])

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
        return str(rows[0]["metric"]) if rows else "accuracy"

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
    fault = next(_faults(content, _EXPERIMENT, ""), None) or next(_contradictions(content), None)
    if fault is not None:
        raise FastgruError(
            f"{path}: {fault}; expected what {_COMMAND} writes. Make the file again."
        )
    return content


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


def _contradictions(content: dict[str, Any]) -> Iterator[str]:
    """Yield what does not fit together although each entry has its shape."""
    rows = content["contenders"]
    for number, row in enumerate(rows, start=1):
        if row["not_applicable"] is None:
            faults = list(_faults(row, _SCORED, f"contenders > {number}"))
            yield from faults
            if not faults and not row["folds"]:
                yield f"contenders > {number} > folds is empty"
    models = [r["name"] for r in rows if r["kind"] == "model" and r["not_applicable"] is None]
    if content["best"] not in models:
        yield f"best is {content['best']!r}, not a model among the contenders"
    if len(content["classes"]) < 2:
        yield "classes has fewer than two names"
    if content["positive"] not in (None, *content["classes"]):
        yield f"positive is {content['positive']!r}, not one of the classes"
    for number, row in enumerate(content["comparisons"], start=1):
        if row["metric"] not in METRICS:
            yield f"comparisons > {number} > metric is {row['metric']!r}, not one of the scores"
