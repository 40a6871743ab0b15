"""A trained network, whatever its task, and what is known of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru.data.input_profile import InputProfile
from fastgru.data.letter_features import codes_of
from fastgru.data.seen_sequences import SeenSequences
from fastgru.data.series import SeriesProfile
from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.fitted_model import FittedModel
from fastgru.models.gradient_flow import gradient_by_distance
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import pad
from fastgru.training.prediction import predict_attention, predict_pooled

__all__ = ["FittedNetwork"]

_MAX_GRADIENT_TOKENS = 1 << 14
"""Padded size of the batch for the gradient by distance: its tape is kept."""


@dataclass(frozen=True, kw_only=True)
class FittedNetwork(FittedModel):
    """A trained network.

    Attributes
    ----------
    parameters, history, best_epoch, n_train, n_validation
        As in :class:`fastgru.estimators.fitted_model.FittedModel`.
    network
    inputs
        What the training sequences look like; None if unknown.
    seen
        Sequences that were learned from or stopped by; None if unknown.
    pretrained
        The language model that training began with, as in the card; None for none.
    shuffled_labels
        As in :class:`fastgru.estimators.fitted_model.FittedModel`.
    """

    parameters: dict[str, Any]
    network: SequenceNetwork
    history: list[dict[str, float]]
    best_epoch: int
    n_train: int
    n_validation: int
    inputs: InputProfile | SeriesProfile | None
    seen: SeenSequences | None
    pretrained: dict[str, Any] | None = None
    shuffled_labels: bool = False

    @property
    def min_length(self) -> int:
        """Shortest sequence that the network can read, that of one k-mer."""
        return self.network.architecture.kmer_size

    @property
    def n_features(self) -> int:
        """Features of each step of a series; 0 for letters."""
        return self.network.architecture.n_features

    @property
    def max_length(self) -> int | None:
        """Longest sequence that the network can read, None for any."""
        return self.network.architecture.max_letters

    @property
    def n_parameters(self) -> int:
        """Numbers that were learned."""
        return self.network.parameters.n_learned

    def attention_weights(self, encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the attention weights of encoded sequences that the network can read.

        Raises
        ------
        ConfigurationError
            If the network has no attention pooling.
        """
        pooling = self.network.architecture.pooling
        if "attention" not in pooling:
            raise ConfigurationError(
                f"attention: the model has the pooling {shorten(pooling)}, expected 'attention' "
                "among it. Train one with 'attention' in pooling."
            )
        return predict_attention(self.network, encoded)

    def pooled_states(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the pooled states of encoded sequences, float (n, n_pooled).

        In the network's precision; of a network without pooling the mean of its states.
        """
        return predict_pooled(self.network, encoded)

    def gradient_by_distance(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return how far back the gradient reaches, from the first of some sequences.

        Parameters
        ----------
        encoded
            At least one, that the network can read; as many are taken as fit one batch.

        Returns
        -------
        np.ndarray
            As from :func:`fastgru.models.gradient_flow.gradient_by_distance`.
        """
        longest = np.maximum.accumulate([len(codes) for codes in encoded])
        sizes = longest * np.arange(1, len(encoded) + 1)
        n_chosen = max(1, int(np.searchsorted(sizes, _MAX_GRADIENT_TOKENS, side="right")))
        return gradient_by_distance(self.network, *pad(encoded[:n_chosen]))

    def flags(self, encoded: Sequence[np.ndarray]) -> list[tuple[str, ...]]:
        """Return the flags of encoded sequences; all empty if nothing is known of the inputs."""
        if self.inputs is None:
            return [()] * len(encoded)
        of_letters = isinstance(self.inputs, InputProfile)
        return self.inputs.flags(codes_of(encoded) if of_letters else encoded)

    def were_seen(self, encoded: Sequence[np.ndarray]) -> np.ndarray | None:
        """Return whether encoded sequences were seen in training; None if that is unknown."""
        return None if self.seen is None else self.seen.contains(encoded)
