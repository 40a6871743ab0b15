"""Layers on top of each other: dropout between them."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from fastgru.layers.gru import GRU
from fastgru.layers.stack import dropout_mask
from tests.gradients import TOLERANCE, assert_slopes, central_differences
from tests.problems import load, make_problem


def test_dropout_mask__keeps_the_mean(rng: np.random.Generator) -> None:
    mask = dropout_mask((200, 100), 0.2, np.dtype(np.float32), rng)
    assert mask.dtype == np.float32
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1.25)}
    assert mask.mean() == pytest.approx(1, abs=0.02)


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


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn tanh"])
def test_dropout__has_the_gradient_of_central_differences(cell: str) -> None:
    problem = make_problem(cell, 0, [3, 2], num_layers=2, bidirectional=True, hidden_size=3)
    layer = load(problem)
    layer.stack._dropout = 0.5
    x = np.nan_to_num(problem.x)

    def run() -> np.ndarray:
        layer.rng = np.random.default_rng(5)
        return layer.forward(x, problem.lengths)[0]

    run()
    dx, _ = layer.backward(np.nan_to_num(problem.dy))
    expected = central_differences(lambda: float((run() * np.nan_to_num(problem.dy)).sum()), x)
    np.testing.assert_allclose(dx, expected, rtol=0, atol=10 * TOLERANCE)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_residual__adds_the_input_of_all_layers_but_the_first(bidirectional: bool) -> None:
    sizes = {"bidirectional": bidirectional, "dtype": "float64"}
    gru = GRU(2, 3, num_layers=3, residual=True, random_state=1, **sizes)
    x, lengths = np.random.default_rng(0).standard_normal((4, 5, 2)), [5, 0, 2, 4]
    y, h_n = gru.forward(x, lengths)
    expected, states = x, []
    for level in range(3):
        layer = GRU(expected.shape[2], 3, **sizes)
        names = {name: name.replace("_l0", f"_l{level}") for name in layer.parameters}
        layer.load_state_dict({name: gru.parameters[there] for name, there in names.items()})
        h, final = layer.forward(expected, lengths)
        expected = h + expected if level else h
        states.append(final)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-14)
    # those of the cells: a later call can go on from them
    np.testing.assert_allclose(h_n, np.concatenate(states), rtol=0, atol=1e-14)


@pytest.mark.parametrize("options", [{}, {"save_memory": True}, {"layer_norm": True}], ids=str)
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_residual__has_the_gradient_of_central_differences(options, dropout: float) -> None:
    lengths, rng = np.array([4, 0, 2]), np.random.default_rng(2)
    gru = GRU(2, 3, num_layers=3, residual=True, bidirectional=True, dropout=dropout,
              dtype="float64", random_state=1, **options)  # fmt: skip
    x, dy, dh_n = (rng.standard_normal(shape) for shape in ((3, 4, 2), (3, 4, 6), (6, 3, 3)))

    def value() -> float:
        gru.rng = np.random.default_rng(5)
        y, h_n = gru.forward(x, lengths)
        return float((y * dy).sum() + (h_n * dh_n).sum())

    value()
    given = dy.copy()
    given[np.arange(4) >= lengths[:, None]] = np.inf  # counts for nothing
    dx, _ = gru.backward(given, dh_n)
    found = {"x": dx} | {name: grad.copy() for name, grad in gru.grads.items()}
    assert_slopes(value, {"x": x} | gru.parameters, found, 20 * TOLERANCE)


def test_residual__passes_no_gradient_around_where_the_outputs_have_none() -> None:
    gru = GRU(2, 3, num_layers=2, residual=True, dtype="float64", random_state=1)
    plain = GRU(2, 3, num_layers=2, dtype="float64", random_state=1)
    x = np.random.default_rng(0).standard_normal((2, 4, 2))
    results = []
    for layer in (gru, plain):
        layer.forward(x)
        results.append(layer.backward(None, np.ones((2, 2, 3)))[0])
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("options", [{}, {"clip": 3.0}])  # kernels; the equations in general
def test_forget__lets_go_of_the_input_and_changes_no_later_pass(options: dict[str, Any]) -> None:
    gru = GRU(2, 5, num_layers=2, bidirectional=True, dtype="float64", random_state=0, **options)
    x = np.ones((3, 4, 2))
    y, _ = gru.forward(x)
    dx, _ = gru.backward(y)
    held = weakref.ref(x)
    gru.stack.forget()
    del x
    gc.collect()
    assert held() is None
    again, _ = gru.forward(np.ones((3, 4, 2)))
    np.testing.assert_array_equal(again, y)
    np.testing.assert_array_equal(gru.backward(again)[0], dx)
