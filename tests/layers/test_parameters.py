from __future__ import annotations

import numpy as np
import pytest

from fastgru.kernels.registers import VECTOR_BYTES, lanes_of
from fastgru.layers.parameters import ParameterStore
from fastgru.layers.workspace import Workspace
from tests.problems import DTYPES


@pytest.mark.parametrize("dtype", DTYPES)
def test_parameter_store__makes_views_of_one_array(dtype: str) -> None:
    head = {"weight": np.arange(6.0).reshape(2, 3), "bias": np.array([7.0, 8.0])}
    table, head_grads, table_grads = {"letters": np.full((1, 4), 9.0)}, {}, {}
    store = ParameterStore(
        {"head": (head, head_grads), "embedding": (table, table_grads)}, np.dtype(dtype)
    )
    assert store.names == ["head.weight", "head.bias", "embedding.letters"]
    assert store.size == 12
    np.testing.assert_array_equal(store.values[:12], [0, 1, 2, 3, 4, 5, 7, 8, 9, 9, 9, 9])
    assert len(store.values) % lanes_of(dtype) == 0
    assert store.values.ctypes.data % VECTOR_BYTES == 0
    assert not store.values[12:].any()
    store.values[:12] = np.arange(12)
    np.testing.assert_array_equal(head["bias"], [6, 7])
    table_grads["letters"] += 5
    np.testing.assert_array_equal(store.grads[8:12], 5)
    assert store.views()["head.weight"] is head["weight"]
    assert store.places()["embedding.letters"] == slice(8, 12)
    assert head_grads["weight"].shape == (2, 3)
    assert store.values.dtype == head["weight"].dtype == dtype


def test_parameter_store__keeps_buffers_behind_the_parameters() -> None:
    weight, grads = {"weight": np.arange(3.0)}, {}
    buffers = {"running_mean": np.array([5.0, 6.0])}
    store = ParameterStore({"stem": (weight, grads)}, np.dtype(np.float64), {"stem": buffers})
    assert store.names == ["stem.weight", "stem.running_mean"]
    assert (store.n_learned, store.size) == (3, 5)
    np.testing.assert_array_equal(store.values[:5], [0, 1, 2, 5, 6])
    buffers["running_mean"] += 1
    np.testing.assert_array_equal(store.values[3:5], [6, 7])
    assert list(grads) == ["weight"]
    assert list(store.places()) == ["stem.weight"]


def test_parameter_store__may_be_empty() -> None:
    store = ParameterStore({}, np.dtype(np.float32))
    assert store.names == []
    assert not store.values.any()


def test_workspace__reuses_memory_while_it_is_large_enough() -> None:
    workspace = Workspace()
    large = workspace.empty("h", (4, 10), np.dtype(np.float32))
    small = workspace.zeros("h", (3, 5), np.dtype(np.float32))
    assert np.shares_memory(large, small)
    assert not small.any()
    larger = workspace.empty("h", (5, 10), np.dtype(np.float32))
    assert not np.shares_memory(large, larger)


def test_workspace__keeps_names_and_types_apart() -> None:
    workspace = Workspace()
    arrays = [
        workspace.empty("h", (4,), np.dtype(np.float32)),
        workspace.empty("x", (4,), np.dtype(np.float32)),
        workspace.empty("h", (4,), np.dtype(np.float64)),
    ]
    for array, number in zip(arrays, (1, 2, 3), strict=True):
        array.fill(number)
    assert [array[0] for array in arrays] == [1, 2, 3]
