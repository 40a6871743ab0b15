"""The table of all models and baselines: one row per data set and contender."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from fastgru.report.design import describe_choice, was_chosen
from fastgru.report.reading import METRICS
from fastgru.report.standing import stand_in_words

__all__ = ["COLUMNS", "UNDEFINED", "summary_rows", "write_summary"]

WITH_INTERVAL = ("accuracy", "roc_auc")
COLUMNS = (
    "dataset",
    "name",
    "kind",
    "n_folds",
    "n_test",
    *(
        column
        for name in METRICS
        for column in ((name, f"{name}_low", f"{name}_high") if name in WITH_INTERVAL else (name,))
    ),
    "verdict",
)
UNDEFINED = "NA"


def summary_rows(experiments: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield one row per contender, with the keys `COLUMNS`; None for what has no value.

    Scores are those of the predictions of all folds together, with the ends of 95 % intervals;
    ``verdict`` goes by the comparison of the ROC AUC with the best model, corrected for their
    number.  A model that nothing could choose is not called the best.

    Parameters
    ----------
    experiments
        Contents of ``experiment.json`` (:func:`.reading.find_experiments`).
    """
    for experiment in experiments:
        named, verdict_of_best = _name_best(experiment)
        verdicts = {
            row["b"]: stand_in_words(row, named)
            for row in experiment["comparisons"]
            if row["metric"] == "roc_auc"
        }
        for entry in experiment["contenders"]:
            verdict = verdicts.get(entry["name"])
            if entry["name"] == experiment["best"]:
                verdict = verdict_of_best
            elif entry["not_applicable"]:
                verdict = "not applicable"
            yield {
                "dataset": experiment["dataset"],
                "name": entry["name"],
                "kind": entry["kind"],
                "n_folds": len(entry["folds"]),
                "n_test": sum(fold["n_test"] for fold in entry["folds"]),
                **_scores(entry),
                "verdict": verdict,
            }


def _name_best(experiment: Mapping[str, Any]) -> tuple[str, str]:
    """Return how the others' verdicts call the best model, and its own verdict."""
    if was_chosen(experiment):
        return "the best model", "the best model"
    return experiment["best"], describe_choice(experiment)


def _scores(entry: Mapping[str, Any]) -> dict[str, Any]:
    pooled, intervals = entry["pooled"] or {}, entry["intervals"] or {}
    values = {name: pooled.get(name) for name in METRICS}
    for name in WITH_INTERVAL:
        values[f"{name}_low"], values[f"{name}_high"] = intervals.get(name) or (None, None)
    return values


def write_summary(experiments: Iterable[Mapping[str, Any]], stream: TextIO) -> None:
    """Write the table as TSV with a header.

    Scores are written with six decimals, a missing value as ``NA``.

    Parameters
    ----------
    experiments
        Contents of ``experiment.json`` (:func:`.reading.find_experiments`).
    stream
        Open for writing text.
    """
    stream.write("\t".join(COLUMNS) + "\n")
    for row in summary_rows(experiments):
        cells = [_cell(row[name]) for name in COLUMNS]
        stream.write("\t".join(cells) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return UNDEFINED
    return f"{value:.6f}" if isinstance(value, float) else str(value)
