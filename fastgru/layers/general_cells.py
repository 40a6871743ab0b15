"""The recurrent cells with any activation functions, one step at a time.

The kernels of :mod:`fastgru.kernels` know the usual functions only; here the same equations stand
once more for all others, in NumPy.  x_k and h_k are what the input and the state before the step
add to gate k, biases included (:mod:`fastgru.layers.gate_sums`).  On the way back d is the gradient
of a state after the step, da that of the sum a within a function, and f'(a) the function's
derivative.

Axes: G gates, S states, n sequences that take the step, H hidden units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from fastgru.layers.activation_functions import Activation, Clipped
from fastgru.layers.cells import PEEPHOLES
from fastgru.layers.gate_sums import DirectionWeights, RecurrentSums, Shifted


class GeneralCell:
    """A cell by its equations.

    Parameters
    ----------
    activations
        In ONNX's order.
    clip
        Limit of the sums that they are taken of, or None.
    input_forget
        Whether the LSTM's forget gate is 1 - i.
    weights
    recurrent
        What the state adds to the gates.
    """

    gates: ClassVar[int]
    states: ClassVar[int] = 1
    roles: ClassVar[str]
    """What the functions are for, as messages say it."""
    compiled: ClassVar[tuple[tuple[str, ...], ...]]
    """Functions for which there are kernels, the default ones first."""

    def __init__(
        self,
        activations: Sequence[Activation],
        clip: float | None,
        input_forget: bool,
        weights: DirectionWeights,
        recurrent: RecurrentSums,
    ) -> None:
        self.functions = [Clipped(function, clip) for function in activations]
        self.input_forget, self.recurrent = input_forget, recurrent

    def forward(self, x: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return the states (S, n, H) after a step, and what :meth:`backward` needs.

        Parameters
        ----------
        x
            float (G, n, H), what the input adds to the gates.
        states
            float (S, n, H), before the step.
        """
        raise NotImplementedError

    def backward(
        self, d_states: np.ndarray, states: np.ndarray, tape: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of ``x`` and of the states before; adds to those of the weights.

        Parameters
        ----------
        d_states
            float (S, n, H), gradient of the states after the step.
        states
            float (S, n, H), before the step.
        tape
            What :meth:`forward` returned.
        """
        raise NotImplementedError


class _GateTape(NamedTuple):
    """Sums and values of the gates, and the tapes of the recurrent sums."""

    sums: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]
    recurrent: tuple[Any, ...]


class ResetAfterCell(GeneralCell):
    """The GRU with the reset gate after the recurrent product.

    ::

        r = f(x_r + h_r)    z = f(x_z + h_z)    n = g(x_n + r h_n)    h = (1 - z) n + z h'
    """

    gates = 3
    roles = "f of r and z, g of n"
    compiled = (("sigmoid", "tanh"),)

    def forward(self, x: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return the state after the step, and the tape."""
        f, g = self.functions
        (before,) = states
        (h_r, h_z, h_n), recurrent = self.recurrent.forward(before)
        a_r, a_z = x[0] + h_r, x[1] + h_z
        r, z = f.value(a_r), f.value(a_z)
        a_n = x[2] + r * h_n
        n = g.value(a_n)
        h = (1 - z) * n + z * before
        # A view of h_n would keep h_r and h_z in memory as well.
        return h[None], _GateTape((a_r, a_z, a_n), (r, z, n), (recurrent, h_n.copy()))

    def backward(
        self, d_states: np.ndarray, states: np.ndarray, tape: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of ``x`` and of the state before."""
        f, g = self.functions
        (before,), (d,) = states, d_states
        (a_r, a_z, a_n), (r, z, n), (recurrent, h_n) = tape
        da_n = d * (1 - z) * g.slope(a_n, n)
        da_z = d * (before - n) * f.slope(a_z, z)
        da_r = da_n * h_n * f.slope(a_r, r)
        d_before = d * z + self.recurrent.backward(np.stack([da_r, da_z, da_n * r]), recurrent)
        return np.stack([da_r, da_z, da_n]), d_before[None]


class ResetBeforeCell(GeneralCell):
    """The GRU with the reset gate before the recurrent product.

    ::

        r = f(x_r + h_r)    z = f(x_z + h_z)    n = g(x_n + h_n)    h = (1 - z) n + z h'

    where h_n comes from r h' in the place of h'.
    """

    gates = 3
    roles = ResetAfterCell.roles
    compiled = ResetAfterCell.compiled
    _gates_of_state, _gate_of_reset = slice(0, 2), slice(2, 3)

    def forward(self, x: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return the state after the step, and the tape."""
        f, g = self.functions
        (before,) = states
        (h_r, h_z), first = self.recurrent.forward(before, self._gates_of_state)
        a_r, a_z = x[0] + h_r, x[1] + h_z
        r, z = f.value(a_r), f.value(a_z)
        (h_n,), second = self.recurrent.forward(r * before, self._gate_of_reset)
        a_n = x[2] + h_n
        n = g.value(a_n)
        h = (1 - z) * n + z * before
        return h[None], _GateTape((a_r, a_z, a_n), (r, z, n), (first, second))

    def backward(
        self, d_states: np.ndarray, states: np.ndarray, tape: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of ``x`` and of the state before."""
        f, g = self.functions
        (before,), (d,) = states, d_states
        (a_r, a_z, a_n), (r, z, n), (first, second) = tape
        da_n = d * (1 - z) * g.slope(a_n, n)
        d_reset = self.recurrent.backward(da_n[None], second, self._gate_of_reset)  # of r h'
        da_z = d * (before - n) * f.slope(a_z, z)
        da_r = d_reset * before * f.slope(a_r, r)
        d_before = d * z + d_reset * r
        d_before += self.recurrent.backward(np.stack([da_r, da_z]), first, self._gates_of_state)
        return np.stack([da_r, da_z, da_n]), d_before[None]


class LSTMCell(GeneralCell):
    """The long short-term memory, with peepholes p.

    ::

        i = f(x_i + h_i + p_i c')    u = f(x_f + h_f + p_f c'), or 1 - i    q = g(x_g + h_g)
        c = u c' + i q
        o = f(x_o + h_o + p_o c)     h = o m,  m = k(s),  s = c, or LN(c) * gain + bias
    """

    gates = 4
    states = 2
    roles = "f of i, f and o, g of the new cell state, h of the output"
    compiled = (("sigmoid", "tanh", "tanh"),)

    def __init__(
        self,
        activations: Sequence[Activation],
        clip: float | None,
        input_forget: bool,
        weights: DirectionWeights,
        recurrent: RecurrentSums,
    ) -> None:
        super().__init__(activations, clip, input_forget, weights, recurrent)
        # c is no sum of a gate; ONNX Runtime does not clip it either.
        self.functions[2] = Clipped(activations[2], None)
        self._p_i, self._p_f, self._p_o = (weights.of_units(name) for name in PEEPHOLES)
        bias = weights.of_gates("ln_bias_c", 1)
        self._shifted = Shifted(weights.gain("ln_weight_c", 1), bias)

    def forward(self, x: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return the states h and c after the step, and the tape."""
        f, g, k = self.functions
        before, c_before = states
        sums, recurrent = self.recurrent.forward(before)
        a_i, a_f, a_g, a_o = x + sums
        a_i += self._p_i.value * c_before
        a_f += self._p_f.value * c_before
        i, q = f.value(a_i), g.value(a_g)
        u = 1 - i if self.input_forget else f.value(a_f)
        c = u * c_before + i * q
        a_o += self._p_o.value * c
        o = f.value(a_o)
        (s,), normalised = self._shifted.forward(c[None])
        m = k.value(s)
        kept = (a_i, a_f, a_g, a_o, s), (i, u, q, o, m), (recurrent, normalised, c)
        return np.stack([o * m, c]), _GateTape(*kept)

    def backward(
        self, d_states: np.ndarray, states: np.ndarray, tape: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of ``x`` and of the states before."""
        f, g, k = self.functions
        (_, c_before), (d, d_c) = states, d_states
        (a_i, a_f, a_g, a_o, s), (i, u, q, o, m), (recurrent, normalised, c) = tape
        da_o = d * m * f.slope(a_o, o)
        (d_normal,) = self._shifted.backward((d * o * k.slope(s, m))[None], normalised)
        d_c = d_c + d_normal + self._p_o.value * da_o
        d_i, d_u = d_c * q, d_c * c_before
        if self.input_forget:  # u = 1 - i
            d_i, d_u = d_i - d_u, np.zeros_like(d_u)
        da_i, da_f, da_g = d_i * f.slope(a_i, i), d_u * f.slope(a_f, u), d_c * i * g.slope(a_g, q)
        self._p_i.grad[...] += (da_i * c_before).sum(axis=0)
        self._p_f.grad[...] += (da_f * c_before).sum(axis=0)
        self._p_o.grad[...] += (da_o * c).sum(axis=0)
        d_sums = np.stack([da_i, da_f, da_g, da_o])
        d_c_before = d_c * u + self._p_i.value * da_i + self._p_f.value * da_f
        return d_sums, np.stack([self.recurrent.backward(d_sums, recurrent), d_c_before])


class RNNCell(GeneralCell):
    """The plain recurrent network, ``h = f(x + h_0)``."""

    gates = 1
    roles = "f"
    compiled = (("tanh",), ("relu",))

    def forward(self, x: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return the state after the step, and the tape."""
        (f,) = self.functions
        sums, recurrent = self.recurrent.forward(states[0])
        a = x + sums
        h = f.value(a)
        return h, _GateTape((a,), (h,), (recurrent,))

    def backward(
        self, d_states: np.ndarray, states: np.ndarray, tape: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of ``x`` and of the state before."""
        (f,) = self.functions
        (a,), (h,), (recurrent,) = tape
        da = d_states * f.slope(a, h)
        return da, self.recurrent.backward(da, recurrent)[None]
