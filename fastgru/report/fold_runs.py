"""The files of one model on one fold, as the page wants them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastgru.errors import FastgruError
from fastgru.models.model_file import SavedModel, read_model
from fastgru.report.results import read_history, read_object
from fastgru.report.scored_runs import ScoredRun, read_scored_run

__all__ = ["FoldRun", "read_fold_run"]

_KEYS = ("n_train", "n_validation", "n_test")


@dataclass(frozen=True)
class FoldRun:
    """One run: the files of one model on one fold."""

    metrics: dict[str, Any]
    scored: ScoredRun
    history: dict[str, list[float]]
    saved: SavedModel


def read_fold_run(folder: Path) -> FoldRun:
    """Read the files of a run.

    Parameters
    ----------
    folder
        With metrics.json, predictions.tsv, history.tsv and model.safetensors.

    Raises
    ------
    FastgruError
        If a file is missing, or does not fit the others.
    """
    scored = read_scored_run(folder)
    metrics = read_object(folder / "metrics.json", "fastgru evaluate", _KEYS)
    if scored is None:
        raise FastgruError(
            f"{folder / 'metrics.json'}: says that it is not applicable, expected the scores of a "
            "model. Evaluate again."
        )
    saved = read_model(folder / "model.safetensors")
    return FoldRun(metrics, scored, read_history(folder), saved)
