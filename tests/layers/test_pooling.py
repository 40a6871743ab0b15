from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.layers.pooling import Pooling
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES
from tests.reference import around

POOLINGS = ("last", "mean", "max", "attention")
CHOSEN = [names for size in (1, 2, 4) for names in permutations(POOLINGS, size)]
LENGTHS = np.array([3, 0, 4, 1])


def make_pooling(
    names: tuple[str, ...], weight: np.ndarray, *, from_outputs: bool = False
) -> Pooling:
    pooling = Pooling(names, len(weight), from_outputs=from_outputs)
    if "attention" in names:
        pooling.parameters["weight"] = weight
        pooling.grads["weight"] = np.zeros_like(weight)
    return pooling


def make_states(
    rng: np.random.Generator, lengths: np.ndarray = LENGTHS, dtype: str = "float64"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States of all steps (B, T, C), final ones (2, B, C / 2), and a vector (C,)."""
    shape = (len(lengths), int(lengths.max(initial=0)), 6)
    y, last = rng.standard_normal(shape), rng.standard_normal((2, shape[0], 3))
    return y.astype(dtype), last.astype(dtype), rng.standard_normal(6).astype(dtype)


@pytest.mark.parametrize("names", CHOSEN, ids="+".join)
def test_forward__puts_the_poolings_side_by_side(
    names: tuple[str, ...], rng: np.random.Generator
) -> None:
    y, last, weight = make_states(rng)
    pooling = make_pooling(names, weight)
    mean, most = around.pool(y, LENGTHS)
    attended = [around.attend(h[:n], weight)[1] for h, n in zip(y, LENGTHS, strict=True)]
    pooled = {"last": np.hstack(list(last)), "mean": mean, "max": most, "attention": attended}
    features = pooling.forward(y, last, LENGTHS, training=False)
    assert features.shape == (len(LENGTHS), pooling.output_size)
    expected = np.hstack([pooled[name] for name in names])
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("names", CHOSEN, ids="+".join)
def test_backward__equals_central_differences(
    names: tuple[str, ...], rng: np.random.Generator
) -> None:
    y, last, weight = make_states(rng)
    pooling = make_pooling(names, weight)
    dfeatures = rng.standard_normal((len(LENGTHS), pooling.output_size))
    steps = y if pooling.needs_steps else None

    def value() -> float:
        features = pooling.forward(steps, last, LENGTHS, training=True)
        return float((features * dfeatures).sum())

    value()
    dy, d_last = pooling.backward(dfeatures)
    np.testing.assert_allclose(d_last, central_differences(value, last), rtol=0, atol=TOLERANCE)
    if not pooling.needs_steps:
        assert dy is None
        return
    assert dy is not None
    valid = np.arange(y.shape[1]) < LENGTHS[:, None]
    expected = central_differences(value, y)
    np.testing.assert_allclose(dy[valid], expected[valid], rtol=0, atol=TOLERANCE)
    if "attention" in names:
        expected = central_differences(value, weight)
        np.testing.assert_allclose(pooling.grads["weight"], expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("names", [("last",), ("max", "last"), ("attention", "last"), ("mean",)])
def test_last__of_the_outputs_is_where_each_direction_ends(
    names: tuple[str, ...], n_directions: int, rng: np.random.Generator
) -> None:
    y, last, weight = make_states(rng)
    y[np.arange(y.shape[1]) >= LENGTHS[:, None]] = 0
    last = np.full((n_directions, len(LENGTHS), 6 // n_directions), np.nan)  # not to be read
    pooling = make_pooling(names, weight, from_outputs=True)
    assert pooling.needs_steps
    features = pooling.forward(y, last, LENGTHS, training=True)
    if "last" in names:
        half = 6 // n_directions
        expected = [
            np.concatenate([row[max(n - 1, 0), :half], row[0, half:]])
            for row, n in zip(y, LENGTHS, strict=True)
        ]
        start = 6 * names.index("last")
        np.testing.assert_array_equal(features[:, start : start + 6], expected)
    dfeatures = rng.standard_normal(features.shape)

    def value() -> float:
        return float((pooling.forward(y, last, LENGTHS, training=True) * dfeatures).sum())

    value()
    dy, d_last = pooling.backward(dfeatures)
    assert not d_last.any()
    assert dy is not None
    valid = np.arange(y.shape[1]) < LENGTHS[:, None]
    expected = central_differences(value, y)
    np.testing.assert_allclose(dy[valid], expected[valid], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("names", CHOSEN, ids="+".join)
def test_needs_steps__unless_the_last_state_is_all(names: tuple[str, ...]) -> None:
    assert Pooling(names, 6).needs_steps == (names != ("last",))


def test_parameters__are_those_of_the_attention() -> None:
    assert Pooling(("last", "mean", "max"), 6).parameters == {}
    assert Pooling(("mean", "attention"), 6).parameters["weight"].tolist() == [0.0] * 6


@pytest.mark.parametrize("training", [False, True])
def test_forward__keeps_the_weights_of_the_steps(training: bool, rng: np.random.Generator) -> None:
    y, last, weight = make_states(rng)
    pooling = make_pooling(("attention",), weight)
    pooling.forward(y, last, LENGTHS, training=training)
    assert pooling.attention.shape == y.shape[:2]
    for row, states, length in zip(pooling.attention, y, LENGTHS, strict=True):
        expected, _ = around.attend(states[:length], weight)
        np.testing.assert_allclose(row[:length], expected, rtol=0, atol=1e-14)
        assert not row[length:].any()


def test_backward__adds_to_the_gradient_of_the_weight(rng: np.random.Generator) -> None:
    y, last, weight = make_states(rng)
    pooling = make_pooling(("attention",), weight)
    dfeatures, once = rng.standard_normal((len(LENGTHS), 6)), np.zeros(6)
    for number in range(2):
        pooling.forward(y, last, LENGTHS, training=True)
        pooling.backward(dfeatures)
        if number == 0:
            once = pooling.grads["weight"].copy()
    assert_same_bits(pooling.grads["weight"], 2 * once)


@pytest.mark.parametrize("dtype", DTYPES)
@given(lengths=st.lists(st.integers(0, 30), min_size=2, max_size=40), seed=st.integers(0, 2**16))
def test_pooling__gives_the_same_bits_on_any_number_of_threads(
    dtype: str, lengths: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    steps = np.array(lengths)
    y, last, weight = make_states(rng, steps, dtype)
    dfeatures = rng.standard_normal((len(steps), 4 * 6)).astype(dtype)
    found = []
    for threads in (1, 2):
        pooling = make_pooling(POOLINGS, weight)
        with threads_limited_to(threads):
            features = pooling.forward(y, last, steps, training=True)
            dy, _ = pooling.backward(dfeatures)
        assert dy is not None
        dy[np.arange(y.shape[1]) >= steps[:, None]] = 0
        found.append((features, dy, pooling.grads["weight"]))
    for one, two in zip(*found, strict=True):
        assert_same_bits(two, one)
