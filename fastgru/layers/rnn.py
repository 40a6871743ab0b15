"""The plain recurrent network with PyTorch's names and shapes, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import DTypeLike

from fastgru.errors import ConfigurationError
from fastgru.layers.activation_functions import Activation
from fastgru.layers.cells import RNN_RELU, RNN_TANH
from fastgru.layers.general_cells import RNNCell
from fastgru.layers.one_state import OneState
from fastgru.layers.variant import read_variant

_KINDS = {"tanh": RNN_TANH, "relu": RNN_RELU}


class RNN(OneState):
    """Plain recurrent network, any depth, one or two directions, forward and backward.

    For each layer, with input ``x_t`` and state ``h_t`` (Elman 1990)::

        h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

    the form of ``torch.nn.RNN``, whose state dicts load as they are.

    Attributes and errors are those of :class:`fastgru.GRU`; weights are (H, ...), and there are no
    gates that ``save_memory`` could spare.

    Parameters
    ----------
    input_size, hidden_size, num_layers
        As in :class:`fastgru.GRU`.
    nonlinearity
        ``"tanh"``, or ``"relu"`` in its place.
    activations
        A sequence of one function in the place of ``nonlinearity``, a name or a
        :class:`fastgru.Activation`; None for what ``nonlinearity`` says.
    recurrent_dropout, zoneout, layer_norm, clip
        As in :class:`fastgru.GRU`, also for what they cost.
    bias, bidirectional, dropout, residual, bptt_steps, dtype, precision, random_state
        As in :class:`fastgru.GRU`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        nonlinearity: str = "tanh",
        activations: Sequence[str | Activation] | None = None,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        layer_norm: bool = False,
        clip: float | None = None,
        bias: bool = True,
        bidirectional: bool = False,
        dropout: float = 0.0,
        residual: bool = False,
        bptt_steps: int | None = None,
        dtype: DTypeLike = "float32",
        precision: str | None = None,
        random_state: int | None = None,
    ) -> None:
        if nonlinearity not in _KINDS:
            raise ConfigurationError(
                f"nonlinearity must be one of {sorted(_KINDS)}, got {nonlinearity!r}."
            )
        if activations is not None and nonlinearity != "tanh":
            raise ConfigurationError(
                f"nonlinearity and activations are for the same function, got {nonlinearity!r} and "
                f"{activations!r}. Leave nonlinearity out."
            )
        variant = read_variant(
            *(RNNCell, (nonlinearity,) if activations is None else activations),
            recurrent_dropout=recurrent_dropout,
            zoneout=zoneout,
            layer_norm=layer_norm,
            clip=clip,
        )
        (function,) = variant.activations
        super().__init__(
            _KINDS.get(function.name, RNN_TANH),
            *(input_size, hidden_size, num_layers),
            bias=bias,
            bidirectional=bidirectional,
            dropout=dropout,
            residual=residual,
            bptt_steps=bptt_steps,
            save_memory=False,
            dtype=dtype,
            precision=precision,
            random_state=random_state,
            variant=variant,
        )
        self.nonlinearity = function.name
