from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.layers.cross_attention import CrossAttention, Memory, with_room
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences

HIDDEN, CHANNELS, REACH = 3, 5, 2
LENGTHS, SOURCE_LENGTHS = np.array([4, 1]), np.array([2, 6])


def make_layer(dtype: str) -> CrossAttention:
    rng = np.random.default_rng(1)
    layer = CrossAttention(HIDDEN, CHANNELS, REACH, rng)
    assert not layer.parameters["offset_bias"].any()
    for name, value in layer.parameters.items():
        layer.parameters[name] = rng.uniform(-1, 1, value.shape).astype(dtype)
        layer.grads[name] = np.zeros_like(layer.parameters[name])
    return layer


def draw(dtype: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States of the decoder (B, T, H), what they expect (B, T), and states to attend to."""
    steps, room = with_room(4, np.dtype(dtype)), with_room(6, np.dtype(dtype))
    h, states = np.zeros((2, steps, HIDDEN), dtype), np.zeros((2, room, CHANNELS), dtype)
    for b, (length, n_states) in enumerate(zip(LENGTHS, SOURCE_LENGTHS, strict=True)):
        h[b, :length] = rng.uniform(-1, 1, (length, HIDDEN))
        states[b, :n_states] = rng.uniform(-1, 1, (n_states, CHANNELS))
    return h, rng.integers(0, 8, (2, steps)), states


def reference(layer: CrossAttention, h: np.ndarray, centres: np.ndarray, s: np.ndarray):
    """The equations of the module, for one pair."""
    weights = {name: value.astype(float) for name, value in layer.parameters.items()}
    places = REACH + np.clip(np.arange(len(s)) - centres[:, None], -REACH, REACH)
    odds = np.exp(h @ weights["weight_query"].T @ s.T + weights["offset_bias"][places])
    z = odds / odds.sum(axis=1, keepdims=True) @ s
    return np.tanh(np.concatenate([z, h], axis=1) @ weights["weight_out"].T)


@given(size=st.integers(1, 100))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_with_room__is_the_next_whole_tile_and_vector(dtype: str, size: int) -> None:
    room = with_room(size, np.dtype(dtype))
    assert size <= room < size + max(ROWS, lanes_of(dtype))
    assert room % ROWS == room % lanes_of(dtype) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forward__is_the_equations(dtype: str, rng: np.random.Generator) -> None:
    layer, (h, centres, states) = make_layer(dtype), draw(dtype, rng)
    memory = Memory.of(states.reshape(-1, CHANNELS), SOURCE_LENGTHS)
    given = (h.reshape(-1, HIDDEN), LENGTHS, centres, memory)
    found = layer.forward(*given, training=False).reshape(h.shape)
    assert np.isfinite(found).all()
    for b, (length, n_states) in enumerate(zip(LENGTHS, SOURCE_LENGTHS, strict=True)):
        expected = reference(layer, h[b, :length], centres[b, :length], states[b, :n_states])
        allowed = 100 * np.finfo(dtype).eps
        np.testing.assert_allclose(found[b, :length], expected, rtol=0, atol=allowed)


def test_backward__is_the_slope_of_forward(rng: np.random.Generator) -> None:
    layer, (h, centres, states) = make_layer("float64"), draw("float64", rng)
    past = np.arange(h.shape[1]) >= LENGTHS[:, None]
    d_vectors = np.where(past[..., None], 0, rng.standard_normal(h.shape)).reshape(-1, HIDDEN)

    def forward() -> np.ndarray:
        memory = Memory.of(states.reshape(-1, CHANNELS).copy(), SOURCE_LENGTHS)
        given = (h.reshape(-1, HIDDEN), LENGTHS, centres, memory)
        return layer.forward(*given, training=True)

    def value() -> float:
        return float((forward() * d_vectors).sum())

    forward()
    dh, d_states = layer.backward(d_vectors)
    grads = {name: grad.copy() for name, grad in layer.grads.items()}
    for array, found in ((h, dh), (states, d_states)):
        expected = central_differences(value, array).reshape(found.shape)
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
    for name, grad in grads.items():
        expected = central_differences(value, layer.parameters[name])
        np.testing.assert_allclose(grad, expected, rtol=0, atol=TOLERANCE, err_msg=name)


def test_memory__of_some_sequences_is_attended_to_alike(rng: np.random.Generator) -> None:
    layer, (h, centres, states) = make_layer("float32"), draw("float32", rng)
    memory = Memory.of(states.reshape(-1, CHANNELS), SOURCE_LENGTHS)
    given = (h.reshape(-1, HIDDEN), LENGTHS, centres, memory)
    together = layer.forward(*given, training=False).reshape(h.shape)
    chosen = np.array([1])
    alone = layer.forward(
        *(h[1], LENGTHS[chosen], centres[chosen], memory.take(chosen)), training=False
    )
    assert_same_bits(alone[: LENGTHS[1]], together[1, : LENGTHS[1]].copy())
