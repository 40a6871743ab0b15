"""Named problem sizes, the arrays of each, and the arithmetic that it takes.

The sizes follow what sequences ask for: batches of 64, some hundred steps, 32 to 256 units.  Three
are there because the engine is not at its best: a wide dense input, where PyTorch spends its time
in the linear algebra library; a single sequence, of which a tile of several rows computes one; and
a single sequence through a wide layer, where reading the weights is all there is to do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEED = 0
PASSES = ("forward", "backward", "step")
"""Inference; gradients of everything after a forward pass in training; both, in training."""

_PRODUCTS = {"forward": 1, "backward": 2, "step": 3}
"""Forward; gradients of the state and of the weights; all three."""


@dataclass(frozen=True)
class Case:
    """A GRU of one layer and direction, and its input.

    Attributes
    ----------
    batch_size, seq_len, hidden_size, input_size
    n_symbols
        Rows of the embedding that tokens pick; None for dense input.
    ragged
        Whether lengths are spread evenly from a quarter of ``seq_len`` to all of it.
    passes
        What is timed.
    """

    batch_size: int
    seq_len: int
    hidden_size: int
    input_size: int = 16
    n_symbols: int | None = 4
    ragged: bool = False
    passes: tuple[str, ...] = PASSES

    @property
    def label(self) -> str:
        """What tables call it."""
        steps = f"{self.seq_len // 4} to {self.seq_len}" if self.ragged else f"{self.seq_len}"
        kind = f"dense I {self.input_size}" if self.n_symbols is None else "tokens"
        return f"B {self.batch_size}, T {steps}, H {self.hidden_size}, {kind}"

    def lengths(self) -> np.ndarray:
        """Return the number of steps of each sequence, int64 (B,)."""
        if not self.ragged:
            return np.full(self.batch_size, self.seq_len)
        lengths = np.linspace(self.seq_len // 4, self.seq_len, self.batch_size).astype(np.int64)
        return np.random.default_rng(SEED).permutation(lengths)

    def flops(self, what: str) -> int:
        """Return the floating-point operations of one of :data:`PASSES`.

        ``2 * 3 * H * (H + I)`` per sequence and step for each product: forward, gradient of state
        and input, gradient of the weights.  I is 0 for tokens, whose products with the weights are
        taken once per symbol.  Activations and biases are not counted.
        """
        inputs = self.input_size if self.n_symbols is None else 0
        product = 2 * 3 * self.hidden_size * (self.hidden_size + inputs)
        return _PRODUCTS[what] * product * int(self.lengths().sum())


CASES = {
    "narrow": Case(64, 200, 32),
    "small": Case(64, 200, 64),
    "medium": Case(64, 200, 128),
    "wide": Case(64, 200, 256),
    "long": Case(16, 1000, 128),
    "ragged": Case(64, 200, 64, ragged=True),
    "dense": Case(64, 200, 128, 128, n_symbols=None),
    "dense_wide": Case(128, 50, 256, 256, n_symbols=None),
    "single": Case(1, 1000, 128, passes=("forward",)),
    "single_wide": Case(1, 200, 512, passes=("forward",)),
}

FLOORS = {("medium", "step"): 1.0}
"""Least ratio to PyTorch that this version promises."""

IN_README = {("small", "step"), ("medium", "step"), ("wide", "step"), ("ragged", "step")}
"""What the README shows, beside everything in which PyTorch is faster."""


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
    h0, dh_n
        (1, B, H)
    dy
        (B, T, H): every state has a gradient, so that none fades away.
    weights
        By PyTorch's names.
    """

    x: np.ndarray
    embedding: np.ndarray | None
    lengths: np.ndarray | None
    h0: np.ndarray
    dy: np.ndarray
    dh_n: np.ndarray
    weights: dict[str, np.ndarray]


def make_problem(case: Case) -> Problem:
    """Draw the arrays of a case; weights as PyTorch draws them."""
    rng = np.random.default_rng(SEED)
    batch, steps, hidden = case.batch_size, case.seq_len, case.hidden_size

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
        h0=normal(1, batch, hidden),
        dy=normal(batch, steps, hidden),
        dh_n=normal(1, batch, hidden),
        weights={
            "weight_ih_l0": weight(3 * hidden, case.input_size),
            "weight_hh_l0": weight(3 * hidden, hidden),
            "bias_ih_l0": weight(3 * hidden),
            "bias_hh_l0": weight(3 * hidden),
        },
    )
