"""What the page shows of a classifier of several labels: the areas of each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastgru.evaluation.multilabel import AREAS
from fastgru.report.fold_runs import FoldRun
from fastgru.report.tasks.part_figures import part_picture
from fastgru.report.tasks.shown import Shown

__all__ = ["show_model"]


def show_model(runs: Sequence[FoldRun], row: dict[str, Any]) -> Shown:
    """Return what there is to show of a model.

    Parameters
    ----------
    runs
        Its folds.
    row
        Its entry in ``experiment.json``.
    """
    picture = part_picture("Each label", row["parts"], AREAS, "Area under the curve")
    return Shown(metrics=row["pooled"], pictures=[picture])
