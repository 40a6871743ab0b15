"""fastgru.torch: what a call checks when it is repeated, and what it leaves as it was."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from fastgru.errors import ConfigurationError
from tests.peers.torch_layers import every_cell
from tests.peers.torch_modules import make_pair

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("torch_of_module")]

torch: Any = None
row = partial(pytest.mark.conformance, "PyTorch", "fastgru.torch")


@row("torch.set_num_threads: kept by the first call of a process")
@pytest.mark.parametrize(
    "call",
    [
        "fastgru.torch.RNN(2, 3)(torch.zeros(4, 5, 2))",
        "fastgru.RNN(2, 3).forward(torch.zeros(4, 5, 2).numpy())",
    ],
)
def test_first_call__leaves_the_threads_of_torch(call: str) -> None:
    program = (
        "import torch\n"
        "import fastgru, fastgru.torch\n"
        "torch.set_num_threads(1)\n"
        f"{call}\n"
        "print(torch.get_num_threads())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.split() == [b"1"]


@every_cell
def test_repeated_calls__are_checked_like_the_first(cell: str) -> None:
    module, theirs = make_pair(cell, 3, 5)
    x, h = torch.zeros(4, 2, 3), torch.zeros(1, 2, 5)
    states = (h, h.clone()) if cell == "lstm" else h
    for _ in range(2):
        module(x, states)
        with pytest.raises(RuntimeError, match="must be equal to input_size"):
            module(torch.zeros(4, 2, 4), states)
        with pytest.raises(RuntimeError, match=r"Expected hidden.* size \(1, 3, 5\)"):
            module(torch.zeros(4, 3, 3), states)
        with pytest.raises(ConfigurationError, match=r"input is torch.float64, expected"):
            module(x.double(), states)
        with pytest.raises(RuntimeError, match="sequence length to be larger than 0"):
            module(torch.zeros(0, 2, 3))
    module.double()
    with pytest.raises(ConfigurationError, match=r"input is torch.float32, expected"):
        module(x, states)
    assert module(x.double())[0].shape == theirs(x)[0].shape


@every_cell
def test_weights__that_something_computes_are_those_that_count(cell: str) -> None:
    from torch.nn.utils import parametrize

    class Twice(torch.nn.Module):  # type: ignore[misc]
        def forward(self, weight: Any) -> Any:
            return 2 * weight

    module, theirs = make_pair(cell, 3, 5)
    x = torch.ones(4, 2, 3)
    for one in (module, theirs):
        parametrize.register_parametrization(one, "weight_hh_l0", Twice())
    torch.testing.assert_close(module(x)[0], theirs(x)[0])


@pytest.mark.parametrize("n_states", [1, 3])
def test_states__of_another_number_than_two_are_refused(n_states: int) -> None:
    module, _ = make_pair("lstm", 3, 5)
    message = rf"LSTM: hx must be a pair of tensors \(h_0, c_0\), got {n_states}\."
    for _ in range(2):
        with pytest.raises(RuntimeError, match=message):
            module(torch.zeros(4, 2, 3), (torch.zeros(1, 2, 5),) * n_states)
