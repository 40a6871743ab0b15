"""Networks of fastgru, as the benchmarks train them beside those of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases import SEED
from fastgru.kernels.loss import softmax_cross_entropy
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork


def network_of(mixture: np.ndarray, **sizes: Any) -> SequenceNetwork:
    """Return a bidirectional GRU on letters, without dropout.

    Parameters
    ----------
    mixture
        float (symbols, letters)
    sizes
        Fields of the architecture; pooling is of last, mean and maximum unless they say otherwise.
    """
    own: dict[str, Any] = {
        "n_letters": mixture.shape[1],
        "embedding_size": 16,
        "hidden_size": 64,
        "num_layers": 1,
        "bidirectional": True,
        "pooling": ("last", "mean", "max"),
        "dropout": 0.0,
        "dtype": "float32",
    }
    return SequenceNetwork(Architecture(**{**own, **sizes}), mixture, SEED)


def gradients(
    network: SequenceNetwork, tokens: np.ndarray, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the logits and all gradients of the mean cross-entropy of a batch.

    Parameters
    ----------
    network
    tokens
        int (B, T)
    targets
        int (B,)
    """
    lengths = np.full(len(tokens), tokens.shape[1])
    logits = network.forward(tokens, lengths, training=True)
    dlogits = np.empty_like(logits)
    softmax_cross_entropy(logits, targets, np.ones(len(tokens)), 0.0, 0.0, dlogits)
    network.backward(dlogits)
    store = network.parameters
    found = {
        name: store.grads[place].reshape(store.views()[name].shape)
        for name, place in store.places().items()
    }
    return found | {"logits": logits}
