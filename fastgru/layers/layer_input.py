"""The input of a recurrent layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError
from fastgru.kernels.whole_arrays import add_rows
from fastgru.layers.blocks import Blocks, plan_blocks
from fastgru.layers.checks import check_lengths, check_shape, check_tokens


class LayerInput(NamedTuple):
    """The input of a layer, in the caller's order of steps.

    Either ``tokens`` and ``symbols`` (with ``positions`` beside them where those are learned) or
    ``x`` (dense input).

    Attributes
    ----------
    tokens : int32 (B * T,) or None
        Symbol of each step, a row of ``symbols``; anything valid past a sequence's end.
    symbols : float (V, I) or None
        Embedding of each symbol.
    positions : float (N, I) or None
        Embedding of each position from 0 on, added to the symbol's.
    x : float (B * T, I) or None
        Dense input.
    symbols_vary : bool
        Whether another batch may have another number of symbols, so that nothing may be computed
        in another way for it.
    gaps : float (B * T,) or None
        Time since the step before, for states that decay.
    """

    tokens: np.ndarray | None = None
    symbols: np.ndarray | None = None
    positions: np.ndarray | None = None
    x: np.ndarray | None = None
    symbols_vary: bool = False
    gaps: np.ndarray | None = None


class InputGradients(NamedTuple):
    """Gradients of a :class:`LayerInput`, None where it had none."""

    symbols: np.ndarray | None
    positions: np.ndarray | None
    x: np.ndarray | None


def take_sequences(given: LayerInput, blocks: Blocks) -> LayerInput:
    """Return the input of the sequences that a process takes.

    Parameters
    ----------
    given
        Of the whole batch.
    blocks
        Those that the process takes.
    """
    part = blocks.part

    def take(steps: np.ndarray | None) -> np.ndarray | None:
        if steps is None:
            return None
        by_sequence = steps.reshape(part.n_sequences, blocks.n_steps, *steps.shape[1:])
        return part.take(by_sequence).reshape(-1, *steps.shape[1:])

    return given._replace(tokens=take(given.tokens), x=take(given.x), gaps=take(given.gaps))


def join_input(gradients: InputGradients, blocks: Blocks) -> InputGradients:
    """Return the gradients of the input of all sequences; those of tables are sums already.

    Parameters
    ----------
    gradients
        Of the input that :func:`take_sequences` has returned.
    blocks
        Those that the process takes.
    """
    if gradients.x is None:
        return gradients
    n_features = gradients.x.shape[1]
    by_sequence = gradients.x.reshape(blocks.n_sequences, blocks.n_steps, n_features)
    return gradients._replace(x=blocks.part.join(by_sequence).reshape(-1, n_features))


def merge_gradients(parts: list[InputGradients]) -> InputGradients:
    """Add up what the directions say of their common input (``x`` they have added themselves)."""
    if len(parts) == 1:
        return parts[0]
    return InputGradients(
        symbols=_sum([part.symbols for part in parts]),
        positions=_sum([part.positions for part in parts]),
        x=parts[-1].x,
    )


def _sum(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    total: np.ndarray | None = None
    for array in arrays:
        if array is not None:
            total = array if total is None else total + array
    return total


def as_dense(given: LayerInput, n_sequences: int, n_steps: int) -> np.ndarray:
    """Return the input as float (B * T, I).

    Parameters
    ----------
    given
    n_sequences, n_steps
        B and T.
    """
    if given.x is not None:
        return given.x
    assert given.symbols is not None
    assert given.tokens is not None
    x: np.ndarray = given.symbols[given.tokens]
    if given.positions is not None:
        x.reshape(n_sequences, n_steps, -1)[:] += given.positions[:n_steps]
    return x


def dense_gradients(
    given: LayerInput, dx: np.ndarray, lengths: np.ndarray, n_steps: int
) -> InputGradients:
    """Return the gradients of the input, given that of :func:`as_dense`.

    Parameters
    ----------
    given
    dx
        float (B * T, I), **overwritten** with zero past a sequence's end where the input is tokens.
    lengths
        int64 (B,)
    n_steps
        T
    """
    if given.symbols is None:
        return InputGradients(None, None, dx)
    assert given.tokens is not None
    valid = np.arange(n_steps) < lengths[:, None]
    dx[~valid.reshape(-1)] = 0
    d_symbols = np.zeros_like(given.symbols)
    add_rows(dx, given.tokens, d_symbols)
    if given.positions is None:
        return InputGradients(d_symbols, None, None)
    d_positions = np.zeros_like(given.positions)
    add_rows(dx, np.tile(np.arange(n_steps), len(lengths)), d_positions)
    return InputGradients(d_symbols, d_positions, None)


def read_input(
    x: ArrayLike,
    lengths: ArrayLike | None,
    embedding: ArrayLike | None,
    position_embedding: ArrayLike | None,
    *,
    input_size: int,
    dtype: np.dtype,
) -> tuple[Blocks, LayerInput]:
    """Check what a caller hands to ``forward`` and plan its blocks.

    Raises
    ------
    ConfigurationError
        For a shape, type or value that does not fit.
    """
    if embedding is None:
        if position_embedding is not None:
            raise ConfigurationError(
                "position_embedding goes with token input, expected an embedding beside it."
            )
        dense = check_shape("x", x, ("batch", "time", input_size), dtype)
        blocks = plan_blocks(check_lengths(lengths, *dense.shape[:2]), dense.shape[1])
        return blocks, LayerInput(x=dense.reshape(-1, input_size))
    symbols = check_shape("embedding", embedding, ("symbols", input_size), dtype)
    tokens, valid_lengths = check_tokens(x, lengths, len(symbols))
    blocks = plan_blocks(valid_lengths, tokens.shape[1])
    positions = None
    if position_embedding is not None:
        wanted = ("positions", input_size)
        positions = check_shape("position_embedding", position_embedding, wanted, dtype)
        if len(positions) < tokens.shape[1]:
            raise ConfigurationError(
                f"position_embedding must have a row for each of {tokens.shape[1]} steps, got "
                f"{len(positions)}."
            )
    return blocks, LayerInput(as_steps(tokens), symbols, positions)


def as_steps(tokens: np.ndarray) -> np.ndarray:
    """Return integer tokens (B, T) as the kernels read them, int32 (B * T,)."""
    return np.ascontiguousarray(tokens, np.int32).reshape(-1)
