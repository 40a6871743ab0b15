"""Entries of get_config() that callers give beside arrays of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras

ARRAYS = [np.ones(shape, np.float32) for shape in [(3, 15), (5, 15), (2, 15)]]
INNER = {"class_name": "GRU", "config": {"units": 5}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"recurent_activation": "relu"}, "'recurent_activation'. Did you mean 'recurrent_act"),
        ({"nonsense": 1}, "'nonsense'. Leave it out"),
        ({3: 1}, "found 3. Leave it out"),
        ({"units": 99}, "expected arrays of 99 units, .* found those of 5"),
        ({"output_dim": 4}, "expected arrays of 4 units"),
        ({"cell": {**INNER, "class_name": "GRUCell"}, "activation": "relu"}, "the entry 'cell'"),
        ({"layer": INNER, "activation": "relu"}, "'activation'. Set it within the entry 'layer'"),
        ({"layer": {**INNER, "config": {"units": 6}}}, "expected arrays of 6 units"),
    ],
)
def test_entries__that_are_unknown_or_contradict_are_refused(config: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^arrays: .*{message}"):
        from_keras(ARRAYS * (2 if "layer" in config else 1), config=config)


def test_entries__of_all_versions_pass() -> None:
    config = {"units": 5, "implementation": 2, "time_major": False, "batch_input_shape": None}
    given: list[dict[str, Any]] = [
        config,
        {"output_dim": 5, "consume_less": "cpu", "inner_activation": "sigmoid"},
    ]
    for one in given:
        assert getattr(from_keras(ARRAYS, config=one), "hidden_size", None) == 5
