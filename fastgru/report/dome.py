"""Answers to the questions of DOME, filled from what was run.

DOME is a set of recommendations for reporting supervised machine learning in biology: Walsh et al.
(2021) Nature Methods 18, 1122-1127, doi:10.1038/s41592-021-01205-4.  Its questions are about data,
optimisation, model and evaluation.
"""

from __future__ import annotations

from typing import Any

from fastgru.models.architecture import Architecture
from fastgru.report.design import describe_choice, describe_folds, describe_independence
from fastgru.report.model_views import ModelView
from fastgru.report.networks import describe_algorithm, describe_encoding
from fastgru.report.reading import Experiment
from fastgru.report.wording import (
    LABELS,
    count,
    counted,
    listed,
    measure,
    option,
    sentence,
    span,
)

__all__ = ["UNKNOWN", "Answers", "answer"]

Answers = dict[str, dict[str, str]]
"""Parts of DOME, and in each the answers by question."""

_OF_CONVOLUTIONS = ("conv_channels", "conv_width", "conv_dilation", "conv_stride", "conv_pool")

UNKNOWN = "not in the results, to be answered by the authors."


def answer(experiment: Experiment, audit: dict[str, Any], models: list[ModelView]) -> Answers:
    """Answer the questions for one data set and its best model.

    Parameters
    ----------
    experiment
        The gathered results.
    audit
        Content of ``audit.json``.
    models
        The models, the best one first.
    """
    model = models[0]
    return {
        "Data": _data(experiment, audit, model),
        "Optimisation": _optimisation(experiment, model),
        "Model": _model(experiment, audit, model),
        "Evaluation": _evaluation(experiment),
    }


def _data(experiment: Experiment, audit: dict[str, Any], model: ModelView) -> dict[str, str]:
    files = listed(f"{file['name']} (SHA-256 {file['sha256'][:12]}…)" for file in audit["files"])
    sizes = f"of which {count(sum(row['n_kept'] for row in audit['classes'].values()))} were used"
    if experiment.task.name == "classification":
        sizes = listed(
            f"{name} {count(row['n'])}, of which {count(row['n_kept'])} were used"
            for name, row in audit["classes"].items()
        )
    first = experiment.best["folds"][0]
    stopped = (
        " In each fold a validation part, taken from what is not tested, ends the training."
        if model.metrics["n_validation"]
        else ""
    )
    digest = audit.get("content_sha256", "not recorded")
    return {
        "Provenance": f"Read from {files}. Where these come from: {UNKNOWN}",
        "Size and parts": f"{counted(audit['n_records'], 'record')}: {sizes}. "
        f"Tested on {describe_folds(experiment.content['split'])}; in fold {first['fold']} "
        f"{count(first['n_train'])} sequences to learn from, {count(first['n_validation'])} to "
        f"stop by and {count(first['n_test'])} to test with.{stopped}",
        "Redundancy": f"{_describe_split(experiment)} {sentence(audit['resolve_rule'])}",
        "Availability": "The digest of the content, whatever the form of the files, is "
        f"{digest}. Where the data can be had: {UNKNOWN}",
    }


def _describe_split(experiment: Experiment) -> str:
    split, n_groups = experiment.content["split"], experiment.content["n_groups"]
    groups = f" ({counted(n_groups, 'group')})" if n_groups else ""
    if split["method"] == "homology":
        limits = [
            f"{100 * split[name]:g} % {name}" for name in ("identity", "coverage") if split[name]
        ]
        return (
            f"Similar sequences{f' (from {listed(limits)})' if limits else ''} stand together on "
            f"one side of each split{groups}."
        )
    return {
        "group": f"Sequences of one given group stand on one side of each split{groups}.",
        "random": (
            "Parts were drawn at random within the classes: no sequence is in two parts, but "
            "similar ones may be, and scores on related sequences are then too good."
        ),
        "given": "The parts were given with the labels; how they were made is not recorded.",
    }.get(split["method"], f"How the parts were made is not recorded{groups}.")


def _read(sizes: Architecture) -> str:
    if not sizes.n_letters:
        return "steps"
    return "letters, and the features beside them," if sizes.n_features else "letters"


def _optimisation(experiment: Experiment, model: ModelView) -> dict[str, str]:
    task = experiment.task
    options = {name: option(value) for name, value in model.options.items()}

    def with_options(*names: str) -> str:
        return ", ".join(f"{name} {options[name]}" for name in names if name in options)

    sizes = Architecture.from_dict(model.card["architecture"])
    size = with_options(
        *(_OF_CONVOLUTIONS if sizes.convolutions else ()),
        *("hidden_size", "num_layers", "bidirectional", "pooling"),
    )
    ratio = model.n_weights / max(experiment.best["folds"][0]["n_train"], 1)
    watched, early = "", ""
    if model.metrics["n_validation"]:
        epochs = listed(map(str, model.epochs))
        watched = f"; the validation loss, which chose the epoch ({epochs}), watches over it"
        early = "early stopping"
    regularised = ", ".join(filter(None, (early, with_options("dropout", "weight_decay"))))
    return {
        "Algorithm": f"{model.name}: {describe_algorithm(sizes, size, task.output)}. "
        f"{task.loss[:1].upper()}{task.loss[1:]}, minimised by AdamW. A standard method.",
        "Meta-predictions": "None: the input is the sequence, not the output of other predictors.",
        "Encoding": f"{describe_encoding(sizes)}; "
        f"{with_options('embedding_size', 'position_embedding')}. No alignment.",
        "Parameters": f"{count(model.n_weights)} learned numbers; {len(options)} options, listed "
        f"with the model, {describe_choice(experiment.content)}.",
        "Features": f"The {_read(sizes)} themselves, in order; nothing was selected.",
        "Fitting": f"{ratio:.1f} learned numbers per training sequence, so over-fitting is "
        f"possible{watched}. {_describe_controls(experiment)}",
        "Regularisation": sentence(regularised or "none"),
        "Availability": "Options, seed, history and digests of the data are in the card of each "
        "model file (fastgru info), and on this page.",
    }


def _describe_controls(experiment: Experiment) -> str:
    metric = experiment.metric
    rows = experiment.content["controls"]
    if not rows:
        return "No control on shuffled labels or sequences was run."
    found = (
        f"{row['name']} {measure(row['metrics'][metric], metric)} "
        f"(unshuffled {measure(row['reference'][metric], metric)})"
        for row in rows
    )
    return f"Controls, {LABELS[metric]}: {listed(found)}."


def _model(experiment: Experiment, audit: dict[str, Any], model: ModelView) -> dict[str, str]:
    trivial = [row for row in audit["shortcuts"][:1] if row["roc_auc"] is not None]
    hint = "".join(
        f" The most telling trivial feature, {row['feature']}, has a ROC AUC of "
        f"{row['roc_auc']:.3f} alone."
        for row in trivial
    )
    return {
        "Interpretability": f"A black box: its weights explain nothing to a reader.{hint}",
        "Output": experiment.task.describe_output(experiment.content, model.options),
        "Execution time": "Not in the results. Training and prediction run on an ordinary CPU.",
        "Availability": f"fastgru {model.card['fastgru_version']}, BSD-3-Clause; model files "
        f"fold*/{model.name}/*/model.safetensors beside experiment.json.",
    }


def _evaluation(experiment: Experiment) -> dict[str, str]:
    baselines = [row["name"] for row in experiment.scored if row["kind"] == "baseline"]
    methods = sorted({row["method"] for row in experiment.content["comparisons"]})
    against = f"With the baselines {listed(baselines)}, on the same parts" if baselines else "None"
    tested = (
        f"; {listed(methods)}, corrected by Holm's rule within each score and test"
        if methods
        else ""
    )
    best, metric = experiment.best, experiment.metric
    return {
        "Method": f"Tested on {describe_folds(experiment.content['split'])}. "
        f"{_describe_split(experiment)} {experiment.task.chosen} from the validation "
        f"sequences of their fold. {describe_independence(experiment.content)}",
        "Performance measures": f"{listed(LABELS[name] for name in experiment.task.scores)}; each "
        "is explained above.",
        "Comparison": f"{against}{tested}.",
        "Confidence": f"95 % intervals from the bootstrap over {best['resampled']}: "
        f"{LABELS[metric]} {measure(best['pooled'][metric], metric)} "
        f"({span(best['intervals'].get(metric), metric)}). {_describe_seeds(experiment)}",
        "Availability": f"{experiment.task.kept} of every test sequence are in the "
        "predictions.tsv of each run, the scores in metrics.json beside it.",
    }


def _describe_seeds(experiment: Experiment) -> str:
    seeds = experiment.content["seeds"].get(experiment.content["best"], [])
    values = [row["metrics"][experiment.metric] for row in seeds]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return "One seed was trained."
    low, high = (measure(value, experiment.metric) for value in (min(known), max(known)))
    return f"Over {len(known)} seeds on one fold it goes from {low} to {high}."
