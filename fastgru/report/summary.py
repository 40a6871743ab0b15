"""The table of all models and baselines: one row per data set and contender."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from fastgru.report.design import describe_choice, task_name, was_chosen
from fastgru.report.standing import stand_in_words
from fastgru.report.tasks import find_task
from fastgru.report.tasks.task import Task

__all__ = ["UNDEFINED", "summary_columns", "summary_rows", "write_summary"]

_BEFORE = ("dataset", "name", "kind", "task", "n_folds", "n_test")
UNDEFINED = "NA"


def summary_columns(tasks: Iterable[str]) -> list[str]:
    """Return the columns of a table about data sets with these tasks.

    Parameters
    ----------
    tasks
        Names.

    Returns
    -------
    columns
        The scores of each task, in the order in which these are met, once each.
    """
    scores = dict.fromkeys(
        column for task in dict.fromkeys(tasks) for column in _columns_of(find_task(task))
    )
    return [*_BEFORE, *scores, "verdict"]


def _columns_of(task: Task) -> Iterator[str]:
    for name in task.scores:
        yield name
        if name in task.with_interval:
            yield from (f"{name}_low", f"{name}_high")


def summary_rows(experiments: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield one row per contender, with the columns of its task; None for what has no value.

    Scores are those of the predictions of all folds together, with the ends of 95 % intervals;
    ``verdict`` goes by the comparison with the best model in the score that decides, corrected
    for their number.  A model that nothing could choose is not called the best.

    Parameters
    ----------
    experiments
        Contents of ``experiment.json`` (:func:`.reading.find_experiments`).
    """
    for experiment in experiments:
        task = find_task(task_name(experiment))
        named, verdict_of_best = _name_best(experiment)
        verdicts = {
            row["b"]: stand_in_words(row, named)
            for row in experiment["comparisons"]
            if row["metric"] == task.deciding
        }
        for entry in experiment["contenders"]:
            verdict = verdicts.get(entry["name"])
            if entry["name"] == experiment["best"]:
                verdict = verdict_of_best
            elif entry["not_applicable"]:
                verdict = "not applicable"
            yield {
                "dataset": experiment["dataset"],
                "task": task.name,
                "name": entry["name"],
                "kind": entry["kind"],
                "n_folds": len(entry["folds"]),
                "n_test": sum(fold["n_test"] for fold in entry["folds"]),
                **_scores(entry, task),
                "verdict": verdict,
            }


def _name_best(experiment: Mapping[str, Any]) -> tuple[str, str]:
    """Return how the others' verdicts call the best model, and its own verdict."""
    if was_chosen(experiment):
        return "the best model", "the best model"
    return experiment["best"], describe_choice(experiment)


def _scores(entry: Mapping[str, Any], task: Task) -> dict[str, Any]:
    pooled, intervals = entry["pooled"] or {}, entry["intervals"] or {}
    values = {name: pooled.get(name) for name in task.scores}
    for name in task.with_interval:
        values[f"{name}_low"], values[f"{name}_high"] = intervals.get(name) or (None, None)
    return values


def write_summary(experiments: Iterable[Mapping[str, Any]], stream: TextIO) -> None:
    """Write the table as TSV with a header, and the columns of all tasks that there are.

    Scores are written with six decimals, a missing value as ``NA``.

    Parameters
    ----------
    experiments
        Contents of ``experiment.json`` (:func:`.reading.find_experiments`).
    stream
        Open for writing text.
    """
    experiments = list(experiments)
    columns = summary_columns(map(task_name, experiments))
    stream.write("\t".join(columns) + "\n")
    for row in summary_rows(experiments):
        cells = [_cell(row.get(name)) for name in columns]
        stream.write("\t".join(cells) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return UNDEFINED
    return f"{value:.6f}" if isinstance(value, float) else str(value)
