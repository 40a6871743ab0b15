"""Whether more training sequences would help: one rule for conclusion and page.

The last step of a learning curve says something only beside what the seed alone changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastgru.report.standing import advantage

__all__ = ["LastStep", "last_step"]


@dataclass(frozen=True)
class LastStep:
    """The last step of a learning curve.

    Attributes
    ----------
    n_before, n_after
        Training sequences.
    before, after
        The score with each.
    verdict
        The end of a sentence about it, with its punctuation.
    """

    n_before: int
    n_after: int
    before: float
    after: float
    verdict: str


def last_step(experiment: Mapping[str, Any], model: str, metric: str) -> LastStep | None:
    """Judge the last step of a model's learning curve, None without one.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    model
        Name of the model.
    metric
        Score to judge by.
    """
    curve = experiment["learning_curve"].get(model, [])
    known = [row for row in curve if row["metrics"][metric] is not None]
    if len(known) < 2:
        return None
    before, after = sorted(known, key=lambda row: float(row["share"]))[-2:]
    scores = before["metrics"][metric], after["metrics"][metric]
    seeds = [row["metrics"][metric] for row in experiment["seeds"].get(model, [])]
    verdict = _judge(
        advantage(metric, scores[1], scores[0]), [value for value in seeds if value is not None]
    )
    return LastStep(before["n_train"], after["n_train"], *scores, verdict)


def _judge(gain: float, of_seeds: Sequence[float]) -> str:
    if len(of_seeds) < 2:
        return "; with one seed it cannot be told from chance."
    if gain > max(of_seeds) - min(of_seeds):
        return ", more than seeds differ: more data would probably help."
    return ", no more than seeds differ: whether more data would help is open."
