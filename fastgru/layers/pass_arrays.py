"""The arrays that the passes of one direction work in.

They are put together once and serve all passes that are alike: between the kernels of a short step,
whose memory has driven all else from the caches, to make some thirty views took as long as a
fifteenth of the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fastgru._numba import threads_in_force
from fastgru.kernels.pairs import words_for
from fastgru.kernels.registers import LINE_BYTES, ROWS, VECTOR_BYTES, lanes_of
from fastgru.kernels.step import PLACES, InputSums, Layout, Scratch
from fastgru.layers.blocks import Blocks
from fastgru.layers.cells import CellKind, Parameters
from fastgru.layers.layer_input import LayerInput
from fastgru.layers.packing import round_up, row_stride
from fastgru.layers.workspace import Workspace, new_shares

_CHUNK_ROWS = 64
"""Rows (steps of all sequences of a block) that are taken together."""

_LARGE_SUMS, _CHUNK_ROWS_OF_LARGE_SUMS = 3 << 20, 512
"""Bytes of the gradients of a layer's weights that no longer stay in the caches beside the weights,
and the rows that are taken together then: each chunk adds to all of them."""

_CACHED_BYTES = 8 << 20
"""Size of a tape that caches may still hold when the way back comes (measured: one of 6 MB is read
faster than it would be past them, and one of 13 MB is not)."""

_WHOLE_LINES = VECTOR_BYTES == LINE_BYTES
"""Whether a vector is a line of the caches, and may be written past them: half a line would wait
for the other half (measured with AVX2: up to a third of a forward pass)."""


class PassKind(NamedTuple):
    """What tells the passes of a direction over one batch apart.

    Attributes
    ----------
    training : bool
    pairs : bool
        Whether products are taken in bfloat16.
    dense : bool
    n_symbols, n_positions : int
        Rows of the tables.
    threads : int
    """

    training: bool
    pairs: bool
    dense: bool
    n_symbols: int
    n_positions: int
    threads: int


def pass_kind(given: LayerInput, *, training: bool, pairs: bool) -> PassKind:
    """Return what a pass over an input is like."""
    return PassKind(
        training=training,
        pairs=pairs,
        dense=given.x is not None,
        n_symbols=1 if given.symbols is None else len(given.symbols),
        n_positions=0 if given.positions is None else len(given.positions),
        threads=threads_in_force(),
    )


@dataclass(frozen=True)
class DirectionArrays:
    """Makes the arrays of a direction's passes.

    Attributes
    ----------
    cell_kind : CellKind
    hidden_size, input_size : int
    dtype : np.dtype
    reverse, keeps_tape : bool
    workspace : Workspace
    """

    cell_kind: CellKind
    hidden_size: int
    input_size: int
    dtype: np.dtype
    reverse: bool
    keeps_tape: bool
    workspace: Workspace

    @property
    def lanes(self) -> int:
        """L, elements of a vector."""
        return lanes_of(self.dtype)

    @property
    def padded(self) -> int:
        """H rounded up to whole panels."""
        return round_up(self.hidden_size, self.lanes)

    @property
    def panels(self) -> int:
        """Panels of units."""
        return self.padded // self.lanes

    @property
    def width(self) -> int:
        """Elements of a row of a cell of the tape."""
        return self.cell_kind.cell.width * self.lanes

    def array(self, name: str, *shape: int) -> np.ndarray:
        """Return an array of any content, the next of this name in its memory."""
        return self.workspace.empty(name, shape, self.dtype)

    def scratch(
        self, rows: int, layout: Layout, kind: PassKind, places: int, *, backward: bool
    ) -> Scratch:
        """Return the memory of the workers, for blocks of ``rows`` sequences."""
        cell, chunk_rows = self.cell_kind.cell, layout.chunk * rows
        back = places if backward else 0
        dense = places if kind.dense else 0
        x_width = row_stride(self.input_size, self.dtype)
        return Scratch(
            places=self.workspace.empty("places", (places, PLACES, rows), np.dtype(np.int64)),
            dstate=self.array("dstate", back * rows, cell.n_states * self.padded),
            dgates=self.array("dgates", back, self.panels, chunk_rows, self.width),
            x_rows=self.array("x_rows", dense * chunk_rows, x_width),
            dx_rows=self.array("dx_rows", min(dense, back) * chunk_rows, x_width),
            spare=self.array("spare", places, 2 * rows + chunk_rows, self.padded),
            products=self.array("products", places * layout.chunk, self.panels, rows, self.width),
            pairs=self._pair_words(places, rows, chunk_rows, x_width, kind),
        )

    def _pair_words(
        self, places: int, rows: int, chunk_rows: int, x_width: int, kind: PassKind
    ) -> np.ndarray:
        """Return memory for the largest operands of a step, of a chunk, and of its dense input."""
        if not kind.pairs:
            return np.empty((0, 0), self.dtype)
        width, widest = self.width, max(self.padded, x_width)
        step = rows * self.panels * words_for(width, self.lanes)
        sums = round_up(chunk_rows, 2) // 2 * (widest + width)
        back = self.panels * words_for(width, self.lanes)
        dense = chunk_rows * max(words_for(x_width, self.lanes), back) * kind.dense
        words = (places, max(step, sums, dense))
        return self.workspace.empty("pairs", words, np.dtype(np.uint32))

    def input_sums(self, groups: int, kind: PassKind) -> InputSums:
        """Return arrays for the gradients of the input's parameters, of any content."""
        input_rows = round_up(self.input_size, ROWS) if kind.dense else 0
        columns = self.cell_kind.gates * self.lanes
        return InputSums(
            table=self.array("d_table", groups, kind.n_symbols, self.panels, self.width),
            position_table=self.array(
                "d_positions", groups, kind.n_positions, self.panels, self.width
            ),
            ih=self.array("d_ih", groups, self.panels, input_rows, columns),
        )


class ForwardArrays:
    """The arrays of a forward pass, and of the backward pass that follows.

    Parameters
    ----------
    of
    blocks
    kind

    Attributes
    ----------
    shares : np.ndarray
        Of the workers, of the blocks.
    layout : Layout
    w_ih, table, position_table : np.ndarray
        Of :class:`fastgru.kernels.step.Inputs`.
    state, cells : np.ndarray
        A tape that passes through memory has no vectors that the way back can compute again, which
        is faster than to wait for them.
    scratch : Scratch
    tape_bytes : int
        What :meth:`.Direction.backward` needs of them.
    """

    def __init__(self, of: DirectionArrays, blocks: Blocks, kind: PassKind) -> None:
        cell, rows, training = of.cell_kind.cell, blocks.rows, kind.training
        self._of, self.blocks, self.kind = of, blocks, kind
        self.shares = new_shares(len(blocks.table))
        places = len(self.shares)
        n_rows, keep_tape = max(blocks.n_rows, 1), training and of.keeps_tape
        tape_bytes = n_rows * of.panels * of.width * of.dtype.itemsize
        in_memory = keep_tape and tape_bytes > _CACHED_BYTES
        self.layout = layout = Layout(
            n_steps=max(blocks.n_steps, 1),
            reverse=of.reverse,
            # Without a dense input nothing is taken for several steps at once on the way forward.
            chunk=_CHUNK_ROWS // rows if training or kind.dense else 1,
            keep_tape=keep_tape,
            keep_states=training,
            stream=in_memory and _WHOLE_LINES,
        )
        k_rows = round_up(of.input_size, 2 if kind.pairs else 1)
        self.w_ih = of.array("w_ih", of.panels, k_rows, of.cell_kind.gates * of.lanes)
        self.table = of.array("table", kind.n_symbols, of.panels, of.width)
        self.position_table = of.array("positions", kind.n_positions, of.panels, of.width)
        self.state = of.array(
            *("state", n_rows if training else 2 * places * rows),
            row_stride(cell.n_states * of.padded, of.dtype),
        )
        n_cells = max(n_rows // rows, 1) if layout.keep_tape else places * layout.chunk
        left_out = cell.recomputed if in_memory and not kind.dense else 0
        self.cells = of.array("cells", n_cells, of.panels, rows, of.width - left_out * of.lanes)
        kept = self.cells.nbytes if layout.keep_tape else 0
        self.tape_bytes = (self.state.nbytes + kept) * training
        self.scratch = of.scratch(rows, layout, kind, places, backward=False)
        self._back: BackwardArrays | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied: not the way back, whose arrays are views of each other."""
        return {**self.__dict__, "_back": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the arrays of a copy, which do not start on a vector."""
        self.__dict__.update(state)
        self.layout = self.layout._replace(stream=False)

    def serve(self, blocks: Blocks, kind: PassKind) -> bool:
        """Return whether a pass can work in these arrays."""
        return self.blocks is blocks and self.kind == kind

    def back(self, parameters: Parameters) -> BackwardArrays:
        """Return the arrays of the way back."""
        if self._back is None:
            self._back = BackwardArrays(self._of, self, parameters)
        return self._back


class BackwardArrays:
    """The arrays of a backward pass.

    Parameters
    ----------
    of
    forward
    parameters
        As :meth:`.CellKind.new_sums` takes them.

    Attributes
    ----------
    shares : np.ndarray
        Of the workers, of the groups.
    layout : Layout
        That of the forward pass, with chunks of the way back.
    cells : np.ndarray
        The tape, or where it is not kept a chunk for each worker.
    scratch : Scratch
    sums : InputSums
    recurrent : tuple
        Gradients of the recurrent weights, as the cell defines them.
    own : list of tuple
        Views of both: one's own groups of a batch that several processes share.
    all_sums : list of np.ndarray
        Those of ``sums`` and ``recurrent`` that are not empty.
    """

    def __init__(self, of: DirectionArrays, forward: ForwardArrays, parameters: Parameters) -> None:
        blocks, layout, kind = forward.blocks, forward.layout, forward.kind
        self.shares = new_shares(len(blocks.groups) - 1)
        part, places = blocks.part, len(self.shares)
        self.sums = of.input_sums(part.n_groups, kind)
        self.recurrent: Any = of.cell_kind.new_sums(parameters, part.n_groups, of.workspace.empty)
        self.all_sums = [array for array in (*self.sums, *self.recurrent) if len(array)]
        of_weights = sum(array.nbytes for array in (self.sums.ih, *self.recurrent))
        if of_weights >= _LARGE_SUMS * part.n_groups:
            layout = layout._replace(chunk=_CHUNK_ROWS_OF_LARGE_SUMS // blocks.rows)
        self.layout = layout
        self.cells = forward.cells
        if not layout.keep_tape and of.cell_kind.cell.reads_tape:
            shape = self.cells.shape[1:]
            self.cells = of.array("cells", places * layout.chunk, *shape)
        self.scratch = of.scratch(blocks.rows, layout, kind, places, backward=True)
        self.own = [type(sums)(*map(part.of_groups, sums)) for sums in (self.sums, self.recurrent)]
