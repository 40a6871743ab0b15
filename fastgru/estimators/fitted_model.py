"""What a trained model can do, whether it is one network or an ensemble of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.errors import LabelError
from fastgru.estimators.inputs import encode_inputs


class EncodedSequences(list[np.ndarray]):
    """Sequences that a model has encoded and found readable.

    The methods of :class:`FittedModel` take them in place of sequences, so that what is asked of
    the same sequences twice is encoded once.
    """


class FittedModel(ABC):
    """What training leaves behind, and what a model file keeps.

    Attributes
    ----------
    task
        One of :data:`fastgru.models.architecture.TASKS`.
    parameters
        Those it was trained with, as from :func:`fastgru.estimators.parameters.check_parameters`.
    history
        One entry per epoch.
    best_epoch
        Epoch whose weights the network has.
    n_train, n_validation
        Sequences to learn from, and to stop by.
    shuffled_labels
        Whether its file says that it was trained on shuffled labels, as a control.
    """

    task: ClassVar[str]
    parameters: dict[str, Any]
    history: list[dict[str, float]]
    best_epoch: int
    n_train: int
    n_validation: int
    shuffled_labels: bool

    @abstractmethod
    def card_entries(self) -> dict[str, Any]:
        """Return what its card says beside the entries of every card.

        Raises
        ------
        LabelError
            If labels cannot be written.
        """

    @property
    @abstractmethod
    def min_length(self) -> int:
        """Shortest sequence that can be read."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Features of each step of a series; 0 for letters."""

    @property
    @abstractmethod
    def max_length(self) -> int | None:
        """Longest sequence that can be read, None for any."""

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """Numbers that were learned."""

    @abstractmethod
    def attention_weights(self, encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the attention weights of encoded sequences that can be read.

        Raises
        ------
        ConfigurationError
            If the model has none.
        """

    @abstractmethod
    def flags(self, encoded: Sequence[np.ndarray]) -> list[tuple[str, ...]]:
        """Return the flags of encoded sequences."""

    @abstractmethod
    def were_seen(self, encoded: Sequence[np.ndarray]) -> np.ndarray | None:
        """Return whether encoded sequences were seen in training; None if that is unknown."""

    def attention(self, sequences: Sequence[Any], threads: int | None) -> list[np.ndarray]:
        """Return attention weights; see :meth:`fastgru.SequenceClassifier.attention`.

        Parameters
        ----------
        sequences
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        encoded = self.encode_readable(sequences)
        with threads_limited_to(threads):
            return self.attention_weights(encoded)

    def flag_unusual(self, sequences: Sequence[Any]) -> list[tuple[str, ...]]:
        """Return flags; see :meth:`fastgru.SequenceClassifier.flag_unusual`."""
        return self.flags(self._encode(sequences))

    def seen_in_training(self, sequences: Sequence[Any]) -> np.ndarray | None:
        """Return what was seen; see :meth:`fastgru.SequenceClassifier.seen_in_training`."""
        return self.were_seen(self._encode(sequences))

    def encode_readable(self, sequences: Sequence[Any]) -> EncodedSequences:
        """Return the codes of each sequence.

        Raises
        ------
        ConfigurationError, AlphabetError, LabelError
            For what is no sequence, or is too short or too long for the model.
        """
        if isinstance(sequences, EncodedSequences):
            return sequences
        encoded = self._encode(sequences, min_length=self.min_length)
        limit = self.max_length
        for number, codes in enumerate(encoded):
            if limit is not None and len(codes) > limit:
                raise LabelError(
                    f"sequence {number}: has {len(codes)} letters, expected at most {limit}, the "
                    "positions that the model has learned. Cut it, or train without "
                    "position_embedding."
                )
        return EncodedSequences(encoded)

    def _encode(self, sequences: Sequence[Any], *, min_length: int = 1) -> list[np.ndarray]:
        if isinstance(sequences, EncodedSequences):
            return sequences
        return encode_inputs(
            *(self.parameters, sequences), min_length=min_length, n_features=self.n_features
        )
