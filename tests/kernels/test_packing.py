"""Packing against the equations that the module opens with, element by element."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels import packing
from fastgru.kernels.registers import lanes_of
from tests.kernels.packed import ORDERS, weights
from tests.problems import DTYPES

sizes = st.integers(1, 3 * lanes_of("float32") + 3)
orders = st.sampled_from(ORDERS)
# Of a cell: gates, vectors of a row of its tape, the first of the input part, and those of hh.
tapes = st.sampled_from([(3, 4, 1, (1, 2, 0)), (4, 4, 0, (0, 1, 2, 3)), (1, 1, 0, (0,))])


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, k=sizes, spare=st.integers(0, 3), packing_order=orders)
def test_pack_columns__puts_the_gates_of_a_panel_side_by_side(
    dtype: str, hidden: int, k: int, spare: int, packing_order: tuple[int, tuple[int, ...]]
) -> None:
    gates, order = packing_order
    weight, lanes = weights(gates, hidden, k, dtype), lanes_of(dtype)
    packed = np.full((-(-hidden // lanes), k + spare, len(order) * lanes), np.nan, dtype)
    packing.pack_columns(weight, hidden, np.array(order), packed)
    for unit in range(len(packed) * lanes):
        for place, gate in enumerate(order):
            column = packed[unit // lanes, :, place * lanes + unit % lanes]
            expected = weight[gate * hidden + unit] if unit < hidden else 0
            np.testing.assert_array_equal(column[:k], expected)
            np.testing.assert_array_equal(column[k:], 0)


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, k=sizes, packing_order=orders, n_groups=st.integers(1, 4))
def test_add_groups__undoes_the_packing_and_adds_in_order(
    dtype: str, hidden: int, k: int, packing_order: tuple[int, tuple[int, ...]], n_groups: int
) -> None:
    gates, order = packing_order
    rng, lanes = np.random.default_rng(0), lanes_of(dtype)
    panels, rows = -(-hidden // lanes), k + 2
    sums = rng.standard_normal((n_groups, panels, rows, len(order) * lanes)).astype(dtype)
    total = sums[0].copy()
    for group in sums[1:]:
        total += group
    grad = weights(gates, hidden, k, dtype)
    expected = grad.copy()
    for place, gate in enumerate(order):
        for unit in range(hidden):
            column = total[unit // lanes, :k, place * lanes + unit % lanes]
            expected[gate * hidden + unit] += column
    packing.add_groups(sums, hidden, np.array(order), grad)
    np.testing.assert_array_equal(grad, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@given(hidden=sizes, features=st.integers(0, 5), rows=st.integers(1, 4), tape=tapes)
def test_pack_inputs__takes_vectors_through_the_weight_and_adds_biases(
    dtype: str,
    bias: bool,
    hidden: int,
    features: int,
    rows: int,
    tape: tuple[int, int, int, tuple[int, ...]],
) -> None:
    gates, width, input_at, hh_at = tape
    rng, lanes = np.random.default_rng(1), lanes_of(dtype)
    panels = -(-hidden // lanes)
    vectors = rng.standard_normal((rows, features)).astype(dtype)
    positions = rng.standard_normal((rows + 1, features)).astype(dtype)
    weight = rng.standard_normal((gates * hidden, features)).astype(dtype)
    biases = [rng.standard_normal(gates * hidden * bias).astype(dtype) for _ in range(2)]
    w_ih = np.full((panels, features, gates * lanes), np.nan, dtype)
    table, position_table = (
        np.full((n, panels, width * lanes), np.nan, dtype) for n in (rows, rows + 1)
    )
    packing.pack_inputs(
        *(vectors, positions, weight, *biases, hidden, input_at, np.array(hh_at)),
        *(np.arange(gates), w_ih, table, position_table),
    )
    expected = _tables(vectors, weight, hidden, width, input_at)
    if bias:
        for gate in range(gates):
            own = slice(gate * hidden, (gate + 1) * hidden)
            expected[:, input_at + gate] += biases[0][own]
            expected[:, hh_at[gate]] += biases[1][own]
    _check_table(table, expected, dtype)
    _check_table(position_table, _tables(positions, weight, hidden, width, input_at), dtype)
    again = np.empty_like(w_ih)
    packing.pack_columns(weight, hidden, np.arange(gates), again)
    np.testing.assert_array_equal(w_ih, again)


def _tables(
    vectors: np.ndarray, weight: np.ndarray, hidden: int, width: int, input_at: int
) -> np.ndarray:
    """(n, width, H), float64."""
    products = vectors.astype(np.float64) @ weight.T.astype(np.float64)
    table = np.zeros((len(vectors), width, hidden))
    gates = products.reshape(len(vectors), -1, hidden)
    table[:, input_at : input_at + gates.shape[1]] = gates
    return table


def _check_table(packed: np.ndarray, expected: np.ndarray, dtype: str) -> None:
    n, width, hidden = expected.shape
    lanes = lanes_of(dtype)
    found = packed.reshape(n, -1, width, lanes).transpose(0, 2, 1, 3).reshape(n, width, -1)
    np.testing.assert_allclose(found[:, :, :hidden], expected, atol=20 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(found[:, :, hidden:], 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@given(
    hidden=sizes,
    features=st.integers(0, 20),
    rows=st.integers(0, 4),
    tape=tapes,
    n_groups=st.integers(1, 3),
)
def test_take_tables_back__adds_up_rows_and_biases(
    dtype: str,
    bias: bool,
    hidden: int,
    features: int,
    rows: int,
    tape: tuple[int, int, int, tuple[int, ...]],
    n_groups: int,
) -> None:
    gates, width, input_at, hh_at = tape
    rng, lanes = np.random.default_rng(2), lanes_of(dtype)
    panels = -(-hidden // lanes)
    whole = rng.integers(-9, 9, (n_groups, rows, width, panels * lanes)).astype(dtype)
    sums = np.ascontiguousarray(
        whole.reshape(n_groups, rows, width, panels, lanes).transpose(0, 1, 3, 2, 4)
    ).reshape(n_groups, rows, panels, width * lanes)
    if not rows:  # what stands behind no rows is something
        sums = np.full(sums.shape[2:], np.nan, dtype)[:0].reshape(sums.shape)
    total = whole.sum(axis=0)[:, :, :hidden]  # whole numbers: the same in any order
    vectors = rng.integers(-9, 9, (rows if features else 0, features)).astype(dtype)
    weight = rng.integers(-9, 9, (gates * hidden, features)).astype(dtype)
    d_weight, d_vectors = np.ones_like(weight), np.full_like(vectors, np.nan)
    biases = [np.ones(gates * hidden * bias, dtype) for _ in range(2)]
    packing.take_tables_back(
        *(sums, hidden, input_at, np.array(hh_at), vectors, weight, d_weight, *biases, d_vectors)
    )
    d_rows = total[: len(vectors), input_at : input_at + gates].reshape(
        len(vectors), gates * hidden
    )
    np.testing.assert_array_equal(d_vectors, d_rows @ weight)
    np.testing.assert_array_equal(d_weight, 1 + d_rows.T @ vectors)
    if bias:
        of_vectors = 1 + total.sum(axis=0)
        np.testing.assert_array_equal(biases[0].reshape(gates, -1), of_vectors[input_at:][:gates])
        np.testing.assert_array_equal(biases[1].reshape(gates, -1), of_vectors[list(hh_at)])
