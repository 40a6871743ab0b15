"""The arrays of a pass serve those that are like it, and no others."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import fastgru
from fastgru._numba import threads_in_force, threads_limited_to
from fastgru.kernels.registers import LINE_BYTES, VECTOR_BYTES, lanes_of
from fastgru.layers import pass_arrays
from fastgru.layers.direction import Direction
from tests.problems import CELLS, DTYPES, GATED


def _layer(name: str = "gru", dtype: str = "float32", **options: object) -> fastgru.GRU:
    kind = CELLS[name]
    layer = getattr(fastgru, kind.layer)(3, 21, dtype=dtype, **{**kind.options, **options})
    rng = np.random.default_rng(5)
    for value in layer.parameters.values():
        value[...] = rng.standard_normal(value.shape)
    return layer


def _step(layer: fastgru.GRU, dense: bool) -> list[np.ndarray]:
    rng, shape = np.random.default_rng(6), (11, 9)
    vectors = rng.standard_normal((5, 3)).astype(layer.dtype)
    x = rng.standard_normal((*shape, 3)) if dense else rng.integers(0, 5, shape)
    embedding = None if dense else vectors
    layer.zero_grad()
    lengths = rng.integers(0, 10, shape[0])
    y, _ = layer.forward(x, lengths=lengths, embedding=embedding, training=True)
    return [y, layer.backward(rng.standard_normal(y.shape))[0], *layer.grads.values()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", GATED)
def test_tape__gives_the_same_bits_past_the_caches(
    name: str, dense: bool, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _step(_layer(name, dtype), dense)
    monkeypatch.setattr(pass_arrays, "_CACHED_BYTES", 0)
    layer = _layer(name, dtype)
    found = _step(layer, dense)
    arrays, cell = _arrays(layer), layer.stack.layers[0][0].kind.cell
    assert arrays.layout.stream is (VECTOR_BYTES == LINE_BYTES)
    kept = cell.width - (0 if dense else cell.recomputed)
    assert arrays.cells.shape[3] == kept * lanes_of(np.dtype(dtype))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("rows", [24, 512])
@pytest.mark.parametrize("save_memory", [False, True])
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("name", GATED)
def test_chunks_of_large_sums__give_the_same_gradients(
    name: str, dense: bool, save_memory: bool, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _step(_layer(name, "float64", save_memory=save_memory), dense)
    monkeypatch.setattr(pass_arrays, "_LARGE_SUMS", 0)
    monkeypatch.setattr(pass_arrays, "_CHUNK_ROWS_OF_LARGE_SUMS", rows)
    layer = _layer(name, "float64", save_memory=save_memory)
    found = _step(layer, dense)
    assert _arrays(layer).back({}).layout.chunk == rows // 8
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("hidden_size", "rows"), [(496, 64), (512, 512)])
def test_chunks__are_long_where_sums_are_large(hidden_size: int, rows: int) -> None:
    layer = fastgru.GRU(1, hidden_size)
    y, _ = layer.forward(np.zeros((9, 1, 1)), training=True)
    layer.backward(y)
    back = _arrays(layer).back({})
    assert back.layout.chunk * 8 == rows


def _arrays(layer: fastgru.GRU) -> pass_arrays.ForwardArrays:
    direction = layer.stack.layers[0][0]
    assert isinstance(direction, Direction)
    assert direction._arrays is not None
    return direction._arrays


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("midway", [False, True])
def test_copy__works_in_arrays_of_its_own(
    midway: bool, dense: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy's copies start anywhere, and what is written past the caches starts on a vector."""
    monkeypatch.setattr(pass_arrays, "_CACHED_BYTES", 0)
    layer, kept = _layer(), []
    embedding = None if dense else np.ones((2, 3), np.float32)

    def ones(*shape: int) -> np.ndarray:
        return np.ones((*shape, 3), np.float32) if dense else np.ones(shape, np.int64)

    x = ones(11, 9)
    y = layer.forward(x, embedding=embedding, training=True)[0]
    expected = None if midway else layer.backward(y)[0]
    for _ in range(8):
        twin = copy.deepcopy(layer)
        kept.append(twin)  # so that the next one is elsewhere
        if not midway:
            again = twin.forward(x, embedding=embedding, training=True)[0]
            np.testing.assert_array_equal(again, y)
        dx = twin.backward(y)[0]
        expected = dx if expected is None else expected
        np.testing.assert_array_equal(dx, expected)
        longer = twin.forward(ones(12, 30), embedding=embedding)[0]
        np.testing.assert_array_equal(longer[:11, :9], y)


def test_parameters__may_be_replaced_by_arrays_in_another_order() -> None:
    layer, expected = _layer(), _step(_layer(), dense=True)
    for name, value in layer.parameters.items():
        doubled = np.repeat(value, 2, axis=-1)
        layer.parameters[name] = doubled[..., ::2] if value.ndim == 1 else np.asfortranarray(value)
    for ours, theirs in zip(_step(layer, dense=True), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_arrays__serve_the_next_pass_with_the_same_numbers() -> None:
    layer = _layer()
    first = _step(layer, dense=False)
    arrays = _arrays(layer)
    again = _step(layer, dense=False)
    assert _arrays(layer) is arrays
    for ours, theirs in zip(again, first, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_arrays__are_made_anew_for_another_kind_of_pass() -> None:
    layer, tokens = _layer(), np.zeros((11, 9), np.int32)
    embedding = np.ones((5, 3), np.float32)
    seen = []

    def look() -> None:
        seen.append(_arrays(layer))

    with threads_limited_to(1):
        layer.forward(tokens, embedding=embedding, training=False)
        look()
        layer.forward(tokens, embedding=embedding, training=True)
        look()
        layer.forward(tokens, embedding=embedding[:4], training=True)
        look()
        layer.forward(np.ones((11, 9, 3)), training=True)
        look()
        layer.forward(np.ones((11, 8, 3)), training=True)
        look()
    with threads_limited_to(2):
        layer.forward(np.ones((11, 8, 3)), training=True)
        look()
        same_threads = threads_in_force() == 1  # on one CPU, or without compilation
    assert len(set(map(id, seen))) == len(seen) - same_threads
