"""What the page shows of a model beside what it shows of every model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastgru.report.drawing import Picture

__all__ = ["Shown"]


@dataclass(frozen=True)
class Shown:
    """Scores and figures of a model that are its task's own.

    Attributes
    ----------
    metrics
        Scores of the test predictions of all folds together.
    pictures
    thresholds
        Of a classifier, means over the folds, by name.
    wide
        Pictures that want the width of two.
    """

    metrics: dict[str, Any]
    pictures: list[Picture]
    thresholds: list[dict[str, Any]] = field(default_factory=list)
    wide: list[Picture] = field(default_factory=list)
