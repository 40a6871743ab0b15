"""The variants of a model in the first fold: what its training or test was changed in, and why.

The variant ``seed1`` is the model itself; the others are more seeds (``seed2``), their average
(``ensemble``), parts of the training data (``train25``, in percent) and the controls
``shuffled_labels`` and ``shuffled_sequences``, of which the latter is one more file of ``seed1``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fastgru.errors import FastgruError
from fastgru.evaluation.bootstrap import resampled_intervals
from fastgru.evaluation.comparison import bootstrap_differences
from fastgru.evaluation.predictions import ScoredPredictions
from fastgru.report.contents import CONTROLS, MAIN, SHUFFLED_LABELS, SHUFFLED_SEQUENCES
from fastgru.report.results import read_run
from fastgru.report.scored_runs import read_scored_run
from fastgru.report.tasks import find_task

__all__ = ["find_controls", "find_ensemble", "find_seeds", "learning_curve"]

_FILES = {
    SHUFFLED_LABELS: f"{SHUFFLED_LABELS}/metrics.json",
    SHUFFLED_SEQUENCES: f"{MAIN}/shuffled.json",
}

Variants = Sequence[str]


def find_seeds(folder: Path, model: str, variants: Variants) -> list[dict[str, Any]]:
    """Return the trainings of a model that differ in their seed.

    Parameters
    ----------
    folder
        Folder of the data set.
    model
        Name of the model.
    variants
        Those of the model that belong to the experiment.

    Returns
    -------
    seeds
        By seed: ``variant``, ``n_train`` and ``metrics``.
    """
    return _find(folder / "fold1" / model, variants, r"seed(\d+)")


def find_ensemble(folder: Path, model: str, variants: Variants) -> dict[str, float | None] | None:
    """Return the scores of the average of all seeds, None if there is none.

    Parameters
    ----------
    folder, model, variants
        As in :func:`find_seeds`.
    """
    if "ensemble" not in variants:
        return None
    metrics: dict[str, float | None] = _scores(
        folder / "fold1" / model / "ensemble" / "metrics.json"
    )["metrics"]
    return metrics


def learning_curve(folder: Path, model: str, variants: Variants) -> list[dict[str, Any]]:
    """Return what a model reaches with parts of the training sequences, and with all of them.

    Parameters
    ----------
    folder, model, variants
        As in :func:`find_seeds`.

    Returns
    -------
    points
        By share: ``share`` of the training sequences, ``n_train`` and ``metrics``; empty if the
        model was trained with all of them alone.
    """
    place = folder / "fold1" / model
    parts = _find(place, variants, r"train(\d+)")
    points = [(int(part["variant"].removeprefix("train")) / 100, part) for part in parts]
    points += [(1.0, part) for part in _find(place, [MAIN], MAIN) if parts]
    return [
        {"share": share, "n_train": part["n_train"], "metrics": part["metrics"]}
        for share, part in points
    ]


def find_controls(
    folder: Path, variants: Mapping[str, Variants], *, n_resamples: int = 5000, seed: int = 0
) -> list[dict[str, Any]]:
    """Return the controls of each model, beside the scores of the model itself.

    Parameters
    ----------
    folder
        Folder of the data set.
    variants
        By model, those that belong to the experiment.
    n_resamples, seed
        Of the bootstrap.

    Returns
    -------
    controls
        Entries with ``name``, ``of``, ``kind``, ``fold``, ``kept``, ``metrics``, ``reference``,
        ``interval`` and ``reference_interval`` of the score that decides, and of classes
        ``class_shares``, the log loss of what knows no more than how common they are, and
        ``gain_interval``, the ends of the 95 % interval of how far a training on shuffled labels
        is below that; None if unknown.

    Raises
    ------
    FastgruError
        If files are missing, or hold something else.
    """
    controls = []
    for name, known in variants.items():
        place = folder / "fold1" / name
        reference = _scores(place / MAIN / "metrics.json")
        for kind, what in CONTROLS.items():
            if kind in known:
                found = _scores(place / _FILES[kind])
                controls.append(
                    {
                        "name": f"{name}, {what}",
                        "of": name,
                        "kind": kind,
                        "fold": 1,
                        "kept": found["kept"],
                        "metrics": found["metrics"],
                        "reference": reference["metrics"],
                        "interval": found["interval"] or _interval(place / kind, n_resamples, seed),
                        "reference_interval": reference["interval"]
                        or _interval(place / MAIN, n_resamples, seed),
                        "class_shares": found["class_shares"],
                        "gain_interval": _gain_interval(place / kind, n_resamples, seed)
                        if kind == SHUFFLED_LABELS
                        else None,
                    }
                )
    return controls


def _interval(place: Path, n_resamples: int, seed: int) -> list[float] | None:
    """Return the interval of the score that decides, if metrics.json has none but of its parts."""
    run = read_scored_run(place) if (place / "predictions.tsv").exists() else None
    if run is None or run.task == "classification":
        return None
    metric = find_task(run.task).deciding
    drawn = (len(run.ids), run.groups, n_resamples, seed)
    return resampled_intervals(run.predictions.scorer(), *drawn)[metric]


def _gain_interval(place: Path, n_resamples: int, seed: int) -> list[float] | None:
    """Return the interval of how much less the log loss is than that of the class shares."""
    run = read_scored_run(place)
    if run is None:
        return None
    found = run.predictions
    if not isinstance(found, ScoredPredictions):
        return None
    shares = np.bincount(found.true, minlength=len(found.classes)) / len(found)
    of_shares = replace(found, proba=np.tile(shares, (len(found), 1)))
    gain = bootstrap_differences(
        of_shares, found, ["log_loss"], groups=run.groups, n_resamples=n_resamples, seed=seed
    )["log_loss"]
    return None if np.isnan(gain.low) else [gain.low, gain.high]


def _find(place: Path, variants: Variants, pattern: str) -> list[dict[str, Any]]:
    """Return the variants whose names match, by the number in them."""
    found = [name for name in variants if re.fullmatch(pattern, name)]
    found.sort(key=lambda name: int(re.sub(r"\D", "", name)))
    scores = {name: _scores(place / name / "metrics.json") for name in found}
    return [
        {"variant": name, "n_train": scores[name]["n_train"], "metrics": scores[name]["metrics"]}
        for name in found
    ]


def _scores(path: Path) -> dict[str, Any]:
    run = read_run(path.parent, path.name)
    if run is None:
        raise FastgruError(
            f"{path}: says that it is not applicable, expected scores. Evaluate again."
        )
    task, content = find_task(run.task), run.metrics
    return {
        "class_shares": _class_shares(content) if task.name == "classification" else None,
        "n_train": content["n_train"],
        "kept": content.get("shuffled_sequences"),
        "metrics": task.scores_of_file(content),
        "interval": task.interval_of_file(content),
    }


def _class_shares(metrics: Mapping[str, Any]) -> float:
    in_class = np.sum(metrics["confusion_matrix"], axis=1)
    shares = in_class[in_class > 0] / in_class.sum()
    return float(-(shares * np.log(shares)).sum())
