"""The table of all contenders, and what the comparisons say about each in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastgru.report.contents import CONTROLS, SHUFFLED_LABELS
from fastgru.report.design import describe_choice
from fastgru.report.reading import Experiment
from fastgru.report.standing import stand, stand_in_words
from fastgru.report.wording import LABELS, measure, p_value

__all__ = ["Contender", "contenders"]

_LEVELS = {
    "better": "equal",
    "higher": "higher",
    "as good": "equal",
    "unclear": "none",
    "worse": "worse",
}


@dataclass(frozen=True)
class Contender:
    """One row of the table: a model, a baseline or a control."""

    dataset: str
    name: str
    kind: str
    description: str
    scores: dict[str, float | None]
    """Of the test predictions of all folds together; of a control, of its one run."""
    intervals: dict[str, list[float] | None]
    verdict: str
    level: str
    """What it means at a glance: ``best``, ``equal``, ``higher``, ``worse`` or ``none``."""


def contenders(experiment: Experiment) -> list[Contender]:
    """Return the rows of a data set: models, baselines, controls."""
    rows = []
    for row in experiment.content["contenders"]:
        applicable = row["not_applicable"] is None
        verdict, level = _verdict(experiment, row["name"])
        if not applicable:
            verdict, level = f"not applicable: {row['not_applicable']}", "none"
        rows.append(
            Contender(
                dataset=experiment.dataset,
                name=row["name"],
                kind=row["kind"],
                description=row["description"],
                scores=row["pooled"] if applicable else dict.fromkeys(experiment.task.scores),
                intervals=row["intervals"] if applicable else {},
                verdict=verdict,
                level=level,
            )
        )
    return [*rows, *(_control(experiment, row) for row in experiment.content["controls"])]


def _control(experiment: Experiment, row: dict[str, Any]) -> Contender:
    # One network with nothing to learn may still look at something that matters, and sort the
    # sequences by it for better or worse; its probabilities then hardly leave the class shares.
    by_loss = row["kind"] == SHUFFLED_LABELS and row["class_shares"] is not None
    metric = "log_loss" if by_loss else experiment.metric
    before, after = (measure(row[name][metric], metric) for name in ("reference", "metrics"))
    chance = f", {measure(row['class_shares'], metric)} for the class shares" if by_loss else ""
    return Contender(
        dataset=experiment.dataset,
        name=row["name"],
        kind="control",
        description=f"{CONTROLS[row['kind']]}, fold {row['fold']}",
        scores=row["metrics"],
        intervals={},
        verdict=f"has to fail: {LABELS[metric]} is {after}, unshuffled {before}{chance}",
        level="none",
    )


def _verdict(experiment: Experiment, name: str) -> tuple[str, str]:
    best = experiment.content["best"]
    if name == best:
        return describe_choice(experiment.content), "best"
    row = experiment.comparison(name)
    verdict, standing = stand_in_words(row, best), stand(row)
    if row is None or standing == "unknown":
        return verdict, "none"
    shown = "no difference shown, " if standing in ("as good", "unclear") else ""
    return f"{verdict} ({shown}{p_value(row['p_holm'])})", _LEVELS[standing]
