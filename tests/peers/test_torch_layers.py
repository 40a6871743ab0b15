"""fastgru against live layers of torch.nn: outputs and every gradient (``make test-peers``)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastgru
from tests.comparing import assert_close
from tests.peers import torch_layers
from tests.problem_strategies import problems
from tests.problems import CELLS, DTYPES, make_problem, solve

pytestmark = [
    pytest.mark.peers,
    pytest.mark.conformance("PyTorch", "{cell}", "layers of nn: sizes, directions, lengths"),
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


@pytest.mark.parametrize("bidirectional", [False, True])
def test_residual_layers__equal_torch(cell: str, dtype: str, bidirectional: bool) -> None:
    torch = pytest.importorskip("torch")
    kind, rng = CELLS[cell], np.random.default_rng(3)
    sizes = {"bidirectional": bidirectional, **kind.options}
    ours = getattr(fastgru, kind.layer)(
        4, 6, num_layers=3, residual=True, dtype=dtype, random_state=1, **sizes
    )
    x = rng.standard_normal((5, 9, 4)).astype(dtype)
    leaf = torch.tensor(x, requires_grad=True)
    y, layers = leaf, []
    for level in range(3):
        layer = getattr(torch.nn, kind.layer)(y.shape[2], 6, batch_first=True, **sizes)
        names = {name: name.replace("_l0", f"_l{level}") for name, _ in layer.named_parameters()}
        layer = layer.to(leaf.dtype)
        layer.load_state_dict(
            {name: torch.tensor(ours.parameters[there]) for name, there in names.items()}
        )
        y = y + layer(y)[0] if level else layer(y)[0]
        layers.append((layer, names))
    allowed = 2000 * np.finfo(dtype).eps
    found, _ = ours.forward(x)
    np.testing.assert_allclose(found, y.detach().numpy(), rtol=0, atol=allowed)
    dy = rng.standard_normal(found.shape).astype(dtype)
    y.backward(torch.tensor(dy))
    dx, _ = ours.backward(dy)
    np.testing.assert_allclose(dx, leaf.grad.numpy(), rtol=0, atol=allowed)
    for layer, names in layers:
        for name, parameter in layer.named_parameters():
            expected = parameter.grad.numpy()
            np.testing.assert_allclose(ours.grads[names[name]], expected, rtol=0, atol=5 * allowed)
