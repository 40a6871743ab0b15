"""Configurations of live layers of Keras 3, given beside other sources (``make test-peers``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras
from tests.peers.keras_models import fill, live_keras, run

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

KINDS = ["GRU", "LSTM", "SimpleRNN"]


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    return live_keras()


def built(keras: Any, kind: str, form: str) -> Any:
    layers = keras.layers
    options = {"return_sequences": True, "activation": "softsign"}
    if form == "cell":
        cell = getattr(layers, f"{kind}Cell")(4, activation="softsign", kernel_regularizer="l2")
        return layers.RNN(cell, return_sequences=True)
    layer = getattr(layers, kind)(4, **options, dropout=0.1, activity_regularizer="l2")
    return layer if form == "alone" else layers.Bidirectional(layer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["alone", "cell", "both"])
def test_whole_configuration__passes_beside_the_layer_and_its_arrays(
    kind: str, form: str, keras: Any, rng: np.random.Generator
) -> None:
    layer, x = built(keras, kind, form), rng.standard_normal((2, 5, 3)).astype(np.float32)
    run(layer, x)
    fill(layer)
    for source in [layer, layer.get_weights()]:
        found: Any = from_keras(source, config=layer.get_config())
        y = found.forward(x, training=False)[0]
        np.testing.assert_allclose(y, run(layer, x), rtol=0, atol=3e-6)


def test_entries__that_a_wrapper_would_ignore_are_refused(keras: Any) -> None:
    model = keras.Sequential([keras.Input((5, 3)), built(keras, "GRU", "both")], name="model")
    for source in [model, model.layers[0]]:
        with pytest.raises(ConfigurationError, match=r"layer .*'activation'\. Set it within"):
            from_keras(source, config={"activation": "relu"})


def test_layers__that_are_not_recurrent_or_not_built_are_named(keras: Any) -> None:
    with pytest.raises(ConfigurationError, match="found Dense, which is no recurrent layer"):
        from_keras(keras.layers.Dense(5))
    for kind in KINDS:
        with pytest.raises(ConfigurationError, match=f"of a {kind}, found none: .* not been built"):
            from_keras(built(keras, kind, "both"))
