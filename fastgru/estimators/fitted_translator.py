"""A trained translator, and its model file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.data.target_alphabets import TargetAlphabet, get_target_alphabet
from fastgru.errors import ConfigurationError
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.model_card import damaged, network_fields
from fastgru.estimators.translation_sets import paired_set
from fastgru.layers.checks import check_size
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.models.model_file import SavedModel
from fastgru.training.beam_search import translate
from fastgru.training.translation import TokenScores, score_tokens

__all__ = ["FittedTranslator", "TranslatedSequence", "read_translator"]

_SPARE_SHARE, _SPARE_TOKENS = 1.5, 10
"""How much longer a translation may get than the longest of training, for its letters."""


class TranslatedSequence(NamedTuple):
    """What a translator has written.

    Attributes
    ----------
    sequence : str
    log_probability : float
        Of its tokens and its end, in nats.
    ended : bool
        Whether it came to an end before it had the most tokens it may have.
    """

    sequence: str
    log_probability: float
    ended: bool


@dataclass(frozen=True, kw_only=True)
class FittedTranslator(FittedNetwork):
    """A trained network that writes one sequence for another.

    Attributes
    ----------
    network
    tokens_per_letter
        The most tokens that a translation of training has for each letter.
    """

    task = "translation"
    network: EncoderDecoder
    tokens_per_letter: float

    @property
    def written(self) -> TargetAlphabet:
        """What translations are written in."""
        return get_target_alphabet(self.parameters["target_alphabet"])

    def translate(
        self,
        sequences: Sequence[str],
        *,
        beam_size: int,
        length_penalty: float,
        max_length: int | None,
        threads: int | None,
    ) -> list[TranslatedSequence]:
        """Return translations; see :meth:`fastgru.Seq2Seq.translate`.

        Parameters
        ----------
        sequences, beam_size, length_penalty, max_length
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        encoded = self.encode_readable(sequences)
        _check_search(beam_size, length_penalty, max_length)
        lengths = np.array([len(codes) for codes in encoded], np.int64)
        limits = np.full(len(encoded), max_length or 0)
        if max_length is None:
            most = _SPARE_SHARE * self.tokens_per_letter
            limits = np.ceil(most * lengths).astype(np.int64) + _SPARE_TOKENS
        with threads_limited_to(threads):
            found = translate(
                *(self.network, encoded, limits),
                beam_size=beam_size,
                length_penalty=length_penalty,
            )
        return [
            TranslatedSequence(self.written.decode(one.codes), one.log_probability, one.ended)
            for one in found
        ]

    def score_targets(
        self, sequences: Sequence[str], targets: Sequence[str], threads: int | None
    ) -> TokenScores:
        """Return how the network scores given translations.

        Parameters
        ----------
        sequences, targets
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        pairs = paired_set(self.parameters, sequences, targets)
        with threads_limited_to(threads):
            return score_tokens(self.network, pairs)

    def card_entries(self) -> dict[str, Any]:
        """Return in which letters it writes, and how many."""
        return {
            "target_alphabet": self.written.name,
            "tokens_per_letter": self.tokens_per_letter,
        }


def _check_search(beam_size: int, length_penalty: float, max_length: int | None) -> None:
    check_size("beam_size", beam_size)
    if max_length is not None:
        check_size("max_length", max_length)
    if not 0 <= length_penalty < math.inf:
        raise ConfigurationError(
            f"length_penalty must be a finite number of at least 0, got {length_penalty!r}."
        )


def read_translator(saved: SavedModel, name: str) -> FittedTranslator:
    """Return the translator that a model file holds.

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
    sizes, written = network.architecture, get_target_alphabet(saved.card["target_alphabet"])
    if sizes.n_outputs != len(written.tokens) + 1:
        fault = f"there are {sizes.n_outputs} outputs for {len(written.tokens)} tokens and the end"
        raise damaged(name, fault)
    plain = sizes.cell == "gru" and not (sizes.conv_channels or sizes.residual)
    if not plain or sizes.reverse_complement != "none":
        fault = "a translator has plain GRU layers, no convolutions, and reads one strand"
        raise damaged(name, fault)

    new_network = partial(_new_network, written)
    fields = network_fields(network, name, "translation", new_network)
    if fields["parameters"]["target_alphabet"] != written.name:
        raise damaged(name, "target_alphabet is not that of training")
    return FittedTranslator(**fields, tokens_per_letter=float(saved.card["tokens_per_letter"]))


def _new_network(written: TargetAlphabet, *given: Any) -> EncoderDecoder:
    architecture, mixture, seed = given
    return EncoderDecoder(architecture, mixture, written.mixture, seed)
