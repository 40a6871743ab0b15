"""What an experiment says, in sentences: how good, how sure, and with which caveats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastgru.errors import counted
from fastgru.estimators.baselines import BASELINES
from fastgru.report.chance import CHANCE, is_above_chance
from fastgru.report.contents import SHUFFLED_LABELS
from fastgru.report.design import count_models, describe_choice, describe_folds
from fastgru.report.more_data import last_step
from fastgru.report.standing import ENOUGH_SPLITS, stand

__all__ = ["conclude"]

Experiment = Mapping[str, Any]

# How much of the model's own gain over the class shares a control must not have, and which share
# of what there is to gain is too little to speak of: one training may gain as much by chance.
_LEAKS = 0.5
_LEAST_GAIN = 0.1
# From which share of the model's way above chance something explains most of what it does.
_MOST_OF = 0.5


def conclude(experiment: Experiment) -> list[str]:
    """Return the sentences, the most important first.

    Parameters
    ----------
    experiment
        All other entries of the experiment.
    """
    return [
        *_about_chance(experiment),
        *_about_best(experiment),
        *_about_baselines(experiment),
        *_about_few_splits(experiment),
        *_about_shortcuts(experiment),
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


def _best(experiment: Experiment) -> tuple[float | None, list[float] | None]:
    """Return the ROC AUC of the best model, and its interval."""
    best = _entry(experiment, experiment["best"])
    return best["pooled"]["roc_auc"], best["intervals"]["roc_auc"]


def _about_chance(experiment: Experiment) -> Iterator[str]:
    auc, interval = _best(experiment)
    if auc is None or is_above_chance(auc, interval):
        return
    best = _entry(experiment, experiment["best"])
    sure = _interval(best, "roc_auc") or " (no interval is known)"
    yield (
        f"Caveat: {best['name']} is not shown to be better than chance, which gives a ROC AUC of "
        f"{CHANCE}: its own is {auc:.3f}{sure}."
    )


def _about_best(experiment: Experiment) -> Iterator[str]:
    best = _entry(experiment, experiment["best"])
    chosen = f", {describe_choice(experiment)}," if count_models(experiment) > 1 else ""
    auc, accuracy = best["pooled"]["roc_auc"], best["pooled"]["accuracy"]
    together = "" if experiment["n_folds"] == 1 else ", all predictions taken together"
    tested = f"{describe_folds(experiment['split'])}{together}"
    if auc is None:
        yield f"{best['name']}{chosen} reaches an accuracy of {accuracy:.3f} on {tested}."
        return
    yield (
        f"{best['name']}{chosen} reaches a ROC AUC of {auc:.3f}{_interval(best, 'roc_auc')} and an "
        f"accuracy of {accuracy:.3f}{_interval(best, 'accuracy')} on {tested}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


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
    best, p_holm = experiment["best"], strongest["p_holm"]
    p = "unknown" if p_holm is None else f"{p_holm:.2g}"
    # the same kind of score for both: that of all predictions together stands in another sentence
    means = "" if experiment["n_folds"] == 1 else ", both as means over the folds"
    reaches = f"{what} reaches a ROC AUC of {score:.3f}, {best} {strongest['score_a']:.3f}{means}"
    reaches += f" (corrected p {p})"
    which = "every" if all(stand(row) == "worse" for row in rows) else "the highest"
    yield {
        "worse": f"It is better than {which} baseline: {reaches}.",
        "better": f"Caveat: a baseline is better: {reaches}. Use that, or find a model that is.",
        "higher": f"Caveat: a baseline scores higher, but is not shown to be better: {reaches}. "
        f"That {best} has learned anything beyond it is not shown; prefer the simpler one.",
        "as good": f"Caveat: a baseline is as good: {reaches}. "
        f"That {best} has learned anything beyond it is not shown; prefer the simpler one.",
        "unclear": f"Caveat: it scores above every baseline, but that may be chance: {reaches}.",
        "unknown": f"Whether {best} is better than its baselines is unknown: {reaches}.",
    }[stand(strongest)]


def _about_few_splits(experiment: Experiment) -> Iterator[str]:
    """Say that a missing difference means little where a test over splits cannot show one."""
    undecided = any(
        row["metric"] == "roc_auc" and row["verdict"] == "no difference shown"
        for row in experiment["comparisons"]
    )
    if undecided and 1 < experiment["n_folds"] < ENOUGH_SPLITS:
        yield (
            f"Caveat: with only {experiment['n_folds']} splits into training and test the "
            "comparisons can hardly show any difference; more folds or repeats can."
        )


def _about_shortcuts(experiment: Experiment) -> Iterator[str]:
    """Name the trivial feature that tells most, if it explains most of what the model does."""
    known = [entry for entry in experiment["shortcuts"] if entry["roc_auc"] is not None]
    if not known:
        return
    strongest = max(known, key=lambda entry: entry["roc_auc"])
    reached = _reach(experiment, strongest)
    if reached is None:
        return
    feature = strongest["feature"]
    yield (
        f"Caveat: the {feature} alone {'reach' if feature.endswith('s') else 'reaches'} "
        f"{strongest['roc_auc']:.3f} ({strongest['detail']}), {reached}. Unless that is what the "
        "classes are about, the data have a shortcut."
    )


def _reach(experiment: Experiment, shortcut: Mapping[str, Any]) -> str | None:
    """Return in words how far a feature goes beside the best model, None if not far."""
    auc, interval = _best(experiment)
    found, share = shortcut["roc_auc"], shortcut["share"]
    if share is None:  # of a model that is not shown to be above chance there is no share
        far = found - CHANCE > _MOST_OF * (1 - CHANCE)
        exceeds = far and interval is not None and found > interval[1]
        return f"more than the model itself ({auc:.3f})" if exceeds else None
    if share > 1:
        return f"more than the model itself ({auc:.3f})"
    return f"{_percent(share)} of the way from chance to the model" if share > _MOST_OF else None


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
            f"Caveat: {_percent(share)} of the sequences are homologous to another one, and the "
            "split does not keep them apart; on new families the scores will be lower."
        )


def _about_controls(experiment: Experiment) -> Iterator[str]:
    for control in experiment["controls"]:
        if control["of"] != experiment["best"] or control["metrics"]["roc_auc"] is None:
            continue
        if control["kind"] == SHUFFLED_LABELS:
            yield _about_shuffled_labels(control)
        elif is_above_chance(*_best(experiment)) and is_above_chance(
            control["reference"]["roc_auc"], control["reference_interval"]
        ):
            yield _about_shuffled_sequences(control)


def _about_shuffled_sequences(control: Mapping[str, Any]) -> str:
    auc, reference = control["metrics"]["roc_auc"], control["reference"]["roc_auc"]
    left = (auc - CHANCE) / (reference - CHANCE)
    if left > _MOST_OF:
        share = "all" if left >= 1 else _percent(left)
        return (
            f"Caveat: on shuffled sequences, with their {control['kept']} kept, it still "
            f"reaches {auc:.3f} of {reference:.3f}: {share} of what it does above chance does "
            "not need the order of the letters."
        )
    return (
        f"On shuffled sequences, with their {control['kept']} kept, it falls from "
        f"{reference:.3f} to {auc:.3f}: it reads the order of the letters."
    )


def _about_shuffled_labels(control: Mapping[str, Any]) -> str:
    """Judge by log loss: a ranking may be good by chance, sure probabilities may not."""
    found, own = control["metrics"]["log_loss"], control["reference"]["log_loss"]
    shares, interval = control["class_shares"], control["gain_interval"]
    gain = shares - found
    figures = (
        f"log loss {found:.3f}, against {own:.3f} of the model and {shares:.3f} of what knows the "
        "class shares alone"
    )
    if gain <= _LEAST_GAIN * shares:
        return f"Trained on shuffled labels it learns next to nothing, as it should ({figures})."
    if interval is not None:
        figures += f"; 95 % interval of the gain over these {interval[0]:.3f} to {interval[1]:.3f}"
    if gain > _LEAKS * (shares - own) and interval is not None and interval[0] > 0:
        return (
            f"Caveat: trained on shuffled labels it still predicts ({figures}): something may leak "
            "between training and test."
        )
    return (
        f"Trained on shuffled labels it does better than the class shares, which may be chance "
        f"({figures})."
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
    step = last_step(experiment, experiment["best"], "roc_auc")
    if step is not None:
        yield (
            f"With {step.n_before} instead of {step.n_after} training sequences it reaches "
            f"{step.before:.3f} instead of {step.after:.3f} on the first fold{step.verdict}"
        )
