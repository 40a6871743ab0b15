"""``fastgru evaluate`` of a classifier."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastgru.cli.options import read_labelled_input
from fastgru.cli.predictions import (
    check_class_names,
    look_like_nucleotides,
    most_probable,
    warn_of_shuffled_labels,
)
from fastgru.cli.scoring import require_known_classes, score, show_scores, write_scores
from fastgru.cli.selection import require_lengths, select_parts
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.fitted_classifier import FittedClassifier

_LOGGER = logging.getLogger(__name__)
_OF_PROBABILITIES = ("log_loss", "brier", "ece", "reliability")


def run(args: argparse.Namespace, fitted: FittedClassifier) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.estimators.classifier import SequenceClassifier

    model = SequenceClassifier.from_fitted(fitted).set_params(threads=args.threads)
    _match_alphabet(args, model)
    data = read_labelled_input(args)
    chosen = select_parts(data, args.split, args.subset)
    _require_fitting(args, model, chosen)
    n_seen = _warn_of_doubts(model, data, chosen)
    shuffled_labels = warn_of_shuffled_labels(args.model)
    shuffled_sequences = None
    if args.shuffle:
        chosen, shuffled_sequences = _shuffle(chosen, model.alphabet, args.seed)
    classes = [str(name) for name in model.classes_]
    probabilities = model.predict_proba(chosen.sequences)
    metrics = {
        **score(args, chosen, probabilities, classes),
        **_score_calibration(model, chosen, probabilities),
        "kind": "model",
        "n_train": model.n_train_,
        "n_validation": model.n_validation_,
        "n_seen": n_seen,
        "shuffled_labels": shuffled_labels,
        "shuffled_sequences": shuffled_sequences,
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


def _shuffle(
    chosen: LabelledSequences, alphabet_name: str, seed: int
) -> tuple[LabelledSequences, str]:
    """Return the records with shuffled sequences, and what the shuffle keeps."""
    from fastgru.data.alphabets import get_alphabet
    from fastgru.data.shuffles import kind_of_shuffle, shuffle_sequences

    alphabet = get_alphabet(alphabet_name)
    kept = kind_of_shuffle(alphabet)
    _LOGGER.info("the sequences are shuffled, their %s kept", kept)
    return replace(chosen, sequences=shuffle_sequences(chosen.sequences, alphabet, seed=seed)), kept


def _match_alphabet(args: argparse.Namespace, model: SequenceClassifier) -> None:
    """Take the alphabet of the model; refuse another one."""
    if args.alphabet not in (None, model.alphabet):
        raise ConfigurationError(
            f"--alphabet {args.alphabet}: {args.model} was trained on {model.alphabet} "
            "sequences, expected the same. Leave the option out."
        )
    args.alphabet = model.alphabet


def _require_fitting(
    args: argparse.Namespace, model: SequenceClassifier, chosen: LabelledSequences
) -> None:
    """Refuse labels and lengths that the model cannot know."""
    classes = [str(name) for name in model.classes_]
    check_class_names(classes)
    require_known_classes(args.model, classes, chosen)
    require_lengths(chosen, model.min_length, model.max_length)


def _warn_of_doubts(
    model: SequenceClassifier, data: LabelledSequences, chosen: LabelledSequences
) -> int | None:
    """Say what makes the scores doubtful; return how many sequences the model has seen."""
    if model.alphabet == "protein" and look_like_nucleotides(data.sequences):
        _LOGGER.warning(
            "warning: all letters are A, C, G, T, U or N, but the model was trained on proteins"
        )
    seen = model.seen_in_training(chosen.sequences)
    if seen is None:
        _LOGGER.warning(
            "warning: the model does not say what it has learned from; scores on sequences of its "
            "training would measure memory"
        )
    elif seen.any():
        _LOGGER.warning(
            "warning: the model has seen %d of these %d sequences in training, so the scores "
            "measure memory; use the part 'test' of the split that it was trained with",
            seen.sum(),
            len(chosen),
        )
    return None if seen is None else int(seen.sum())


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
