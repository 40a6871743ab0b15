"""The two senses of the update gate: papers against the layer, each by its own equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru.errors import ConfigurationError
from fastgru.layers.conversions import swap_update_gate
from fastgru.layers.gru import GRU
from tests.reference.cells import sigmoid

Weights = dict[str, np.ndarray]


def chung_2014(x: np.ndarray, h: np.ndarray, p: Weights) -> np.ndarray:
    """Chung et al. 2014, arXiv 1412.3555, section 3.2, equations 5 to 8; biases added."""
    z = sigmoid(p["W_z"] @ x + p["U_z"] @ h + p["b_z"])
    r = sigmoid(p["W_r"] @ x + p["U_r"] @ h + p["b_r"])
    candidate = np.tanh(p["W"] @ x + p["U"] @ (r * h) + p["b"])
    return (1 - z) * h + z * candidate


def cho_2014_v3(x: np.ndarray, h: np.ndarray, p: Weights) -> np.ndarray:
    """Cho et al. 2014, arXiv 1406.1078v3, section 2.3, equations 5 to 8; biases added."""
    r = sigmoid(p["W_r"] @ x + p["U_r"] @ h + p["b_r"])
    z = sigmoid(p["W_z"] @ x + p["U_z"] @ h + p["b_z"])
    candidate = np.tanh(p["W"] @ x + p["U"] @ (r * h) + p["b"])
    return z * h + (1 - z) * candidate


def random_weights(n_inputs: int, hidden: int) -> Weights:
    rng = np.random.default_rng(0)
    gates = ("_r", "_z", "")
    return (
        {f"W{gate}": rng.standard_normal((hidden, n_inputs)) for gate in gates}
        | {f"U{gate}": rng.standard_normal((hidden, hidden)) for gate in gates}
        | {f"b{gate}": rng.standard_normal(hidden) for gate in gates}
    )


def stacked(p: Weights) -> Weights:
    """The paper's matrices as PyTorch stacks them, r, z, n."""
    names = {"weight_ih_l0": "W", "weight_hh_l0": "U", "bias_ih_l0": "b"}
    state = {
        full: np.concatenate([p[short + gate] for gate in ("_r", "_z", "")])
        for full, short in names.items()
    }
    return state | {"bias_hh_l0": np.zeros(len(state["bias_ih_l0"]))}


@pytest.mark.parametrize(
    ("paper", "converts"), [(chung_2014, True), (cho_2014_v3, False)], ids=["Chung", "Cho v3"]
)
def test_gru__follows_the_paper(paper: Any, converts: bool) -> None:
    p, x = random_weights(3, 5), np.random.default_rng(1).standard_normal((2, 7, 3))
    state = swap_update_gate(stacked(p)) if converts else stacked(p)
    gru = GRU(3, 5, reset_after=False, dtype="float64")
    gru.load_state_dict(state)
    y, _ = gru.forward(x)
    for b in range(2):
        h = np.zeros(5)
        for t in range(7):
            h = paper(x[b, t], h, p)
            np.testing.assert_allclose(y[b, t], h, rtol=0, atol=1e-13)


def test_swap_update_gate__turns_the_gate_round_in_all_layers_and_directions() -> None:
    gru = GRU(3, 5, num_layers=2, bidirectional=True, random_state=0)
    state = gru.state_dict()
    for value in state.values():
        value += 1
    swapped = swap_update_gate(state)
    assert swapped.keys() == state.keys()
    for name, value in swapped.items():
        np.testing.assert_array_equal(value[5:10], -state[name][5:10])
        np.testing.assert_array_equal(value[:5], state[name][:5])
        np.testing.assert_array_equal(value[10:], state[name][10:])
    for name, value in swap_update_gate(swapped).items():
        np.testing.assert_array_equal(value, state[name])


def test_swap_update_gate__is_public_and_copies() -> None:
    state = GRU(3, 5, random_state=0).state_dict()
    before = {name: value.copy() for name, value in state.items()}
    for value in fastgru.swap_update_gate(state).values():
        value.fill(7)
    for name, value in state.items():
        np.testing.assert_array_equal(value, before[name])


NOT_FOUND = (
    "state dict: expected the weights of a GRU, such as weight_hh_l0, found {}. Pass what "
    "GRU.state_dict() returns."
)
NO_GATES = (
    "state dict: expected the weights of a GRU, three gates in each, found {} of shape {}. Pass "
    "what GRU.state_dict() returns."
)
GRU_STATE = {"weight_ih_l0": np.ones((6, 1)), "weight_hh_l0": np.ones((6, 2))}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, NOT_FOUND.format("nothing")),
        ({"gru.weight_hh_l0": np.ones((6, 2))}, NOT_FOUND.format("['gru.weight_hh_l0']")),
        ({"weight_hh_l0": np.ones((8, 2))}, NO_GATES.format("weight_hh_l0", "(8, 2)")),
        ({"weight_hh_l0": np.ones((12, 3))}, NO_GATES.format("weight_hh_l0", "(12, 3)")),  # LSTM's
        (GRU_STATE | {"weight_ci_l0": np.ones(3)}, NO_GATES.format("weight_ci_l0", "(3,)")),
        (GRU_STATE | {"bias_ih_l0": np.ones((6, 1))}, NO_GATES.format("bias_ih_l0", "(6, 1)")),
    ],
)
def test_swap_update_gate__refuses_what_is_no_gru(state: Weights, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        swap_update_gate(state)
    assert str(error.value) == message
