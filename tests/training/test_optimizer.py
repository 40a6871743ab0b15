from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.parameters import ParameterStore
from fastgru.training.optimizer import AdamW
from tests.comparing import assert_same_bits
from tests.reference import around

SHAPES = {"weight": (5, 7), "bias": (5,), "letters": (4, 3)}


def make_store(rng: np.random.Generator, dtype: str = "float64") -> ParameterStore:
    values = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    return ParameterStore({"part": (values, {})}, np.dtype(dtype))


def set_grads(store: ParameterStore, rng: np.random.Generator, scale: float = 1.0) -> None:
    store.grads[: store.size] = scale * rng.standard_normal(store.size)


def test_step__is_the_textbook(rng: np.random.Generator) -> None:
    store = make_store(rng)
    optimizer = AdamW(store, weight_decay=0.1, clip_norm=1e9)
    expected = store.values.copy()
    decay = np.zeros_like(expected)
    decay[store.places()["part.weight"]] = 0.1
    state = around.Adam(np.zeros_like(expected), np.zeros_like(expected))
    for step in range(1, 101):
        set_grads(store, rng)
        rate = 0.01 / step
        optimizer.step(rate)
        expected, state = around.adamw_step(
            expected, store.grads, state, step, learning_rate=rate, decay=decay
        )
    np.testing.assert_allclose(store.values, expected, rtol=0, atol=1e-13)


def test_step__decays_weights_and_nothing_else(rng: np.random.Generator) -> None:
    store = make_store(rng)
    before = {name: value.copy() for name, value in store.views().items()}
    AdamW(store, weight_decay=0.5, clip_norm=1.0).step(0.1)
    after = store.views()
    np.testing.assert_allclose(after["part.weight"], before["part.weight"] * 0.95, rtol=1e-12)
    for name in ("part.bias", "part.letters"):
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.parametrize("names", [("head.weight", "gru.weight_hh_l1_reverse")])
def test_step__decays_the_weights_of_the_network(names: tuple[str, ...]) -> None:
    from tests.models.test_network import make_network

    network = make_network(num_layers=2, n_positions=5)
    before = {name: value.copy() for name, value in network.parameters.views().items()}
    network.parameters.values[: network.parameters.size] += 1
    AdamW(network.parameters, weight_decay=0.5, clip_norm=1.0).step(0.1)
    decayed = {
        name
        for name, value in network.parameters.views().items()
        if not np.allclose(value, before[name] + 1)
    }
    assert decayed >= set(names)
    assert decayed == {name for name in before if ".weight" in name}


def test_step__decays_no_scale_of_a_normalisation() -> None:
    from tests.models.test_network import make_network

    network = make_network(conv_channels=(4,), conv_norm="batch")
    before = {name: value.copy() for name, value in network.parameters.views().items()}
    AdamW(network.parameters, weight_decay=0.5, clip_norm=1.0).step(0.1)
    after = network.parameters.views()
    assert not np.array_equal(after["stem.weight_l0"], before["stem.weight_l0"])
    np.testing.assert_array_equal(after["stem.norm_weight_l0"], before["stem.norm_weight_l0"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_step__leaves_buffers_as_they_are(dtype: str, rng: np.random.Generator) -> None:
    values = {"weight": rng.standard_normal((5, 7))}
    buffers = {"running_mean": rng.standard_normal(9), "running_var": rng.exponential(1e-30, 9)}
    store = ParameterStore({"stem": (values, {})}, np.dtype(dtype), {"stem": buffers})
    optimizer = AdamW(store, weight_decay=0.5, clip_norm=1.0)
    for step in range(5):
        before = store.values.copy()
        store.grads[store.places()["stem.weight"]] = rng.standard_normal(35)
        optimizer.step(0.1)
        # each pass in training writes new ones
        assert_same_bits(store.values[35:], before[35:])
        assert not np.array_equal(store.values[:35], before[:35])
        buffers["running_mean"] += step


def test_step__returns_the_norm_and_clips_to_the_limit(rng: np.random.Generator) -> None:
    clipped, scaled = make_store(rng), make_store(np.random.default_rng(20240229))
    set_grads(clipped, rng, scale=100.0)
    norm = np.linalg.norm(clipped.grads)
    scaled.grads[:] = clipped.grads / norm * 0.5
    # with a large eps the step is proportional to the gradient
    for store, limit in ((clipped, 0.5), (scaled, 1e9)):
        found = AdamW(store, weight_decay=0, clip_norm=limit, eps=1e3).step(1.0)
        assert found == pytest.approx(norm if store is clipped else 0.5)
    np.testing.assert_allclose(clipped.values, scaled.values, rtol=1e-12)


def test_step__leaves_short_gradients_as_they_are(rng: np.random.Generator) -> None:
    stores = [make_store(np.random.default_rng(1)) for _ in range(2)]
    for store, limit in zip(stores, (1.0, 1e9), strict=True):
        set_grads(store, np.random.default_rng(2), scale=1e-3)
        AdamW(store, weight_decay=0, clip_norm=limit).step(0.1)
    np.testing.assert_array_equal(stores[0].values, stores[1].values)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_step__without_gradient_and_decay_changes_nothing(
    dtype: str, rng: np.random.Generator
) -> None:
    store = make_store(rng, dtype)
    before = store.values.copy()
    assert AdamW(store, weight_decay=0, clip_norm=1.0).step(0.1) == 0
    np.testing.assert_array_equal(store.values, before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_step__reports_a_gradient_that_is_no_number(value: float, rng: np.random.Generator) -> None:
    store = make_store(rng)
    set_grads(store, rng)
    store.grads[3] = value
    before = store.values.copy()
    optimizer = AdamW(store, weight_decay=0.1, clip_norm=1.0)
    assert not np.isfinite(optimizer.step(0.1))
    assert optimizer.step_number == 0
    np.testing.assert_array_equal(store.values, before)
