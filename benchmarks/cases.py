"""Problem sizes, the arrays of each, and the arithmetic that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEED = 0
PASSES = ("forward", "backward", "step")
"""Inference; gradients of everything after a forward pass in training; both, in training."""

_PRODUCTS = {"forward": 1, "backward": 2, "step": 3}
"""Forward; gradients of the state and of the weights; all three."""

CELLS = {"gru": "", "gru_before": "reset-before GRU, ", "lstm": "LSTM, "}
"""The recurrent cells, and how labels begin."""

GATES = {"gru": 3, "gru_before": 3, "lstm": 4}


@dataclass(frozen=True)
class Case:
    """A recurrent network of one layer and direction, and its input.

    Attributes
    ----------
    batch_size, seq_len, hidden_size, input_size
    n_symbols
        Rows of the embedding that tokens pick; None for dense input.
    ragged
        Whether lengths are spread evenly from a quarter of ``seq_len`` to all of it.
    cell
        Key of :data:`CELLS`.
    save_memory
        Whether gates are computed again instead of being kept for the gradients.
    precision
        ``"float32"`` or ``"bf16"``.
    """

    batch_size: int
    seq_len: int
    hidden_size: int
    input_size: int = 16
    n_symbols: int | None = 4
    ragged: bool = False
    cell: str = "gru"
    save_memory: bool = False
    precision: str = "float32"

    @property
    def label(self) -> str:
        """What tables call it."""
        steps = f"{self.seq_len // 4} to {self.seq_len}" if self.ragged else f"{self.seq_len}"
        kind = f"dense I {self.input_size}" if self.n_symbols is None else "tokens"
        options = ", save_memory" if self.save_memory else ""
        options += f", {self.precision}" if self.precision != "float32" else ""
        sizes = f"B {self.batch_size}, T {steps}, H {self.hidden_size}"
        return f"{CELLS[self.cell]}{sizes}, {kind}{options}"

    def lengths(self) -> np.ndarray:
        """Return the number of steps of each sequence, int64 (B,)."""
        if not self.ragged:
            return np.full(self.batch_size, self.seq_len)
        lengths = np.linspace(self.seq_len // 4, self.seq_len, self.batch_size).astype(np.int64)
        return np.random.default_rng(SEED).permutation(lengths)

    def flops(self, what: str) -> int:
        """Return the floating-point operations of one of :data:`PASSES`.

        ``2 * G * H * (H + I)`` per sequence and step for each product: forward, gradient of state
        and input, gradient of the weights.  G is the number of gates; I is 0 for tokens, whose
        products with the weights are taken once per symbol.  Activations and biases are not
        counted, nor is what the memory-saving mode computes twice.
        """
        inputs = self.input_size if self.n_symbols is None else 0
        product = 2 * GATES[self.cell] * self.hidden_size * (self.hidden_size + inputs)
        return _PRODUCTS[what] * product * int(self.lengths().sum())


@dataclass(frozen=True)
class EpochOptions:
    """How the classifier of the epoch is built and trained, by the names of SequenceClassifier."""

    embedding_size: int = 16
    hidden_size: int = 64
    batch_size: int = 64
    dropout: float = 0.1
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    clip_norm: float = 1.0
    warmup_fraction: float = 0.1


@dataclass(frozen=True)
class Problem:
    """The arrays of a case, float32, the same in every run.

    Attributes
    ----------
    x
        Tokens (B, T), int64, or dense input (B, T, I).
    embedding
        (V, I), None for dense input.
    lengths
        (B,), None where all are T.
    initial, d_final
        Initial states, and gradients of the final ones, each (1, B, H): h alone, or h and c.
    dy
        (B, T, H): every state has a gradient, so that none fades away.
    weights
        By PyTorch's names.
    """

    x: np.ndarray
    embedding: np.ndarray | None
    lengths: np.ndarray | None
    initial: tuple[np.ndarray, ...]
    dy: np.ndarray
    d_final: tuple[np.ndarray, ...]
    weights: dict[str, np.ndarray]

    @property
    def dense_x(self) -> np.ndarray:
        """The input of each step (B, T, I), the embedding of its token where it is one."""
        return self.x if self.embedding is None else self.embedding[self.x]


def make_problem(case: Case) -> Problem:
    """Draw the arrays of a case; weights as PyTorch draws them."""
    rng = np.random.default_rng(SEED)
    batch, steps, hidden = case.batch_size, case.seq_len, case.hidden_size
    rows = GATES[case.cell] * hidden
    n_states = 2 if case.cell == "lstm" else 1

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    def weight(*shape: int) -> np.ndarray:
        bound = hidden**-0.5
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    dense = case.n_symbols is None
    return Problem(
        x=normal(batch, steps, case.input_size)
        if dense
        else rng.integers(0, case.n_symbols, (batch, steps)),
        embedding=None if dense else normal(case.n_symbols, case.input_size),
        lengths=case.lengths() if case.ragged else None,
        initial=tuple(normal(1, batch, hidden) for _ in range(n_states)),
        dy=normal(batch, steps, hidden),
        d_final=tuple(normal(1, batch, hidden) for _ in range(n_states)),
        weights={
            "weight_ih_l0": weight(rows, case.input_size),
            "weight_hh_l0": weight(rows, hidden),
            "bias_ih_l0": weight(rows),
            "bias_hh_l0": weight(rows),
        },
    )
