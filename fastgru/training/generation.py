"""New sequences from a language model, letter by letter."""

from __future__ import annotations

import numpy as np

from fastgru.kernels.loss import softmax
from fastgru.models.language_network import LanguageNetwork

__all__ = ["generate"]

_BATCH = 1024
"""Sequences that are made side by side, so that memory does not grow with their number."""


def generate(
    network: LanguageNetwork,
    n_sequences: int,
    prefix: np.ndarray,
    *,
    temperature: float,
    max_length: int,
    random_state: int | None,
) -> list[np.ndarray]:
    """Return sequences drawn from what the network expects next, as codes with their prefix.

    The end is not drawn before there is a letter.

    Parameters
    ----------
    network
    n_sequences
    prefix
        uint8 (m,), what all begin with.
    temperature
        What the logits are divided by; 0 for the most likely letter each time.
    max_length
        Most letters, those of the prefix included; above m.
    random_state
        None for another result each time.
    """
    rng = np.random.default_rng(random_state)
    made: list[np.ndarray] = []
    for start in range(0, n_sequences, _BATCH):
        size = min(_BATCH, n_sequences - start)
        made += _generate_batch(network, size, prefix, temperature, max_length, rng)
    return made


def _generate_batch(
    network: LanguageNetwork,
    size: int,
    prefix: np.ndarray,
    temperature: float,
    max_length: int,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    end = network.architecture.n_letters
    codes = np.zeros((size, max_length), np.uint8)
    codes[:, : len(prefix)] = prefix
    lengths = np.full(size, max_length)
    states, tokens = network.first_states(size), np.full(size, network.start)
    for at in range(max_length):
        logits, states = network.step(tokens, states)
        if at >= len(prefix):
            drawn = _draw(logits, rng.random(size), temperature, may_end=at > 0)
            lengths[(drawn == end) & (lengths == max_length)] = at
            codes[:, at] = np.where(drawn == end, 0, drawn)  # past its end anything may stand
        if (lengths < max_length).all():
            break
        tokens = codes[:, at]
    return [row[:length] for row, length in zip(codes, lengths, strict=True)]


def _draw(
    logits: np.ndarray, draws: np.ndarray, temperature: float, *, may_end: bool
) -> np.ndarray:
    """Return the number of what comes next in each sequence, by a draw from [0, 1) for each."""
    allowed = logits.astype(np.float64)[:, : None if may_end else -1]
    if temperature == 0:
        likeliest: np.ndarray = allowed.argmax(axis=1)
        return likeliest
    probabilities = np.empty_like(allowed)
    # the largest is 0: divided by a tiny temperature, others become -inf and never NaN
    softmax((allowed - allowed.max(axis=1, keepdims=True)) / temperature, probabilities)
    below = probabilities.cumsum(axis=1)[:, :-1] <= draws[:, None]
    drawn: np.ndarray = below.sum(axis=1)
    return drawn
