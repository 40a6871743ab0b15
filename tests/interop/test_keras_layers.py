"""Layers of Keras that stand in memory, or only seem to, without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras
from fastgru.interop.keras_cells import read_version
from fastgru.interop.keras_chain import load_chain
from fastgru.interop.keras_records import KerasModel, LayerRecord
from tests.reference import keras_layers as formulas

ARRAYS = [0.1 * np.arange(np.prod(shape)).reshape(shape) % 1 for shape in [(4, 12), (4, 12), (12,)]]


class MyGRU:
    """What from_keras asks of a layer of Keras, of a class that it does not know."""

    name = "mine"

    def get_weights(self) -> list[np.ndarray]:
        return ARRAYS

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "units": 4, "reset_after": False}


def test_layer_of_another_class__is_refused_with_the_way_round() -> None:
    layer = MyGRU()
    with pytest.raises(
        ConfigurationError,
        match=r"layer 'mine': expected .*GRU.* found MyGRU, which is no recurrent layer",
    ):
        from_keras(layer)
    found = from_keras(layer.get_weights(), config=layer.get_config())
    assert isinstance(found, fastgru.GRU)


@pytest.mark.parametrize("wide", [(False, True), (True, False), (True, True), (False, False)])
def test_layers_of_two_precisions__each_keep_theirs(
    wide: tuple[bool, bool], rng: np.random.Generator
) -> None:
    below, above = ([a.astype("f8" if one else "f4") for a in ARRAYS] for one in wide)
    config = {"reset_after": False, "return_sequences": True}
    records = [
        LayerRecord("below", "GRU", config, (), lambda: below, True),
        LayerRecord("above", "GRU", config, ("below",), lambda: above, True),
    ]
    chain = load_chain(KerasModel("model", read_version("3"), tuple(records)))
    kept = [layer.dtype == np.float64 for layer in chain.layers for _ in range(layer.num_layers)]
    assert kept == list(wide)
    assert len(chain.steps) == 1 + (wide[0] != wide[1])
    x = rng.standard_normal((2, 6, 4))
    expected = formulas.gru(formulas.gru(x, below), above)
    tolerance = 1e-12 if all(wide) else 1e-5
    np.testing.assert_allclose(chain.forward(x), expected, rtol=0, atol=tolerance)
