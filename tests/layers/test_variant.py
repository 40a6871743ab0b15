"""Which equations a layer follows, and by which path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru.errors import ConfigurationError
from fastgru.layers.direction import Direction
from fastgru.layers.general_direction import GeneralDirection
from fastgru.layers.gru import GRU
from fastgru.layers.lstm import LSTM
from fastgru.layers.rnn import RNN

LAYERS: dict[str, Any] = {"GRU": GRU, "LSTM": LSTM, "RNN": RNN}
DEFAULTS = {"GRU": ["sigmoid", "tanh"], "LSTM": ["sigmoid", "tanh", "tanh"], "RNN": ["tanh"]}
OFF: dict[str, Any] = {
    "recurrent_dropout": 0.0,
    "zoneout": 0.0,
    "layer_norm": False,
    "clip": None,
}

every_layer = pytest.mark.parametrize("name", LAYERS)


@every_layer
def test_layer__takes_the_kernels_where_there_are_some(name: str) -> None:
    functions = [fastgru.Activation(one) for one in DEFAULTS[name]]
    for options in ({}, OFF, {"activations": DEFAULTS[name]}, {"activations": functions}):
        layer = LAYERS[name](3, 5, **options)
        assert isinstance(layer.stack.layers[0][0], Direction)
        assert layer.activations == tuple(functions)


def test_rnn__takes_the_kernels_for_relu_as_well() -> None:
    for options in ({"nonlinearity": "relu"}, {"activations": ["relu"]}):
        rnn = RNN(3, 5, bias=False, **options)  # type: ignore[arg-type]
        assert isinstance(rnn.stack.layers[0][0], Direction)
        assert rnn.nonlinearity == "relu"
        y, _ = rnn.forward(-np.abs(np.random.default_rng(0).standard_normal((1, 1, 3))))
        assert (y >= 0).all()


@every_layer
@pytest.mark.parametrize(
    "options",
    [{"recurrent_dropout": 0.1}, {"zoneout": 0.1}, {"layer_norm": True}, {"clip": 1}, {"elu": 1}],
)
def test_layer__takes_the_general_path_for_all_else(options: dict[str, Any], name: str) -> None:
    if "elu" in options:
        options = {"activations": ["elu"] * len(DEFAULTS[name])}
    layer = LAYERS[name](3, 5, **options)
    assert isinstance(layer.stack.layers[0][0], GeneralDirection)
    for option, value in options.items():
        expected = (fastgru.Activation("elu"),) * len(DEFAULTS[name])
        assert getattr(layer, option) == (expected if option == "activations" else value)


def test_lstm__takes_the_general_path_where_the_gates_are_coupled() -> None:
    lstm = LSTM(3, 5, input_forget=True)
    assert isinstance(lstm.stack.layers[0][0], GeneralDirection)
    assert lstm.input_forget is True


@every_layer
def test_layer_norm__has_gains_of_one(name: str) -> None:
    layer = LAYERS[name](3, 5, 2, bidirectional=True, layer_norm=True, dtype="float64")
    rows = {"GRU": 15, "LSTM": 20, "RNN": 5}[name]
    for suffix in ("_l0", "_l0_reverse", "_l1", "_l1_reverse"):
        for side in ("ih", "hh"):
            gain = layer.parameters[f"ln_weight_{side}{suffix}"]
            np.testing.assert_array_equal(gain, np.ones(rows))
        if name == "LSTM":
            np.testing.assert_array_equal(layer.parameters["ln_weight_c" + suffix], np.ones(5))
            np.testing.assert_array_equal(layer.parameters["ln_bias_c" + suffix], np.zeros(5))
    assert layer.grads.keys() == layer.parameters.keys()
    assert layer.layer_norm is True


def test_layer_norm__has_no_shift_without_bias() -> None:
    names = LSTM(3, 5, layer_norm=True, bias=False).parameters.keys()
    expected = ["weight_ih", "weight_hh", "ln_weight_ih", "ln_weight_hh", "ln_weight_c"]
    assert sorted(names) == sorted(f"{name}_l0" for name in expected)


# --- what they refuse ---------------------------------------------------------------------

ERRORS: list[tuple[dict[str, Any], str]] = [
    (
        {"recurrent_dropout": 1.0},
        "recurrent_dropout must be at least 0 and below 1, got 1.0.",
    ),
    (
        {"recurrent_dropout": -0.5},
        "recurrent_dropout must be at least 0 and below 1, got -0.5.",
    ),
    ({"zoneout": 1.5}, "zoneout must be from 0 to 1, got 1.5."),
    ({"zoneout": -0.5}, "zoneout must be from 0 to 1, got -0.5."),
    ({"clip": 0}, "clip must be a finite number above 0, got 0. Pass None for no limit."),
    ({"clip": np.inf}, "clip must be a finite number above 0, got inf. Pass None for no limit."),
    ({"clip": np.nan}, "clip must be a finite number above 0, got nan. Pass None for no limit."),
]


@every_layer
@pytest.mark.parametrize(("options", "message"), ERRORS)
def test_layer__refuses_options_outside_their_range(
    options: dict[str, Any], message: str, name: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        LAYERS[name](3, 5, **options)
    assert str(error.value) == message


WANTED = {
    "GRU": "a sequence of 2, f of r and z, g of n",
    "LSTM": "a sequence of 3, f of i, f and o, g of the new cell state, h of the output",
    "RNN": "a sequence of 1, f",
}


@every_layer
def test_layer__says_which_activations_it_wants(name: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        LAYERS[name](3, 5, activations=["tanh"] * 4)
    assert str(error.value) == f"activations must be {WANTED[name]}, got 4."


def test_rnn__refuses_two_names_of_its_function() -> None:
    with pytest.raises(ConfigurationError) as error:
        RNN(3, 5, nonlinearity="relu", activations=["elu"])
    assert str(error.value) == (
        "nonlinearity and activations are for the same function, got 'relu' and ['elu']. Leave "
        "nonlinearity out."
    )
