"""Comparisons of one model with others, as the rows of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from fastgru.errors import ConfigurationError, counted
from fastgru.evaluation.comparison import (
    Difference,
    bootstrap_differences,
    corrected_t_test,
    holm,
    mcnemar_p,
    score_of,
)
from fastgru.evaluation.predictions import ScoredPredictions
from fastgru.report.scored_runs import ScoredRun, align
from fastgru.report.standing import advantage
from fastgru.report.summary import UNDEFINED

__all__ = ["COLUMNS", "compare_runs", "write_comparisons"]

COLUMNS = (
    "a",
    "b",
    "metric",
    "score_a",
    "score_b",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "verdict",
    "n_folds",
    "n_test",
    "method",
)
_SIGNIFICANCE = 0.05

Folds = Sequence[ScoredRun]


def compare_runs(
    runs: Mapping[str, Folds],
    reference: str,
    metrics: Sequence[str],
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Compare one model or baseline with each of the others.

    One fold: the paired bootstrap, over groups if the records have any, and for the accuracy of
    records without groups McNemar's exact test beside it.  Several folds: the corrected resampled
    t test.

    Parameters
    ----------
    runs
        The folds of each by its name; the i-th folds have the same test records.
    reference
        Which of them is compared with the others.
    metrics
        Scores to compare by, of those of the task.
    n_resamples, seed
        Of the bootstrap.

    Returns
    -------
    rows
        One per comparison, with the keys `COLUMNS`; NaN for what is unknown.  ``p_holm`` is
        corrected for the number of rows with the same metric and method.

    Raises
    ------
    ConfigurationError
        If they have different numbers of folds.
    FastgruError
        If folds were not tested on the same records.
    """
    folds = runs[reference]
    rows: list[dict[str, Any]] = []
    for name, others in runs.items():
        if name == reference:
            continue
        if len(others) != len(folds):
            raise ConfigurationError(
                f"{name}: has {counted(len(others), 'folder')}, expected {len(folds)} as "
                f"{reference} has. Name one folder per fold."
            )
        aligned = [align(a, b) for a, b in zip(folds, others, strict=True)]
        found = (
            _compare_once(folds[0], aligned[0], metrics, n_resamples, seed)
            if len(folds) == 1
            else _compare_folds(folds, aligned, metrics)
        )
        rows.extend({**row, "a": reference, "b": name} for row in found)
    _correct(rows)
    return rows


def _compare_once(
    a: ScoredRun, b: ScoredRun, metrics: Sequence[str], n_resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    differences = bootstrap_differences(
        a.predictions, b.predictions, metrics, groups=a.groups, n_resamples=n_resamples, seed=seed
    )
    over = "records" if a.groups is None else "groups"
    for metric, difference in differences.items():
        yield _row([a], [b], metric, difference, f"paired bootstrap over {over}")
        if metric != "accuracy" or a.groups is not None:
            continue
        if isinstance(a.predictions, ScoredPredictions) and isinstance(
            b.predictions, ScoredPredictions
        ):
            p = mcnemar_p(a.predictions, b.predictions)
            exact = Difference(difference.value, math.nan, math.nan, p)
            yield _row([a], [b], metric, exact, "McNemar's exact test")


def _compare_folds(a: Folds, b: Folds, metrics: Sequence[str]) -> Iterator[dict[str, Any]]:
    # neither is tested: a model learns from the one and is chosen by the other, a baseline learns
    # from both
    n_train = float(np.mean([run.n_train + run.n_validation for run in (*a, *b)]))
    n_test = float(np.mean([len(run.ids) for run in a]))
    for metric in metrics:
        values = [_score(x, metric) - _score(y, metric) for x, y in zip(a, b, strict=True)]
        difference = corrected_t_test(values, n_train=n_train, n_test=n_test)
        yield _row(a, b, metric, difference, "corrected resampled t test over folds")


def _score(run: ScoredRun, metric: str) -> float:
    return score_of(run.predictions, metric)


def _row(a: Folds, b: Folds, metric: str, difference: Difference, method: str) -> dict[str, Any]:
    return {
        "metric": metric,
        "score_a": float(np.mean([_score(run, metric) for run in a])),
        "score_b": float(np.mean([_score(run, metric) for run in b])),
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p,
        "n_folds": len(a),
        "n_test": sum(len(run.ids) for run in a),
        "method": method,
    }


def _correct(rows: list[dict[str, Any]]) -> None:
    """Add the corrected p values and the verdicts."""
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault((row["metric"], row["method"]), []).append(row)
    for family in families.values():
        corrected = holm([row["p"] for row in family]).tolist()
        for row, p in zip(family, corrected, strict=True):
            row["p_holm"] = p
            row["verdict"] = _verdict(row, p)


def _verdict(row: Mapping[str, Any], p: float) -> str:
    if math.isnan(p):
        return "unknown"
    if p > _SIGNIFICANCE:
        return "no difference shown"
    return "a is better" if advantage(row["metric"], row["difference"], 0) > 0 else "b is better"


def write_comparisons(rows: Iterable[Mapping[str, Any]], stream: TextIO) -> None:
    """Write the rows as TSV with a header; numbers with six significant digits, NaN as ``NA``.

    Parameters
    ----------
    rows
        From `compare_runs`.
    stream
        Open for writing text.
    """
    stream.write("\t".join(COLUMNS) + "\n")
    stream.writelines("\t".join(_cell(row[name]) for name in COLUMNS) + "\n" for row in rows)


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return UNDEFINED if math.isnan(value) else f"{value:.6g}"
