"""Recurrent layers of this package made from those of Keras, and what Keras makes of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError
from fastgru.interop.keras_cells import (
    CellOptions,
    KerasVersion,
    check_reset_after,
    keras_activations,
    read_options,
)
from fastgru.interop.keras_config import check_arrays
from fastgru.interop.keras_weights import Direction, read_directions, write_direction
from fastgru.layers.gru import GRU
from fastgru.layers.lstm import LSTM
from fastgru.layers.names import direction_suffixes
from fastgru.layers.rnn import RNN
from fastgru.packages import require_package

RecurrentLayer = GRU | LSTM | RNN
_CLASSES: dict[str, type[RecurrentLayer]] = {"GRU": GRU, "LSTM": LSTM, "SimpleRNN": RNN}


@dataclass(frozen=True)
class KerasLayer:
    """One recurrent layer of Keras, read and checked.

    Attributes
    ----------
    options : CellOptions
    directions : list of Direction
        One, or forward and backward.
    """

    options: CellOptions
    directions: list[Direction]

    @property
    def dtype(self) -> str:
        """The precision that keeps the weights: ``"float64"`` or ``"float32"``."""
        arrays = [one.parameters["weight_ih"] for one in self.directions]
        return "float64" if any(array.dtype == np.float64 for array in arrays) else "float32"

    def stacks_on(self, below: KerasLayer) -> bool:
        """Whether both can be layers of one layer of this package."""
        ours, theirs = self.directions[0], below.directions[0]
        return (
            replace(self.options, return_sequences=True) == below.options
            and not self.options.go_backwards
            and ours.hidden_size == theirs.hidden_size
            and self.dtype == below.dtype
            and ours.parameters.keys() == theirs.parameters.keys()
        )


def read_layer(
    where: str,
    arrays: Sequence[ArrayLike],
    class_name: str | None,
    config: Mapping[str, Any],
    version: KerasVersion,
) -> KerasLayer:
    """Return a recurrent layer from its arrays and its configuration.

    Parameters
    ----------
    where
        What messages call it.
    arrays
        As ``get_weights()`` returns them.
    class_name
        None where the arrays have to tell.
    config, version
        As :func:`fastgru.interop.keras_cells.read_options` takes them.

    Raises
    ------
    ConfigurationError
        If fastgru has nothing that computes the same, or arrays and configuration differ.
    """
    is_told = class_name is not None or "layer" in config
    if class_name is None:
        wrappers = {"layer": "Bidirectional", "cell": "RNN"}
        named = [name for key, name in wrappers.items() if key in config]
        class_name = named[0] if named else read_directions(where, arrays)[0].kind
    # A class that fastgru does not know says more than the number of its arrays.
    options = read_options(where, class_name, config, version)
    if not len(arrays):
        raise ConfigurationError(
            f"{where}: expected the arrays of a {options.kind}, found none: the layer has not been "
            "built yet. Call it once on an input, before it is passed or saved."
        )
    directions = read_directions(where, arrays)
    has_bias = "bias_ih" in directions[0].parameters
    check_arrays(where, config, directions[0].hidden_size, has_bias)
    if not is_told:
        options = replace(options, bidirectional=len(directions) == 2)
    return fit(where, options, directions, version)


def fit(
    where: str, options: CellOptions, directions: list[Direction], version: KerasVersion
) -> KerasLayer:
    """Return a layer whose arrays are what its options say.

    Raises
    ------
    ConfigurationError
        If they are not.
    """
    kind, wanted = directions[0].kind, 2 if options.bidirectional else 1
    if kind != options.kind or len(directions) != wanted:
        raise ConfigurationError(
            f"{where}: expected the arrays of {wanted} direction(s) of a {options.kind}, found "
            f"those of {len(directions)} of a {kind}. Pass weights and configuration of the same "
            "layer."
        )
    if kind == "GRU":
        reset_after = check_reset_after(where, options, directions[0], version)
        options = replace(options, reset_after=reset_after)
    return KerasLayer(options, directions)


def build_layer(layers: Sequence[KerasLayer]) -> RecurrentLayer:
    """Return one layer of this package, as deep as there are layers of Keras, with their weights.

    Parameters
    ----------
    layers
        From the first to the last, each of which stacks on the one before.
    """
    options, first = layers[0].options, layers[0].directions[0]
    extra: dict[str, Any] = {}
    if options.kind == "GRU":
        extra["reset_after"] = options.reset_after
    if options.kind == "LSTM":
        extra["peepholes"] = "weight_ci" in first.parameters
    layer = _CLASSES[options.kind](
        *(first.input_size, first.hidden_size, len(layers)),
        bias="bias_ih" in first.parameters,
        bidirectional=options.bidirectional,
        activations=options.activations,
        dtype=layers[0].dtype,
        **extra,
    )
    suffixes = direction_suffixes(len(layers), options.bidirectional)
    layer.load_state_dict(
        {
            name + suffix: value
            for one, ends in zip(layers, suffixes, strict=True)
            for direction, suffix in zip(one.directions, ends, strict=True)
            for name, value in direction.parameters.items()
        }
    )
    return layer


def write_layer(layer: RecurrentLayer) -> list[list[np.ndarray]]:
    """Return the arrays of each layer of Keras that a layer of this package stands for.

    Raises
    ------
    ConfigurationError
        If Keras has no layer that computes the same.
    """
    kind = _kind_of(layer)
    _check_expressible(kind, layer)
    one_bias = not (isinstance(layer, GRU) and layer.reset_after)
    arrays: list[list[np.ndarray]] = []
    for ends in direction_suffixes(layer.num_layers, layer.bidirectional):
        arrays.append([])
        for suffix in ends:
            own = {
                n.removesuffix(suffix): v for n, v in layer.parameters.items() if n.endswith(suffix)
            }
            arrays[-1] += write_direction(kind, own, one_bias)
    return arrays


def _kind_of(layer: object) -> str:
    for kind, class_ in _CLASSES.items():
        if isinstance(layer, class_):
            return kind
    raise ConfigurationError(
        f"layer must be a fastgru.GRU, LSTM or RNN, got {type(layer).__name__}."
    )


def _check_expressible(kind: str, layer: RecurrentLayer) -> None:
    found = {
        "peepholes": getattr(layer, "peepholes", False),
        "input_forget": getattr(layer, "input_forget", False),
        "time_decay": getattr(layer, "time_decay", False),
        "residual": layer.residual and layer.num_layers > 1,
        "layer_norm": layer.layer_norm,
        "clip": layer.clip is not None,
        "zoneout": layer.zoneout > 0,
        "activations": kind == "LSTM" and layer.activations[1] != layer.activations[2],
    }
    names = [name for name, is_there in found.items() if is_there]
    if names:
        raise ConfigurationError(
            f"layer: found {names[0]}, which no layer of Keras has. Only layers without it can be "
            "written for Keras."
        )


def make_keras_layer(layer: RecurrentLayer) -> Any:
    """Return a layer of Keras, or a Sequential of several, with the weights of a layer.

    Raises
    ------
    ConfigurationError
        If Keras has nothing that computes the same.
    FastgruError
        If Keras is missing.
    """
    arrays, kind = write_layer(layer), _kind_of(layer)
    names = keras_activations("layer", layer.activations)
    install = "pip install 'keras>=3', and PyTorch, JAX or TensorFlow for it to run on"
    require_package(["keras"], "as_layer=True", install)
    import keras

    options = {"use_bias": layer.bias, "dtype": layer.dtype.name, "return_sequences": True}
    options["activation"] = names[-1]
    if kind != "SimpleRNN":
        options["recurrent_activation"] = names[0]
    if isinstance(layer, GRU):
        options["reset_after"] = layer.reset_after
    made = [getattr(keras.layers, kind)(layer.hidden_size, **options) for _ in arrays]
    if layer.bidirectional:
        made = [keras.layers.Bidirectional(one, dtype=layer.dtype.name) for one in made]
    model = keras.Sequential([keras.Input((None, layer.input_size), dtype=layer.dtype.name), *made])
    model.set_weights([array for one in arrays for array in one])
    return model if len(made) > 1 else made[0]
