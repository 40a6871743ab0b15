"""The public layer: names and shapes, what it refuses, dropout.  Its numbers: tests/kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.layers.gru import GRU
from tests.gradients import TOLERANCE, central_differences
from tests.gru_problems import DTYPES, load, make_problem

EMBEDDING = np.ones((4, 3))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gru__has_the_names_and_shapes_of_torch(dtype: str) -> None:
    gru = GRU(3, 5, num_layers=2, bidirectional=True, dtype=dtype)
    shapes = {name: value.shape for name, value in gru.parameters.items()}
    expected: dict[str, tuple[int, ...]] = {}
    for suffix, features in (("_l0", 3), ("_l0_reverse", 3), ("_l1", 10), ("_l1_reverse", 10)):
        expected["weight_ih" + suffix] = (15, features)
        expected["weight_hh" + suffix] = (15, 5)
        expected["bias_ih" + suffix] = (15,)
        expected["bias_hh" + suffix] = (15,)
    assert shapes == expected
    assert {value.dtype for value in gru.parameters.values()} == {np.dtype(dtype)}
    assert gru.grads.keys() == gru.parameters.keys()
    y, h_n = gru.forward(np.ones((4, 6, 3)))
    dx, dh0 = gru.backward(y, h_n)
    assert [array.shape for array in (y, h_n, dx, dh0)] == [
        *((4, 6, 10), (4, 4, 5)),
        *((4, 6, 3), (4, 4, 5)),
    ]


def test_gru__has_no_biases_without_bias() -> None:
    assert set(GRU(3, 5, bias=False).parameters) == {"weight_ih_l0", "weight_hh_l0"}


def test_gru__starts_with_the_same_bits_for_the_same_seed() -> None:
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
def test_gru__takes_an_empty_batch(kind: str) -> None:
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
def test_gru_forward__takes_tokens_of_any_integer_type(dtype: Any) -> None:
    gru, tokens = GRU(3, 5, random_state=0), np.array([[0, 3, 1], [2, 2, 0]])
    embedding = np.random.default_rng(0).standard_normal((4, 3))
    expected, _ = gru.forward(tokens.tolist(), embedding=embedding)
    actual, _ = gru.forward(tokens.astype(dtype), embedding=embedding)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("kind", [np.float16, np.int32, bool, ">f8"])
def test_gru_forward__takes_input_of_any_number_type(kind: Any) -> None:
    gru, x = GRU(3, 5, random_state=0), np.array([[[0, 1, 1], [1, 0, 1]]])
    expected, _ = gru.forward(x.astype(float), lengths=[2])
    actual, _ = gru.forward(x.astype(kind), lengths=np.array([2], np.uint16))
    np.testing.assert_array_equal(actual, expected)


def test_gru_forward__takes_strided_input() -> None:
    gru = GRU(3, 5, random_state=0)
    x = np.random.default_rng(0).standard_normal((4, 6, 6))
    expected, _ = gru.forward(x[::2, :, ::2].copy())
    actual, _ = gru.forward(x[::2, :, ::2])
    np.testing.assert_array_equal(actual, expected)


# --- dropout ------------------------------------------------------------------------------


def test_dropout__leaves_out_a_share_of_the_outputs_between_layers() -> None:
    gru = GRU(2, 5, num_layers=2, dropout=0.3, random_state=0)
    gru.parameters["weight_ih_l1"].fill(0)
    gru.parameters["weight_ih_l1"][10:, 0] = 1  # the new gate sees one unit of the layer below
    gru.parameters["weight_hh_l1"].fill(0)
    below, _ = first_layer(gru).forward(np.ones((500, 1, 2)))
    y, _ = gru.forward(np.ones((500, 1, 2)))
    dropped = y[:, 0, 0] == 0
    assert dropped.mean() == pytest.approx(0.3, abs=0.08)
    expected = np.tanh(below[~dropped, 0, 0] / 0.7) / 2
    np.testing.assert_allclose(y[~dropped, 0, 0], expected, rtol=1e-5)


def first_layer(gru: GRU) -> GRU:
    """The lowest layer of `gru` alone."""
    first = GRU(gru.input_size, gru.hidden_size)
    first.load_state_dict({name: gru.parameters[name] for name in first.parameters})
    return first


def test_dropout__does_nothing_outside_training_nor_in_one_layer() -> None:
    x = np.random.default_rng(0).standard_normal((3, 4, 2))
    for layers, training in ((2, False), (1, True)):
        plain = GRU(2, 5, num_layers=layers, random_state=0)
        dropping = GRU(2, 5, num_layers=layers, dropout=0.9, random_state=0)
        expected, _ = plain.forward(x, training=training)
        actual, _ = dropping.forward(x, training=training)
        np.testing.assert_array_equal(actual, expected)


def test_dropout__is_new_in_each_pass_and_the_same_for_the_same_seed() -> None:
    def passes() -> list[np.ndarray]:
        gru = GRU(2, 5, num_layers=2, dropout=0.5, random_state=3)
        return [gru.forward(np.ones((4, 3, 2)))[0] for _ in range(2)]

    (first, second), again = passes(), passes()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal([first, second], again)


def test_dropout__has_the_gradient_of_central_differences() -> None:
    problem = make_problem(0, [3, 2], num_layers=2, bidirectional=True, hidden_size=3)
    gru = load(problem, "float64")
    gru.stack._dropout = 0.5
    x = np.nan_to_num(problem.x)

    def run() -> np.ndarray:
        gru.rng = np.random.default_rng(5)
        return gru.forward(x, problem.lengths)[0]

    run()
    dx, _ = gru.backward(np.nan_to_num(problem.dy))
    expected = central_differences(lambda: float((run() * np.nan_to_num(problem.dy)).sum()), x)
    np.testing.assert_allclose(dx, expected, rtol=0, atol=10 * TOLERANCE)


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
    (
        {"reset_after": False},
        (
            "reset_after must be True, got False: this version has the form of torch.nn.GRU and "
            "cuDNN only. Weights of the other form cannot be used."
        ),
    ),
]


@pytest.mark.parametrize(("options", "message"), CONSTRUCTOR_ERRORS)
def test_gru__refuses_options_outside_their_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        GRU(**({"input_size": 3, "hidden_size": 5} | options))
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
def test_gru_forward__refuses_what_does_not_fit(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        GRU(3, 5).forward(**given)
    assert str(error.value) == message


NO_FORWARD = (
    "backward() must follow a forward() with training=True, and found none. Call forward() first."
)


@pytest.mark.parametrize("before", ["nothing", "prediction", "backward"])
def test_gru_backward__refuses_to_go_before_forward(before: str) -> None:
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
def test_gru_backward__refuses_what_does_not_fit_and_can_be_called_again(
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
