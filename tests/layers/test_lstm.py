"""What the LSTM has of its own: a pair of states, peepholes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.layers.lstm import LSTM
from tests.comparing import assert_same_bits

X = np.random.default_rng(0).standard_normal((2, 4, 3))


def test_lstm__takes_absent_states_for_zero() -> None:
    lstm, zero = LSTM(3, 5, dtype="float64", random_state=0), np.zeros((1, 2, 5))
    expected, _ = lstm.forward(X, None, (zero, zero))
    for states in (None, (None, None), (zero, None), [None, zero]):
        actual, _ = lstm.forward(X, None, states)  # type: ignore[arg-type]
        assert_same_bits(actual, expected)


def test_lstm__without_peepholes_is_one_whose_peepholes_are_zero() -> None:
    plain, with_them = (
        LSTM(3, 5, dtype="float64", peepholes=peepholes) for peepholes in (False, True)
    )
    state = plain.state_dict()
    for value in state.values():
        value += 0.3
    plain.load_state_dict(state)
    with_them.load_state_dict(state | {f"weight_c{gate}_l0": np.zeros(5) for gate in "ifo"})
    expected, actual = (layer.forward(X)[0] for layer in (plain, with_them))
    assert_same_bits(actual, expected)


WRONG: list[tuple[Any, str]] = [
    (
        np.zeros((1, 2, 5)),
        "{} must be a pair of arrays, for h and c, got ndarray. Pass (h, c); either may be None.",
    ),
    (
        (np.zeros((1, 2, 5)),),
        "{} must be a pair of arrays, for h and c, got tuple. Pass (h, c); either may be None.",
    ),
]


@pytest.mark.parametrize(("states", "message"), WRONG)
def test_lstm__refuses_what_is_no_pair(states: Any, message: str) -> None:
    lstm = LSTM(3, 5, dtype="float64")
    with pytest.raises(ConfigurationError) as error:
        lstm.forward(X, None, states)
    assert str(error.value) == message.format("states")
    lstm.forward(X)
    with pytest.raises(ConfigurationError) as error:
        lstm.backward(None, states)
    assert str(error.value) == message.format("dstates")


@pytest.mark.parametrize(("place", "name"), [(0, "h"), (1, "c")])
def test_lstm__names_the_state_that_does_not_fit(place: int, name: str) -> None:
    lstm, states = LSTM(3, 5, dtype="float64"), [None, None]
    states[place] = np.zeros((1, 3, 5))  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError) as error:
        lstm.forward(X, None, tuple(states))  # type: ignore[arg-type]
    assert str(error.value) == f"{name}0 must have shape (1, 2, 5), got (1, 3, 5)."
    lstm.forward(X)
    with pytest.raises(ConfigurationError) as error:
        lstm.backward(None, tuple(states))  # type: ignore[arg-type]
    assert str(error.value) == f"d{name}_n must have shape (1, 2, 5), got (1, 3, 5)."
