"""Which entries the configuration of a recurrent layer of Keras has, and what it says of sizes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from fastgru.errors import ConfigurationError

_OF_ANY = (
    *("name", "trainable", "dtype", "input_dtype", "input_shape", "batch_input_shape"),
    *("batch_shape", "weights", "autocast", "input_dim", "input_length"),
    *("activity_regularizer", "num_constants", "enable_caching_device"),
)
_OF_RNN = (
    *("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "time_major"),
    *("zero_output_for_mask", "implementation", "consume_less", "ragged"),
)
_OF_BOTH = ("layer", "backward_layer", "merge_mode")
_OF_CELL = (
    *("units", "activation", "recurrent_activation", "use_bias", "unit_forget_bias"),
    *("reset_after", "kernel_initializer", "recurrent_initializer", "bias_initializer"),
    *("kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "kernel_constraint"),
    *("recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed"),
    *("output_dim", "init", "inner_init", "forget_bias_init", "inner_activation"),
    *("W_regularizer", "U_regularizer", "b_regularizer", "dropout_W", "dropout_U"),
)
"""Those of Keras 1, 2, 3 and tf.keras."""


def check_entries(where: str, config: Mapping[str, Any], beside: Mapping[str, Any]) -> None:
    """Refuse entries that a recurrent layer of Keras does not have, or not where they stand.

    Parameters
    ----------
    where
        What messages call the layer.
    config
        Entries that a caller gives.
    beside
        Those that the source has of the layer, which the others replace.

    Raises
    ------
    ConfigurationError
        For such an entry.
    """
    whole = {**beside, **config}
    known = [*_OF_ANY, *_OF_RNN, *_OF_CELL, *_OF_BOTH, "cell"]
    within = ""
    if "layer" in whole:
        known, within = [*_OF_ANY, *_OF_BOTH], "layer"
    elif "cell" in whole:
        known, within = [*_OF_ANY, *_OF_RNN, "cell"], "cell"
    for key in config:
        if key in known:
            continue
        if within and key in (*_OF_RNN, *_OF_CELL):
            cure = f"Set it within the entry {within!r}."
        else:
            close = difflib.get_close_matches(str(key), known, 3)
            cure = f"Did you mean {' or '.join(map(repr, close))}?" if close else "Leave it out."
        raise ConfigurationError(
            f"{where}: expected config to have entries that get_config() of the layer returns, "
            f"found {key!r}. {cure}"
        )


def check_arrays(where: str, config: Mapping[str, Any], units: int, has_bias: bool) -> None:
    """Refuse a configuration that states other units than the arrays have, or a bias or none.

    Parameters
    ----------
    where
        What messages call the layer.
    config
        Its configuration, or some entries of it.
    units, has_bias
        Of its arrays.

    Raises
    ------
    ConfigurationError
        If they differ.
    """
    stated: object = config
    while isinstance(stated, Mapping) and not stated.keys().isdisjoint(("layer", "cell")):
        inner = stated.get("layer", stated.get("cell"))
        stated = inner.get("config") if isinstance(inner, Mapping) else None
    stated = stated if isinstance(stated, Mapping) else {}
    told, cure = stated.get("units", stated.get("output_dim")), "Pass both of the same layer."
    if told is not None and told != units:
        raise ConfigurationError(
            f"{where}: expected arrays of {told} units, as the configuration says, found those "
            f"of {units}. {cure}"
        )
    use_bias = stated.get("use_bias")
    if use_bias is not None and bool(use_bias) != has_bias:
        raise ConfigurationError(
            f"{where}: expected arrays {'with' if use_bias else 'without'} a bias, as use_bias="
            f"{use_bias!r} of the configuration says, found those "
            f"{'with' if has_bias else 'without'} one. {cure}"
        )
