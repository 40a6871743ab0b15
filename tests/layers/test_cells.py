"""What a cell says of itself is what its arrays are."""

from __future__ import annotations

import numpy as np
import pytest

from fastgru.kernels.registers import lanes_of
from fastgru.layers import cells
from fastgru.layers.cells import PEEPHOLES, CellKind

KINDS = [
    cells.GRU_RESET_AFTER,
    cells.GRU_RESET_BEFORE,
    cells.LSTM,
    cells.RNN_TANH,
    cells.RNN_RELU,
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cell.name)


def _empty(name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return np.full(shape, np.nan, dtype)


@every_kind
def test_kind__takes_every_gate_once(kind: CellKind) -> None:
    gates = [gate for product in kind.products for gate in product]
    assert sorted(gates) == list(range(kind.gates))
    assert len(set(kind.hh_at)) == kind.gates == kind.cell.gates
    assert set(range(kind.cell.width)[kind.input_vectors]) | set(kind.hh_at) == set(
        range(kind.cell.width)
    )
    assert set(kind.hh_at) <= set(range(kind.cell.width))


def test_kinds__have_names_of_their_own() -> None:
    assert len({kind.cell.name for kind in KINDS}) == len(KINDS)  # the kernel cache goes by them


@every_kind
@pytest.mark.parametrize("peepholes", [False, True])
def test_add_sums__adds_all_groups_to_the_gradients(kind: CellKind, peepholes: bool) -> None:
    if peepholes and not kind.peepholes:
        pytest.skip("a cell without peepholes")
    hidden, gates = 5, kind.gates
    parameters = {"weight_hh": np.arange(1.0, gates * hidden * hidden + 1).reshape(-1, hidden)}
    if peepholes:
        parameters |= {name: np.full(hidden, 3.0) for name in PEEPHOLES}
    sums = kind.new_sums(parameters, 3, _empty)
    for array in sums:
        array[:] = 2.0
    grads = {name: np.ones_like(value) for name, value in parameters.items()}
    kind.add_sums(sums, grads)
    for grad in grads.values():
        np.testing.assert_array_equal(grad, 1 + 3 * 2.0)


@every_kind
def test_pack__makes_whole_panels_padded_with_zeros(kind: CellKind) -> None:
    hidden, lanes = 5, lanes_of("float64")
    weight = np.ones((kind.gates * hidden, hidden))
    padded = -(-hidden // lanes) * lanes
    for packed in (
        kind.pack_forward({"weight_hh": weight}, _empty, pairs=False),
        kind.pack_backward({"weight_hh": weight}, _empty, pairs=False),
    ):
        arrays = packed[: len(kind.products)]
        assert sum(array.size for array in arrays) == kind.gates * padded * padded
        assert sum(array.sum() for array in arrays) == weight.size
        for peepholes in packed[len(kind.products) :]:
            assert peepholes.shape == (3, padded)
            assert not peepholes.any()
