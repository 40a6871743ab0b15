"""Layers and models of live Keras 3, on PyTorch, with random weights in every array."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest


def live_keras() -> Any:
    """Keras; where it is missing the test is skipped."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


def fill(layer: Any, seed: int = 0) -> None:
    """Draw all weights of a layer or a model, biases too, which Keras starts at zero."""
    rng = np.random.default_rng(seed)
    layer.set_weights([0.5 * rng.standard_normal(a.shape) for a in layer.get_weights()])


def run(model: Any, x: np.ndarray) -> np.ndarray:
    """What a layer or model returns outside of training."""
    keras = live_keras()
    return np.asarray(keras.ops.convert_to_numpy(model(x, training=False)))
