"""Chains of live Keras 3 whose states and masks come from elsewhere (``make test-peers``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras
from tests.peers.keras_models import fill, live_keras, run

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

X = np.random.default_rng(0).standard_normal((2, 5, 3)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    return live_keras()


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6)


def forms(model: Any, path: Path) -> list[Any]:
    """The model in memory and its file."""
    model.save(path / "model.keras")
    return [model, path / "model.keras"]


# States from elsewhere.


def test_first_layer__with_an_initial_state_is_refused(keras: Any, tmp_path: Path) -> None:
    x, other = keras.Input((5, 3)), keras.Input((4,))
    state = keras.layers.Dense(6, name="state")(other)
    y = keras.layers.GRU(6, name="reader")(x, initial_state=state)
    model = keras.Model([x, other], y)
    fill(model)
    for source in forms(model, tmp_path):
        with pytest.raises(ConfigurationError, match=r"'reader' \(GRU\) on the inputs .*'state'"):
            from_keras(source)
    alone: Any = from_keras(model, "reader")
    weight, bias = model.get_layer("state").get_weights()
    z = np.ones((2, 4), np.float32)
    found = alone.forward(X, h0=(z @ weight + bias)[None], training=False)[0][:, -1]
    assert_close(found, model.predict([X, z], verbose=0))


@pytest.mark.parametrize("option", ["initial_state", "mask"])
def test_first_layer__with_a_constant_beside_its_input_is_refused(
    option: str, keras: Any, tmp_path: Path
) -> None:
    value = np.ones((1, 6), np.float32) if option == "initial_state" else np.ones((1, 5), bool)
    for number, constant in enumerate((value, keras.ops.convert_to_tensor(value))):
        x = keras.Input((5, 3))
        y = keras.layers.GRU(6, name=f"reader_{number}")(x, **{option: constant})
        for source in forms(keras.Model(x, y), tmp_path):
            with pytest.raises(ConfigurationError, match=r"on the inputs .*'__(numpy|tensor)__'"):
                from_keras(source)


def test_layer__that_is_called_twice_is_refused(keras: Any, tmp_path: Path) -> None:
    first, second = keras.Input((5, 3), name="one"), keras.Input((5, 3), name="two")
    layer = keras.layers.GRU(4, name="shared")
    y = keras.layers.Subtract()([layer(first), layer(second)])
    for source in forms(keras.Model([first, second], y), tmp_path):
        with pytest.raises(
            ConfigurationError, match=r"called once, .* found 'shared' .*'one', 'two'"
        ):
            from_keras(source)
        assert isinstance(from_keras(source, "shared"), fastgru.GRU)


# Masks from further below.


def test_mask_of_a_layer_further_below__needs_lengths(keras: Any, tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5, 3)),
            layers.Masking(name="hide"),
            layers.Dense(4, name="project"),
            layers.GRU(6),
        ]
    )
    fill(model)
    x = X.copy()
    x[0, 2:] = 0
    weight, bias = model.get_layer("project").get_weights()
    for source in forms(model, tmp_path):
        chain: Any = from_keras(source)
        assert (chain.mask_value, chain.masked_by) == (None, "hide")
        with pytest.raises(ConfigurationError, match=r"lengths must be given.*'hide'"):
            chain.forward(x @ weight + bias)
        assert_close(chain.forward(x @ weight + bias, [2, 5]), run(model, x))


def test_embedding_with_mask_zero__needs_lengths(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Embedding(7, 3, mask_zero=True, name="embed"),
            keras.layers.Dropout(0.5),
            keras.layers.Bidirectional(keras.layers.LSTM(4)),
        ]
    )
    fill(model)
    codes = np.array([[3, 1, 0, 0, 0], [1, 2, 3, 4, 5]])
    (table,) = model.get_layer("embed").get_weights()
    for source in forms(model, tmp_path):
        chain: Any = from_keras(source)
        with pytest.raises(ConfigurationError, match=r"lengths must be given.*'embed'"):
            chain.forward(table[codes])
        assert_close(chain.forward(table[codes], [2, 5]), run(model, codes))


def test_nested_model_that_masks__needs_lengths(keras: Any) -> None:
    inside = keras.Sequential([keras.Input((5, 3)), keras.layers.Masking()], name="inside")
    chain: Any = from_keras(keras.Sequential([keras.Input((5, 3)), inside, keras.layers.GRU(4)]))
    assert chain.masked_by == "inside"


@pytest.mark.parametrize("mask_zero", [True, False])
def test_masks__of_other_branches_and_below_a_masking_do_not_count(
    mask_zero: bool, keras: Any
) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Embedding(7, 3, mask_zero=mask_zero),
            *([layers.Masking()] if mask_zero else []),
            layers.GRU(4),
        ]
    )
    chain: Any = from_keras(model)
    assert (chain.mask_value, chain.masked_by) == (0 if mask_zero else None, None)
    x, other = keras.Input((5, 3)), keras.Input((5,))
    y = layers.GlobalAveragePooling1D()(layers.Embedding(7, 4, mask_zero=True)(other))
    branches: Any = from_keras(keras.Model([x, other], layers.Add()([layers.GRU(4)(x), y])))
    assert branches.masked_by is None
