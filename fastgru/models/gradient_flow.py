"""How far back in time the gradient of a network's last states reaches.

With h_T the last states of the recurrent layers and x_t their input, the gradient of a random
direction of h_T to x_t is a product of as many matrices as there are steps between: it vanishes or
explodes (Bengio, Simard and Frasconi 1994, doi:10.1109/72.279181) unless gates let it through
(Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735)::

    g_d = mean over sequences of |d (v . h_T) / d x_(T - d)|,  v of unit length

of the direction that reads ahead.
"""

from __future__ import annotations

import numpy as np

from fastgru.layers.blocks import BLOCK_ROWS, plan_blocks
from fastgru.layers.layer_input import LayerInput, as_dense
from fastgru.models.network import SequenceNetwork

__all__ = ["gradient_by_distance"]


def gradient_by_distance(
    network: SequenceNetwork, tokens: np.ndarray, lengths: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Return the mean norm of the gradient by the distance from the last step.

    Parameters
    ----------
    network
    tokens
        Integer (B, T): symbols; anything valid past a sequence's end.
    lengths
        int64 (B,), at least one of them positive.
    seed
        Of the directions v, one for each sequence.

    Returns
    -------
    np.ndarray
        float64 (D,), in units of that of the last step (distance 0), for the distances that at
        least half of the sequences have.  Steps are those of the recurrent layers.
    """
    norms, steps = _norms(network, tokens, lengths, np.random.default_rng(seed))
    order = np.sort(steps)
    n_distances = int(order[(len(order) - 1) // 2])
    by_distance = np.array(
        [
            np.mean([row[n - 1 - d] for row, n in zip(norms, steps, strict=True) if n > d])
            for d in range(max(n_distances, 1))
        ]
    )
    relative: np.ndarray = by_distance / max(by_distance[0], np.finfo(np.float64).tiny)
    return relative


def _norms(
    network: SequenceNetwork, tokens: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the norms float64 (B, T') of each step's gradient, and the lengths int64 (B,)."""
    stack = network.trunk.stack
    given, lengths, n_steps = network.read(tokens, lengths)
    x = as_dense(given, len(lengths), n_steps)
    initial = network.zero_states(len(lengths))
    blocks = plan_blocks(lengths, n_steps, BLOCK_ROWS)
    dense = LayerInput(x=x, gaps=given.gaps)
    stack.forward(blocks, dense, initial, training=True, rng=None, outputs=False)
    directions = rng.standard_normal((len(lengths), stack.hidden_size))
    dstates = np.zeros_like(initial)
    last = dstates[-len(stack.layers[0])]  # of the direction ahead; for the LSTM before c
    last[: len(lengths)] = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    gradients, _ = stack.backward(None, dstates)
    assert gradients.x is not None
    norms = np.linalg.norm(gradients.x.astype(np.float64), axis=1)
    return norms.reshape(len(lengths), n_steps), lengths
