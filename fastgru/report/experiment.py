"""One data set's whole experiment, gathered from the folders of its runs.

The folder of a data set holds, for each fold, models in ``fold{k}/{model}/{variant}/`` and
baselines in ``fold{k}/baselines/{name}/``.  docs/file-formats.md describes what becomes of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.data.homology import Threshold
from fastgru.errors import FastgruError, counted
from fastgru.estimators.baselines import BASELINES
from fastgru.evaluation import ScoredPredictions, bootstrap_intervals
from fastgru.evaluation.weighted_scores import SCORES, weighted_scores
from fastgru.models.model_file import read_model
from fastgru.report.bands import scores_by_identity, scores_by_length
from fastgru.report.comparisons import compare_runs
from fastgru.report.conclusion import CHANCE, conclude
from fastgru.report.results import read_audit, read_history, read_object
from fastgru.report.scored_runs import ScoredRun, read_scored_run
from fastgru.report.variants import (
    MAIN,
    find_controls,
    find_ensemble,
    find_seeds,
    learning_curve,
)

__all__ = ["SCHEMA_VERSION", "gather_experiment"]

SCHEMA_VERSION = 1
_COMPARED = ("roc_auc", "accuracy", "mcc")
_BASELINES = "baselines"


@dataclass
class _Contender:
    """A model or a baseline, and its run in each fold."""

    name: str
    kind: str
    folds: dict[int, ScoredRun] = field(default_factory=dict)
    description: str = ""
    reason: str | None = None
    losses: list[float] = field(default_factory=list)


def gather_experiment(
    folder: Path,
    *,
    split: Mapping[str, Any] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Gather the experiment of one data set.

    Parameters
    ----------
    folder
        Folder of the data set, with ``audit.json`` and folders ``fold1``, ``fold2``, ...
    split
        ``method``, ``identity`` and ``coverage`` of the splits; None where unknown.
    n_resamples, seed
        Of the bootstrap.

    Returns
    -------
    experiment
        Ready for JSON; ``docs/file-formats.md`` describes it.

    Raises
    ------
    FastgruError
        If files are missing, or do not belong together.
    """
    audit = read_audit(folder)
    contenders = _find_contenders(folder)
    models = _require_models(folder, contenders)
    best = min(models, key=lambda name: float(np.mean(models[name].losses)))
    runs = {
        name: [found.folds[k] for k in sorted(found.folds)]
        for name, found in contenders.items()
        if found.reason is None
    }
    pooled = {name: _pool(folds) for name, folds in runs.items()}
    experiment: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "dataset": folder.name,
        "alphabet": audit["alphabet"],
        "classes": pooled[best].predictions.classes,
        "positive": _positive(pooled[best].predictions.classes),
        "n_records": audit["n_kept"],
        "n_folds": len(models[best].folds),
        "n_groups": _n_groups(pooled[best]),
        "homology": audit.get("homology"),
        "split": _describe_split(split or {}, audit["alphabet"]),
        "best": best,
        "contenders": [
            _describe(found, pooled.get(name), n_resamples, seed)
            for name, found in contenders.items()
        ],
        "shortcuts": _explain(audit["shortcuts"], pooled[best]),
        "controls": find_controls(folder, models),
        "comparisons": _comparable(compare_runs(runs, best, _COMPARED, seed=seed)),
        "seeds": {name: find_seeds(folder, name) for name in models},
        "ensemble": {name: find_ensemble(folder, name) for name in models},
        "learning_curve": {name: learning_curve(folder, name) for name in models},
        "bands": scores_by_identity(pooled),
        "lengths": scores_by_length(pooled),
    }
    experiment["conclusion"] = conclude(experiment)
    return experiment


def _describe_split(given: Mapping[str, Any], alphabet: str) -> dict[str, Any]:
    """Return how the folds were made, with the defaults of a split by homology filled in."""
    known = {name: value for name, value in given.items() if value is not None}
    unknown: dict[str, Any] = dict.fromkeys(("method", "identity", "coverage"))
    if known.get("method") == "homology":
        unknown |= asdict(Threshold.default(get_alphabet(alphabet)))
    return {**unknown, **known}


def _explain(shortcuts: Sequence[Mapping[str, Any]], best: ScoredRun) -> list[dict[str, Any]]:
    """Say of each trivial feature how much of the model's distance from chance it reaches."""
    above_chance = (scores_of(best.predictions)["roc_auc"] or CHANCE) - CHANCE
    return [
        {**e, "share": (e["roc_auc"] - CHANCE) / above_chance if above_chance > 0 else None}
        for e in shortcuts
    ]


def _require_models(folder: Path, contenders: Mapping[str, _Contender]) -> dict[str, _Contender]:
    models = {name: found for name, found in contenders.items() if found.kind == "model"}
    if not models:
        raise FastgruError(
            f"{folder}: no model found, expected results in fold1/MODEL/seed1/metrics.json. "
            "Run the workflow, or name the folder of a data set."
        )
    return models


def scores_of(predictions: ScoredPredictions) -> dict[str, float | None]:
    """Return all scores of some predictions, None where one is undefined."""
    found = weighted_scores(predictions, np.ones((1, len(predictions)))).overall
    return {name: _number(found[name][0]) for name in SCORES}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _positive(classes: Sequence[str]) -> str | None:
    return classes[1] if len(classes) == 2 else None


def _n_groups(run: ScoredRun) -> int | None:
    return None if run.groups is None else len(set(run.groups))


def _find_contenders(folder: Path) -> dict[str, _Contender]:
    """Return models, then baselines, in the order of their names."""
    found: dict[str, _Contender] = {}
    paths = [*folder.glob(f"fold*/*/{MAIN}/metrics.json")]
    paths += folder.glob(f"fold*/{_BASELINES}/*/metrics.json")
    for path in sorted(paths, key=lambda path: (path.parts[-3] == _BASELINES, str(path))):
        fold = int(re.sub(r"\D", "", path.relative_to(folder).parts[0]) or 0)
        baseline = path.parts[-3] == _BASELINES
        name = path.parts[-2] if baseline else path.parts[-3]
        kind = "baseline" if baseline else "model"
        if name not in found:
            about = BASELINES.get(name, "") if baseline else _describe_model(path.parent)
            found[name] = _Contender(name, kind, description=about)
        contender = found[name]
        run = read_scored_run(path.parent)
        if run is None:
            metrics = read_object(path, "fastgru baseline", ["not_applicable"])
            contender.reason = str(metrics["not_applicable"])
            continue
        contender.folds[fold] = run
        if not baseline:
            losses = read_history(path.parent)["validation_loss"]
            contender.losses.append(min(losses, default=float("inf")))
    return found


def _describe_model(folder: Path) -> str:
    """Say in words what a model is, as far as its file tells."""
    path = folder / "model.safetensors"
    if not path.exists():
        return ""
    parameters = read_model(path).card["training"]["parameters"]
    text = f"{counted(parameters['num_layers'], 'GRU layer')} of {parameters['hidden_size']} units"
    text += " in both directions" if parameters["bidirectional"] else ""
    return text + (", with positions" if parameters["position_embedding"] else "")


def _pool(folds: Sequence[ScoredRun]) -> ScoredRun:
    """Return the predictions of all folds as those of one; a repeated record is a group."""
    first = folds[0]
    ids = [record for run in folds for record in run.ids]
    groups: list[str] | None = None
    if all(run.groups is not None for run in folds):
        groups = [group for run in folds for group in run.groups or ()]
    elif len(set(ids)) < len(ids):
        groups = ids
    parts = [run.predictions for run in folds]
    return ScoredRun(
        folder=first.folder,
        n_train=first.n_train,
        ids=ids,
        groups=groups,
        predictions=ScoredPredictions(
            first.predictions.classes,
            np.concatenate([part.true for part in parts]),
            np.concatenate([part.predicted for part in parts]),
            np.concatenate([part.proba for part in parts]),
        ),
        measures={
            name: [value for run in folds for value in run.measures[name]]
            for name in first.measures
        },
    )


def _describe(
    contender: _Contender, pooled: ScoredRun | None, n_resamples: int, seed: int
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": contender.name,
        "kind": contender.kind,
        "description": contender.description,
        "not_applicable": contender.reason,
        "validation_loss": float(np.mean(contender.losses)) if contender.losses else None,
        "folds": [],
        "mean": None,
        "sd": None,
        "pooled": None,
        "intervals": None,
        "resampled": None,
    }
    if pooled is None:
        return entry
    folds = [
        {
            "fold": number,
            "n_train": run.n_train,
            "n_test": len(run.ids),
            "metrics": scores_of(run.predictions),
        }
        for number, run in sorted(contender.folds.items())
    ]
    drawn = bootstrap_intervals(
        pooled.predictions, groups=pooled.groups, n_resamples=n_resamples, seed=seed
    )
    return {
        **entry,
        "folds": folds,
        **_spread([scores_of(run.predictions) for run in contender.folds.values()]),
        "pooled": scores_of(pooled.predictions),
        "intervals": drawn["intervals"],
        "resampled": drawn["bootstrap"]["over"],
    }


def _spread(rows: Sequence[Mapping[str, float | None]]) -> dict[str, Any]:
    """Return mean and standard deviation of each score over folds."""
    mean: dict[str, float | None] = {}
    sd: dict[str, float | None] = {}
    for name in SCORES:
        values = [row[name] for row in rows]
        known = [value for value in values if value is not None]
        complete = len(known) == len(values)
        mean[name] = float(np.mean(known)) if complete else None
        sd[name] = float(np.std(known, ddof=1)) if complete and len(known) > 1 else None
    return {"mean": mean, "sd": sd if len(rows) > 1 else None}


def _comparable(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a comparison with None for NaN."""
    return [
        {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]
