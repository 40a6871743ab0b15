"""Problems for the recurrent layers: random ones, their solution by fastgru and by the oracle."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from tests import reference

DTYPES = ["float64", "float32"]

# One panel of units and several, odd and even, for every width of vector that there is.
HIDDEN_SIZES = [1, 2, 3, 5, 8, 11, 16, 17, 24, 40]
# Longer ones than the steps of a chunk of the backward pass (4 to 16) are among them.
STEP_COUNTS = [0, 1, 2, 3, 4, 5, 6, 7, 20, 35]


@dataclass(frozen=True, repr=False)
class Problem:
    """Parameters, input and output gradients of a GRU; every number is exact in float32.

    What stands past a sequence's length must never be read: it is NaN, or a token that is none.
    """

    parameters: dict[str, np.ndarray]
    x: np.ndarray  # float (B, T, I), or tokens int64 (B, T) with embedding
    lengths: np.ndarray
    h0: np.ndarray
    dy: np.ndarray
    dh_n: np.ndarray
    embedding: np.ndarray | None = None
    position_embedding: np.ndarray | None = None
    seed: int | None = None

    def __repr__(self) -> str:
        """What makes it again, rather than thousands of numbers."""
        tables = [self.position_embedding, self.embedding]
        kind = "dense" if tables[1] is None else "tokens" if tables[0] is None else "positions"
        options = {"n_steps": self.x.shape[1], **self.sizes, "kind": kind}
        text = ", ".join(f"{name}={value!r}" for name, value in options.items())
        return f"make_problem({self.seed}, {self.lengths.tolist()}, {text})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # the name that Hypothesis asks for
        printer.text(repr(self))

    @property
    def sizes(self) -> dict[str, Any]:
        """Arguments of fastgru.GRU."""
        layers = reference.suffixes(self.parameters)
        hidden = self.parameters["weight_hh_l0"].shape[1]
        return {
            "input_size": self.parameters["weight_ih_l0"].shape[1],
            "hidden_size": hidden,
            "num_layers": len(layers),
            "bidirectional": len(layers[0]) == 2,
            "bias": "bias_hh_l0" in self.parameters,
        }

    def inputs(self) -> dict[str, Any]:
        """Arguments of ``GRU.forward``."""
        tables = {"embedding": self.embedding, "position_embedding": self.position_embedding}
        return {"x": self.x, "lengths": self.lengths, "h0": self.h0} | tables

    def select(self, chosen: Sequence[int] | np.ndarray) -> Problem:
        """The same problem for some of the sequences."""
        return replace(
            self,
            x=self.x[chosen],
            lengths=self.lengths[chosen],
            h0=self.h0[:, chosen],
            dy=self.dy[chosen],
            dh_n=self.dh_n[:, chosen],
        )


@dataclass(frozen=True)
class Solution:
    """Outputs, and gradients of each parameter by name, of "x" or "embedding", of "h0"."""

    y: np.ndarray
    h_n: np.ndarray
    gradients: dict[str, np.ndarray]

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything by name; gradients have a ``d`` before it."""
        named = {"d" + name: value for name, value in self.gradients.items()}
        return {"y": self.y, "h_n": self.h_n} | named


def load(problem: Problem, dtype: str) -> Any:
    """The problem's fastgru.GRU."""
    from fastgru.layers.gru import GRU

    gru = GRU(**problem.sizes, dtype=dtype, random_state=0)
    gru.load_state_dict(problem.parameters)
    return gru


def solve(problem: Problem, dtype: str, gru: Any = None) -> Solution:
    """The solution by fastgru; gradients are added to those of `gru`, if given."""
    gru = load(problem, dtype) if gru is None else gru
    y, h_n = gru.forward(**problem.inputs())
    dinput, dh0 = gru.backward(problem.dy, problem.dh_n)
    gradients = {name: value.copy() for name, value in gru.grads.items()} | {"h0": dh0}
    gradients["x" if problem.embedding is None else "embedding"] = dinput
    if problem.position_embedding is not None:
        gradients["position_embedding"] = gru.position_embedding_grad
    return Solution(y, h_n, gradients)


def expected_solution(problem: Problem) -> Solution:
    """The solution by the oracle."""
    given = (problem.lengths, problem.h0)
    x = problem.x
    if problem.embedding is not None:
        x = reference.embed(x, problem.lengths, problem.embedding, problem.position_embedding)
    y, h_n = reference.gru(problem.parameters, x, *given)
    gradients = reference.gru_gradients(problem.parameters, x, *given, problem.dy, problem.dh_n)
    if problem.embedding is not None:
        n_positions = 0 if problem.position_embedding is None else len(problem.position_embedding)
        gradients["embedding"], positions = reference.embedding_gradients(
            gradients.pop("x"), problem.x, problem.lengths, len(problem.embedding), n_positions
        )
        if n_positions:
            gradients["position_embedding"] = positions
    return Solution(y, h_n, gradients)


# --- making them --------------------------------------------------------------------------


def make_problem(
    seed: int,
    lengths: Sequence[int],
    *,
    n_steps: int | None = None,
    input_size: int = 3,
    hidden_size: int = 5,
    num_layers: int = 1,
    bidirectional: bool = False,
    bias: bool = True,
    kind: str = "dense",
) -> Problem:
    """A problem with random numbers; `kind` is dense, tokens or positions."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return (scale * rng.standard_normal(shape)).astype(np.float32).astype(np.float64)

    directions, n_sequences = 2 if bidirectional else 1, len(lengths)
    n_steps = max(lengths, default=0) if n_steps is None else n_steps
    parameters: dict[str, np.ndarray] = {}
    for layer in range(num_layers):
        features = input_size if layer == 0 else directions * hidden_size
        for end in ["", "_reverse"][:directions]:
            suffix = f"_l{layer}{end}"
            rows, scale = 3 * hidden_size, hidden_size**-0.5
            parameters["weight_ih" + suffix] = normal(rows, features, scale=scale)
            parameters["weight_hh" + suffix] = normal(rows, hidden_size, scale=scale)
            if bias:
                parameters["bias_ih" + suffix] = normal(rows, scale=scale)
                parameters["bias_hh" + suffix] = normal(rows, scale=scale)
    states = (num_layers * directions, n_sequences, hidden_size)
    problem = Problem(
        parameters,
        x=normal(n_sequences, n_steps, input_size),
        lengths=np.array(lengths, np.int64),
        h0=normal(*states),
        dy=normal(n_sequences, n_steps, directions * hidden_size),
        dh_n=normal(*states),
        seed=seed,
    )
    if kind != "dense":
        problem = replace(
            problem,
            x=rng.integers(0, 4, (n_sequences, n_steps)),
            embedding=normal(4, input_size),
            position_embedding=normal(n_steps + seed % 2, input_size)
            if kind == "positions"
            else None,
        )
    return with_padding(problem, np.nan, -7)


def with_padding(problem: Problem, number: float, token: int) -> Problem:
    """The same problem with other values past the sequences' lengths."""
    past = np.arange(problem.x.shape[1]) >= problem.lengths[:, None]
    x, dy = problem.x.copy(), problem.dy.copy()
    x[past] = number if problem.embedding is None else token
    dy[past] = number
    return replace(problem, x=x, dy=dy)


@st.composite
def problems(
    draw: st.DrawFn,
    *,
    kinds: Sequence[str] = ("dense", "tokens", "positions"),
    max_layers: int = 2,
    bidirectional: bool | None = None,
    min_sequences: int = 0,
) -> Problem:
    """Any shapes, lengths and options; the numbers come from a seed."""
    longest = draw(st.sampled_from(STEP_COUNTS))
    some = st.integers(0, longest)
    # Up to three blocks of sequences, on any register file.
    n_sequences = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 8, 9, 17]).filter(min_sequences.__le__))
    lengths = draw(st.lists(some, min_size=n_sequences, max_size=n_sequences))
    return make_problem(
        draw(st.integers(0, 2**16)),
        lengths,
        n_steps=longest,
        input_size=draw(st.sampled_from([1, 2, 3, 8, 9])),
        hidden_size=draw(st.sampled_from(HIDDEN_SIZES)),
        num_layers=draw(st.integers(1, max_layers)),
        bidirectional=draw(st.booleans()) if bidirectional is None else bidirectional,
        bias=draw(st.booleans()),
        kind=draw(st.sampled_from(list(kinds))),
    )


# --- comparing solutions ------------------------------------------------------------------


def assert_close(actual: Solution, expected: Solution, dtype: str, problem: Problem) -> None:
    """Equal up to rounding.

    An element stands at the end of a chain of at most `roundings` operations: a sum over inputs
    and units and some 16 more for the gates, in each step of each layer, for each sequence where
    the gradient of a weight is meant.  Errors of random sign grow with the root of their number.
    The largest of 3000 problems was 1.5 times that root.
    """
    sizes = problem.sizes
    per_step = sizes["input_size"] + sizes["hidden_size"] + 16
    n_sequences, n_steps = problem.x.shape[:2]
    roundings = per_step * sizes["num_layers"] * max(1, n_steps) * (1 + n_sequences)
    allowed = 4 * np.finfo(dtype).eps * np.sqrt(roundings)
    for name, wanted in expected.arrays().items():
        found = actual.arrays()[name]
        assert found.dtype == dtype, name
        assert found.shape == wanted.shape, name
        scale = max(1.0, np.abs(wanted).max(initial=0))
        error = np.abs(found - wanted).max(initial=0)
        assert error <= allowed * scale, f"{name}: off by {4 * error / scale / allowed:.1f} roots"


def assert_same_bits(actual: np.ndarray, expected: np.ndarray, name: str = "") -> None:
    assert actual.dtype == expected.dtype, name
    assert actual.shape == expected.shape, name
    assert np.ascontiguousarray(actual).tobytes() == np.ascontiguousarray(expected).tobytes(), name


def assert_same_solution(actual: Solution, expected: Solution) -> None:
    """Equal to the bit."""
    assert actual.arrays().keys() == expected.arrays().keys()
    for name, wanted in expected.arrays().items():
        assert_same_bits(actual.arrays()[name], wanted, name)


@contextlib.contextmanager
def poisoned_memory(value: float) -> Iterator[None]:
    """Let uninitialised arrays hold `value`, as fresh memory may, instead of the usual zeros."""
    original = np.empty

    def empty(*arguments: Any, **options: Any) -> np.ndarray:
        array = original(*arguments, **options)
        if array.dtype == np.uint8:  # the raw memory of arrays that start on a vector's boundary
            at = array.ctypes.data % 8
            words = array[-at % 8 :]
            words[: len(words) // 8 * 8].view(np.float64)[:] = value
        elif array.dtype.kind == "f":
            array.fill(value)
        return array

    with mock.patch.object(np, "empty", empty):
        yield
