"""The score of an experiment that decides, and what it is of what knows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastgru.report.chance import CHANCE
from fastgru.report.design import task_name
from fastgru.report.tasks import find_task
from fastgru.report.tasks.task import Task

__all__ = ["best_score", "chance_of", "task_of"]


def task_of(experiment: Mapping[str, Any]) -> Task:
    """Return what was learned.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    return find_task(task_name(experiment))


def best_score(experiment: Mapping[str, Any]) -> tuple[float | None, list[float] | None]:
    """Return the score that decides of the best model, and its interval; None where unknown.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    metric = task_of(experiment).deciding
    best = next(row for row in experiment["contenders"] if row["name"] == experiment["best"])
    return best["pooled"][metric], best["intervals"][metric]


def chance_of(experiment: Mapping[str, Any]) -> float | None:
    """Return what that score is of what knows nothing, None where only a baseline can tell.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    chance: float | None = experiment.get("chance", CHANCE)
    return chance
