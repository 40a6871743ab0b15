"""The table of all runs: one row per data set and model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from fastgru.report.results import Run

__all__ = ["COLUMNS", "UNDEFINED", "summary_rows", "write_summary"]

COUNTS = ("n_train", "n_validation", "n_test")
SCORES = (
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "balanced_accuracy",
    "mcc",
    "f1_macro",
    "roc_auc",
    "pr_auc",
    "log_loss",
)
COLUMNS = ("dataset", "model", "n_classes", *COUNTS, *SCORES)
UNDEFINED = "NA"


def summary_rows(runs: Iterable[Run]) -> Iterator[dict[str, Any]]:
    """Yield one row per run, with the keys `COLUMNS`; a score without a value is None.

    ``accuracy_low`` and ``accuracy_high`` are the ends of the 95 % interval of the accuracy.
    """
    for run in runs:
        low, high = run.metrics.get("accuracy_interval") or (None, None)
        values = {
            **run.metrics,
            "dataset": run.dataset,
            "model": run.model,
            "n_classes": len(run.classes),
            "accuracy_low": low,
            "accuracy_high": high,
        }
        yield {name: values.get(name) for name in COLUMNS}


def write_summary(runs: Iterable[Run], stream: TextIO) -> None:
    """Write the table as TSV with a header.

    Scores are written with six decimals, a missing value as ``NA``.
    """
    stream.write("\t".join(COLUMNS) + "\n")
    for row in summary_rows(runs):
        cells = [_cell(row[name]) for name in COLUMNS]
        stream.write("\t".join(cells) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return UNDEFINED
    return f"{value:.6f}" if isinstance(value, float) else str(value)
