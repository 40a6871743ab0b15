"""The table of all contenders, and what the comparisons say about each in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastgru.report.reading import METRICS, Experiment
from fastgru.report.wording import LABELS, listed, measure, p_value

__all__ = ["Contender", "contenders", "plain_words"]


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
    """What the verdict means at a glance: ``best``, ``equal``, ``worse`` or ``none``."""


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
                scores=row["pooled"] if applicable else dict.fromkeys(METRICS),
                intervals=row["intervals"] if applicable else {},
                verdict=verdict,
                level=level,
            )
        )
    return [*rows, *(_control(experiment, row) for row in experiment.content["controls"])]


def _control(experiment: Experiment, row: dict[str, Any]) -> Contender:
    metric = experiment.metric
    before, after = (measure(row[name][metric], metric) for name in ("reference", "metrics"))
    what = {
        "shuffled_labels": "trained on shuffled labels",
        "shuffled_sequences": "tested on shuffled sequences",
    }
    return Contender(
        dataset=experiment.dataset,
        name=row["name"],
        kind="control",
        description=f"{what.get(row['kind'], row['kind'])}, fold {row['fold']}",
        scores=row["metrics"],
        intervals={},
        verdict=f"has to fail: {LABELS[metric]} is {after}, unshuffled {before}",
        level="none",
    )


def _verdict(experiment: Experiment, name: str) -> tuple[str, str]:
    best = experiment.content["best"]
    if name == best:
        return "the model chosen by its validation loss", "best"
    row = experiment.comparison(name)
    if row is None or row["verdict"] == "unknown":
        return f"not compared with {best}", "none"
    p = p_value(row["p_holm"])
    if row["verdict"] == "a is better":
        return f"worse than {best} ({p})", "worse"
    if row["verdict"] == "b is better":
        return f"better than {best} ({p})", "equal"
    return f"as good as {best}: no difference shown ({p})", "equal"


def plain_words(experiment: Experiment) -> list[str]:
    """Return what has to be said about the best model, whether or not it is welcome."""
    metric = experiment.metric
    label = LABELS[metric]
    said = []
    kinds = {row["name"]: row["kind"] for row in experiment.scored}
    for verdict, words in (
        ("b is better", "better than"),
        ("no difference shown", "as good as"),
    ):
        rows = [
            row
            for name, kind in kinds.items()
            if kind == "baseline"
            and (row := experiment.comparison(name)) is not None
            and row["verdict"] == verdict
        ]
        if rows:
            best = experiment.content["best"]
            found = listed(f"{r['b']} ({label} {measure(r['score_b'], metric)})" for r in rows)
            ours = measure(rows[0]["score_a"], metric)
            said.append(
                f"A baseline is {words} {best} ({ours}): {found}. "
                "Prefer it, unless the model is needed for something else."
            )
    return said
