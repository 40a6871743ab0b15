"""What all public layers share: names and shapes, what they refuse.  Numbers: tests/kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.layers.gru import GRU
from fastgru.layers.lstm import LSTM
from fastgru.layers.rnn import RNN
from tests.problems import CELLS, DTYPES, make_layer

EMBEDDING = np.ones((4, 3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_layer__has_the_names_and_shapes_of_torch(cell: str, dtype: str) -> None:
    layer = make_layer(cell, 3, 5, num_layers=2, bidirectional=True, dtype=dtype)
    shapes = {name: value.shape for name, value in layer.parameters.items()}
    rows, expected = CELLS[cell].cell.gates * 5, {}
    for suffix, features in (("_l0", 3), ("_l0_reverse", 3), ("_l1", 10), ("_l1_reverse", 10)):
        expected["weight_ih" + suffix] = (rows, features)
        expected["weight_hh" + suffix] = (rows, 5)
        expected["bias_ih" + suffix] = expected["bias_hh" + suffix] = (rows,)
        if CELLS[cell].cell.peepholes:
            for gate in "ifo":
                expected[f"weight_c{gate}{suffix}"] = (5,)
    assert shapes == expected
    assert {value.dtype for value in layer.parameters.values()} == {np.dtype(dtype)}
    assert layer.grads.keys() == layer.parameters.keys()
    assert layer.num_directions == 2


@pytest.mark.parametrize("cell", CELLS)
def test_layer__gives_and_takes_arrays_of_these_shapes(cell: str) -> None:
    layer = make_layer(cell, 3, 5, num_layers=2, bidirectional=True, dtype="float64")
    y, final = layer.forward(np.ones((4, 6, 3)))
    dx, dinitial = layer.backward(y, final)
    assert (y.shape, dx.shape) == ((4, 6, 10), (4, 6, 3))
    states = CELLS[cell].cell.states
    for given_states in (final, dinitial):
        arrays = [given_states] if len(states) == 1 else list(given_states)
        assert [array.shape for array in arrays] == [(4, 4, 5)] * len(states)


@pytest.mark.parametrize("cell", CELLS)
def test_layer__starts_with_glorot_and_orthogonal_weights(cell: str) -> None:
    layer = make_layer(cell, 3, 5, dtype="float64", random_state=0)
    for block in np.split(layer.parameters.pop("weight_hh_l0"), CELLS[cell].cell.gates):
        np.testing.assert_allclose(block @ block.T, np.eye(5), rtol=0, atol=1e-14)
    weight_ih = layer.parameters.pop("weight_ih_l0")
    assert 0 < np.abs(weight_ih).max() <= np.sqrt(6 / (3 + 5))
    assert not any(value.any() for value in layer.parameters.values())  # biases, peepholes


@pytest.mark.parametrize("cell", CELLS)
def test_layer__has_no_biases_without_bias(cell: str) -> None:
    names = make_layer(cell, 3, 5, bias=False).parameters.keys()
    assert {name for name in names if "_c" not in name} == {"weight_ih_l0", "weight_hh_l0"}


def test_layer__starts_with_the_same_bits_for_the_same_seed() -> None:
    one, same, other = (GRU(3, 20, random_state=seed).state_dict() for seed in (1, 1, 2))
    for name, value in one.items():
        np.testing.assert_array_equal(value, same[name])
    assert not np.array_equal(one["weight_hh_l0"], other["weight_hh_l0"])


def test_state_dict__goes_round_and_is_a_copy() -> None:
    source, target = GRU(3, 5, random_state=1), GRU(3, 5, random_state=2)
    state = source.state_dict()
    target.load_state_dict(state)
    state["weight_ih_l0"].fill(0)
    for name, value in source.parameters.items():
        np.testing.assert_array_equal(target.parameters[name], value)


def test_load_state_dict__takes_nested_lists() -> None:
    gru = GRU(1, 1, bias=False)
    gru.load_state_dict({"weight_ih_l0": [[1], [2], [3]], "weight_hh_l0": [[4], [5], [6]]})
    np.testing.assert_array_equal(gru.parameters["weight_hh_l0"], [[4], [5], [6]])


def test_zero_grad__clears_the_gradients() -> None:
    gru = GRU(3, 5, random_state=0)
    y, _ = gru.forward(np.ones((1, 2, 3)))
    gru.backward(y)
    assert any(grad.any() for grad in gru.grads.values())
    gru.zero_grad()
    assert not any(grad.any() for grad in gru.grads.values())


@pytest.mark.parametrize("kind", ["dense", "tokens"])
def test_layer__takes_an_empty_batch(kind: str) -> None:
    gru, tokens = GRU(3, 5, bidirectional=True), {"embedding": EMBEDDING}
    for shape in ((0, 4), (0, 0), (2, 0)):  # no sequences, or none with steps
        given = (
            {"x": np.zeros((*shape, 3))} if kind == "dense" else {"x": np.zeros(shape), **tokens}
        )
        y, h_n = gru.forward(**given, h0=np.ones((2, shape[0], 5)))
        dinput, dh0 = gru.backward(y, h_n)
        assert y.shape == (*shape, 10)
        assert gru.position_embedding_grad is None
        np.testing.assert_array_equal(h_n, np.ones((2, shape[0], 5)))
        np.testing.assert_array_equal(dh0, h_n)
        assert dinput.shape == ((*shape, 3) if kind == "dense" else (4, 3))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, ">i4"])
def test_forward__takes_tokens_of_any_integer_type(dtype: Any) -> None:
    gru, tokens = GRU(3, 5, random_state=0), np.array([[0, 3, 1], [2, 2, 0]])
    embedding = np.random.default_rng(0).standard_normal((4, 3))
    expected, _ = gru.forward(tokens.tolist(), embedding=embedding)
    actual, _ = gru.forward(tokens.astype(dtype), embedding=embedding)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("kind", [np.float16, np.int32, bool, ">f8"])
def test_forward__takes_input_of_any_number_type(kind: Any) -> None:
    gru, x = GRU(3, 5, random_state=0), np.array([[[0, 1, 1], [1, 0, 1]]])
    expected, _ = gru.forward(x.astype(float), lengths=[2])
    actual, _ = gru.forward(x.astype(kind), lengths=np.array([2], np.uint16))
    np.testing.assert_array_equal(actual, expected)


def test_forward__takes_strided_input() -> None:
    gru = GRU(3, 5, random_state=0)
    x = np.random.default_rng(0).standard_normal((4, 6, 6))
    expected, _ = gru.forward(x[::2, :, ::2].copy())
    actual, _ = gru.forward(x[::2, :, ::2])
    np.testing.assert_array_equal(actual, expected)


# --- what it refuses ----------------------------------------------------------------------

CONSTRUCTOR_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"input_size": 0}, "input_size must be an integer of at least 1, got 0."),
    ({"hidden_size": -3}, "hidden_size must be an integer of at least 1, got -3."),
    ({"num_layers": 0}, "num_layers must be an integer of at least 1, got 0."),
    ({"hidden_size": 2.5}, "hidden_size must be an integer of at least 1, got 2.5."),
    ({"hidden_size": True}, "hidden_size must be an integer of at least 1, got True."),
    ({"hidden_size": "64"}, "hidden_size must be an integer of at least 1, got '64'."),
    ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0."),
    ({"dropout": -0.1}, "dropout must be at least 0 and below 1, got -0.1."),
    ({"dropout": np.nan}, "dropout must be at least 0 and below 1, got nan."),
    ({"dtype": "float16"}, "dtype must be float32 or float64, got 'float16'."),
    ({"dtype": "double trouble"}, "dtype must be float32 or float64, got 'double trouble'."),
    ({"dtype": int}, "dtype must be float32 or float64, got <class 'int'>."),
    ({"bptt_steps": 0}, "bptt_steps must be an integer of at least 1, got 0."),
    ({"bptt_steps": 2.0}, "bptt_steps must be an integer of at least 1, got 2.0."),
]


@pytest.mark.parametrize(("options", "message"), CONSTRUCTOR_ERRORS)
def test_layer__refuses_options_outside_their_range(options: dict[str, Any], message: str) -> None:
    for layer in (GRU, LSTM, RNN):
        with pytest.raises(ConfigurationError) as error:
            layer(**({"input_size": 3, "hidden_size": 5} | options))
        assert str(error.value) == message


DENSE, TOKENS = np.ones((2, 4, 3)), np.zeros((2, 4), int)
FORWARD_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"x": np.ones((2, 4, 5))}, "x must have shape (batch, time, 3), got (2, 4, 5)."),
    ({"x": np.ones((2, 4))}, "x must have shape (batch, time, 3), got (2, 4)."),
    ({"x": DENSE, "lengths": [4]}, "lengths must have shape (2), got (1,)."),
    ({"x": DENSE, "lengths": [4, 5]}, "lengths must be from 0 to 4, got 5."),
    ({"x": DENSE, "h0": np.ones((1, 3, 5))}, "h0 must have shape (1, 2, 5), got (1, 3, 5)."),
    (
        {"x": DENSE, "position_embedding": EMBEDDING},
        "position_embedding goes with token input, expected an embedding beside it.",
    ),
    (
        {"x": TOKENS, "embedding": np.ones((4, 2))},
        "embedding must have shape (symbols, 3), got (4, 2).",
    ),
    (
        {"x": TOKENS + 4, "embedding": EMBEDDING},
        "tokens must be from 0 to 3, the rows of embedding, got 4.",
    ),
    (
        {"x": TOKENS, "embedding": EMBEDDING, "position_embedding": np.ones((3, 3))},
        "position_embedding must have a row for each of 4 steps, got 3.",
    ),
    (
        {"x": TOKENS, "embedding": EMBEDDING, "position_embedding": np.ones((4, 1))},
        "position_embedding must have shape (positions, 3), got (4, 1).",
    ),
]


@pytest.mark.parametrize(("given", "message"), FORWARD_ERRORS)
def test_forward__refuses_what_does_not_fit(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        GRU(3, 5).forward(**given)
    assert str(error.value) == message


NO_FORWARD = (
    "backward() must follow a forward() with training=True, and found none. Call forward() first."
)


@pytest.mark.parametrize("before", ["nothing", "prediction", "backward"])
def test_backward__refuses_to_go_before_forward(before: str) -> None:
    gru = GRU(3, 5)
    if before != "nothing":
        gru.forward(DENSE, training=before == "backward")
    if before == "backward":
        gru.backward()
    with pytest.raises(ConfigurationError) as error:
        gru.backward()
    assert str(error.value) == NO_FORWARD


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dy": np.ones((2, 4, 3))}, "dy must have shape (2, 4, 5), got (2, 4, 3)."),
        ({"dh_n": np.ones((2, 5))}, "dh_n must have shape (1, 2, 5), got (2, 5)."),
    ],
)
def test_backward__refuses_what_does_not_fit_and_can_be_called_again(
    given: dict[str, Any], message: str
) -> None:
    gru = GRU(3, 5)
    y, _ = gru.forward(DENSE)
    with pytest.raises(ConfigurationError) as error:
        gru.backward(**given)
    assert str(error.value) == message
    gru.backward(y)


def test_load_state_dict__names_what_does_not_fit_and_changes_nothing() -> None:
    gru = GRU(3, 5, bias=False, random_state=0)
    before = gru.state_dict()
    wrong_names = {"weight_ih_l0": before["weight_ih_l0"], "kernel": np.ones(3)}
    wrong_shape = before | {"weight_hh_l0": np.ones((15, 4))}
    words = {name: np.full(value.shape, "a") for name, value in before.items()}
    messages = {
        "state dict: missing ['weight_hh_l0'], unknown ['kernel']; expected the names "
        "['weight_hh_l0', 'weight_ih_l0'].": wrong_names,
        "state dict: weight_hh_l0 must have shape (15, 5), got (15, 4).": wrong_shape,
        "state dict: weight_ih_l0 must hold numbers, got <U1.": words,
    }
    for message, mapping in messages.items():
        with pytest.raises(ConfigurationError) as error:
            gru.load_state_dict(mapping)
        assert str(error.value) == message
        for name, value in gru.parameters.items():
            np.testing.assert_array_equal(value, before[name])
