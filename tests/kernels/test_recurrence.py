"""The recurrent kernels, through the layers that pack for them: are the numbers right?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.comparing import assert_close, assert_same_bits
from tests.kernels.record_torch import CASES, recorded
from tests.problem_strategies import problems
from tests.problems import (
    CELLS,
    DTYPES,
    EVERY_CELL,
    GATED,
    Problem,
    expected_solution,
    make_problem,
    solve,
)

every_cell = pytest.mark.parametrize("cell", EVERY_CELL)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


@every_dtype
@every_cell
@given(data=st.data())
def test_layer__equals_reference(cell: str, dtype: str, data: st.DataObject) -> None:
    cuts = st.sampled_from([None, None, 1, 2, 3, 7, 100])
    options = {"bptt_steps": cuts} | ({"save_memory": st.booleans()} if cell in GATED else {})
    problem = data.draw(problems(cell, dtype, options=st.fixed_dictionaries(options)))
    assert_close(solve(problem), expected_solution(problem), problem)


@every_cell
@pytest.mark.parametrize("kind", ["dense", "positions"])
@pytest.mark.parametrize("hidden_size", [31, 32, 33, 48, 49])
def test_layer__equals_reference_around_whole_panels(
    hidden_size: int, kind: str, cell: str
) -> None:
    for dtype, lengths in (("float64", [3, 0, 5]), ("float32", [3, 0, 5] * 3)):
        sizes = {"hidden_size": hidden_size, "bidirectional": True, "kind": kind}
        problem = make_problem(cell, 7, lengths, dtype=dtype, **sizes)  # type: ignore[arg-type]
        assert_close(solve(problem), expected_solution(problem), problem)


@pytest.mark.parametrize("case", CASES)
def test_layer__equals_recorded_torch(case: str) -> None:
    problem, expected = recorded(case)
    assert_close(solve(problem), expected, problem)


@every_cell
def test_layer__goes_through_the_order_that_every_block_has(cell: str) -> None:
    # More blocks than groups of gradient sums (16), of lengths that all differ.
    lengths = list(np.random.default_rng(0).permutation(150) % 30)
    sizes = {"hidden_size": 3, "input_size": 1, "dtype": "float32"}
    problem = make_problem(cell, 6, lengths, **sizes)  # type: ignore[arg-type]
    assert_close(solve(problem), expected_solution(problem), problem)


def test_gru__gives_the_same_bits_with_any_number_of_rows_in_a_block() -> None:
    assert_same_bits_with_any_number_of_rows("gru", "float32")


@pytest.mark.exhaustive
@every_dtype
@pytest.mark.parametrize("cell", CELLS)
def test_layer__gives_the_same_bits_with_any_number_of_rows_in_a_block(
    cell: str, dtype: str
) -> None:
    assert_same_bits_with_any_number_of_rows(cell, dtype)


def assert_same_bits_with_any_number_of_rows(cell: str, dtype: str) -> None:
    """One sequence makes a block of one row, a few make blocks of 4, more of a full tile."""
    for kind in ("dense", "positions"):
        sizes = {"num_layers": 2, "bidirectional": True, "hidden_size": 19, "kind": kind}
        lengths = [7, 3, 0, 40, 5, 6, 1, 7, 2, 30, 11, 8]
        whole = make_problem(cell, 8, lengths, dtype=dtype, **sizes)  # type: ignore[arg-type]
        together = solve(whole)
        assert_close(together, expected_solution(whole), whole)
        for n_sequences in (1, 4):
            part: Problem = whole.select(slice(3, 3 + n_sequences))
            alone = solve(part)
            assert_close(alone, expected_solution(part), part)
            place = slice(3, 3 + n_sequences)
            assert_same_bits(alone.y, together.y[place])
            assert_same_bits(alone.final, together.final[:, :, place])
            assert_same_bits(alone.gradients["h0"], together.gradients["h0"][:, place])
