"""The contenders of an experiment, models and baselines: their runs on all folds, and scores."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fastgru.errors import FastgruError
from fastgru.evaluation.bootstrap import describe_bootstrap, resampled_intervals
from fastgru.models.architecture import Architecture
from fastgru.models.model_file import read_model
from fastgru.report.contents import BASELINES_FOLDER, MAIN, Contents
from fastgru.report.networks import describe_layers
from fastgru.report.results import read_object
from fastgru.report.scored_runs import ScoredRun, read_scored_run
from fastgru.report.tasks import find_task

__all__ = ["ContenderRuns", "baselines_of_model", "describe_contender", "read_contenders"]


@dataclass
class ContenderRuns:
    """A model or a baseline, and its run in each fold.

    Attributes
    ----------
    name
    kind
        ``model`` or ``baseline``.
    description
        What it is, in words; empty if unknown.
    folds
        Its runs, fold after fold.
    reason
        Why it is not applicable, None if it is.
    losses
        Of a model, the loss of the validation sequences of each fold, with the weights that were
        kept; None where there were none.  That of classes counts each sequence once.
    """

    name: str
    kind: str
    description: str
    folds: list[ScoredRun] = field(default_factory=list)
    reason: str | None = None
    losses: list[float | None] = field(default_factory=list)

    @property
    def validation_loss(self) -> float | None:
        """Mean over the folds; None if one has no validation sequences."""
        known = [loss for loss in self.losses if loss is not None]
        return float(np.mean(known)) if known and len(known) == len(self.losses) else None


def read_contenders(folder: Path, contents: Contents) -> dict[str, ContenderRuns]:
    """Read the runs of models, then of baselines, by name.

    Parameters
    ----------
    folder
        Folder of the data set.
    contents
        What belongs to its experiment.

    Raises
    ------
    FastgruError
        If files are missing, or hold something else.
    """
    folds = [folder / f"fold{number}" for number in range(1, contents.n_splits + 1)]
    models = [_read_model_runs(name, folds) for name in contents.models]
    baselines = [_read_baseline_runs(name, folds) for name in contents.baselines]
    return {found.name: found for found in (*models, *baselines)}


def _read_model_runs(name: str, folds: Sequence[Path]) -> ContenderRuns:
    cards = [read_model(fold / name / MAIN / "model.safetensors").card for fold in folds]
    networks = [describe_layers(Architecture.from_dict(card["architecture"])) for card in cards]
    found = ContenderRuns(name, "model", " or ".join(dict.fromkeys(networks)))
    for place in (fold / name / MAIN for fold in folds):
        run = read_scored_run(place)
        if run is None:
            raise FastgruError(
                f"{place / 'metrics.json'}: says that it is not applicable, expected the scores "
                "of a model. Evaluate again."
            )
        found.folds.append(run)
    found.losses = [
        find_task(run.task).validation_loss(card)
        for run, card in zip(found.folds, cards, strict=True)
    ]
    return found


def _read_baseline_runs(name: str, folds: Sequence[Path]) -> ContenderRuns:
    found = ContenderRuns(name, "baseline", "")
    for place in (fold / BASELINES_FOLDER / name for fold in folds):
        run = read_scored_run(place)
        if run is None:
            metrics = read_object(place / "metrics.json", "fastgru baseline", ["not_applicable"])
            about = find_task(str(metrics.get("task", "classification")))
            return ContenderRuns(
                *(name, "baseline", about.describe_baseline(name)),
                reason=str(metrics["not_applicable"]),
            )
        found.folds.append(run)
    found.description = find_task(found.folds[0].task).describe_baseline(name)
    return found


def baselines_of_model(model: ContenderRuns) -> dict[str, ContenderRuns]:
    """Return the baselines that stand in the files of a model, by name.

    Parameters
    ----------
    model
        With its runs.
    """
    task = find_task(model.folds[0].task)
    names = [
        name
        for name in model.folds[0].baselines
        if all(name in run.baselines for run in model.folds)
    ]
    return {
        name: ContenderRuns(
            *(name, "baseline", task.describe_baseline(name)),
            [replace(run, predictions=run.baselines[name], baselines={}) for run in model.folds],
        )
        for name in names
    }


def describe_contender(
    contender: ContenderRuns, pooled: ScoredRun | None, n_resamples: int, seed: int
) -> dict[str, Any]:
    """Return the entry of a contender in ``experiment.json``.

    Parameters
    ----------
    contender
    pooled
        All its folds as one; None if it is not applicable.
    n_resamples, seed
        Of the bootstrap.
    """
    entry: dict[str, Any] = {
        "name": contender.name,
        "kind": contender.kind,
        "description": contender.description,
        "not_applicable": contender.reason,
        "validation_loss": contender.validation_loss,
        "folds": [],
        "mean": None,
        "sd": None,
        "pooled": None,
        "intervals": None,
        "parts": {},
        "resampled": None,
    }
    if pooled is None:
        return entry
    folds: list[dict[str, Any]] = [
        {
            "fold": number,
            "n_train": run.n_train,
            "n_validation": run.n_validation,
            "n_test": len(run.ids),
            "metrics": run.predictions.scores(),
        }
        for number, run in enumerate(contender.folds, start=1)
    ]
    drawn = (len(pooled.ids), pooled.groups, n_resamples, seed)
    intervals = resampled_intervals(pooled.predictions.scorer(), *drawn)
    scores = pooled.predictions.scores()
    return {
        **entry,
        "folds": folds,
        **_spread([fold["metrics"] for fold in folds]),
        "pooled": scores,
        "intervals": {name: intervals[name] for name in scores},
        "parts": _describe_parts(pooled, intervals),
        "resampled": describe_bootstrap(*drawn)["over"],
    }


def _describe_parts(
    pooled: ScoredRun, intervals: Mapping[Hashable, list[float] | None]
) -> dict[str, dict[str, Any]]:
    """Return the scores of each class, label or target, by its name, with their intervals."""
    parts: dict[str, dict[str, Any]] = {}
    for key, value in pooled.predictions.scorer()(np.ones((1, len(pooled.ids)))).items():
        if isinstance(key, tuple):
            name, score = key
            found = parts.setdefault(name, {"metrics": {}, "intervals": {}})
            found["metrics"][score] = None if np.isnan(value[0]) else float(value[0])
            found["intervals"][score] = intervals[key]
    return parts


def _spread(rows: Sequence[Mapping[str, float | None]]) -> dict[str, Any]:
    """Return mean and standard deviation of each score over folds."""
    mean: dict[str, float | None] = {}
    sd: dict[str, float | None] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        known = [value for value in values if value is not None]
        complete = len(known) == len(values)
        mean[name] = float(np.mean(known)) if complete else None
        sd[name] = float(np.std(known, ddof=1)) if complete and len(known) > 1 else None
    return {"mean": mean, "sd": sd if len(rows) > 1 else None}
