"""Record what PyTorch's layers compute: ``python -m tests.kernels.record_torch``.

Writes ``torch.npz`` beside this file, which ``test_recurrence.py`` compares with; needs PyTorch,
in contrast to the test.  Problems are stored with their solutions, in float64, each in one array
behind a list of its parts, since every array of such a file costs some hundred bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.problems import Problem, Solution, make_problem

PATH = Path(__file__).with_name("torch.npz")

_STACKED: dict[str, Any] = {"lengths": [5, 8, 1], "num_layers": 2, "bidirectional": True}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "gru, ragged": ("gru", {"lengths": [2, 9, 5, 1, 7], "hidden_size": 11}),
    "gru, no bias": ("gru", {"lengths": [4, 3], "bias": False}),
    "gru, stacked": ("gru", _STACKED),
    "gru, long": ("gru", {"lengths": [40, 33], "hidden_size": 4}),
    "gru, tokens": ("gru", {"lengths": [6, 2, 9], "kind": "tokens", "num_layers": 2}),
    "gru, positions": ("gru", {"lengths": [6, 2], "kind": "positions", "bidirectional": True}),
    "lstm, ragged": ("lstm", {"lengths": [2, 9, 5], "hidden_size": 9}),
    "lstm, stacked": ("lstm", _STACKED),
    "lstm, tokens without bias": ("lstm", {"lengths": [6, 2], "kind": "tokens", "bias": False}),
    "rnn tanh, stacked": ("rnn tanh", _STACKED),
    "rnn relu, stacked": ("rnn relu", _STACKED),
}
_PARTS = ("x", "lengths", "initial", "dy", "dfinal", "embedding", "position_embedding")


def record() -> None:
    """Solve every case and write the file."""
    from tests.peers.torch_layers import solve

    stored: dict[str, np.ndarray] = {}
    for seed, (case, (cell, options)) in enumerate(CASES.items()):
        problem = make_problem(cell, seed, **options)
        solution = solve(problem)
        arrays = {part: getattr(problem, part) for part in _PARTS}
        arrays |= {f"parameters/{name}": value for name, value in problem.parameters.items()}
        arrays |= {"y": solution.y, "final": solution.final}
        arrays |= {f"gradients/{name}": value for name, value in solution.gradients.items()}
        present = {name: value for name, value in arrays.items() if value is not None}
        shapes = {name: value.shape for name, value in present.items()}
        stored[f"{case}/parts"] = np.frombuffer(json.dumps(shapes).encode(), np.uint8)
        flat = [value.astype(np.float64).ravel() for value in present.values()]
        stored[f"{case}/numbers"] = np.concatenate(flat)
    np.savez_compressed(PATH, **stored)  # type: ignore[arg-type]


def recorded(case: str) -> tuple[Problem, Solution]:
    """A problem and what PyTorch made of it."""
    with np.load(PATH) as file:
        shapes = json.loads(file[f"{case}/parts"].tobytes())
        numbers = file[f"{case}/numbers"]
    arrays, at = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        arrays[name] = numbers[at : at + size].reshape(shape)
        at += size

    def below(folder: str) -> dict[str, np.ndarray]:
        return {n.removeprefix(folder): v for n, v in arrays.items() if n.startswith(folder)}

    given = {part: arrays.get(part) for part in _PARTS}
    given["lengths"] = arrays["lengths"].astype(np.int64)
    if "embedding" in arrays:
        given["x"] = arrays["x"].astype(np.int64)
    problem = Problem(CASES[case][0], "float64", below("parameters/"), **given)  # type: ignore[arg-type]
    return problem, Solution(arrays["y"], arrays["final"], below("gradients/"))


if __name__ == "__main__":
    record()
