"""Weights that both strands of DNA share: those stored, and those of the network they stand for.

A network does not tell a sequence from its reverse complement if its weights stay the same when
the order of all features is reversed together with that of the letters, the taps and the
directions (Shrikumar, Greenside and Kundaje 2017, doi:10.1101/103663; all such linear layers:
Mallet and Vert, NeurIPS 2021, openreview.net/forum?id=AD4jtD8wE1w).  Feature c of C then has the
partner C - 1 - c, which says of the other strand what c says of this one::

    embedding      e[complement of a, I - 1 - c]            = e[a, c]
    convolution    weight[C - 1 - c, I - 1 - i, K - 1 - k]  = weight[c, i, k]
    direction back weight_reverse[g, H - 1 - h, I - 1 - i]  = weight[g, h, i]
    outputs        head[o, p, C - 1 - c]                    = head[o, p, c]

and biases, scales, running statistics and the vector of the attention like the features they
belong to.  Stored is the first half of each, and of the recurrent layers the direction ahead.  The
whole weights are a linear map of them, ``whole = stored[index]``, so the gradient of what is stored
is the sum over the places that it stands in, and the layers compute as in any network.

Axes: I features of a step, K taps, C features of a layer, g gates, H units, o outputs, p poolings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from fastgru.layers.parameters import ParameterStore
from fastgru.models.architecture import GATES, Architecture

__all__ = ["TiedStrands", "complement_rows"]


class TiedStrands:
    """The stored weights of a network whose strands are tied.

    Parameters
    ----------
    architecture
    weights
        The whole weights; from then on those of :attr:`stored`, as of the last
        :meth:`write_weights`.

    Attributes
    ----------
    stored : ParameterStore
        Parameters and buffers in the shapes that the architecture states.  They begin as the first
        of the whole weights that they stand for.
    """

    def __init__(self, architecture: Architecture, weights: ParameterStore) -> None:
        shapes = architecture.parameter_shapes() | architecture.buffer_shapes()
        numbers = dict(_numbered(shapes))
        self._weights = weights
        self._index = np.concatenate(
            [_whole(architecture, numbers, name).ravel() for name in weights.names]
        )
        _, first = np.unique(self._index, return_index=True)
        values = weights.values[first]
        parts: dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]] = {}
        buffers: dict[str, dict[str, np.ndarray]] = {}
        for name, places in numbers.items():
            prefix, _, own = name.partition(".")
            learned, _ = parts.setdefault(prefix, ({}, {}))
            kept = learned if name in weights.places() else buffers.setdefault(prefix, {})
            kept[own] = values[places]
        self.stored = ParameterStore(parts, weights.values.dtype, buffers)

    def write_weights(self) -> None:
        """Write the whole weights."""
        self._weights.values[: self._weights.size] = self.stored.values[self._index]

    def keep_buffers(self) -> None:
        """Store what a pass in training has written into the buffers."""
        places = slice(self._weights.n_learned, self._weights.size)
        self.stored.values[self._index[places]] = self._weights.values[places]

    def write_gradients(self) -> None:
        """Write the gradients of what is stored, from those of the whole weights."""
        size, whole = self.stored.size, self._weights.grads[: self._weights.size]
        self.stored.grads[:size] = np.bincount(self._index, whole, minlength=size)


def _numbered(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each name with the places of its numbers in one flat array."""
    at = 0
    for name, shape in shapes.items():
        places = at + np.arange(np.prod(shape, dtype=np.int64)).reshape(shape)
        at += places.size
        yield name, places


def _whole(sizes: Architecture, stored: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return the whole of an array from what is stored."""
    if name.endswith("_reverse"):
        ahead = stored[name.removesuffix("_reverse")]
        by_gate = ahead.reshape(GATES[sizes.cell], sizes.hidden_size, -1)
        return np.flip(by_gate, axis=(1, 2)).reshape(ahead.shape)
    half = stored[name]
    if name == "embedding.letters":
        return np.concatenate([half, half[complement_rows(sizes.kmer_size), ::-1]], axis=1)
    if name == "head.weight":
        by_pooling = half.reshape(sizes.n_outputs, -1, sizes.hidden_size)
        both = np.concatenate([by_pooling, by_pooling[:, :, ::-1]], axis=2)
        return both.reshape(sizes.n_outputs, -1)
    if name.startswith(("stem.", "attention.")):
        return np.concatenate([half, np.flip(half)])
    return half


def complement_rows(kmer_size: int) -> np.ndarray:
    """Return the row of the reverse complement of each k-mer of DNA, int64 (4^k,).

    Parameters
    ----------
    kmer_size
        k; 1 for letters, in the order A, C, G, T.
    """
    rows = np.arange(4**kmer_size).reshape((4,) * kmer_size)
    return np.flip(rows).T.ravel()
