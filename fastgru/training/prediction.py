"""What a network says of any number of sequences, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fastgru.data.windows import WindowCodes
from fastgru.kernels.loss import softmax
from fastgru.models.network import SequenceNetwork
from fastgru.models.shared_stem import SharedStem
from fastgru.training.batches import batches_by_length, pad

MAX_PREDICTION_TOKENS = 1 << 16
"""Bounds the memory of a prediction: about 150 MB at 64 units in two directions."""


def predict_logits(network: SequenceNetwork, encoded: Sequence[np.ndarray]) -> np.ndarray:
    """Return logits float64 (n, n_outputs), in the order of ``encoded``.

    A sequence's row does not depend on the others.
    """
    rows = np.empty((len(encoded), network.architecture.n_outputs), np.float64)
    left = np.ones(len(encoded), bool)
    if isinstance(encoded, WindowCodes):
        for chosen, outputs in _shared_logits(network, encoded):
            rows[chosen], left[chosen] = outputs, False
    numbers = np.flatnonzero(left)
    lengths = np.array([len(encoded[k]) for k in numbers.tolist()], np.int64)
    for batch in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        chosen = numbers[batch]
        rows[chosen] = network.forward(*pad([encoded[k] for k in chosen]))
    return rows


def _shared_logits(
    network: SequenceNetwork, windows: WindowCodes
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield numbers and logits of the windows for which it pays to share the stem."""
    sizes = windows.ends - windows.starts
    window = int(sizes.max(initial=0))
    stem = SharedStem(network.architecture, window)
    if not stem.applies:
        return
    whole = np.flatnonzero(sizes == window)
    for batch in stem.batches(windows.starts[whole], MAX_PREDICTION_TOKENS):
        chosen = whole[batch]
        yield chosen, network.forward_windows(windows.codes, windows.starts[chosen], window)


def predict_pooled(network: SequenceNetwork, encoded: Sequence[np.ndarray]) -> np.ndarray:
    """Return the pooled states (n, poolings * directions * H) in the order of ``encoded``.

    In the network's precision.  A sequence's row does not depend on the others.
    """
    sizes = network.architecture
    channels = network.trunk.stack.output_size
    rows = np.empty((len(encoded), max(1, len(sizes.pooling)) * channels), network.dtype)
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        rows[chosen] = network.pooled(*pad([encoded[k] for k in chosen]))
    return rows


def step_logits(
    network: SequenceNetwork, encoded: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the outputs of each step, batch by batch, of a network without pooling.

    A sequence's outputs do not depend on the others.

    Yields
    ------
    tuple
        Numbers of the sequences in the batch, int64 (B,); their lengths, int64 (B,); the outputs,
        float (B, T, n_outputs), anything past a sequence's end.
    """
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        yield chosen, lengths[chosen], network.forward(*pad([encoded[k] for k in chosen]))


def predict_attention(network: SequenceNetwork, encoded: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the attention weights float64 (steps,) of each sequence, in the order of ``encoded``.

    Of a network with attention pooling.  A sequence's weights do not depend on the others.
    """
    weights = [np.empty(0)] * len(encoded)
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        rows = network.attention(*pad([encoded[k] for k in chosen]))
        for k, row in zip(chosen, rows, strict=True):
            weights[k] = row.astype(np.float64)
    return weights


def predict_probabilities(
    network: SequenceNetwork, encoded: Sequence[np.ndarray], temperature: float = 1.0
) -> np.ndarray:
    """Return class probabilities float64 (n, n_outputs), in the order of ``encoded``.

    The softmax of the logits divided by the temperature.
    """
    logits = predict_logits(network, encoded)
    probabilities = np.empty_like(logits)
    softmax(logits / temperature, probabilities)
    return probabilities
