"""What an experiment says, in sentences: how good, how sure, and with which caveats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastgru.errors import counted
from fastgru.report.chance import MOST_OF, is_above_chance
from fastgru.report.control_words import about_controls
from fastgru.report.deciding import best_score, chance_of, task_of
from fastgru.report.design import count_models, describe_choice, describe_folds
from fastgru.report.more_data import last_step
from fastgru.report.shortcuts import CHANCES, score_of_shortcut, scores_beside
from fastgru.report.standing import ENOUGH_SPLITS, advantage, stand
from fastgru.report.wording import phrase

__all__ = ["conclude"]

Experiment = Mapping[str, Any]


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
        *about_controls(experiment),
        *_about_seeds(experiment),
        *_about_more_data(experiment),
    ]


def _entry(experiment: Experiment, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        entry for entry in experiment["contenders"] if entry["name"] == name
    )
    return found


def _about_chance(experiment: Experiment) -> Iterator[str]:
    value, interval = best_score(experiment)
    chance, metric = chance_of(experiment), task_of(experiment).deciding
    if value is None or chance is None or is_above_chance(value, interval, chance):
        return
    best = _entry(experiment, experiment["best"])
    sure = _interval(best, metric) or " (no interval is known)"
    yield (
        f"Caveat: {best['name']} is not shown to be better than chance, which gives "
        f"{phrase(metric, f'{chance:.3g}')}: its own is {value:.3f}{sure}."
    )


def _about_best(experiment: Experiment) -> Iterator[str]:
    best = _entry(experiment, experiment["best"])
    chosen = f", {describe_choice(experiment)}," if count_models(experiment) > 1 else ""
    together = "" if experiment["n_folds"] == 1 else ", all predictions taken together"
    tested = f"{describe_folds(experiment['split'])}{together}"
    first, second = task_of(experiment).headline
    if best["pooled"][first] is None:
        reached = phrase(second, f"{best['pooled'][second]:.3f}")
        yield f"{best['name']}{chosen} reaches {reached} on {tested}."
        return
    reached = " and ".join(
        phrase(metric, f"{best['pooled'][metric]:.3f}") + _interval(best, metric)
        for metric in (first, second)
        if best["pooled"][metric] is not None
    )
    yield f"{best['name']}{chosen} reaches {reached} on {tested}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _interval(entry: Mapping[str, Any], name: str) -> str:
    ends = entry["intervals"][name]
    return "" if ends is None else f" (95 % interval {ends[0]:.3f} to {ends[1]:.3f})"


def _about_baselines(experiment: Experiment) -> Iterator[str]:
    metric = task_of(experiment).deciding
    rows = [row for row in experiment["comparisons"] if row["metric"] == metric]
    kinds = {entry["name"]: entry["kind"] for entry in experiment["contenders"]}
    rows = [row for row in rows if kinds[row["b"]] == "baseline" and row["score_b"] is not None]
    if not rows:
        return
    strongest = max(rows, key=lambda row: advantage(metric, row["score_b"], 0))
    name, score = strongest["b"], strongest["score_b"]
    described = task_of(experiment).describe_baseline(name)
    what = f"{name} ({described})" if described else name
    best, p_holm = experiment["best"], strongest["p_holm"]
    p = "unknown" if p_holm is None else f"{p_holm:.2g}"
    # the same kind of score for both: that of all predictions together stands in another sentence
    means = "" if experiment["n_folds"] == 1 else ", both as means over the folds"
    reached = phrase(metric, f"{score:.3f}")
    reaches = f"{what} reaches {reached}, {best} {strongest['score_a']:.3f}{means}"
    reaches += f" (corrected p {p})"
    larger = advantage(metric, 1, 0) > 0
    higher, highest, above = (
        ("higher", "highest", "above") if larger else ("lower", "lowest", "below")
    )
    which = "every" if all(stand(row) == "worse" for row in rows) else f"the {highest}"
    yield {
        "worse": f"It is better than {which} baseline: {reaches}.",
        "better": f"Caveat: a baseline is better: {reaches}. Use that, or find a model that is.",
        "higher": f"Caveat: a baseline scores {higher}, but is not shown to be better: {reaches}. "
        f"That {best} has learned anything beyond it is not shown; prefer the simpler one.",
        "as good": f"Caveat: a baseline is as good: {reaches}. "
        f"That {best} has learned anything beyond it is not shown; prefer the simpler one.",
        "unclear": f"Caveat: it scores {above} every baseline, but that may be chance: {reaches}.",
        "unknown": f"Whether {best} is better than its baselines is unknown: {reaches}.",
    }[stand(strongest)]


def _about_few_splits(experiment: Experiment) -> Iterator[str]:
    """Say that a missing difference means little where a test over splits cannot show one."""
    undecided = any(
        row["metric"] == task_of(experiment).deciding and row["verdict"] == "no difference shown"
        for row in experiment["comparisons"]
    )
    if undecided and 1 < experiment["n_folds"] < ENOUGH_SPLITS:
        yield (
            f"Caveat: with only {experiment['n_folds']} splits into training and test the "
            "comparisons can hardly show any difference; more folds or repeats can."
        )


def _about_shortcuts(experiment: Experiment) -> Iterator[str]:
    """Name the trivial feature that tells most, if it explains most of what the model does."""
    known = [*experiment["shortcuts"], *experiment.get("target_shortcuts", [])]
    known = [entry for entry in known if entry[score_of_shortcut(entry)] is not None]
    if not known:
        return
    strongest = max(known, key=lambda entry: float(entry[score_of_shortcut(entry)]))
    reached = _reach(experiment, strongest)
    if reached is None:
        return
    feature = strongest["feature"]
    what = strongest.get("target", "the classes")
    name = score_of_shortcut(strongest)
    value = f"{strongest[name]:.3f}"
    reaches = f"{phrase(name, value)} for {what}" if "target" in strongest else value
    yield (
        f"Caveat: the {feature} alone {'reach' if feature.endswith('s') else 'reaches'} "
        f"{reaches} ({strongest['detail']}), {reached}. "
        f"Unless that is what {what} {'are' if what == 'the classes' else 'is'} about, the data "
        "have a shortcut."
    )


def _reach(experiment: Experiment, shortcut: Mapping[str, Any]) -> str | None:
    """Return in words how far a feature goes beside the best model, None if not far."""
    name = score_of_shortcut(shortcut)
    own, interval = scores_beside(shortcut, _entry(experiment, experiment["best"]))
    found, share, chance = shortcut[name], shortcut["share"], CHANCES[name]
    if share is None:  # of a model that is not shown to be above chance there is no share
        far = found - chance > MOST_OF * (1 - chance)
        exceeds = far and interval is not None and found > interval[1]
        return f"more than the model itself ({own:.3f})" if exceeds else None
    if share > 1:
        return f"more than the model itself ({own:.3f})"
    return f"{_percent(share)} of the way from chance to the model" if share > MOST_OF else None


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


def _about_seeds(experiment: Experiment) -> Iterator[str]:
    runs = experiment["seeds"].get(experiment["best"], [])
    metric = task_of(experiment).deciding
    values = [run["metrics"][metric] for run in runs]
    known = [value for value in values if value is not None]
    if len(known) >= 2:
        text = (
            f"{counted(len(known), 'seed')} reach {min(known):.3f} to {max(known):.3f} on the "
            "first fold"
        )
        together = experiment["ensemble"].get(experiment["best"])
        if together is not None and together[metric] is not None:
            text += f", and {together[metric]:.3f} when their probabilities are averaged"
        yield f"{text}."


def _about_more_data(experiment: Experiment) -> Iterator[str]:
    step = last_step(experiment, experiment["best"], task_of(experiment).deciding)
    if step is not None:
        yield (
            f"With {step.n_before} instead of {step.n_after} training sequences it reaches "
            f"{step.before:.3f} instead of {step.after:.3f} on the first fold{step.verdict}"
        )
