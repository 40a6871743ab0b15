"""Functional models of live Keras 3, whose files hold masks as operations (``make test-peers``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras
from tests.peers.keras_models import fill, live_keras, run

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

X = np.random.default_rng(0).standard_normal((3, 6, 4)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    return live_keras()


def forms(model: Any, folder: Path) -> list[Any]:
    """The model in memory and its files, with weights that are not those it began with."""
    fill(model)
    paths = [folder / "model.keras", folder / "model.h5"]
    for path in paths:
        model.save(path)
    return [model, *paths]


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6)


@pytest.mark.conformance("Keras", "Functional", "Masking, .keras, .h5 and in memory")
@pytest.mark.parametrize("mask_value", [0.0, -1.5])
def test_masking__reaches_every_layer_of_a_functional_chain(
    mask_value: float, keras: Any, tmp_path: Path
) -> None:
    layers, x = keras.layers, keras.Input((None, 4))
    y = layers.Masking(mask_value=mask_value)(x)
    for layer in (layers.GRU(3, return_sequences=True), layers.LSTM(2, return_sequences=True)):
        y = layers.Dropout(0.5)(layers.Bidirectional(layer)(y))
    model = keras.Model(x, layers.Dense(2, name="head")(layers.SimpleRNN(5)(y)))
    given = X.copy()
    given[0, 1:3] = given[1, 4:] = given[2, :5] = mask_value
    for source in forms(model, tmp_path):
        chain: Any = from_keras(source)
        assert (chain.mask_value, chain.masked_by) == (mask_value, None)
        assert list(chain.after) == ["head"]
        weight, bias = chain.after["head"]
        assert_close(chain.forward(given) @ weight + bias, run(model, given))


@pytest.mark.conformance("Keras", "Functional", "Embedding with mask_zero")
def test_embedding_with_mask_zero__needs_lengths_in_a_functional_chain(
    keras: Any, tmp_path: Path
) -> None:
    layers, tokens = keras.layers, keras.Input((None,), dtype="int32")
    y = layers.Embedding(7, 4, mask_zero=True, name="embed")(tokens)
    y = layers.SpatialDropout1D(0.5)(y)
    y = layers.GRU(3, return_sequences=True)(y)
    model = keras.Model(tokens, layers.Bidirectional(layers.GRU(3))(y))
    codes = np.array([[3, 1, 0, 0, 0], [1, 2, 3, 4, 5]])
    for source in forms(model, tmp_path):
        chain: Any = from_keras(source)
        assert chain.masked_by == "embed"
        (table,) = chain.before["embed"]
        assert_close(chain.forward(table[codes], [2, 5]), run(model, codes))


@pytest.mark.conformance("Keras", "Functional", "mask of pooling behind the chain")
def test_mask_of_pooling_behind__is_none_of_the_chain(keras: Any, tmp_path: Path) -> None:
    layers, x = keras.layers, keras.Input((None, 4))
    y = layers.GRU(3, return_sequences=True)(layers.Masking()(x))
    model = keras.Model(x, layers.GlobalAveragePooling1D()(y))
    given = X.copy()
    given[0, 2:] = 0
    for source in forms(model, tmp_path):
        chain: Any = from_keras(source)
        states = chain.forward(given)
        mean = np.stack([states[0, :2].mean(0), *states[1:].mean(1)])
        assert_close(mean, run(model, given))


@pytest.mark.conformance("Keras", "Functional", "mask of elsewhere", refused=True)
@pytest.mark.parametrize("mask", ["input", "other value", "branch"])
def test_mask_of_elsewhere__is_refused_by_name(mask: str, keras: Any, tmp_path: Path) -> None:
    layers, x = keras.layers, keras.Input((6, 4))
    inputs, y, told = [x], layers.Masking()(x), {}
    if mask == "input":
        inputs.append(keras.Input((6,), dtype="bool", name="told"))
        told["mask"] = inputs[1]
    elif mask == "other value":
        told["mask"] = keras.ops.any(keras.ops.not_equal(x, 2.0), axis=-1)
    else:
        y = layers.Add()([y, layers.Masking(mask_value=2.0)(x)])  # has the masks of both
    model = keras.Model(inputs, layers.GRU(3, name="reader")(y, **told))
    message = r"no mask but .* found 'reader' \(GRU\) on the inputs .*'(told|any|logical_or)"
    for source in forms(model, tmp_path):
        with pytest.raises(ConfigurationError, match=message):
            from_keras(source)


def test_branch_with_a_mask_of_its_own__leaves_that_of_the_chain(keras: Any) -> None:
    layers, x, other = keras.layers, keras.Input((6, 4)), keras.Input((5,))
    pooled = layers.GlobalAveragePooling1D()(layers.Embedding(7, 3, mask_zero=True)(other))
    y = layers.GRU(3)(layers.Masking(mask_value=9.0)(x))
    model = keras.Model([x, other], layers.Add()([y, pooled]))
    assert "not_equal" in json.dumps(model.get_config())
    chain: Any = from_keras(model)
    assert (chain.mask_value, chain.masked_by) == (9.0, None)
