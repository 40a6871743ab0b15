from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru import _numba
from fastgru.layers.convolution import Convolution
from fastgru.layers.convolution_sizes import ConvolutionSizes
from fastgru.layers.layer_input import LayerInput
from tests.reference import around

LENGTHS = np.array([9, 0, 1, 20, 13])
N_STEPS = 20
SIZES = {
    "channels": st.integers(1, 40),
    "size": st.integers(1, 20),
    "width": st.integers(1, 9),
    "dilation": st.integers(1, 3),
    "pool": st.integers(1, 4),
}
"""What Hypothesis draws a layer from."""


def make(rng, channels=5, size=3, width=4, dtype=np.float64, **how):
    parameters = {
        "weight_l0": rng.normal(size=(channels, size, width)).astype(dtype),
        "bias_l0": rng.normal(size=channels).astype(dtype),
    }
    grads = {name: np.zeros_like(value) for name, value in parameters.items()}
    sizes = ConvolutionSizes(channels, width, **how)
    return Convolution(parameters, grads, sizes, "_l0"), parameters, grads


def make_input(kind, rng, size=3, dtype=np.float64):
    """Return the input in one of its forms."""
    if kind == "dense":
        return LayerInput(x=rng.normal(size=(len(LENGTHS) * N_STEPS, size)).astype(dtype))
    tokens = rng.integers(0, 6, len(LENGTHS) * N_STEPS).astype(np.int32)
    positions = rng.normal(size=(N_STEPS + 2, size)).astype(dtype)
    symbols = rng.normal(size=(6 if kind != "many" else 90, size)).astype(dtype)
    return LayerInput(tokens, symbols, positions if kind == "positions" else None)


def dense_of(given, size):
    if given.x is not None:
        return given.x.reshape(len(LENGTHS), N_STEPS, size)
    x = given.symbols[given.tokens].reshape(len(LENGTHS), N_STEPS, size)
    return x if given.positions is None else x + given.positions[:N_STEPS]


HOW = [{}, {"dilation": 3}, {"stride": 2}, {"pool": 3}, {"dilation": 2, "stride": 3, "pool": 2}]


@pytest.mark.parametrize("kind", ["dense", "tokens", "positions", "many"])
@pytest.mark.parametrize("how", HOW)
def test_forward__is_the_convolution(kind: str, how: dict) -> None:
    rng = np.random.default_rng(1)
    layer, parameters, _ = make(rng, **how)
    given = make_input(kind, rng)
    found = layer.forward(given, LENGTHS, N_STEPS)
    outputs = [
        around.convolve(sequence[:length], parameters["weight_l0"], parameters["bias_l0"], **how)
        for sequence, length in zip(dense_of(given, 3), LENGTHS, strict=True)
    ]
    assert found.lengths.tolist() == [len(rows) for rows in outputs]
    y = found.x.reshape(len(LENGTHS), found.n_steps, -1)
    for b, rows in enumerate(outputs):
        np.testing.assert_allclose(y[b, : len(rows)], rows, atol=1e-12)
        assert not y[b, len(rows) :].any()


@pytest.mark.parametrize("kind", ["dense", "tokens", "positions", "many"])
@pytest.mark.parametrize("how", HOW)
def test_backward__agrees_with_central_differences(kind: str, how: dict) -> None:
    rng = np.random.default_rng(2)
    layer, parameters, grads = make(rng, **how)
    given = make_input(kind, rng)
    weights = rng.normal(size=layer.forward(given, LENGTHS, N_STEPS).x.shape)

    def loss() -> float:
        return float((layer.forward(given, LENGTHS, N_STEPS).x * weights).sum())

    loss()
    found = layer.backward(weights)
    places = {"weight": (parameters["weight_l0"], grads["weight_l0"])}
    places["bias"] = parameters["bias_l0"], grads["bias_l0"]
    if given.x is not None:
        inside = (np.arange(N_STEPS) < LENGTHS[:, None]).reshape(-1)
        places["x"] = given.x, np.where(inside[:, None], found.x, 0)
    else:
        places["symbols"] = given.symbols, found.symbols
    if given.positions is not None:
        places["positions"] = given.positions, found.positions
    for name, (value, gradient) in places.items():
        for at in rng.choice(value.size, min(value.size, 12), replace=False):
            kept = value.flat[at]
            ends = []
            for step in (1e-6, -1e-6):
                value.flat[at] = kept + step
                ends.append(loss())
            value.flat[at] = kept
            difference = (ends[0] - ends[1]) / 2e-6
            assert gradient.flat[at] == pytest.approx(difference, rel=1e-5, abs=1e-7), name


@pytest.mark.parametrize("kind", ["dense", "tokens", "positions"])
def test_layer__gives_the_same_bits_for_any_threads_and_neighbours(kind: str) -> None:
    rng = np.random.default_rng(3)
    layer, _, grads = make(rng, channels=20, size=7, width=5, dtype=np.float32, pool=2)
    given = make_input(kind, rng, 7, np.float32)
    results = []
    for threads in (1, 2):
        with _numba.threads_limited_to(threads):
            for grad in grads.values():
                grad.fill(0)
            found = layer.forward(given, LENGTHS, N_STEPS)
            back = layer.backward(np.ones_like(found.x))
            of_input = back.x if back.symbols is None else back.symbols
            if back.x is not None:
                of_input = back.x.reshape(len(LENGTHS), N_STEPS, -1)[3]
            results.append([found.x.copy(), of_input, *(g.copy() for g in grads.values())])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)
    alone = LayerInput(
        None if given.tokens is None else given.tokens[60:80],
        given.symbols,
        given.positions,
        None if given.x is None else given.x[60:80],
    )
    np.testing.assert_array_equal(
        layer.forward(alone, LENGTHS[3:4], N_STEPS).x, results[0][0][30:40]
    )


@settings(max_examples=40, deadline=None)
@given(**SIZES, stride=st.integers(1, 3), seed=st.integers(0, 1000))
def test_forward__reads_tokens_as_it_reads_their_embeddings(
    channels, size, width, dilation, stride, pool, seed
) -> None:
    rng = np.random.default_rng(seed)
    layer, *_ = make(rng, channels, size, width, dilation=dilation, stride=stride, pool=pool)
    tokens = make_input("tokens", rng, size)
    by_table = layer.forward(tokens, LENGTHS, N_STEPS).x
    dense = LayerInput(x=dense_of(tokens, size).reshape(-1, size))
    np.testing.assert_allclose(layer.forward(dense, LENGTHS, N_STEPS).x, by_table, atol=1e-11)
