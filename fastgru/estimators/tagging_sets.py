"""What a tagger learns from and stops by: encoded sequences, the class of each letter, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastgru.data.alphabets import get_alphabet
from fastgru.data.step_labels import MASKED
from fastgru.errors import ConfigurationError, LabelError, counted, shorten
from fastgru.estimators.inputs import encode_sequences, require_y
from fastgru.estimators.training_sets import (
    GivenSets,
    check_groups,
    check_sample_weight,
    class_weights,
    subset,
)
from fastgru.layers.crf import UNKNOWN
from fastgru.training.batches import LabelledSet
from fastgru.training.tagging import Tagging

__all__ = ["check_step_labels", "given_tagging_sets", "labels_are_lists"]


def given_tagging_sets(
    parameters: Mapping[str, Any],
    sequences: Sequence[str],
    labels: Sequence[Any],
    *,
    sample_weight: ArrayLike | None,
    validation_data: tuple[Sequence[str], Sequence[Any]] | None,
    groups: Sequence[Any] | None = None,
) -> GivenSets:
    """Check and encode what a caller hands over; see :meth:`fastgru.SequenceTagger.fit`.

    Parameters
    ----------
    parameters
        All parameters of the tagger, checked.
    sequences, labels, sample_weight, validation_data, groups
    """
    _require_no_weights_in_field(parameters)
    alphabet = get_alphabet(parameters["alphabet"])
    encoded = encode_sequences(alphabet, sequences)
    rows = check_step_labels(labels, encoded)
    weights = check_sample_weight(sample_weight, len(encoded))
    classes = _find_classes([row for row, weight in zip(rows, weights, strict=True) if weight > 0])
    training = _known_set(encoded, rows, classes, weights, check_groups(groups, len(encoded)))
    validation = None
    if validation_data is not None:
        held = encode_sequences(alphabet, validation_data[0], "validation sequence")
        held_rows = check_step_labels(validation_data[1], held, "validation sequence")
        _require_known(held_rows, classes)
        validation = _known_set(held, held_rows, classes, np.ones(len(held)))
    positions = np.concatenate(list(training.targets))
    objective = Tagging(
        class_weights(parameters["class_weight"], classes, positions[positions != UNKNOWN]),
        parameters["label_smoothing"],
        parameters["focal_gamma"],
    )
    return GivenSets(classes, objective, training, validation, stratified=False)


def _require_no_weights_in_field(parameters: Mapping[str, Any]) -> None:
    """Refuse what changes the loss of single letters where there is none."""
    for name in ("class_weight", "label_smoothing", "focal_gamma"):
        if parameters["crf"] and parameters[name]:
            raise ConfigurationError(
                f"{name} must be left out with crf, got {parameters[name]!r}: a random field has "
                "one loss for all letters of a sequence. Leave out one of the two."
            )


def labels_are_lists(labels: Sequence[Any]) -> bool:
    """Whether the labels of a sequence are a list of texts, not a string of letters."""
    return len(labels) > 0 and not isinstance(labels[0], str)


def check_step_labels(
    labels: Sequence[Any], encoded: Sequence[np.ndarray], name: str = "sequence"
) -> list[np.ndarray]:
    """Return the labels of each sequence as an array of texts (length,).

    Parameters
    ----------
    labels
        For each sequence a string with a letter, or a list with a text, for each of its letters.
    encoded
        The sequences, encoded.
    name
        What messages call a sequence; its number from 0 follows.

    Raises
    ------
    LabelError
        If there is another number of them, or they are neither.
    """
    require_y(labels, len(encoded))
    if isinstance(labels, str) or len(labels) != len(encoded):
        found = "one string" if isinstance(labels, str) else str(len(labels))
        raise LabelError(
            f"labels: must be a string or a list for each of {counted(len(encoded), name)}, got "
            f"{found}."
        )
    kind = list if labels_are_lists(labels) else str
    rows = []
    for number, (given, codes) in enumerate(zip(labels, encoded, strict=True)):
        entries = given.tolist() if isinstance(given, np.ndarray) else given
        entries = list(entries) if isinstance(entries, tuple) else entries
        good = isinstance(entries, kind) and all(
            isinstance(label, str) and label and label.isprintable() for label in entries
        )
        if not good:
            expected = "a list of texts" if kind is list else "a string of letters"
            raise LabelError(
                f"labels of {name} {number}: must be {expected}, all of one kind, got "
                f"{shorten([given])}. Convert them before fit."
            )
        if len(entries) != len(codes):
            raise LabelError(
                f"labels of {name} {number}: there are {len(entries)} for "
                f"{counted(len(codes), 'letter')}, expected one for each. Write {MASKED} for a "
                "letter whose label is not known; a final * is no letter."
            )
        rows.append(np.array(list(entries), dtype=str))
    return rows


def _find_classes(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return the labels that occur, sorted."""
    classes = np.array(sorted(set().union(*(row.tolist() for row in rows)) - {MASKED}))
    if len(classes) < 2:
        found = f"only the class {str(classes[0])!r}" if len(classes) else "no class"
        raise LabelError(
            f"labels: {found} among {counted(len(rows), 'sequence')}, expected at least 2 "
            "classes. Add sequences that have another class."
        )
    return classes


def _require_known(rows: Sequence[np.ndarray], classes: np.ndarray) -> None:
    """Refuse validation labels that are not in training, or that are all masked."""
    found = set().union(*(row.tolist() for row in rows)) - {MASKED}
    unknown = sorted(found - set(classes.tolist()))
    if unknown or not found:
        fault = f"has the class {shorten(unknown)}" if unknown else "has no letter with a label"
        raise LabelError(
            f"validation set: {fault}, expected labels of the classes of the training set, "
            f"{shorten(classes.tolist())}. Correct them, or leave the validation set out."
        )


def _known_set(
    encoded: list[np.ndarray],
    rows: Sequence[np.ndarray],
    classes: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray | None = None,
) -> LabelledSet:
    """Return the sequences that have a weight and a letter with a label; others teach nothing."""
    targets = np.empty(len(rows), object)
    for number, row in enumerate(rows):
        places = np.searchsorted(classes, row).astype(np.int32)
        places[row == MASKED] = UNKNOWN
        targets[number] = places
    known = [
        weight > 0 and (row != MASKED).any() for row, weight in zip(rows, weights, strict=True)
    ]
    return subset(LabelledSet(encoded, targets, weights, groups), np.flatnonzero(known))
