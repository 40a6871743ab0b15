"""Record what torch.nn.GRU computes: ``python -m tests.kernels.record_torch_gru``.

Writes ``torch_gru.npz`` beside this file, which ``test_gru.py`` compares with; needs PyTorch, in
contrast to the test.  Problems are stored with their solutions, in float64.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from tests.gru_problems import Problem, Solution, make_problem

PATH = Path(__file__).with_name("torch_gru.npz")
CASES: dict[str, dict[str, object]] = {
    "one layer": {"lengths": [6, 6, 6]},
    "ragged": {"lengths": [2, 9, 5, 1, 7], "hidden_size": 19},
    "no bias": {"lengths": [4, 3], "bias": False},
    "bidirectional": {"lengths": [3, 7, 7, 2], "bidirectional": True},
    "stacked": {"lengths": [5, 8, 1], "num_layers": 3, "bidirectional": True},
    "long": {"lengths": [40, 33], "hidden_size": 4},
    "tokens": {"lengths": [6, 2, 9], "kind": "tokens", "num_layers": 2},
    "positions": {"lengths": [6, 2, 9], "kind": "positions", "bidirectional": True},
}


def record() -> None:
    """Solve every case and write the file."""
    from tests.peers.torch_gru import solve

    arrays: dict[str, np.ndarray] = {}
    for seed, (case, options) in enumerate(CASES.items()):
        problem = make_problem(seed, **options)  # type: ignore[arg-type]
        solution = solve(problem, "float64")
        for part, value in (asdict(problem) | asdict(solution)).items():
            entries = value.items() if isinstance(value, dict) else [("", value)]
            for name, array in entries:
                if isinstance(array, np.ndarray):
                    arrays[f"{case}/{part}/{name}"] = array
    np.savez_compressed(PATH, **arrays)


def recorded(case: str) -> tuple[Problem, Solution]:
    """A problem and what PyTorch made of it."""
    parts: dict[str, dict[str, np.ndarray]] = {}
    with np.load(PATH) as file:
        for key in file.files:
            found, part, name = key.split("/")
            if found == case:
                parts.setdefault(part, {})[name] = file[key]

    def read(kind: type) -> dict[str, object]:
        entries = {field.name: parts.get(field.name) for field in fields(kind)}
        return {name: e[""] if e and "" in e else e for name, e in entries.items()}

    return Problem(**read(Problem)), Solution(**read(Solution))  # type: ignore[arg-type]


if __name__ == "__main__":
    record()
