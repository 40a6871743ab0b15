"""The input of a recurrent layer, laid out by step as each direction meets it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError
from fastgru.kernels.steps import from_blocks, index_positions, index_tokens, to_blocks
from fastgru.layers.blocks import Blocks, plan_blocks
from fastgru.layers.checks import check_lengths, check_shape, check_tokens
from fastgru.layers.packing import row_stride


@dataclass(frozen=True)
class StepInput:
    """The input of a direction, in the order in which it runs through time.

    Either ``symbols`` and ``symbol`` (token input, with ``positions`` and ``position`` beside it
    where positions are learned) or ``x`` (dense input).

    Attributes
    ----------
    symbols : float (n_symbols, I) or None
        Embedding of each symbol.
    symbol : int32 (rows,) or None
        Symbol of each step, a row of ``symbols``.
    positions : float (n_positions, I) or None
        Embedding of each position, added to the symbol's.
    position : int32 (rows,) or None
    x : float (rows, stride) or None
        Dense input, zero past each sequence's end.
    """

    symbols: np.ndarray | None = None
    symbol: np.ndarray | None = None
    positions: np.ndarray | None = None
    position: np.ndarray | None = None
    x: np.ndarray | None = None


@dataclass(frozen=True)
class InputGradients:
    """Gradients of a :class:`StepInput`, None where it had none."""

    symbols: np.ndarray | None
    positions: np.ndarray | None
    x: np.ndarray | None


def token_inputs(
    blocks: Blocks,
    tokens: np.ndarray,
    symbols: np.ndarray,
    positions: np.ndarray | None,
    num_directions: int,
) -> list[StepInput]:
    """Return the input of each direction for integer tokens (B, T)."""
    inputs = []
    for reverse in (False, True)[:num_directions]:
        symbol = np.empty(max(blocks.n_rows, 1), np.int32)
        index_tokens(blocks.table, blocks.sequences, tokens, reverse, symbol)
        position = None
        if positions is not None:
            position = np.empty_like(symbol)
            index_positions(blocks.table, reverse, position)
        inputs.append(StepInput(symbols, symbol, positions, position))
    return inputs


def dense_inputs(blocks: Blocks, x: np.ndarray, num_directions: int) -> list[StepInput]:
    """Return the input of each direction for dense x (B, T, I)."""
    inputs = []
    for reverse in (False, True)[:num_directions]:
        shape = (max(blocks.n_rows, 1), row_stride(x.shape[2], x.dtype))
        blocked = np.empty(shape, x.dtype)
        to_blocks(blocks.table, blocks.sequences, x, 0, reverse, blocked, 0, x.shape[2])
        inputs.append(StepInput(x=blocked))
    return inputs


def merge_gradients(blocks: Blocks, parts: list[InputGradients], input_size: int) -> InputGradients:
    """Add up what the directions say of their common input; ``x`` becomes (B, T, I)."""
    if parts[0].x is None:
        places = [part.positions for part in parts if part.positions is not None]
        symbols = [part.symbols for part in parts if part.symbols is not None]
        return InputGradients(_sum(symbols), _sum(places) if places else None, None)
    shape = (blocks.n_sequences, blocks.n_steps, input_size)
    dx = np.zeros(shape, parts[0].x.dtype)
    for side, part in enumerate(parts):
        from_blocks(blocks.table, blocks.sequences, part.x, 0, input_size, side == 1, dx, 0)
    return InputGradients(None, None, dx)


def _sum(arrays: list[np.ndarray]) -> np.ndarray:
    total = arrays[0].copy()
    for array in arrays[1:]:
        total += array
    return total


def read_input(
    x: ArrayLike,
    lengths: ArrayLike | None,
    embedding: ArrayLike | None,
    position_embedding: ArrayLike | None,
    *,
    input_size: int,
    num_directions: int,
    dtype: np.dtype,
) -> tuple[Blocks, list[StepInput]]:
    """Check what a caller hands to :meth:`fastgru.GRU.forward` and lay it out.

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
        return blocks, dense_inputs(blocks, dense, num_directions)
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
    return blocks, token_inputs(blocks, tokens, symbols, positions, num_directions)
