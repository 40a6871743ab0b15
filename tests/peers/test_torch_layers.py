"""fastgru against a live torch.nn.GRU: outputs and every gradient (``make test-peers``)."""

from __future__ import annotations

import pytest
from hypothesis import assume, given

from tests.gru_problems import DTYPES, Problem, assert_close, make_problem, problems, solve
from tests.peers import torch_gru

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module", autouse=True)
def _torch() -> None:
    pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", DTYPES)
@given(problem=problems(max_layers=3, min_sequences=1))
def test_gru__equals_torch(dtype: str, problem: Problem) -> None:
    assume(problem.lengths.min() > 0)  # PyTorch packs no sequence of no steps
    expected = torch_gru.solve(problem, dtype)
    assert_close(solve(problem, dtype), expected, dtype, problem)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["dense", "tokens"])
def test_gru__equals_torch_at_the_size_of_real_work(dtype: str, kind: str) -> None:
    lengths = [60 - k // 2 for k in range(64)]
    problem = make_problem(
        1, lengths, input_size=16, hidden_size=128, num_layers=2, bidirectional=True, kind=kind
    )
    expected = torch_gru.solve(problem, dtype)
    assert_close(solve(problem, dtype), expected, dtype, problem)
