"""Layers on top of each other: dropout between them."""

from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.gru import GRU
from fastgru.layers.stack import dropout_mask
from tests.gradients import TOLERANCE, central_differences
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
