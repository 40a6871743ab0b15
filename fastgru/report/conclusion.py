"""What an experiment says, in sentences: how good, how sure, and with which caveats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastgru.errors import counted
from fastgru.estimators.baselines import BASELINES

__all__ = ["conclude"]

Experiment = Mapping[str, Any]

_CHANCE = 0.5
# A network with nothing to learn is no better than chance on average, but a single one may look at
# something that matters: what tells is how much of the model's own distance from chance is left.
_LEAKS = 0.5
_MOST_OF = 0.8
_FLAT = 0.005


def conclude(experiment: Experiment) -> list[str]:
    """Return the sentences, the most important first.

    Parameters
    ----------
    experiment
        All other entries of the experiment.
    """
    return [
        *_about_best(experiment),
        *_about_baselines(experiment),
        *_about_relatives(experiment),
        *_about_controls(experiment),
        *_about_seeds(experiment),
        *_about_more_data(experiment),
    ]


def _entry(experiment: Experiment, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        entry for entry in experiment["contenders"] if entry["name"] == name
    )
    return found


def _about_best(experiment: Experiment) -> Iterator[str]:
    best = _entry(experiment, experiment["best"])
    n_models = sum(entry["kind"] == "model" for entry in experiment["contenders"])
    chosen = f", chosen of {n_models} models by validation loss," if n_models > 1 else ""
    auc, accuracy = best["pooled"]["roc_auc"], best["pooled"]["accuracy"]
    folds = experiment["n_folds"]
    tested = "one test set" if folds == 1 else f"{folds} folds that test every sequence once"
    if auc is None:
        yield f"{best['name']}{chosen} reaches an accuracy of {accuracy:.3f} on {tested}."
        return
    yield (
        f"{best['name']}{chosen} reaches a ROC AUC of {auc:.3f}{_interval(best, 'roc_auc')} and an "
        f"accuracy of {accuracy:.3f}{_interval(best, 'accuracy')} on {tested}."
    )


def _interval(entry: Mapping[str, Any], name: str) -> str:
    ends = entry["intervals"][name]
    return "" if ends is None else f" (95 % interval {ends[0]:.3f} to {ends[1]:.3f})"


def _about_baselines(experiment: Experiment) -> Iterator[str]:
    rows = [row for row in experiment["comparisons"] if row["metric"] == "roc_auc"]
    kinds = {entry["name"]: entry["kind"] for entry in experiment["contenders"]}
    rows = [row for row in rows if kinds[row["b"]] == "baseline" and row["score_b"] is not None]
    if not rows:
        return
    strongest = max(rows, key=lambda row: row["score_b"])
    name, score = strongest["b"], strongest["score_b"]
    what = f"{name} ({BASELINES[name]})" if name in BASELINES else name
    best = experiment["best"]
    if strongest["verdict"] == "a is better":
        yield (
            f"It is better than every baseline; the strongest, {what}, reaches {score:.3f} "
            f"(corrected p {strongest['p_holm']:.2g})."
        )
    elif strongest["verdict"] == "b is better":
        yield (
            f"A baseline is better: {what} reaches a ROC AUC of {score:.3f} (corrected p "
            f"{strongest['p_holm']:.2g}). Use that, or find a model that beats it."
        )
    elif strongest["verdict"] == "unknown":
        yield f"Whether {best} is better than {what}, which reaches {score:.3f}, is unknown."
    else:
        yield (
            f"A baseline is as good, as far as these data show: {what} reaches a ROC AUC of "
            f"{score:.3f}. What {best} has learned beyond it is not shown."
        )


def _about_relatives(experiment: Experiment) -> Iterator[str]:
    homology = experiment["homology"]
    if experiment["n_groups"] is not None:
        yield (
            f"Sequences of one group ({counted(experiment['n_groups'], 'group')}) were never "
            "divided between training and test, and the intervals are over groups."
        )
    elif homology is not None and homology.get("n_related"):
        share = homology["n_related"] / experiment["n_records"]
        yield (
            f"Caveat: {share:.0%} of the sequences are homologous to another one, and the split "
            "does not keep them apart; on new families the scores will be lower."
        )


def _about_controls(experiment: Experiment) -> Iterator[str]:
    for control in experiment["controls"]:
        if control["of"] != experiment["best"]:
            continue
        auc, reference = control["metrics"]["roc_auc"], control["reference"]["roc_auc"]
        if auc is None or reference is None:
            continue
        if control["kind"] == "shuffled_labels":
            if auc - _CHANCE > _LEAKS * (reference - _CHANCE):
                yield (
                    f"Caveat: trained on shuffled labels it still reaches a ROC AUC of {auc:.3f}, "
                    f"against {reference:.3f} and 0.5 for chance: something leaks between training "
                    "and test, or the test is small."
                )
            else:
                yield f"Trained on shuffled labels it is near chance, as it should be ({auc:.3f})."
        elif auc - _CHANCE > _MOST_OF * (reference - _CHANCE):
            yield (
                f"Caveat: on shuffled sequences, with their {control['kept']} kept, it still "
                f"reaches {auc:.3f}: most of what it does needs composition alone."
            )
        else:
            yield (
                f"On shuffled sequences, with their {control['kept']} kept, it falls to "
                f"{auc:.3f}: it reads the order of the letters."
            )


def _about_seeds(experiment: Experiment) -> Iterator[str]:
    runs = experiment["seeds"].get(experiment["best"], [])
    values = [run["metrics"]["roc_auc"] for run in runs]
    known = [value for value in values if value is not None]
    if len(known) >= 2:
        text = (
            f"{counted(len(known), 'seed')} reach {min(known):.3f} to {max(known):.3f} on the "
            "first fold"
        )
        together = experiment["ensemble"].get(experiment["best"])
        if together is not None and together["roc_auc"] is not None:
            text += f", and {together['roc_auc']:.3f} when their probabilities are averaged"
        yield f"{text}."


def _about_more_data(experiment: Experiment) -> Iterator[str]:
    curve = experiment["learning_curve"].get(experiment["best"], [])
    points = [point for point in curve if point["metrics"]["roc_auc"] is not None]
    if len(points) < 2:
        return
    before, last = points[-2], points[-1]
    gain = last["metrics"]["roc_auc"] - before["metrics"]["roc_auc"]
    text = (
        f"With {before['n_train']} instead of {last['n_train']} training sequences it reaches "
        f"{before['metrics']['roc_auc']:.3f} instead of {last['metrics']['roc_auc']:.3f} on the "
        "first fold"
    )
    if gain > _FLAT:
        yield f"{text}: more data would probably help."
    else:
        yield f"{text}: more data of this kind would hardly help."
