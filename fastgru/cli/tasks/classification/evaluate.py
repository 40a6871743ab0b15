"""``fastgru evaluate`` of a classifier."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import read_labelled_input
from fastgru.cli.predictions import (
    check_class_names,
    most_probable,
    warn_of_shuffled_labels,
)
from fastgru.cli.scoring import require_known_classes, score, show_scores, write_scores
from fastgru.cli.selection import select_parts
from fastgru.cli.tasks.evaluation import (
    about_model,
    match_alphabet,
    require_readable,
    shuffled,
    warn_of_doubts,
)

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.fitted_classifier import FittedClassifier

_OF_PROBABILITIES = ("log_loss", "brier", "ece", "reliability")


def run(args: argparse.Namespace, fitted: FittedClassifier) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier

    model = SequenceClassifier.from_fitted(fitted).set_params(threads=args.threads)
    match_alphabet(args, fitted)
    data = read_labelled_input(args)
    chosen = select_parts(data, args.split, args.subset)
    _require_fitting(args, fitted, chosen)
    n_seen = warn_of_doubts(fitted, data, chosen)
    shuffled_labels = warn_of_shuffled_labels(fitted, args.model)
    chosen, kept = shuffled(args, chosen)
    classes = [str(name) for name in model.classes_]
    probabilities = model.predict_proba(chosen.sequences)
    metrics = {
        **score(args, chosen, probabilities, classes),
        **_score_calibration(model, chosen, probabilities),
        **about_model(fitted, data, chosen, n_seen, kept),
        "shuffled_labels": shuffled_labels,
        "gradient_by_distance": _gradient_by_distance(fitted, chosen),
    }
    flags = model.flag_unusual(chosen.sequences)
    write_scores(args, chosen, probabilities, metrics, flags=flags)
    show_scores(metrics)
    return 0


def _gradient_by_distance(
    fitted: FittedClassifier, chosen: LabelledSequences
) -> list[float] | None:
    """Return how far back the gradient of a single network reaches; None for an ensemble."""
    from fastgru.estimators.fitted_network import FittedNetwork

    if not isinstance(fitted, FittedNetwork):
        return None
    norms = fitted.gradient_by_distance(fitted.encode_readable(chosen.sequences))
    return [float(f"{norm:.4g}") for norm in norms]


def _require_fitting(
    args: argparse.Namespace, fitted: FittedClassifier, chosen: LabelledSequences
) -> None:
    """Refuse labels and lengths that the model cannot know."""
    classes = [str(name) for name in fitted.classes]
    check_class_names(classes)
    require_known_classes(args.model, classes, chosen)
    require_readable(fitted, chosen)


def _score_calibration(
    model: SequenceClassifier, chosen: LabelledSequences, probabilities: np.ndarray
) -> dict[str, Any]:
    """Return the scores without the temperature, and those of the thresholds."""
    from fastgru.evaluation import classification_metrics, rescale

    classes = [str(name) for name in model.classes_]
    predicted = most_probable(probabilities, classes)
    raw = rescale(probabilities, 1 / model.temperature_)
    uncalibrated = classification_metrics(chosen.labels, predicted, raw, classes)
    return {
        "temperature": model.temperature_,
        "uncalibrated": {name: uncalibrated[name] for name in _OF_PROBABILITIES},
        "thresholds": _score_thresholds(model, chosen, probabilities),
    }


def _score_thresholds(
    model: SequenceClassifier, chosen: LabelledSequences, probabilities: np.ndarray
) -> list[dict[str, Any]]:
    """Return each threshold of the model with its scores on the validation and the test set."""
    from fastgru.evaluation.thresholds import SCORES, score_threshold

    positive = str(model.classes_[1])
    is_positive = [label == positive for label in chosen.labels]
    table = []
    for row in model.thresholds_:
        threshold, test = row["threshold"], None
        if threshold is not None:
            test = score_threshold(is_positive, probabilities[:, 1], threshold)
        shared = {name: row[name] for name in ("name", "threshold", "reason")}
        validation = {name: row[name] for name in SCORES}
        table.append({**shared, "validation": validation, "test": test})
    return table
