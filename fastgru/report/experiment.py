"""One data set's whole experiment, gathered from the folders of its runs.

The folder of a data set holds, for each fold, models in ``fold{k}/{model}/{variant}/`` and
baselines in ``fold{k}/baselines/{name}/``.  docs/file-formats.md describes what becomes of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.data.homology import Threshold
from fastgru.report.bands import scores_by_identity, scores_by_length
from fastgru.report.comparisons import compare_runs
from fastgru.report.conclusion import conclude
from fastgru.report.contender_runs import (
    ContenderRuns,
    baselines_of_model,
    describe_contender,
    read_contenders,
)
from fastgru.report.contents import Contents, Statement, find_contents, require_apart
from fastgru.report.design import VALIDATION_LOSS
from fastgru.report.results import read_audit
from fastgru.report.scored_runs import ScoredRun, align, pool_runs
from fastgru.report.shortcuts import explain_shortcuts
from fastgru.report.tasks import find_task
from fastgru.report.variants import find_controls, find_ensemble, find_seeds, learning_curve
from fastgru.report.wording import steps_of

__all__ = ["SCHEMA_VERSION", "gather_experiment"]

SCHEMA_VERSION = 1
_EVERYTHING = Statement()


def gather_experiment(
    folder: Path,
    *,
    statement: Statement = _EVERYTHING,
    split: Mapping[str, Any] | None = None,
    n_resamples: int = 5000,
    seed: int = 0,
) -> dict[str, Any]:
    """Gather the experiment of one data set.

    Parameters
    ----------
    folder
        Folder of the data set, with ``audit.json`` and folders ``fold1``, ``fold2``, ...
    statement
        What belongs to the experiment of what the folder holds.
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
    contents = find_contents(folder, statement)
    contenders, best, chosen_by = _read_contenders(folder, contents)
    task = find_task(contenders[best].folds[0].task)
    runs = {
        name: [align(a, b) for a, b in zip(contenders[best].folds, found.folds, strict=True)]
        for name, found in contenders.items()
        if found.reason is None
    }
    pooled = {name: pool_runs(folds) for name, folds in runs.items()}
    described = {
        name: describe_contender(found, pooled.get(name), n_resamples, seed)
        for name, found in contenders.items()
    }
    experiment: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "dataset": folder.name,
        "task": task.name,
        "alphabet": audit["alphabet"],
        **task.describe(pooled[best].predictions),
        "chance": task.chance(pooled[best].predictions),
        "n_records": audit["n_kept"],
        "n_folds": contents.n_splits,
        "n_groups": _n_groups(runs[best]),
        "homology": audit.get("homology"),
        "split": _describe_split(split or {}, audit["alphabet"], contents),
        "best": best,
        "chosen_by": chosen_by,
        "contenders": list(described.values()),
        **explain_shortcuts(audit, described[best]),
        "comparisons": _comparable(
            compare_runs(runs, best, task.compared, n_resamples=n_resamples, seed=seed)
        ),
        **_gather_variants(folder, contents, n_resamples, seed),
        "bands": scores_by_identity(pooled),
        "lengths": scores_by_length(pooled, steps_of(audit["alphabet"])),
    }
    experiment["conclusion"] = conclude(experiment)
    return experiment


def _read_contenders(
    folder: Path, contents: Contents
) -> tuple[dict[str, ContenderRuns], str, str | None]:
    """Return models and baselines by name, the best model, and what it was chosen by."""
    contenders = read_contenders(folder, contents)
    best, chosen_by = _choose([contenders[name] for name in contents.models])
    require_apart(folder, contenders[best].folds, contents.folds)
    return {**contenders, **baselines_of_model(contenders[best])}, best, chosen_by


def _choose(models: Sequence[ContenderRuns]) -> tuple[str, str | None]:
    """Return the name of the best model, and what it was chosen by, None if by nothing."""
    losses = {model.name: model.validation_loss for model in models}
    known = {name: loss for name, loss in losses.items() if loss is not None}
    if len(losses) == 1 or len(known) < len(losses):
        return next(iter(losses)), None
    return min(known, key=known.__getitem__), VALIDATION_LOSS


def _gather_variants(
    folder: Path, contents: Contents, n_resamples: int, seed: int
) -> dict[str, Any]:
    """Return what the variants of the models in the first fold show."""
    known = contents.variants.items()
    return {
        "controls": find_controls(folder, contents.variants, n_resamples=n_resamples, seed=seed),
        "seeds": {name: find_seeds(folder, name, variants) for name, variants in known},
        "ensemble": {name: find_ensemble(folder, name, variants) for name, variants in known},
        "learning_curve": {
            name: learning_curve(folder, name, variants) for name, variants in known
        },
    }


def _describe_split(given: Mapping[str, Any], alphabet: str, contents: Contents) -> dict[str, Any]:
    """Return how the folds were made, with the defaults of a split by homology filled in."""
    known = {name: value for name, value in given.items() if value is not None}
    unknown: dict[str, Any] = dict.fromkeys(("method", "identity", "coverage"))
    if known.get("method") == "homology":
        unknown |= asdict(Threshold.default(get_alphabet(alphabet)))
    return {**unknown, **known, "folds": contents.folds, "repeats": contents.repeats}


def _n_groups(folds: Sequence[ScoredRun]) -> int | None:
    if any(run.groups is None for run in folds):
        return None
    return len({group for run in folds for group in run.groups or ()})


def _comparable(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a comparison with None for NaN."""
    return [
        {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]
