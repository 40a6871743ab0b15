"""One data set's whole experiment, gathered from the folders of its runs.

The folder of a data set holds, for each fold, models in ``fold{k}/{model}/{variant}/`` and
baselines in ``fold{k}/baselines/{name}/``.  The variant ``seed1`` is the model itself; the others
are more seeds (``seed2``), parts of the training data (``train25``, in percent) and the control
``shuffled_labels``.  ``docs/file-formats.md`` describes what becomes of them.
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
from fastgru.report.conclusion import conclude
from fastgru.report.results import find_runs, read_audit, read_history, read_object
from fastgru.report.scored_runs import ScoredRun, read_scored_run

__all__ = ["SCHEMA_VERSION", "gather_experiment"]

SCHEMA_VERSION = 1
_COMPARED = ("roc_auc", "accuracy", "mcc")
_BASELINES = "baselines"
_MAIN = "seed1"


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
        "controls": _find_controls(folder, models),
        "comparisons": _comparable(compare_runs(runs, best, _COMPARED, seed=seed)),
        "seeds": {name: _find_variants(folder, name, r"seed(\d+)") for name in models},
        "ensemble": {name: _find_ensemble(folder, name) for name in models},
        "learning_curve": {name: _learning_curve(folder, name) for name in models},
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
    paths = [*folder.glob(f"fold*/*/{_MAIN}/metrics.json")]
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


def _find_variants(folder: Path, model: str, pattern: str) -> list[dict[str, Any]]:
    """Return the variants of a model in the first fold whose names match, by number."""
    found = []
    for path in (folder / "fold1" / model).glob("*/metrics.json"):
        match = re.fullmatch(pattern, path.parent.name)
        if match is not None:
            (run,) = find_runs([path])
            found.append((int(match[1]), path.parent.name, run))
    return [
        {
            "variant": name,
            "n_train": run.metrics["n_train"],
            "metrics": {score: run.metrics[score] for score in SCORES},
        }
        for _, name, run in sorted(found, key=lambda entry: entry[0])
    ]


def _find_ensemble(folder: Path, model: str) -> dict[str, Any] | None:
    """Return the metrics of the average of all seeds in the first fold, if there is one."""
    path = folder / "fold1" / model / "ensemble" / "metrics.json"
    if not path.exists():
        return None
    (run,) = find_runs([path])
    return {score: run.metrics[score] for score in SCORES}


def _learning_curve(folder: Path, model: str) -> list[dict[str, Any]]:
    parts = _find_variants(folder, model, r"train(\d+)")
    if not parts:
        return []
    points = [(int(part["variant"].removeprefix("train")) / 100, part) for part in parts]
    points += [(1.0, part) for part in _find_variants(folder, model, r"seed(1)")]
    return [
        {"share": share, "n_train": part["n_train"], "metrics": part["metrics"]}
        for share, part in points
    ]


def _find_controls(folder: Path, models: Mapping[str, _Contender]) -> list[dict[str, Any]]:
    """Return the controls of each model in the first fold, beside the model itself."""
    kinds = {
        "shuffled_labels": ("trained on shuffled labels", "shuffled_labels/metrics.json"),
        "shuffled_sequences": ("tested on shuffled sequences", f"{_MAIN}/shuffled.json"),
    }
    controls = []
    for name in models:
        for kind, (text, place) in kinds.items():
            path = folder / "fold1" / name / place
            if path.exists():
                metrics = read_object(path, "fastgru evaluate", SCORES)
                reference = read_object(
                    folder / "fold1" / name / _MAIN / "metrics.json", "fastgru evaluate", SCORES
                )
                controls.append(
                    {
                        "name": f"{name}, {text}",
                        "of": name,
                        "kind": kind,
                        "fold": 1,
                        "kept": metrics.get("shuffled_sequences"),
                        "metrics": {score: metrics[score] for score in SCORES},
                        "reference": {score: reference[score] for score in SCORES},
                    }
                )
    return controls


def _comparable(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a comparison with None for NaN."""
    return [
        {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]
