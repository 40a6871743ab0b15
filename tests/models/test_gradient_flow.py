from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.layer_input import as_dense
from fastgru.models.gradient_flow import gradient_by_distance
from tests.models.test_network import SEQUENCES, batch, make_network, spread


def make_linear(weight: float):
    """A plain network whose states are so small that its cell is linear, h' = weight h + x."""
    network = make_network(cell="rnn", pooling=("last",), bidirectional=False, hidden_size=3)
    views = network.parameters.views()
    views["embedding.letters"][:] *= 1e-9
    views["rnn.weight_ih_l0"][:] = np.eye(3)
    views["rnn.weight_hh_l0"][:] = weight * np.eye(3)
    return network


@pytest.mark.parametrize("weight", [0.5, 1.0, 1.5])
def test_gradient_by_distance__of_a_linear_cell_is_a_power(weight: float) -> None:
    found = gradient_by_distance(make_linear(weight), *batch("ACGTACGT", "TTGACAGT"))
    np.testing.assert_allclose(found, weight ** np.arange(8), rtol=1e-9)


def test_gradient_by_distance__goes_as_far_as_half_of_the_sequences() -> None:
    assert len(gradient_by_distance(make_linear(0.5), *batch("ACGTACGT", "ACGTA", "AC"))) == 5
    assert len(gradient_by_distance(make_linear(0.5), *batch("ACGTACGT", "ACG"))) == 3


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_gradient_by_distance__is_the_slope_of_the_last_state(cell: str, num_layers: int) -> None:
    network = make_network(cell=cell, num_layers=num_layers, conv_channels=(3,))
    spread(network)
    tokens, lengths = batch(SEQUENCES[0])
    direction = np.random.default_rng(0).standard_normal((1, 5))
    direction /= np.linalg.norm(direction)
    x = as_dense(network.read(tokens, lengths)[0], 1, 8)[None]

    def along(changed: np.ndarray) -> float:
        _, final = network.trunk.forward(changed)
        h = final[0] if cell == "lstm" else final
        return float(h[-2, 0] @ direction[0])

    step, slopes = 1e-6, np.zeros(x.shape[1:])
    for place in np.ndindex(*slopes.shape):
        nudge = np.zeros_like(x)
        nudge[(0, *place)] = step
        slopes[place] = (along(x + nudge) - along(x - nudge)) / (2 * step)
    expected = np.linalg.norm(slopes, axis=1)[::-1]
    found = gradient_by_distance(network, tokens, lengths)
    np.testing.assert_allclose(found, expected / expected[0], rtol=1e-5)


def test_gradient_by_distance__is_the_same_for_the_same_seed() -> None:
    network = make_network()
    first, again, other = (
        gradient_by_distance(network, *batch(*SEQUENCES), seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
