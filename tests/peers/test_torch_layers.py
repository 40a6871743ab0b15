"""fastgru against live layers of torch.nn: outputs and every gradient (``make test-peers``)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.comparing import assert_close
from tests.peers import torch_layers
from tests.problem_strategies import problems
from tests.problems import DTYPES, make_problem, solve

pytestmark = [
    pytest.mark.peers,
    pytest.mark.parametrize("dtype", DTYPES),
    pytest.mark.parametrize("cell", torch_layers.TORCH_CELLS),
]


@pytest.fixture(scope="module", autouse=True)
def _torch() -> None:
    pytest.importorskip("torch")


@given(data=st.data())
def test_layer__equals_torch(cell: str, dtype: str, data: st.DataObject) -> None:
    # PyTorch packs no sequence of no steps.
    problem = data.draw(problems(cell, dtype, max_layers=3, min_sequences=1, shortest=1))
    assert_close(solve(problem), torch_layers.solve(problem), problem)


@pytest.mark.parametrize("kind", ["dense", "tokens"])
def test_layer__equals_torch_at_the_size_of_real_work(cell: str, dtype: str, kind: str) -> None:
    if (cell, dtype) == ("rnn relu", "float32"):
        pytest.skip("of so many units some round to the other side of the corner of relu")
    lengths = [60 - k // 2 for k in range(64)]
    sizes = {"input_size": 16, "hidden_size": 128, "num_layers": 2, "bidirectional": True}
    problem = make_problem(cell, 1, lengths, dtype=dtype, kind=kind, **sizes)  # type: ignore[arg-type]
    assert_close(solve(problem), torch_layers.solve(problem), problem)
