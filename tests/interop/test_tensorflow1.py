"""Arrays of the cells of TensorFlow 1 against the formulas of these cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras
from tests.reference import keras_layers as formulas


def inputs_of(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((2, 6, 3))


def assert_same(layer: Any, x: np.ndarray, expected: np.ndarray) -> None:
    y, _ = layer.forward(x, training=False)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-12)


@pytest.mark.conformance("TensorFlow 1", "BasicLSTMCell", "kernel, bias, forget_bias {forget_bias}")
@pytest.mark.parametrize("forget_bias", [1.0, 0.0])
@pytest.mark.parametrize("form", ["list", "apart", "names"])
def test_tensorflow_1_lstm__gives_its_states(
    form: str, forget_bias: float, rng: np.random.Generator
) -> None:
    x, kernel, bias = inputs_of(rng), rng.standard_normal((7, 16)), rng.standard_normal(16)
    source: Any = [kernel, bias]
    if form == "apart":
        source = [kernel[:3], kernel[3:], bias]
    elif form == "names":
        source = {"rnn/lstm_cell/kernel:0": kernel, "rnn/lstm_cell/bias:0": bias}
    layer = from_keras(source, gate_order="tensorflow1", forget_bias=forget_bias)
    assert_same(layer, x, formulas.tensorflow1_lstm(x, kernel, bias, forget_bias))


def test_forget_bias__is_1_unless_said_otherwise(rng: np.random.Generator) -> None:
    layer: Any = from_keras([np.zeros((3, 8)), np.zeros(8)], gate_order="tensorflow1")
    np.testing.assert_array_equal(layer.parameters["bias_ih_l0"], [0, 0, 1, 1, 0, 0, 0, 0])


@pytest.mark.conformance("TensorFlow 1", "LSTMCell", "use_peepholes")
def test_tensorflow_1_peepholes__give_its_states(rng: np.random.Generator) -> None:
    x, kernel, bias = inputs_of(rng), rng.standard_normal((7, 16)), rng.standard_normal(16)
    diagonals = rng.standard_normal((3, 4))
    names = ("w_i_diag", "w_f_diag", "w_o_diag")
    source = {"kernel": kernel, "bias": bias, **dict(zip(names, diagonals, strict=True))}
    layer = from_keras(source, gate_order="tensorflow1")
    expected = formulas.tensorflow1_lstm(x, kernel, bias, diagonals=diagonals)  # type: ignore[arg-type]
    assert_same(layer, x, expected)


@pytest.mark.conformance("TensorFlow 1", "GRUCell", "gates, candidate")
@pytest.mark.parametrize("named", [False, True])
def test_tensorflow_1_gru__gives_its_states(named: bool, rng: np.random.Generator) -> None:
    arrays = [rng.standard_normal(shape) for shape in [(7, 8), (8,), (7, 4), (4,)]]
    names = [
        f"cell/{part}/{kind}" for part in ("gates", "candidate") for kind in ("kernel", "bias")
    ]
    source: Any = dict(zip(names, arrays, strict=True)) if named else arrays
    x = inputs_of(rng)
    layer = from_keras(source, gate_order="tensorflow1")
    assert_same(layer, x, formulas.tensorflow1_gru(x, *arrays))


@pytest.mark.conformance("TensorFlow 1", "LSTMCell", "num_proj", refused=True)
def test_tensorflow_1_projection__is_refused() -> None:
    source = {
        "kernel": np.zeros((3, 8)),
        "bias": np.zeros(8),
        "projection/kernel": np.zeros((2, 2)),
    }
    with pytest.raises(ConfigurationError, match="projections are not supported"):
        from_keras(source, gate_order="tensorflow1")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([np.zeros((3, 8))], "expected kernel and bias of an LSTM, or four arrays"),
        ([np.zeros((3, 9)), np.zeros(9)], r"4 \* units\) and \(4 \* units,\), found \(3, 9\)"),
        ([np.zeros((2, 8)), np.zeros(8)], "expected .* more than 2 rows"),
        (
            [np.zeros((3, 4)), np.zeros(4), np.zeros((4, 2)), np.zeros(2)],
            "kernels of the same cell",
        ),
        ({"kernel": np.zeros((3, 8)), "bias": np.zeros(8), "w_i_diag": np.zeros(2)}, "all three"),
        ({"weights": np.zeros((3, 8))}, "found 'weights'"),
        ({"a/kernel": np.zeros((3, 8)), "b/kernel": np.zeros((3, 8))}, "one cell at a time"),
        (3, "source must be a path"),
    ],
)
def test_tensorflow_1__says_what_does_not_fit(source: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        from_keras(source, gate_order="tensorflow1")
