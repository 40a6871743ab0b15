"""Sequences and labels as callers hand them over, checked and encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastgru.data.alphabets import Alphabet
from fastgru.errors import AlphabetError, ConfigurationError, LabelError


def encode_sequences(alphabet: Alphabet, sequences: Sequence[str]) -> list[np.ndarray]:
    """Return the uint8 codes of each sequence.

    Raises
    ------
    ConfigurationError
        If it is one string, or holds something else than strings.
    AlphabetError
        For an empty sequence or a letter outside the alphabet; says which.
    """
    if isinstance(sequences, str | bytes):
        raise ConfigurationError(
            f"sequences must be a list of strings, got {type(sequences).__name__}. "
            "For one sequence, give a list of one."
        )
    encoded = []
    for number, sequence in enumerate(sequences):
        if not isinstance(sequence, str):
            raise ConfigurationError(
                f"sequence {number}: must be a string, got {type(sequence).__name__}."
            )
        try:
            codes = alphabet.encode(sequence)
        except AlphabetError as error:
            message = f"sequence {number}: {error}"
            raise AlphabetError(message, error.letter, error.position) from error
        if not len(codes):
            raise AlphabetError(f"sequence {number}: is empty, expected at least one letter.")
        encoded.append(codes)
    return encoded


def label_array(labels: Sequence[Any], n_sequences: int) -> np.ndarray:
    """Return labels as a one-dimensional array, one for each sequence.

    Raises
    ------
    LabelError
        If there is another number of them.
    """
    given = np.asarray(labels)
    if given.ndim != 1 or len(given) != n_sequences:
        raise LabelError(
            f"labels: must be one for each of {n_sequences} sequences, got an array of shape "
            f"{given.shape}."
        )
    return given


def encode_labels(labels: Sequence[Any], n_sequences: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes and the number of each sequence's class, int64 (n,).

    Raises
    ------
    LabelError
        If there are fewer than two classes.
    """
    classes, targets = np.unique(label_array(labels, n_sequences), return_inverse=True)
    if len(classes) < 2:
        raise LabelError(
            f"labels: {len(classes)} class among {n_sequences} sequences, expected at least 2."
        )
    return classes, targets.astype(np.int64)
