"""What the configuration of a recurrent layer of Keras says of its equations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastgru.errors import ConfigurationError
from fastgru.interop.keras_weights import Direction
from fastgru.layers.activation_functions import Activation

RECURRENT = {
    "GRU": "GRU",
    "LSTM": "LSTM",
    "SimpleRNN": "SimpleRNN",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
}
"""Kinds of the recurrent layers by the names of their classes."""

_CELLS = {f"{kind}Cell": kind for kind in ("GRU", "LSTM", "SimpleRNN")}
_ACTIVATIONS = {
    **{name: Activation(name) for name in ("relu", "tanh", "sigmoid", "softsign", "softplus")},
    "elu": Activation("elu"),
    "leaky_relu": Activation("leaky_relu", 0.2),
    "linear": Activation("affine"),
}
_HARD_SIGMOIDS = {False: Activation("hard_sigmoid"), True: Activation("hard_sigmoid", 1 / 6)}
"""That of Keras 1 and 2, and that of Keras 3."""


@dataclass(frozen=True)
class KerasVersion:
    """A version of Keras.

    Attributes
    ----------
    text : str
        As a file states it, such as ``"2.2.4-tf"``.
    numbers : tuple of int
        Major and minor.
    """

    text: str
    numbers: tuple[int, int]

    @property
    def default_gate(self) -> str | None:
        """The activation of gates where nothing names one; None where that is ambiguous.

        Keras 2.3 and TensorFlow 2.0 replaced hard_sigmoid by sigmoid; the tf.keras of both
        TensorFlow 1 and 2.0 calls itself 2.2.4-tf.
        """
        if self.numbers >= (2, 3):
            return "sigmoid"
        return None if self.text.endswith("-tf") else "hard_sigmoid"


def read_version(text: object, where: str | None = None) -> KerasVersion:
    """Return a version from its text, of which the first two numbers count.

    Parameters
    ----------
    text
    where
        The file that states it; None for an argument.

    Raises
    ------
    ConfigurationError
        If it begins with no number.
    """
    match = re.match(r"(\d{1,4})(?:\.(\d{1,4}))?", str(text))
    if not match:
        raise ConfigurationError(
            f"{f'{where}: ' if where else ''}keras_version must begin with a number, such as "
            f"'2.2.4', got {text!r}. Pass keras_version."
        )
    return KerasVersion(str(text), (int(match[1]), int(match[2] or 0)))


@dataclass(frozen=True)
class CellOptions:
    """The equations of a recurrent layer, and how Keras runs it.

    Attributes
    ----------
    kind : str
        ``"GRU"``, ``"LSTM"`` or ``"SimpleRNN"``.
    activations : tuple of Activation
        As :class:`fastgru.GRU`, LSTM and RNN take them.
    reset_after : bool or None
        Of a GRU; None where the bias has to say.
    bidirectional, go_backwards, return_sequences : bool
    """

    kind: str
    activations: tuple[Activation, ...]
    reset_after: bool | None
    bidirectional: bool
    go_backwards: bool
    return_sequences: bool


def is_recurrent(class_name: object) -> bool:
    """Whether layers of a class are recurrent, with a cell that fastgru knows or another."""
    return class_name in (*RECURRENT, "Bidirectional", "RNN")


def read_options(
    where: str, class_name: str, config: Mapping[str, Any], version: KerasVersion
) -> CellOptions:
    """Return what a recurrent layer computes.

    Parameters
    ----------
    where
        What messages call the layer.
    class_name
    config
        What ``get_config()`` returns.
    version
        Of the Keras that wrote it: it decides which hard sigmoid is meant, and what stands for
        entries that are missing.

    Raises
    ------
    ConfigurationError
        If fastgru has nothing that computes the same.
    """
    if class_name == "Bidirectional":
        return _read_bidirectional(where, config, version)
    if class_name == "RNN":
        inner, cell = _inner(where, config, "cell")
        if inner not in _CELLS:
            raise ConfigurationError(
                f"{where}: expected an RNN of one of {sorted(_CELLS)}, found {inner}. Only layers "
                "of these can be loaded."
            )
        class_name, config = _CELLS[inner], {**config, **cell}
    if class_name not in RECURRENT:
        raise ConfigurationError(
            f"{where}: expected a layer of class {', '.join(RECURRENT)}, Bidirectional or RNN, "
            f"found {class_name}, which is no recurrent layer of Keras. If it computes the same as "
            "one of these, pass its get_weights(), with its get_config() as config."
        )
    kind = RECURRENT[class_name]
    if config.get("time_major"):
        raise ConfigurationError(
            f"{where}: found time_major=True, expected batches first. Set it to False in the "
            "configuration, and transpose the input."
        )
    activations = _activations(where, class_name, config, version)
    return CellOptions(
        kind,
        activations,
        reset_after=_reset_after(class_name, config) if kind == "GRU" else None,
        bidirectional=False,
        go_backwards=bool(config.get("go_backwards", False)),
        return_sequences=bool(config.get("return_sequences", False)),
    )


def _read_bidirectional(
    where: str, config: Mapping[str, Any], version: KerasVersion
) -> CellOptions:
    mode = config.get("merge_mode", "concat")
    if mode != "concat":
        raise ConfigurationError(
            f"{where}: found merge_mode={mode!r}, expected 'concat'. Load the layer with "
            "merge_mode='concat' in its configuration, and merge the halves of the outputs."
        )
    forward = read_options(where, *_inner(where, config, "layer"), version)
    if forward.go_backwards or forward.bidirectional:
        raise ConfigurationError(
            f"{where}: expected a Bidirectional of a layer that runs forward, found one that runs "
            "backward or both ways. Load its two layers one by one."
        )
    if config.get("backward_layer") is not None:
        backward = read_options(where, *_inner(where, config, "backward_layer"), version)
        if replace(forward, go_backwards=True) != backward:
            raise ConfigurationError(
                f"{where}: expected a backward_layer like the forward one, found other options. "
                "Load its two layers one by one."
            )
    return replace(forward, bidirectional=True)


def _inner(where: str, config: Mapping[str, Any], key: str) -> tuple[str, Mapping[str, Any]]:
    inner = config.get(key)
    if isinstance(inner, Mapping):
        class_name, inner_config = inner.get("class_name"), inner.get("config")
        if isinstance(class_name, str) and isinstance(inner_config, Mapping):
            if class_name in RECURRENT or class_name == "RNN" or key == "cell":
                return class_name, inner_config
            raise ConfigurationError(
                f"{where}: expected a {key} that is one of {sorted([*RECURRENT, 'RNN'])}, found "
                f"{class_name}. Only layers of these can be loaded."
            )
    raise ConfigurationError(
        f"{where}: expected a {key} with class_name and config, found {type(inner).__name__}. "
        "Pass the whole configuration, as get_config() returns it."
    )


def _reset_after(class_name: str, config: Mapping[str, Any]) -> bool | None:
    if class_name.startswith("CuDNN"):
        return True
    return bool(config["reset_after"]) if "reset_after" in config else None


def _activations(
    where: str, class_name: str, config: Mapping[str, Any], version: KerasVersion
) -> tuple[Activation, ...]:
    kind, is_cudnn = RECURRENT[class_name], class_name.startswith("CuDNN")
    state = _activation(where, "activation", config.get("activation", "tanh"), version)
    if kind == "SimpleRNN":
        return (state,)
    given = config.get("recurrent_activation", config.get("inner_activation"))
    if given is None:
        given = "sigmoid" if is_cudnn else version.default_gate
    if given is None:
        raise ConfigurationError(
            f"{where}: found no recurrent_activation, and Keras {version.text} had two defaults. "
            "Pass config={'recurrent_activation': 'sigmoid'} for TensorFlow 2, 'hard_sigmoid' for "
            "TensorFlow 1."
        )
    gate = _activation(where, "recurrent_activation", given, version)
    return (gate, state) if kind == "GRU" else (gate, state, state)


def _activation(where: str, role: str, given: object, version: KerasVersion) -> Activation:
    name = given.get("config") if isinstance(given, Mapping) else given
    if name == "hard_sigmoid":
        return _HARD_SIGMOIDS[version.numbers >= (3, 0)]
    if isinstance(name, str) and name in _ACTIVATIONS:
        return _ACTIVATIONS[name]
    raise ConfigurationError(
        f"{where}: found {role} {name!r}, expected one of "
        f"{sorted([*_ACTIVATIONS, 'hard_sigmoid'])}. Only layers with these can be loaded."
    )


def check_reset_after(
    where: str, options: CellOptions, direction: Direction, version: KerasVersion
) -> bool:
    """Return the form of a GRU, of which configuration and bias may both speak.

    Where neither does, it is that of Keras 3.

    Raises
    ------
    ConfigurationError
        If they disagree, or neither speaks.
    """
    known = {options.reset_after, direction.reset_after} - {None}
    if not known and version.numbers >= (3, 0):
        return True
    if len(known) == 1:
        return bool(known.pop())
    found = "neither reset_after nor a bias" if not known else "a bias of the other form"
    raise ConfigurationError(
        f"{where}: found {found}. Pass config={{'reset_after': True}} or False, as the layer had "
        "it: a bias of shape (2, 3 * units) means True, one of (3 * units,) False."
    )


def keras_activations(layer_name: str, activations: tuple[Activation, ...]) -> list[str]:
    """Return the names in Keras 3 of the functions of a layer.

    Raises
    ------
    ConfigurationError
        If Keras 3 has no such function by name.
    """
    names = {activation: name for name, activation in _ACTIVATIONS.items()}
    names[_HARD_SIGMOIDS[True]] = "hard_sigmoid"
    for activation in activations:
        if activation not in names:
            raise ConfigurationError(
                f"{layer_name}: found activation {activation}, expected one of Keras 3: "
                f"{sorted(names.values())}. Take the arrays, with as_layer=False, for a layer "
                "whose functions you write yourself."
            )
    return [names[activation] for activation in activations]
