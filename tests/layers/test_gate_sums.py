from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.gate_sums import DirectionWeights, InputSums, RecurrentSums, Shifted, Weight
from fastgru.layers.layer_input import LayerInput
from tests.comparing import assert_same_bits

GATES, HIDDEN, FEATURES = 3, 5, 4


def new_weights(*names: str) -> tuple[DirectionWeights, dict[str, np.ndarray]]:
    """Weights of a direction, and their gradients by name."""
    rng, rows = np.random.default_rng(0), GATES * HIDDEN
    shapes = {"weight_ih": (rows, FEATURES), "weight_hh": (rows, HIDDEN)}
    shapes |= dict.fromkeys(names, (rows,))
    values = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    grads = {name: np.zeros_like(value) for name, value in values.items()}
    return DirectionWeights(values, grads), grads


def test_direction_weights__are_zero_where_absent() -> None:
    weights, _ = new_weights("bias_hh")
    assert weights.of_gates("bias_hh", GATES).value.any()
    for absent in (weights.of_gates("bias_ih", GATES), weights.of_gates("ln_bias_c", 1)):
        assert not absent.value.any()
    np.testing.assert_array_equal(weights.of_units("weight_ci").value, np.zeros(HIDDEN))
    assert weights.gain("ln_weight_ih", GATES) is None


def test_direction_weights__hand_out_views_of_the_gradients() -> None:
    weights, grads = new_weights("bias_hh")
    weights.of_gates("bias_hh", GATES).grad[1] += 2
    np.testing.assert_array_equal(grads["bias_hh"], np.repeat([0, 2, 0], HIDDEN))


def test_shifted__without_a_gain_adds_the_bias() -> None:
    bias = Weight(np.arange(6.0).reshape(2, 3), np.zeros((2, 3)))
    shifted, products = Shifted(None, bias), np.ones((2, 4, 3))
    sums, kept = shifted.forward(products)
    np.testing.assert_array_equal(sums, products + bias.value[:, None])
    np.testing.assert_array_equal(shifted.backward(products, kept), products)
    np.testing.assert_array_equal(bias.grad, np.full((2, 3), 4))


def test_recurrent_sums__of_some_gates_are_those_of_all() -> None:
    weights, _ = new_weights("bias_hh", "ln_weight_hh")
    mask = np.random.default_rng(1).random((6, HIDDEN))
    h = np.random.default_rng(2).standard_normal((4, HIDDEN))  # two sequences have ended
    sums = RecurrentSums(weights, GATES, mask)
    whole, _ = sums.forward(h)
    some, _ = sums.forward(h, slice(1, 3))
    assert_same_bits(some, whole[1:3])


@pytest.mark.parametrize("names", [[], ["bias_ih", "ln_weight_ih"]])
def test_input_sums__of_tokens_are_those_of_their_vectors(names: list[str]) -> None:
    weights, grads = new_weights(*names)
    rng = np.random.default_rng(3)
    tokens, symbols = np.array([2, 0, 1, 2, 2, 0], np.int32), rng.standard_normal((3, FEATURES))
    rows, places = np.array([4, 0, 3]), np.array([1, 0, 0])
    d, dx = rng.standard_normal((GATES, 3, HIDDEN)), np.zeros((6, FEATURES))
    from_tokens = InputSums(weights, GATES, LayerInput(tokens=tokens, symbols=symbols))
    from_vectors = InputSums(weights, GATES, LayerInput(x=symbols[tokens]))
    found = []
    for sums in (from_tokens, from_vectors):
        values, kept = sums.forward(rows, places)
        sums.backward(d, kept, rows, places, dx)
        gradients = sums.gradients(dx)
        found.append((values, {name: grad.copy() for name, grad in grads.items()}))
        for grad in grads.values():
            grad.fill(0)
        if sums is from_tokens:
            d_symbols = gradients.symbols
    assert_same_bits(found[0][0], found[1][0])
    for name, grad in found[0][1].items():
        np.testing.assert_allclose(grad, found[1][1][name], rtol=0, atol=1e-13)
    expected = np.array([dx[tokens == symbol].sum(axis=0) for symbol in range(3)])
    np.testing.assert_allclose(d_symbols, expected, rtol=0, atol=1e-13)
