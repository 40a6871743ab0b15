"""Recurrent layers of PyTorch to those of fastgru, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru.errors import ConfigurationError, shorten
from fastgru.interop.state_dicts import Found, find_layer, read_state_dict
from fastgru.layers.activation_functions import Activation
from fastgru.layers.general_cells import GeneralCell, LSTMCell, ResetAfterCell, RNNCell
from fastgru.layers.gru import GRU
from fastgru.layers.lstm import LSTM
from fastgru.layers.recurrent import Recurrent
from fastgru.layers.rnn import RNN
from fastgru.packages import require_torch

_NONLINEARITIES = {"RNN_TANH": "tanh", "RNN_RELU": "relu"}
"""By the ``mode`` of PyTorch's modules."""

_USUAL = {
    "reset_after": True,
    "time_decay": False,
    "zoneout": 0.0,
    "layer_norm": False,
    "clip": None,
    "peepholes": False,
    "input_forget": False,
}
"""Options that decide what a layer returns and PyTorch lacks, at the values of its layers."""

_CELLS: dict[type[Recurrent], type[GeneralCell]] = {
    GRU: ResetAfterCell,
    LSTM: LSTMCell,
    RNN: RNNCell,
}
"""What says which functions are the usual ones."""


def from_torch(
    source: Any, *, prefix: str | None = None, nonlinearity: str | None = None
) -> GRU | LSTM | RNN:
    """Return the layer of fastgru that computes what a recurrent layer of PyTorch does.

    Parameters
    ----------
    source
        A ``torch.nn.GRU``, ``LSTM`` or ``RNN``; a state dict of tensors or arrays; or the path of
        one, in a ``.safetensors`` file, which needs no PyTorch, or in one of ``torch.save``, which
        is read with ``weights_only=True``.  Kind of cell, sizes and directions follow from names
        and shapes.
    prefix
        What stands before the names of the layer in the state dict of a whole model, such as
        ``"encoder.gru."``, with or without the last point; None where there is one recurrent layer
        alone.
    nonlinearity
        ``"tanh"`` or ``"relu"`` of a plain RNN, which a state dict does not tell; a module does.

    Returns
    -------
    fastgru.GRU, fastgru.LSTM or fastgru.RNN
        With copies of the weights, to the bit.  It is float64 if they are, else float32, which
        holds the numbers of float16 and bfloat16 exactly.  Its input has shape (B, T, I), whatever
        ``batch_first`` was; its ``dropout`` is that of a module, and 0 of a state dict.

    Raises
    ------
    ConfigurationError
        For another kind of source, projections, shapes that do not fit, or where ``prefix`` or
        ``nonlinearity`` is needed, or contradicts the module.
    FastgruError
        If a file cannot be read, or holds anything but weights.

    Examples
    --------
    >>> gru = from_torch(model.encoder)
    >>> gru = from_torch("model.safetensors", prefix="encoder.")
    """
    if isinstance(source, str | os.PathLike):
        found = find_layer(read_state_dict(source), os.fspath(source), prefix)
        return _made_of(found, nonlinearity, dropout=0.0)
    if isinstance(source, Mapping):
        return _made_of(find_layer(source, "state dict", prefix), nonlinearity, dropout=0.0)
    mode = getattr(source, "mode", "")
    if not hasattr(source, "weight_hh_l0") or mode not in {"GRU", "LSTM", *_NONLINEARITIES}:
        raise ConfigurationError(_no_layer(source))
    name = type(source).__name__
    function = _NONLINEARITIES.get(mode)
    if prefix is not None or nonlinearity not in (None, function):
        raise ConfigurationError(
            f"{name}: prefix and nonlinearity are for state dicts, got {prefix!r} and "
            f"{nonlinearity!r}. Leave them out: the module knows."
        )
    # a state dict would hold the parts of weights that something computes (weight_norm, pruning)
    weights = {key: getattr(source, key) for key in source._flat_weights_names}
    return _made_of(find_layer(weights, name, ""), function, dropout=source.dropout)


def _no_layer(source: object) -> str:
    """Say what is no recurrent layer, and where there is one inside."""
    inside = [
        name
        for name, part in getattr(source, "named_modules", list)()
        if hasattr(part, "weight_hh_l0")
    ]
    cure = f" Pass one of its parts: {shorten(inside)}." if inside else ""
    return (
        f"from_torch: expected a torch.nn.GRU, LSTM or RNN, a state dict or a path, got "
        f"{type(source).__name__}.{cure}"
    )


def _made_of(found: Found, nonlinearity: str | None, dropout: float) -> GRU | LSTM | RNN:
    """Return the layer with the parameters that were found."""
    kinds: dict[int, Any] = {1: RNN, 3: GRU, 4: LSTM}
    kind, options = kinds[found.gates], found.sizes()
    if kind is RNN and nonlinearity is None:
        raise ConfigurationError(
            f"{found.where}: holds a plain RNN, and neither names nor shapes tell its function. "
            "Pass nonlinearity='tanh' or nonlinearity='relu'."
        )
    if kind is RNN:
        options["nonlinearity"] = nonlinearity
    elif nonlinearity is not None:
        raise ConfigurationError(
            f"{found.where}: nonlinearity is for a plain RNN, found the shapes of a "
            f"{kind.__name__}. Leave it out."
        )
    dtype = np.result_type(*found.arrays.values())
    layer: GRU | LSTM | RNN = kind(**options, dropout=dropout, dtype=dtype)
    layer.load_state_dict(found.arrays)
    return layer


def to_torch(layer: GRU | LSTM | RNN) -> Any:
    """Return the module of PyTorch that computes what a recurrent layer of fastgru does.

    Parameters
    ----------
    layer
        A :class:`fastgru.GRU`, :class:`fastgru.LSTM` or :class:`fastgru.RNN`.

    Returns
    -------
    torch.nn.GRU, torch.nn.LSTM or torch.nn.RNN
        With ``batch_first=True``, and copies of the weights, to the bit.  ``recurrent_dropout``
        and ``bptt_steps``, which act in training alone, are left out.

    Raises
    ------
    ConfigurationError
        For an option that PyTorch does not have and that decides what a layer returns, or for what
        is no such layer.
    FastgruError
        If PyTorch is missing, or older than 2.6.

    Examples
    --------
    >>> torch.save(to_torch(gru).state_dict(), "gru.pt")
    """
    kind = next((kind for kind in _CELLS if isinstance(layer, kind)), None)
    if kind is None:
        raise ConfigurationError(
            f"to_torch: expected a fastgru.GRU, LSTM or RNN, got {type(layer).__name__}. Whole "
            "models leave as ONNX: save the model and run 'fastgru export'."
        )
    _refuse_what_torch_lacks(layer, kind)
    require_torch("to_torch")
    import torch

    options: dict[str, Any] = {}
    if isinstance(layer, RNN):
        options["nonlinearity"] = layer.nonlinearity
    with torch.random.fork_rng(devices=[]):  # the first weights are drawn for nothing
        module = getattr(torch.nn, kind.__name__)(
            *(layer.input_size, layer.hidden_size, layer.num_layers),
            bias=layer.bias,
            batch_first=True,
            dropout=layer.dropout,
            bidirectional=layer.bidirectional,
            dtype=getattr(torch, layer.dtype.name),
            **options,
        )
    module.load_state_dict(
        {key: torch.from_numpy(value) for key, value in layer.parameters.items()}
    )
    return module


def _refuse_what_torch_lacks(layer: Recurrent, kind: type[Recurrent]) -> None:
    usual = {**_USUAL, "residual": layer.residual and layer.num_layers == 1}
    for option, value in usual.items():
        if (found := getattr(layer, option, value)) != value:
            raise ConfigurationError(
                f"to_torch: torch.nn.{kind.__name__} has no {option}, got {option}={found!r}. Only "
                f"layers with {option}={value!r} can be expressed."
            )
    functions = [tuple(map(Activation, names)) for names in _CELLS[kind].compiled]
    if layer.activations not in functions:
        found = tuple(function.name for function in layer.activations)
        raise ConfigurationError(
            f"to_torch: torch.nn.{kind.__name__} has no activations, got activations={found!r}. "
            "Only layers with the usual ones can be expressed."
        )
