"""A trained language model, and its model file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.data.variants import apply_variants
from fastgru.errors import ConfigurationError
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.model_card import damaged, network_fields
from fastgru.layers.checks import check_size
from fastgru.models.language_network import LanguageNetwork
from fastgru.models.model_file import SavedModel
from fastgru.training.generation import generate
from fastgru.training.language_model import count_predicted, log_likelihoods

__all__ = ["FittedLanguageModel", "read_language_model"]


@dataclass(frozen=True, kw_only=True)
class FittedLanguageModel(FittedNetwork):
    """A trained network that predicts letters from those before them.

    Attributes
    ----------
    network
    """

    task = "language_model"
    network: LanguageNetwork

    def score(self, sequences: Sequence[str], threads: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods in nats float64 (n,), and what they are of, int64 (n,).

        Parameters
        ----------
        sequences
        threads
            Most threads to use; None for all CPUs that the process may use.

        Returns
        -------
        tuple
            As :meth:`fastgru.SequenceLanguageModel.score_samples`, and how many letters were
            predicted, the end included.
        """
        encoded = self.encode_readable(sequences)
        with threads_limited_to(threads):
            ahead = log_likelihoods(self.network, encoded)[:, 0]
        return ahead, count_predicted(self.network.architecture.n_letters, encoded)

    def pooled_states(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean of the states of encoded sequences, those of the starts included."""
        return super().pooled_states([self.network.framed(codes) for codes in encoded])

    def score_variants(
        self, sequence: str, variants: Sequence[str], threads: int | None
    ) -> np.ndarray:
        """Return ratios; see :meth:`fastgru.SequenceLanguageModel.score_variants`.

        Parameters
        ----------
        sequence, variants
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        if isinstance(variants, str):
            raise ConfigurationError(
                "variants must be a list of strings, got str. For one variant, give a list of one."
            )
        alphabet = get_alphabet(self.parameters["alphabet"])
        changed = apply_variants(alphabet, sequence, variants)
        nats, _ = self.score([sequence, *changed], threads)
        ratios: np.ndarray = nats[1:] - nats[0]
        return ratios

    def generate(
        self,
        n: int,
        *,
        temperature: float,
        max_length: int,
        prefix: str,
        random_state: int | None,
        threads: int | None,
    ) -> list[str]:
        """Return new sequences; see :meth:`fastgru.SequenceLanguageModel.generate`.

        Parameters
        ----------
        n, temperature, max_length, prefix, random_state
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        alphabet = get_alphabet(self.parameters["alphabet"])
        begin = alphabet.encode(prefix)
        _check_generation(n, temperature, max_length, len(begin))
        with threads_limited_to(threads):
            made = generate(
                *(self.network, n, begin),
                temperature=temperature,
                max_length=max_length,
                random_state=random_state,
            )
        return ["".join(alphabet.symbols[code] for code in codes) for codes in made]

    def card_entries(self) -> dict[str, Any]:
        """Return nothing: it has no labels."""
        return {}


def _check_generation(n: object, temperature: float, max_length: int, n_given: int) -> None:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 0:
        raise ConfigurationError(f"n must be an integer of at least 0, got {n!r}.")
    check_size("max_length", max_length)
    if not 0 <= temperature < np.inf:
        raise ConfigurationError(
            f"temperature must be a finite number of at least 0, got {temperature}."
        )
    if max_length <= n_given:
        raise ConfigurationError(
            f"max_length must be above {n_given}, the letters of the prefix, got {max_length}."
        )


def read_language_model(saved: SavedModel, name: str) -> FittedLanguageModel:
    """Return the language model that a model file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.

    Raises
    ------
    ModelFileError
        If its card contradicts itself.
    """
    (network,) = saved.networks
    fields = network_fields(network, name, "language_model", LanguageNetwork)
    sizes = network.architecture
    if sizes.n_outputs != sizes.n_letters + 1:
        fault = f"there are {sizes.n_outputs} outputs for {sizes.n_letters} letters and the end"
        raise damaged(name, fault)
    if sizes.conv_channels or sizes.reverse_complement != "none":
        raise damaged(name, "a language model has no convolutions, and reads one strand")
    return FittedLanguageModel(**fields)
