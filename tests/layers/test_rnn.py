from __future__ import annotations

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.layers.rnn import RNN


@pytest.mark.parametrize("value", ["sigmoid", "", None])
def test_rnn__refuses_other_nonlinearities(value: object) -> None:
    with pytest.raises(ConfigurationError) as error:
        RNN(3, 5, nonlinearity=value)  # type: ignore[arg-type]
    assert str(error.value) == f"nonlinearity must be one of ['relu', 'tanh'], got {value!r}."


@pytest.mark.parametrize(("nonlinearity", "expected"), [("tanh", np.tanh(-3)), ("relu", 0.0)])
def test_rnn__applies_its_nonlinearity(nonlinearity: str, expected: float) -> None:
    rnn = RNN(1, 1, nonlinearity=nonlinearity, bias=False, dtype="float64")
    rnn.load_state_dict({"weight_ih_l0": [[-3]], "weight_hh_l0": [[0]]})
    y, _ = rnn.forward(np.ones((2, 1, 1)))
    np.testing.assert_allclose(y, expected, rtol=1e-15)
    assert rnn.nonlinearity == nonlinearity


def test_rnn__has_no_gates_to_save() -> None:
    with pytest.raises(TypeError, match="save_memory"):
        RNN(3, 5, save_memory=True)  # type: ignore[call-arg]
