"""What the input, and the state before a step, add to the gates of a cell.

::

    W x_t                 sum of products with the input
    U (m * h')            with the state; m is the dropout mask of the sequence, 1 without dropout
    LN(...) * gain + b    each normalised by itself where asked, and shifted by its own bias

Axes: G gates, n sequences that take the step, H hidden units, K summed index, V symbols,
P positions, I input features.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastgru.kernels.products import product
from fastgru.kernels.whole_arrays import add_rows
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.layer_norm import Normalised, normalise, normalise_gradient

ALL = slice(None)
"""All gates."""


class Weight(NamedTuple):
    """A parameter and its gradient, which is added to."""

    value: np.ndarray
    grad: np.ndarray


class DirectionWeights:
    """Parameters of one direction as the equations take them: absent ones are zero.

    Parameters
    ----------
    values, grads
        Arrays by name, without layer and direction.
    """

    def __init__(self, values: dict[str, np.ndarray], grads: dict[str, np.ndarray]) -> None:
        self._values, self._grads = values, grads
        self.hidden_size = values["weight_hh"].shape[1]

    def of_gates(self, name: str, gates: int) -> Weight:
        """Return a parameter (gates, H) or (gates, H, K); 1 for one of (H,)."""
        return Weight(*(self._by_gate(arrays, name, gates) for arrays in self._both))

    def of_units(self, name: str) -> Weight:
        """Return a parameter (H,)."""
        return Weight(*(self._by_gate(arrays, name, 1)[0] for arrays in self._both))

    def gain(self, name: str, gates: int) -> Weight | None:
        """Return the gain (gates, H) of a layer normalisation, None without."""
        return self.of_gates(name, gates) if name in self._values else None

    @property
    def _both(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return self._values, self._grads

    def _by_gate(self, arrays: dict[str, np.ndarray], name: str, gates: int) -> np.ndarray:
        if name not in arrays:
            return np.zeros((gates, self.hidden_size), self._values["weight_hh"].dtype)
        array = arrays[name]
        return array.reshape(gates, self.hidden_size, *array.shape[1:])


class Shifted:
    """``LN(products) * gain + bias``, or ``products + bias`` where there is no gain.

    Parameters
    ----------
    gain, bias
        Of shape (G, H).
    """

    def __init__(self, gain: Weight | None, bias: Weight) -> None:
        self._gain, self._bias = gain, bias

    def forward(
        self, products: np.ndarray, gates: slice = ALL
    ) -> tuple[np.ndarray, Normalised | None]:
        """Return the sums (g, n, H) of some gates, and what :meth:`backward` needs."""
        bias = self._bias.value[gates, None]
        if self._gain is None:
            return products + bias, None
        normalised = normalise(products)
        return normalised.values * self._gain.value[gates, None] + bias, normalised

    def backward(
        self, d: np.ndarray, normalised: Normalised | None, gates: slice = ALL
    ) -> np.ndarray:
        """Return the gradient of the products, given that of the sums."""
        self._bias.grad[gates] += d.sum(axis=1)
        if self._gain is None or normalised is None:
            return d
        self._gain.grad[gates] += (d * normalised.values).sum(axis=1)
        return normalise_gradient(d * self._gain.value[gates, None], normalised)


def _times(a: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Return ``a`` (n, K) times each of ``matrices`` (G, K, H), as (G, n, H)."""
    out = np.zeros((len(matrices), len(a), matrices.shape[2]), a.dtype)
    for matrix, part in zip(matrices, out, strict=True):
        product(a, matrix, part)
    return out


def _transposed(weight: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(weight.transpose(0, 2, 1))


def _back_through(
    d: np.ndarray, given: np.ndarray, weight: np.ndarray, grad: np.ndarray
) -> np.ndarray:
    """Take the gradient ``d`` (g, n, H) of ``given @ weight^T`` to both; return that of given."""
    d_given = np.zeros_like(given)
    for d_gate, matrix, d_matrix in zip(d, weight, grad, strict=True):
        product(d_gate, matrix, d_given)
        product(d_gate.T, given, d_matrix)
    return d_given


class RecurrentTape(NamedTuple):
    """What the products took (n, H), and what their normalisation kept."""

    given: np.ndarray
    normalised: Normalised | None


class RecurrentSums:
    """``LN(U (m * h')) * gain + b`` of some gates.

    Parameters
    ----------
    weights
    gates
        Number of gates of the cell.
    mask
        Float (B, H), m of each sequence; None for 1.
    """

    def __init__(self, weights: DirectionWeights, gates: int, mask: np.ndarray | None) -> None:
        self._weight = weights.of_gates("weight_hh", gates)
        self._transposed = _transposed(self._weight.value)
        bias = weights.of_gates("bias_hh", gates)
        self._shifted = Shifted(weights.gain("ln_weight_hh", gates), bias)
        self._mask = mask

    def forward(self, h: np.ndarray, gates: slice = ALL) -> tuple[np.ndarray, RecurrentTape]:
        """Return the sums (g, n, H) for ``h`` (n, H), and what :meth:`backward` needs."""
        given = h if self._mask is None else h * self._mask[: len(h)]
        sums, normalised = self._shifted.forward(_times(given, self._transposed[gates]), gates)
        return sums, RecurrentTape(given, normalised)

    def backward(self, d: np.ndarray, tape: RecurrentTape, gates: slice = ALL) -> np.ndarray:
        """Return the gradient of ``h``, given that of the sums; adds to those of the weights."""
        weight, grad = self._weight
        d_products = self._shifted.backward(d, tape.normalised, gates)
        d_given = _back_through(d_products, tape.given, weight[gates], grad[gates])
        return d_given if self._mask is None else d_given * self._mask[: len(d_given)]


class InputSums:
    """``LN(W x_t) * gain + b`` of all gates.

    Parameters
    ----------
    weights
    gates
        Number of gates of the cell.
    given
    """

    def __init__(self, weights: DirectionWeights, gates: int, given: LayerInput) -> None:
        self._weight, self._given = weights.of_gates("weight_ih", gates), given
        self._transposed = _transposed(self._weight.value)
        bias = weights.of_gates("bias_ih", gates)
        self._shifted = Shifted(weights.gain("ln_weight_ih", gates), bias)
        # Of letters the products are taken once each, not once for each step.
        tables = {"symbols": given.symbols, "positions": given.positions}
        self._vectors = {name: table for name, table in tables.items() if table is not None}
        self._products = {
            name: _times(table, self._transposed) for name, table in self._vectors.items()
        }
        self._d_products = {name: np.zeros_like(table) for name, table in self._products.items()}

    def forward(self, rows: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, Normalised | None]:
        """Return the sums (G, n, H), and what :meth:`backward` needs.

        Parameters
        ----------
        rows
            int64 (n,), where the step of each sequence stands in the input.
        places
            int64 (n,), its position in the sequence.
        """
        if self._given.x is not None:
            return self._shifted.forward(_times(self._given.x[rows], self._transposed))
        used = self._places(rows, places).items()
        parts = [np.take(self._products[name], which, axis=1) for name, which in used]
        return self._shifted.forward(sum(parts[1:], start=parts[0]))

    def _places(self, rows: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rows of each table that a step takes."""
        assert self._given.tokens is not None
        used = {"symbols": self._given.tokens[rows], "positions": places}
        return {name: used[name] for name in self._vectors}

    def backward(
        self,
        d: np.ndarray,
        normalised: Normalised | None,
        rows: np.ndarray,
        places: np.ndarray,
        dx: np.ndarray | None,
    ) -> None:
        """Add to the gradients of the weights and of the input, given that of the sums."""
        d_products = self._shifted.backward(d, normalised)
        if self._given.x is not None:
            assert dx is not None
            dx[rows] += _back_through(d_products, self._given.x[rows], *self._weight)
            return
        for name, which in self._places(rows, places).items():
            for d_gate, table in zip(d_products, self._d_products[name], strict=True):
                add_rows(d_gate, which, table)

    def gradients(self, dx: np.ndarray | None) -> InputGradients:
        """Return the gradients of the input when all steps are done."""
        through = {
            name: _back_through(self._d_products[name], vectors, *self._weight)
            for name, vectors in self._vectors.items()
        }
        return InputGradients(through.get("symbols"), through.get("positions"), dx)
