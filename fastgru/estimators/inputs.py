"""Sequences and labels as callers hand them over, checked and encoded."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.data.feature_files import FeaturedSequence
from fastgru.data.letter_features import join_features
from fastgru.data.series import SERIES, encode_one, encode_series
from fastgru.errors import AlphabetError, ConfigurationError, LabelError, counted
from fastgru.estimators.parameter_pairs import check_featured

_LARGEST_WHOLE = 2**53
"""From here on not every whole number is a float."""


def encode_sequences(
    alphabet: Alphabet, sequences: Sequence[str], name: str = "sequence", *, min_length: int = 1
) -> list[np.ndarray]:
    """Return the uint8 codes of each sequence.

    Parameters
    ----------
    alphabet
    sequences
    name
        What messages call a sequence; its number from 0 follows.
    min_length
        Letters of a k-mer: a shorter sequence has none to be read.

    Raises
    ------
    ConfigurationError
        If it is one string, or holds something else than strings.
    AlphabetError
        For an empty sequence or a letter outside the alphabet; says which.
    LabelError
        For a sequence shorter than `min_length`.
    """
    if isinstance(sequences, str | bytes):
        raise ConfigurationError(
            f"sequences must be a list of strings, got {type(sequences).__name__}. "
            "For one sequence, give a list of one."
        )
    encoded = []
    for number, sequence in enumerate(only_column(sequences)):
        if not isinstance(sequence, str):
            raise ConfigurationError(
                f"{name} {number}: must be a string, got {type(sequence).__name__}."
            )
        try:
            codes = alphabet.encode(sequence)
        except AlphabetError as error:
            message = f"{name} {number}: {error}"
            raise AlphabetError(message, error.letter, error.position) from error
        if not len(codes):
            raise AlphabetError(
                f"{name} {number}: is empty, expected at least one letter. Leave it out."
            )
        if len(codes) < min_length:
            raise LabelError(
                f"{name} {number}: has {counted(len(codes), 'letter')}, expected at least "
                f"{min_length}, the kmer_size. Leave it out, or train with a smaller kmer_size."
            )
        encoded.append(codes)
    return encoded


def only_column(sequences: Sequence[Any]) -> Sequence[Any]:
    """Return sequences as they are, or those of a table of one column, as scikit-learn has them.

    Parameters
    ----------
    sequences
        A list, or an array or data frame (n,) or (n, 1).

    Raises
    ------
    ConfigurationError
        For a table of more columns, or what is none.
    """
    shape: tuple[int, ...] = getattr(sequences, "shape", (0,))
    if len(shape) == 1:
        return sequences
    if len(shape) != 2 or shape[1] != 1:
        raise ConfigurationError(
            f"sequences: have the shape {tuple(shape)}, expected one column of strings, (n,) or "
            "(n, 1). Select it, as with sklearn.compose.ColumnTransformer."
        )
    column: list[Any] = np.asarray(sequences)[:, 0].tolist()
    return column


def is_indicator(labels: object) -> bool:
    """Whether labels are a table: any number of labels for each sequence."""
    try:
        return np.asarray(labels).ndim == 2
    except ValueError:  # lists of different lengths
        return False


def encode_inputs(
    parameters: Mapping[str, Any],
    sequences: Sequence[Any],
    name: str = "sequence",
    *,
    min_length: int | None = None,
    n_features: int | None = None,
) -> list[np.ndarray]:
    """Return the codes of each sequence, or the features of each series.

    Parameters
    ----------
    parameters
        Of the estimator, checked.
    sequences, name
        As for :func:`encode_sequences`.
    min_length
        Fewest letters; None for those of a k-mer.
    n_features
        Of each step, as a model was trained with: 0 for letters alone.  None for what the first
        has; letters with features are pairs of a string and an array.

    Raises
    ------
    ConfigurationError, AlphabetError, LabelError
        As there.
    """
    kind = parameters["alphabet"]
    if kind == SERIES:
        timed = parameters.get("time_decay", False)
        return [*encode_series(sequences, name, n_features=n_features, timed=timed)]
    fewest = parameters.get("kmer_size", 1) if min_length is None else min_length
    alphabet = get_alphabet(kind)
    if n_features or (
        n_features is None and isinstance(next(iter(sequences), None), tuple | FeaturedSequence)
    ):
        check_featured(parameters)
        return _encode_pairs(alphabet, sequences, name, n_features)
    return encode_sequences(alphabet, sequences, name, min_length=fewest)


def _encode_pairs(
    alphabet: Alphabet, pairs: Sequence[Any], name: str, n_features: int | None
) -> list[np.ndarray]:
    """Return codes and features of each sequence, from pairs of both."""
    encoded: list[np.ndarray] = []
    given = [
        (pair.letters, pair.features) if isinstance(pair, FeaturedSequence) else pair
        for pair in pairs
    ]
    for number, pair in enumerate(given):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ConfigurationError(
                f"{name} {number}: must be a pair of a string and an array of features (length, "
                f"n_features), as others are, got {type(pair).__name__}."
            )
        place = f"features of {name} {number}"
        features = encode_one(pair[1], place, n_features=n_features, timed=False)
        if len(features) != len(pair[0]):
            raise LabelError(
                f"{place}: are those of {counted(len(features), 'letter')}, expected one row for "
                f"each of {len(pair[0])}. Align them with the sequence."
            )
        n_features = features.shape[1]
        encoded.append(features)
    codes = encode_sequences(alphabet, [letters for letters, _ in given], name)
    return [join_features(row, features) for row, features in zip(codes, encoded, strict=True)]


def n_features_of(parameters: Mapping[str, Any], encoded: Sequence[np.ndarray]) -> int | None:
    """Return the features of each step of encoded input; 0 for letters alone, None without any."""
    if not len(encoded):
        return None
    if encoded[0].ndim == 1:
        return 0
    n_columns: int = encoded[0].shape[1]
    return n_columns if parameters["alphabet"] == SERIES else n_columns - 1


def require_y(y: object, n_sequences: int) -> None:
    """Refuse None in the place of what is to be learned.

    Raises
    ------
    LabelError
    """
    if y is None:
        raise LabelError(
            "y: this estimator requires y to be passed, but the target y is None. Give it, one "
            f"for each of {counted(n_sequences, 'sequence')}."
        )


def label_array(labels: Sequence[Any], n_sequences: int, what: str = "labels") -> np.ndarray:
    """Return labels as a one-dimensional array, one for each sequence.

    Whole numbers that are given as floats are integers.

    Parameters
    ----------
    labels
    n_sequences
    what
        What messages call them.

    Raises
    ------
    LabelError
        If there is another number of them, or they are no class labels.
    """
    require_y(labels, n_sequences)
    try:
        given = np.asarray(labels)
    except ValueError:  # lists of different lengths
        given = np.empty((n_sequences, 2))
    if given.ndim != 1 or len(given) != n_sequences:
        raise LabelError(
            f"{what}: must be one for each of {counted(n_sequences, 'sequence')}, got an array "
            f"of shape {given.shape}."
        )
    if given.dtype.kind == "f" and (np.abs(given) < _LARGEST_WHOLE).all():
        whole = given.astype(np.int64)
        given = whole if (whole == given).all() else given
    # of the labels as given: NumPy makes one string array of "a" and NaN
    as_given = labels if isinstance(labels, list) and given.dtype.kind != "i" else given.tolist()
    kinds = {_kind(label) for label in as_given}
    if len(kinds) > 1 or not kinds <= {"strings", "integers"}:
        raise LabelError(
            f"{what}: Unknown label type: {' and '.join(sorted(kinds))}, expected all strings or "
            "all integers. Convert them before fit."
        )
    return given


def _kind(label: object) -> str:
    if isinstance(label, str):
        return "strings"
    return "integers" if isinstance(label, numbers.Integral | np.bool) else type(label).__name__


def encode_labels(labels: Sequence[Any], n_sequences: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes and the number of each sequence's class, int64 (n,).

    Raises
    ------
    LabelError
        If there are fewer than two classes.
    """
    classes, targets = np.unique(label_array(labels, n_sequences), return_inverse=True)
    if len(classes) < 2:
        found = f"only one class, {str(classes[0])!r}," if len(classes) else "no class"
        raise LabelError(
            f"labels: {found} among {counted(n_sequences, 'sequence')}, expected at least 2 "
            "classes. Add sequences of another class."
        )
    return classes, targets.astype(np.int64)
