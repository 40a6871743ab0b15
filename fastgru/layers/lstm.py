"""The long short-term memory with PyTorch's names and shapes, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastgru.errors import ConfigurationError
from fastgru.layers.activation_functions import Activation
from fastgru.layers.cells import LSTM as LSTM_KIND
from fastgru.layers.cells import LSTM_DECAY
from fastgru.layers.general_cells import LSTMCell
from fastgru.layers.recurrent import Recurrent
from fastgru.layers.variant import read_variant

States = tuple[ArrayLike | None, ArrayLike | None]


class LSTM(Recurrent):
    """Long short-term memory, any depth, one or two directions, forward and backward.

    For each layer, with input ``x_t`` and states ``h_t`` and ``c_t``::

        i_t = sigmoid(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi + w_ci * c_{t-1})
        f_t = sigmoid(W_if x_t + b_if + W_hf h_{t-1} + b_hf + w_cf * c_{t-1})
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)
        c_t = f_t * c_{t-1} + i_t * g_t
        o_t = sigmoid(W_io x_t + b_io + W_ho h_{t-1} + b_ho + w_co * c_t)
        h_t = o_t * tanh(c_t)

    the form of ``torch.nn.LSTM``, whose state dicts load as they are; the peepholes ``w_c*`` (Gers
    and Schmidhuber 2000) are there on request.

    Attributes and errors are those of :class:`fastgru.GRU`; weights (4H, ...) have the gates
    stacked i, f, g, o.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, bidirectional, dropout, residual
        As in :class:`fastgru.GRU`.
    peepholes
        Whether the gates see the cell's state: ``weight_ci_l0``, ``weight_cf_l0`` and
        ``weight_co_l0``, each (H,).
    time_decay
        As in :class:`fastgru.GRU`: h decays, c does not (as in BRITS: Cao et al. 2018, arXiv
        1805.10572).
    activations
        Functions of i, f and o, of g, and of c in ``h_t``; None for sigmoid, tanh and tanh.  See
        :class:`fastgru.GRU`, also for what options other than the usual ones cost.
    recurrent_dropout
        As in :class:`fastgru.GRU`.
    zoneout
        As in :class:`fastgru.GRU`, for h and c with masks of their own.
    layer_norm
        As in :class:`fastgru.GRU`; also ``h_t = o_t * tanh(LN(c_t))``, with a gain and a shift of
        their own, ``ln_weight_c_l0`` and ``ln_bias_c_l0``, each (H,).  The state c that goes on,
        and that the peepholes see, is not normalised.
    clip
        As in :class:`fastgru.GRU`, for i, f, g and o.
    input_forget
        Whether ``f_t = 1 - i_t``; the forget gate's weights are then without effect.
    bptt_steps, save_memory, dtype, precision, random_state
        As in :class:`fastgru.GRU`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        bidirectional: bool = False,
        dropout: float = 0.0,
        residual: bool = False,
        peepholes: bool = False,
        time_decay: bool = False,
        activations: Sequence[str | Activation] | None = None,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        layer_norm: bool = False,
        clip: float | None = None,
        input_forget: bool = False,
        bptt_steps: int | None = None,
        save_memory: bool = False,
        dtype: DTypeLike = "float32",
        precision: str | None = None,
        random_state: int | None = None,
    ) -> None:
        super().__init__(
            LSTM_DECAY if time_decay else LSTM_KIND,
            ("h", "c"),
            *(input_size, hidden_size, num_layers),
            bias=bias,
            bidirectional=bidirectional,
            dropout=dropout,
            residual=residual,
            bptt_steps=bptt_steps,
            save_memory=save_memory,
            dtype=dtype,
            precision=precision,
            random_state=random_state,
            variant=read_variant(
                *(LSTMCell, activations),
                recurrent_dropout=recurrent_dropout,
                zoneout=zoneout,
                layer_norm=layer_norm,
                clip=clip,
                input_forget=input_forget,
            ),
            peepholes=peepholes,
        )
        self.peepholes, self.input_forget = peepholes, input_forget
        self.time_decay = time_decay

    def forward(
        self,
        x: ArrayLike,
        lengths: ArrayLike | None = None,
        states: States | None = None,
        *,
        embedding: ArrayLike | None = None,
        position_embedding: ArrayLike | None = None,
        gaps: ArrayLike | None = None,
        training: bool = True,
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Run all layers through all steps.

        Parameters
        ----------
        x, lengths
            As in :meth:`fastgru.GRU.forward`.
        states
            ``(h0, c0)``, each float (num_layers * directions, B, H) or None for zero.
        embedding, position_embedding, gaps, training
            As in :meth:`fastgru.GRU.forward`.

        Returns
        -------
        y : np.ndarray
            float (B, T, directions * H), states h of the last layer, zero past each length.
        states : tuple
            ``(h_n, c_n)``, each float (num_layers * directions, B, H).

        Raises
        ------
        ConfigurationError
            For a shape, type or value that does not fit.
        """
        h0, c0 = _pair("states", states)
        tables = embedding, position_embedding
        y, (h_n, c_n) = self._forward(x, lengths, [h0, c0], *tables, gaps, training)
        return y, (h_n, c_n)

    def backward(
        self, dy: ArrayLike | None = None, dstates: States | None = None
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Run back through the last forward pass; adds to :attr:`grads`.

        Parameters
        ----------
        dy
            As in :meth:`fastgru.GRU.backward`.
        dstates
            ``(dh_n, dc_n)``, gradients of the final states, each may be None.

        Returns
        -------
        dx : np.ndarray
            As in :meth:`fastgru.GRU.backward`.
        dstates : tuple
            ``(dh0, dc0)``.

        Raises
        ------
        ConfigurationError
            Without a forward pass in training before, or for a shape that does not fit.
        """
        dx, (dh0, dc0) = self._backward(dy, list(_pair("dstates", dstates)))
        return dx, (dh0, dc0)


def _pair(name: str, states: Any) -> States:
    if states is None:
        return None, None
    if not isinstance(states, tuple | list) or len(states) != 2:
        raise ConfigurationError(
            f"{name} must be a pair of arrays, for h and c, got {type(states).__name__}. Pass "
            "(h, c); either may be None."
        )
    return states[0], states[1]
