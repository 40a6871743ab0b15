"""Tagging: a label for each letter of a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.step_labels import MASKED
from fastgru.errors import FastgruError
from fastgru.estimators.baselines import TAGGING_BASELINES
from fastgru.evaluation.records import ScoredRecords
from fastgru.evaluation.tagging_metrics import ScoredTags
from fastgru.report.results import Run
from fastgru.report.tasks.task import Rows, Task
from fastgru.report.wording import listed

__all__ = ["TASK"]


class _Tagging(Task):
    name = "tagging"
    scores = ("f1_macro", "accuracy", "sov")
    compared = ("f1_macro", "accuracy", "sov")
    headline = ("f1_macro", "accuracy")
    with_interval = ("f1_macro", "accuracy", "sov")
    baselines = TAGGING_BASELINES
    loss = "cross-entropy"
    kept = "True and predicted labels"

    def columns(self, run: Run) -> Sequence[str]:
        return ("labels", "true_labels")

    def read(self, run: Run, rows: Rows) -> ScoredTags:
        places = {name: number for number, name in enumerate(run.classes)}
        true, predicted = (
            [_numbers(run, row, column, places) for row in rows]
            for column in ("true_labels", "labels")
        )
        return ScoredTags(run.classes, true, predicted)

    def describe_output(self, experiment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        how = "the likeliest path of a CRF" if options.get("crf") else "the likeliest of each"
        return f"A label of {listed(experiment['classes'])} for each letter, {how}."

    def describe(self, records: ScoredRecords) -> dict[str, Any]:
        return {"classes": records.names}

    def chance(self, records: ScoredRecords) -> float:
        """Return 1 / K: whatever the shares s of classes and q of labels are.

        F1 of a class is then 2 s q / (s + q), at most (s + q) / 2, and these sum to 1.
        """
        assert isinstance(records, ScoredTags)
        n_occurring = int((records.confusion.sum(axis=1) > 0).sum())
        return 1 / n_occurring


def _numbers(
    run: Run, row: Mapping[str, str], column: str, places: dict[str, int]
) -> NDArray[np.int64]:
    """Return the number of the class of each letter, -1 where its label is not known."""
    true, labels = row["true_labels"], row[column]
    unknown = sorted({name for name in labels if name not in places and name != MASKED})
    if unknown or len(labels) != len(true):
        raise FastgruError(
            f"{run.folder / 'predictions.tsv'}, record {row['id']!r}: found "
            f"{f'the label {unknown[0]!r}' if unknown else f'{len(labels)} {column}'}, expected "
            f"one of the classes for each of {len(true)} letters. Evaluate again."
        )
    return np.array([places.get(name, -1) for name in labels], np.int64)


TASK = _Tagging()
