"""Problems for the recurrent layers: random ones, their solution by fastgru and by the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.reference import around, cells, layers

DTYPES = ["float64", "float32"]


class Kind(NamedTuple):
    """A member of the family: the layer's class, its options, and the oracle."""

    layer: str
    options: dict[str, Any]
    cell: cells.Cell


CELLS = {
    "gru": Kind("GRU", {}, cells.GRU),
    "gru reset before": Kind("GRU", {"reset_after": False}, cells.GRU_RESET_BEFORE),
    "lstm": Kind("LSTM", {}, cells.LSTM),
    "lstm peepholes": Kind("LSTM", {"peepholes": True}, cells.LSTM_PEEPHOLES),
    "rnn tanh": Kind("RNN", {}, cells.RNN_TANH),
    "rnn relu": Kind("RNN", {"nonlinearity": "relu"}, cells.RNN_RELU),
}
EVERY_CELL = [
    pytest.param(name, marks=[pytest.mark.exhaustive] if name in {"lstm", "rnn relu"} else [])
    for name in CELLS
]
"""For tests that go through all cells: two that differ from others by little take their time."""

GATED = [name for name in CELLS if not name.startswith("rnn")]
"""Those that keep a tape, and so have save_memory."""


@dataclass(frozen=True, repr=False)
class Problem:
    """Parameters, input and output gradients of a layer; every number is exact in float32.

    What stands past a sequence's length must never be read: it is NaN, or a token that is none.
    """

    cell: str
    dtype: str
    parameters: dict[str, np.ndarray]
    x: np.ndarray  # float (B, T, I), or tokens int64 (B, T) with embedding
    lengths: np.ndarray
    initial: np.ndarray  # (S, L * D, B, H): h0, and c0 where the cell has it
    dy: np.ndarray
    dfinal: np.ndarray
    embedding: np.ndarray | None = None
    position_embedding: np.ndarray | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # bptt_steps, save_memory
    seed: int | None = None

    def __repr__(self) -> str:
        """What makes it again, rather than thousands of numbers."""
        tables = [self.position_embedding, self.embedding]
        kind = "dense" if tables[1] is None else "tokens" if tables[0] is None else "positions"
        sizes = {"n_steps": self.x.shape[1], **self.sizes, "kind": kind, "dtype": self.dtype}
        text = ", ".join(f"{name}={value!r}" for name, value in (sizes | self.options).items())
        return f"make_problem({self.cell!r}, {self.seed}, {self.lengths.tolist()}, {text})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # the name that Hypothesis asks for
        printer.text(repr(self))

    @property
    def sizes(self) -> dict[str, Any]:
        """Arguments of every layer's class."""
        suffixes = layers.suffixes(self.parameters)
        return {
            "input_size": self.parameters["weight_ih_l0"].shape[1],
            "hidden_size": self.parameters["weight_hh_l0"].shape[1],
            "num_layers": len(suffixes),
            "bidirectional": len(suffixes[0]) == 2,
            "bias": "bias_hh_l0" in self.parameters,
        }

    def inputs(self) -> dict[str, Any]:
        """Arguments of ``forward``, but for the initial states."""
        tables = {"embedding": self.embedding, "position_embedding": self.position_embedding}
        return {"x": self.x, "lengths": self.lengths} | tables

    def select(self, chosen: Sequence[int] | np.ndarray | slice) -> Problem:
        """The same problem for some of the sequences."""
        return replace(
            self,
            x=self.x[chosen],
            lengths=self.lengths[chosen],
            initial=self.initial[:, :, chosen],
            dy=self.dy[chosen],
            dfinal=self.dfinal[:, :, chosen],
        )


@dataclass(frozen=True)
class Solution:
    """Outputs, and gradients of each parameter by name, of "x" or "embedding", of "h0", "c0"."""

    y: np.ndarray
    final: np.ndarray  # (S, L * D, B, H)
    gradients: dict[str, np.ndarray]

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything by name; gradients have a ``d`` before it."""
        states = {f"{name}_n": state for name, state in zip("hc", self.final, strict=False)}
        named = {"d" + name: value for name, value in self.gradients.items()}
        return {"y": self.y} | states | named


# --- solving them -------------------------------------------------------------------------


def make_layer(cell: str, *sizes: int, **options: Any) -> Any:
    """A layer of the package: ``make_layer("lstm", input_size, hidden_size)``."""
    import fastgru

    kind = CELLS[cell]
    return getattr(fastgru, kind.layer)(*sizes, **kind.options, **options)


def load(problem: Problem) -> Any:
    """The problem's layer of fastgru."""
    options = problem.sizes | problem.options
    layer = make_layer(problem.cell, dtype=problem.dtype, random_state=0, **options)
    layer.load_state_dict(problem.parameters)
    return layer


def _as_argument(states: np.ndarray) -> Any:
    """One state by itself, two as a pair."""
    return states[0] if len(states) == 1 else tuple(states)


def _as_array(states: Any) -> np.ndarray:
    return np.array(states if isinstance(states, tuple) else [states])


def forward(layer: Any, problem: Problem, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """y and the final states."""
    inputs = problem.inputs()
    given = (inputs.pop("x"), inputs.pop("lengths"), _as_argument(problem.initial))
    y, final = layer.forward(*given, **inputs, **options)
    return y, _as_array(final)


def solve(problem: Problem, layer: Any = None) -> Solution:
    """The solution by fastgru; gradients are added to those of `layer`, if given."""
    layer = load(problem) if layer is None else layer
    y, final = forward(layer, problem)
    dinput, dinitial = layer.backward(problem.dy, _as_argument(problem.dfinal))
    gradients = {name: value.copy() for name, value in layer.grads.items()}
    gradients |= {f"{n}0": d for n, d in zip("hc", _as_array(dinitial), strict=False)}
    gradients["x" if problem.embedding is None else "embedding"] = dinput
    if problem.position_embedding is not None:
        gradients["position_embedding"] = layer.position_embedding_grad
    return Solution(y, final, gradients)


def dense_input(problem: Problem) -> np.ndarray:
    """x (B, T, I), of tokens their embeddings; zero past each length."""
    if problem.embedding is None:
        return layers.without_padding(problem.x, problem.lengths)
    tables = (problem.embedding, problem.position_embedding)
    return around.embed(problem.x, problem.lengths, *tables)


def expected_solution(problem: Problem) -> Solution:
    """The solution by the oracle."""
    cell, x = CELLS[problem.cell].cell, dense_input(problem)
    given = (cell, problem.parameters, x, problem.lengths, problem.initial)
    outputs, final = layers.run(*given)
    cut = problem.options.get("bptt_steps")
    gradients = layers.gradients(*given, problem.dy, problem.dfinal, cut)
    if problem.embedding is not None:
        n_positions = 0 if problem.position_embedding is None else len(problem.position_embedding)
        gradients["embedding"], positions = around.embedding_gradients(
            gradients.pop("x"), problem.x, problem.lengths, len(problem.embedding), n_positions
        )
        if problem.position_embedding is not None:
            gradients["position_embedding"] = positions
    return Solution(outputs[-1], final, gradients)


# --- making them --------------------------------------------------------------------------


def make_problem(
    cell: str,
    seed: int,
    lengths: Sequence[int],
    *,
    dtype: str = "float64",
    n_steps: int | None = None,
    input_size: int = 3,
    hidden_size: int = 5,
    num_layers: int = 1,
    bidirectional: bool = False,
    bias: bool = True,
    kind: str = "dense",
    **options: Any,
) -> Problem:
    """A problem with random numbers; `kind` is dense, tokens or positions."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return (scale * rng.standard_normal(shape)).astype(np.float32).astype(np.float64)

    oracle = CELLS[cell].cell
    directions, n_sequences = 2 if bidirectional else 1, len(lengths)
    n_steps = max(lengths, default=0) if n_steps is None else n_steps
    parameters: dict[str, np.ndarray] = {}
    # States of relu have no bound: with smaller weights they stay within float32.
    rows, scale = oracle.gates * hidden_size, hidden_size**-0.5 / (2 if cell == "rnn relu" else 1)
    for layer in range(num_layers):
        features = input_size if layer == 0 else directions * hidden_size
        for end in ["", "_reverse"][:directions]:
            shapes = {"weight_ih": (rows, features), "weight_hh": (rows, hidden_size)}
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
            shapes |= dict.fromkeys(cells.PEEPHOLES, (hidden_size,)) if oracle.peepholes else {}
            for name, shape in shapes.items():
                parameters[f"{name}_l{layer}{end}"] = normal(*shape, scale=scale)
    states = (len(oracle.states), num_layers * directions, n_sequences, hidden_size)
    problem = Problem(
        *(cell, dtype, parameters),
        x=normal(n_sequences, n_steps, input_size),
        lengths=np.array(lengths, np.int64),
        initial=normal(*states),
        dy=normal(n_sequences, n_steps, directions * hidden_size),
        dfinal=normal(*states),
        options=options,
        seed=seed,
    )
    if kind != "dense":
        tokens, table = rng.integers(0, 4, (n_sequences, n_steps)), normal(4, input_size)
        problem = replace(problem, x=tokens, embedding=table)
    if kind == "positions":
        problem = replace(problem, position_embedding=normal(n_steps + seed % 2, input_size))
    return with_padding(problem, np.nan, -7)


def with_padding(problem: Problem, number: float, token: int) -> Problem:
    """The same problem with other values past the sequences' lengths."""
    past = np.arange(problem.x.shape[1]) >= problem.lengths[:, None]
    x, dy = problem.x.copy(), problem.dy.copy()
    x[past] = number if problem.embedding is None else token
    dy[past] = number
    return replace(problem, x=x, dy=dy)
