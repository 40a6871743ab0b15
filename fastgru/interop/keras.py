"""Keras's recurrent layers, models and files as layers of this package, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from fastgru.errors import ConfigurationError
from fastgru.interop.keras_cells import read_options, read_version
from fastgru.interop.keras_chain import KerasChain, check_forward, load_chain, load_one
from fastgru.interop.keras_config import check_entries
from fastgru.interop.keras_files import open_model
from fastgru.interop.keras_layers import (
    KerasLayer,
    RecurrentLayer,
    build_layer,
    fit,
    make_keras_layer,
    read_layer,
    write_layer,
)
from fastgru.interop.keras_records import KerasModel, live_model, live_version
from fastgru.interop.tensorflow1 import read_cell

_GATE_ORDERS = ("keras", "tensorflow1")


def from_keras(
    source: Any,
    layer: str | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    keras_version: str | None = None,
    gate_order: str = "keras",
    forget_bias: float = 1.0,
) -> RecurrentLayer | KerasChain:
    """Return recurrent layers of Keras as layers of this package, with their weights.

    Files are read with h5py and json; neither Keras nor TensorFlow is needed, and nothing in a
    file is executed.  What acts in training alone (dropout, regularisers, initial values such as
    ``unit_forget_bias``) is left out.  A layer of this package returns both what Keras returns
    with ``return_sequences`` and what it returns with ``return_state``, and starts from the states
    that it is given, where Keras has ``stateful``.

    Parameters
    ----------
    source
        One of these.

        - A file: ``.keras``, ``.weights.h5``, or ``.h5`` and ``.hdf5`` of Keras 1, 2, tf.keras and
          3, a whole model or weights alone.
        - A Sequential or functional model of Keras.
        - A layer of Keras: GRU, LSTM, SimpleRNN, an RNN of one of their cells, or a Bidirectional
          of one of these.
        - The arrays that ``get_weights()`` of such a layer returns.
    layer
        Name of the layer that is wanted, of a file or a model.
    config
        What ``get_config()`` of the layer returns, or some entries of it, where the source does
        not tell: for arrays, and for files of weights alone.  Entries that no such layer has are
        refused.  None for Keras's defaults.
    keras_version
        Version of the Keras that trained the layer, such as ``"2.2.4"``; None for what the source
        says, and 3 for arrays.  It decides which hard_sigmoid is meant (that of Keras 1 and 2 is
        0.2 x + 0.5, that of Keras 3 is x / 6 + 0.5), and the defaults.
    gate_order
        ``"keras"``; or ``"tensorflow1"`` for the arrays of a cell of TensorFlow 1, in a list or by
        their names: ``kernel`` and ``bias`` of a BasicLSTMCell or LSTMCell, whose gates are i, g,
        f, o, or those of a GRUCell's ``gates`` and ``candidate``.
    forget_bias
        What a cell of TensorFlow 1 adds to its forget gate.

    Returns
    -------
    GRU, LSTM, RNN or KerasChain
        A layer, for a layer or its arrays; for a file or a model without ``layer`` the chain of
        its recurrent layers, a :class:`fastgru.interop.keras_chain.KerasChain`.

    Raises
    ------
    ConfigurationError
        For what fastgru has no equal of, such as another ``merge_mode`` than concat, and for
        arrays that are no recurrent layer's.
    ModelFileError
        If a file is damaged, or none of Keras.

    Examples
    --------
    >>> chain = from_keras("model.keras")
    >>> y = chain.forward(x)
    >>> gru = from_keras("weights.h5", "gru_1", keras_version="2.2.4")
    >>> gru = from_keras(keras_layer.get_weights(), config=keras_layer.get_config())
    """
    if gate_order not in _GATE_ORDERS:
        raise ConfigurationError(f"gate_order must be one of {_GATE_ORDERS}, got {gate_order!r}.")
    if config is not None and not isinstance(config, Mapping):
        raise ConfigurationError(
            "config must hold entries of get_config(), such as {'reset_after': True}, got "
            f"{type(config).__name__}."
        )
    if isinstance(source, str | os.PathLike):
        _check_options(gate_order)
        with open_model(source, keras_version) as model:
            return _load(model, layer, config)
    if hasattr(source, "get_weights"):
        _check_options(gate_order)
        version = live_version(source) if keras_version is None else read_version(keras_version)
        if hasattr(source, "layers"):
            return _load(live_model(source, version), layer, config)
        _check_no_name(layer)
        where = f"layer {source.name!r}"
        own = source.get_config()
        check_entries(where, config or {}, own)
        whole = {**own, **(config or {})}
        arrays, class_name = source.get_weights(), type(source).__name__
        return _single(where, read_layer(where, arrays, class_name, whole, version))
    _check_no_name(layer)
    return _from_arrays(source, config, keras_version, gate_order, forget_bias)


def _check_options(gate_order: str) -> None:
    if gate_order != "keras":
        raise ConfigurationError(
            f"gate_order={gate_order!r} is for arrays, got a layer, model or file of Keras. Leave "
            "it out, or pass the variables of the cell."
        )


def _check_no_name(layer: str | None) -> None:
    if layer is not None:
        raise ConfigurationError(
            f"layer={layer!r} is for models and files, got a single layer or arrays. Leave it out, "
            "or pass the entries of its configuration as config."
        )


def _load(
    model: KerasModel, layer: str | None, config: Mapping[str, Any] | None
) -> RecurrentLayer | KerasChain:
    if config is not None:
        wanted = [one.name for one in model.layers if one.looks_recurrent]
        wanted = [layer] if layer is not None else wanted
        if len(wanted) != 1:
            raise ConfigurationError(
                f"{model.where}: expected one recurrent layer that config is for, found {wanted}. "
                "Name one with layer."
            )
        for one in model.layers:
            if one.name == wanted[0]:
                check_entries(f"{model.where}, layer {one.described}", config, one.config)
        model = model.with_config(wanted[0], config)
    return load_chain(model) if layer is None else load_one(model, layer)


def _single(where: str, layer: KerasLayer) -> RecurrentLayer:
    check_forward(where, layer)
    return build_layer([layer])


def _from_arrays(
    source: Any,
    config: Mapping[str, Any] | None,
    keras_version: object,
    gate_order: str,
    forget_bias: float,
) -> RecurrentLayer:
    version = read_version("3" if keras_version is None else keras_version)
    check_entries("arrays", config or {}, {})
    is_list = isinstance(source, Sequence) and not isinstance(source, bytes)
    if gate_order == "tensorflow1" and (is_list or isinstance(source, Mapping)):
        direction = read_cell("arrays", source, forget_bias)
        options = read_options("arrays", direction.kind, config or {}, version)
        return _single("arrays", fit("arrays", options, [direction], version))
    if not is_list:
        raise ConfigurationError(
            "source must be a path, a model or layer of Keras, or the list of arrays that "
            f"get_weights() returns, got {type(source).__name__}."
        )
    return _single("arrays", read_layer("arrays", source, None, config or {}, version))


def to_keras(layer: RecurrentLayer, *, as_layer: bool = False) -> Any:
    """Return what Keras needs to compute the same as a layer of this package.

    What acts in training alone (dropout) is left out.

    Parameters
    ----------
    layer
        A :class:`fastgru.GRU`, LSTM or RNN.
    as_layer
        Whether to make the layer of Keras, which must be installed; with ``return_sequences=True``.

    Returns
    -------
    list of np.ndarray, or a layer or model of Keras
        The arrays for ``set_weights()``: of one GRU, LSTM or SimpleRNN or, if bidirectional, of a
        Bidirectional of one; of a Sequential of such layers where ``num_layers`` is above 1.  Of
        the layers themselves with ``as_layer``.  The layer needs ``reset_after`` and the
        activations of the one here.

    Raises
    ------
    ConfigurationError
        If Keras has no layer that computes the same.
    FastgruError
        If Keras is missing.

    Examples
    --------
    >>> keras.layers.GRU(gru.hidden_size).set_weights(to_keras(gru))
    """
    if as_layer:
        return make_keras_layer(layer)
    return [array for arrays in write_layer(layer) for array in arrays]
