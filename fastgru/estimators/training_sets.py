"""What an estimator learns from and stops by: encoded sequences, targets and weights."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import ConfigurationError, LabelError, shorten
from fastgru.estimators.inputs import (
    encode_inputs,
    encode_labels,
    encode_sequences,
    label_array,
    n_features_of,
)
from fastgru.training.batches import LabelledSet
from fastgru.training.classification import Classification
from fastgru.training.language_model import LanguageModelling
from fastgru.training.objective import Objective
from fastgru.training.pretrained import Pretrained

ClassWeight = Mapping[Any, float] | str | None


@dataclass(frozen=True)
class GivenSets:
    """What a caller hands over, checked and encoded.

    Attributes
    ----------
    outputs
        What the outputs of the network stand for, such as the classes, sorted.
    objective
        What training is to make small.
    training
        Sequences with a weight.
    validation
        None where the caller brings none along.
    stratified
        Whether targets are numbers of classes, of each of which some are held out, where some are.
    pretrained
        What the network begins with; None for nothing.
    """

    outputs: np.ndarray
    objective: Objective
    training: LabelledSet
    validation: LabelledSet | None
    stratified: bool
    pretrained: Pretrained | None = None


def given_sets(
    parameters: Mapping[str, Any],
    sequences: Sequence[str],
    labels: Sequence[Any],
    *,
    sample_weight: ArrayLike | None,
    validation_data: tuple[Sequence[str], Sequence[Any]] | None,
    groups: Sequence[Any] | None = None,
    pretrained: Pretrained | None = None,
) -> GivenSets:
    """Check and encode what a caller hands over; see :meth:`fastgru.SequenceClassifier.fit`.

    Parameters
    ----------
    parameters
        All parameters of the classifier, checked.
    sequences, labels, sample_weight, validation_data, groups
    pretrained
        What was read of a language model.
    """
    class_weight = parameters["class_weight"]
    encoded = encode_inputs(parameters, sequences)
    classes, targets = encode_labels(labels, len(encoded))
    weights = check_sample_weight(sample_weight, len(encoded))
    members = check_groups(groups, len(encoded))
    training = weighted_set(encoded, targets, classes, class_weight, weights, members)
    validation = None
    if validation_data is not None:
        n_features = n_features_of(parameters, encoded)
        encode = partial(encode_inputs, parameters, n_features=n_features)
        validation = given_validation(encode, classes, class_weight, validation_data)
    objective = Classification(parameters["label_smoothing"], parameters["focal_gamma"])
    return GivenSets(
        *(classes, objective, training, validation), stratified=True, pretrained=pretrained
    )


def given_sequences(
    parameters: Mapping[str, Any],
    sequences: Sequence[str],
    validation_data: Sequence[str] | None,
    groups: Sequence[Any] | None = None,
) -> GivenSets:
    """Check and encode what a caller hands over; see :meth:`fastgru.SequenceLanguageModel.fit`.

    Parameters
    ----------
    parameters
        All parameters of the estimator, checked.
    sequences, validation_data, groups
    """
    alphabet = get_alphabet(parameters["alphabet"])
    training = _unlabelled_set(encode_sequences(alphabet, sequences), "the training set", groups)
    validation = None
    if validation_data is not None:
        encoded = encode_sequences(alphabet, validation_data, "validation sequence")
        validation = _unlabelled_set(encoded, "the validation set")
    outputs = np.array([*alphabet.letters, "end"])
    return GivenSets(outputs, LanguageModelling(), training, validation, stratified=False)


def _unlabelled_set(
    encoded: list[np.ndarray], name: str, groups: Sequence[Any] | None = None
) -> LabelledSet:
    if not encoded:
        raise LabelError(f"{name} is empty, expected at least one sequence. Add some.")
    n = len(encoded)
    return LabelledSet(encoded, np.zeros(n, np.int64), np.ones(n), check_groups(groups, n))


def class_weights(
    class_weight: ClassWeight, classes: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Return the weight of each class, float64 (n_classes,).

    ``"balanced"`` is scikit-learn's: n / (n_classes * count), so that classes weigh alike.

    Raises
    ------
    ConfigurationError
        If a mapping misses a class, or a weight is negative or no number.
    """
    if class_weight == "balanced":
        counts = np.bincount(targets, minlength=len(classes))
        return len(targets) / (len(classes) * np.maximum(counts, 1))
    if not isinstance(class_weight, Mapping):
        return np.ones(len(classes))
    missing = [str(name) for name in classes if name not in class_weight]
    if missing:
        raise ConfigurationError(
            f"class_weight has no weight for {shorten(missing)}, expected one for each class. "
            "Add it; 1 leaves a class as it is."
        )
    return np.array([_weight(str(name), class_weight[name]) for name in classes])


def _weight(name: str, value: Any) -> float:
    if not (isinstance(value, numbers.Real) and 0 <= float(value) < math.inf):
        raise ConfigurationError(
            f"class_weight of {name!r} must be a number of at least 0, got {value!r}."
        )
    return float(value)


def check_sample_weight(sample_weight: ArrayLike | None, n_sequences: int) -> np.ndarray:
    """Return the weight of each sequence, float64 (n,), 1 for None.

    Raises
    ------
    ConfigurationError
        If there is another number of them, or one is negative, or all are zero.
    """
    if sample_weight is None:
        return np.ones(n_sequences)
    try:
        weights = np.array(sample_weight, np.float64)
    except (TypeError, ValueError):
        weights = np.array(np.nan)
    good = weights.shape == (n_sequences,) and np.isfinite(weights).all()
    if not good or weights.min() < 0 or weights.sum() == 0:
        found = f"an array of shape {weights.shape}" if weights.ndim else "something else"
        raise ConfigurationError(
            f"sample_weight must hold {n_sequences} finite numbers, none negative and not all "
            f"zero, got {found}."
        )
    return weights


def check_groups(groups: Sequence[Any] | None, n_sequences: int) -> np.ndarray | None:
    """Return the name of the group of each sequence, str (n,), None for none.

    Raises
    ------
    LabelError
        If there is another number of them, or they are neither texts nor integers.
    """
    if groups is None:
        return None
    return label_array(groups, n_sequences, "groups").astype(str)


def subset(whole: LabelledSet, chosen: np.ndarray) -> LabelledSet:
    """Return the sequences of the given numbers."""
    encoded = [whole.encoded[number] for number in chosen]
    groups = None if whole.groups is None else whole.groups[chosen]
    return LabelledSet(encoded, whole.targets[chosen], whole.weights[chosen], groups)


def weighted_set(
    encoded: list[np.ndarray],
    targets: np.ndarray,
    classes: np.ndarray,
    class_weight: ClassWeight,
    sample_weight: np.ndarray,
    groups: np.ndarray | None = None,
) -> LabelledSet:
    """Return the sequences that have a weight; one of weight zero counts as if it were not there.

    Parameters
    ----------
    encoded, targets, classes
    class_weight
    sample_weight
        From :func:`check_sample_weight`.
    groups
        From :func:`check_groups`.

    Raises
    ------
    ConfigurationError
        If nothing is left.
    """
    present = np.flatnonzero(sample_weight)
    by_class = class_weights(class_weight, classes, targets[present])
    whole = LabelledSet(encoded, targets, sample_weight * by_class[targets], groups)
    used = np.flatnonzero(whole.weights)
    if not len(used):
        raise ConfigurationError("class_weight and sample_weight leave no sequence with a weight.")
    return subset(whole, used)


def given_validation(
    encode: Callable[[Sequence[Any], str], list[np.ndarray]],
    classes: np.ndarray,
    class_weight: ClassWeight,
    given: tuple[Sequence[Any], Sequence[Any]],
) -> LabelledSet:
    """Return the validation set that a caller brings along.

    Parameters
    ----------
    encode
        Makes codes of sequences, called by the name that comes second.
    classes, class_weight, given

    Raises
    ------
    AlphabetError, LabelError
        If it is empty, or its sequences or labels cannot be used.
    """
    encoded = encode(given[0], "validation sequence")
    labels = label_array(given[1], len(encoded))
    unknown = sorted({str(label) for label in labels[~np.isin(labels, classes)]})
    if unknown or not encoded:
        found = f"has the class {shorten(unknown)}" if unknown else "is empty"
        raise LabelError(
            f"validation set: {found}, expected sequences of the classes of the training set, "
            f"{shorten(map(str, classes))}. Move some of them into the training set, or leave "
            "the validation set out."
        )
    targets = np.searchsorted(classes, labels).astype(np.int64)
    return weighted_set(encoded, targets, classes, class_weight, np.ones(len(encoded)))
