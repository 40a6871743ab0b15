"""Models of live Keras 3 that hold other models or blocks of cells (``make test-peers``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras
from tests.peers.keras_models import fill, live_keras, run

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    return live_keras()


def sequential(keras: Any, *layers: Any, **options: Any) -> Any:
    model = keras.Sequential([keras.Input((5, 6)), *layers], **options)
    fill(model)
    return model


def forms(model: Any, folder: Path) -> list[Any]:
    """The model in memory and its files."""
    paths = [folder / "model.keras", folder / "model.h5"]
    for path in paths:
        model.save(path)
    return [model, *paths]


def assert_outputs(found: Any, model: Any, x: np.ndarray) -> None:
    np.testing.assert_allclose(found.forward(x), run(model, x), rtol=0, atol=3e-6)


@pytest.mark.parametrize("is_first", [True, False])
def test_nested_model_with_a_recurrent_layer__is_refused_by_name(
    is_first: bool, keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    inner = sequential(keras, keras.layers.GRU(6, return_sequences=True), name="enc")
    outer = keras.layers.GRU(6, return_sequences=True, name="outer")
    model = sequential(keras, *([inner, outer] if is_first else [outer, inner]))
    for source in forms(model, tmp_path):
        with pytest.raises(
            ConfigurationError, match=r"found 'enc' \(Sequential\), which holds .* one of 'outer'"
        ):
            from_keras(source)
        with pytest.raises(ConfigurationError, match=r"'enc' .* Load it alone"):
            from_keras(source, "enc")
        from_keras(source, "outer")
    assert_outputs(from_keras(model.get_layer("enc")), inner, rng.standard_normal((2, 5, 6)))


def test_nested_model_without_recurrent_layers__is_left_to_the_caller(
    keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    inner = sequential(keras, keras.layers.Dense(6), name="head")
    model = sequential(keras, inner, keras.layers.GRU(6))
    x = rng.standard_normal((2, 5, 6)).astype(np.float32)
    for source in forms(model, tmp_path):
        chain: Any = from_keras(source)
        weight, bias = chain.before["head"]
        found = chain.forward(x @ weight + bias)
        np.testing.assert_allclose(found, run(model, x), rtol=0, atol=3e-6)


def test_stacked_cells__are_refused_by_name_alone_and_in_a_chain(
    keras: Any, tmp_path: Path
) -> None:
    stacked = keras.layers.RNN([keras.layers.GRUCell(6) for _ in range(2)], return_sequences=True)
    model = sequential(keras, stacked, keras.layers.GRU(6))
    for source in [stacked, *forms(model, tmp_path)]:
        with pytest.raises(ConfigurationError, match="found StackedRNNCells"):
            from_keras(source)


def test_weights_of_a_nested_model__are_no_bidirectional(keras: Any, tmp_path: Path) -> None:
    layers = [keras.layers.GRU(6, return_sequences=True), keras.layers.GRU(6)]
    inner = sequential(keras, *layers, name="enc")
    both = keras.layers.Bidirectional(keras.layers.GRU(6), name="both")
    path = tmp_path / "model.weights.h5"
    sequential(keras, inner).save_weights(path)
    for name in ["enc", None]:
        with pytest.raises(ConfigurationError, match="found 'enc', which holds recurrent layers"):
            from_keras(path, name)
    sequential(keras, both).save_weights(path)
    assert getattr(from_keras(path, "both"), "bidirectional", None) is True


def test_weights_of_a_subclassed_model__give_attributes_by_name(
    keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    class Reader(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.below = keras.layers.GRU(6, return_sequences=True)
            self.above = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True))
            self.blocks = [keras.layers.GRU(3)]

        def call(self, x: Any) -> Any:
            return self.blocks[0](self.above(3 * self.below(x)))

    model = Reader()
    x = rng.standard_normal((2, 5, 6)).astype(np.float32)
    run(model, x)
    fill(model)
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    for name, y in [("below", x), ("above", run(model.below, x))]:
        layer: Any = from_keras(path, name)
        found = layer.forward(y, training=False)[0]
        np.testing.assert_allclose(found, run(getattr(model, name), y), rtol=0, atol=3e-6)
    for wanted in ["blocks", None]:
        with pytest.raises(ConfigurationError, match="'blocks', which holds recurrent layers"):
            from_keras(path, wanted)
