"""What the controls of the best model say, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastgru.report.chance import MOST_OF, is_above_chance
from fastgru.report.contents import SHUFFLED_LABELS
from fastgru.report.deciding import best_score, chance_of, task_of
from fastgru.report.standing import MARGIN, advantage
from fastgru.report.wording import phrase

__all__ = ["about_controls"]

# How much of the model's own gain over what knows nothing a control must not have, and which share
# of what there is to gain is too little to speak of: one training may gain as much by chance.
_LEAKS = 0.5
_LEAST_GAIN = 0.1
_LEAK = "something may leak between training and test."
_NOTHING = "Trained on shuffled labels it learns next to nothing, as it should"


def about_controls(experiment: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence about each control of the best model.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    metric, chance = task_of(experiment).deciding, chance_of(experiment)
    for control in experiment["controls"]:
        if control["of"] != experiment["best"] or control["metrics"][metric] is None:
            continue
        if control["kind"] == SHUFFLED_LABELS:
            yield _about_labels(control, metric, chance)
        elif chance is None:
            yield _about_order(control, metric)
        elif is_above_chance(*best_score(experiment), chance) and is_above_chance(
            control["reference"][metric], control["reference_interval"], chance
        ):
            yield _about_sequences(control, metric, chance)


def _about_sequences(control: Mapping[str, Any], metric: str, chance: float) -> str:
    found, reference = control["metrics"][metric], control["reference"][metric]
    left = (found - chance) / (reference - chance)
    if left > MOST_OF:
        share = "all" if left >= 1 else f"{100 * left:.0f} %"
        return (
            f"Caveat: on shuffled sequences, with their {control['kept']} kept, it still "
            f"reaches {found:.3f} of {reference:.3f}: {share} of what it does above chance does "
            "not need the order of the letters."
        )
    return (
        f"On shuffled sequences, with their {control['kept']} kept, it falls from "
        f"{reference:.3f} to {found:.3f}: it reads the order of the letters."
    )


def _about_order(control: Mapping[str, Any], metric: str) -> str:
    """Judge where chance is unknown, and with it how much of a score is owed to the order."""
    found, reference = control["metrics"][metric], control["reference"][metric]
    figures = (
        f"n shuffled sequences, with their {control['kept']} kept, it reaches "
        f"{phrase(metric, f'{found:.3f}')} instead of {reference:.3f}"
    )
    if advantage(metric, reference, found) > MARGIN:
        return f"O{figures}: it reads the order of the letters."
    return f"Caveat: o{figures}: what it does does not need the order of the letters."


def _about_labels(control: Mapping[str, Any], metric: str, chance: float | None) -> str:
    if control["class_shares"] is not None:
        return _about_labels_of_classes(control)
    found, own = control["metrics"][metric], control["reference"][metric]
    figures = f"{phrase(metric, f'{found:.3f}')}, against {own:.3f} of the model"
    if chance is None:
        return f"Trained on shuffled labels it reaches {figures}."
    figures += f" and {chance:.3g} by chance"
    gain = found - chance
    if gain <= _LEAST_GAIN * max(own - chance, 0):
        return f"{_NOTHING} ({figures})."
    if gain > _LEAKS * (own - chance) and is_above_chance(found, control["interval"], chance):
        return f"Caveat: trained on shuffled labels it still predicts ({figures}): {_LEAK}"
    return f"Trained on shuffled labels it is above chance, which may be by chance ({figures})."


def _about_labels_of_classes(control: Mapping[str, Any]) -> str:
    """Judge by log loss: a ranking may be good by chance, sure probabilities may not."""
    found, own = control["metrics"]["log_loss"], control["reference"]["log_loss"]
    shares, interval = control["class_shares"], control["gain_interval"]
    gain = shares - found
    figures = (
        f"log loss {found:.3f}, against {own:.3f} of the model and {shares:.3f} of what knows the "
        "class shares alone"
    )
    if gain <= _LEAST_GAIN * shares:
        return f"{_NOTHING} ({figures})."
    if interval is not None:
        figures += f"; 95 % interval of the gain over these {interval[0]:.3f} to {interval[1]:.3f}"
    if gain > _LEAKS * (shares - own) and interval is not None and interval[0] > 0:
        return f"Caveat: trained on shuffled labels it still predicts ({figures}): {_LEAK}"
    return (
        f"Trained on shuffled labels it does better than the class shares, which may be chance "
        f"({figures})."
    )
