"""The way of blocks of sequences through time: what all recurrent cells have in common.

A cell (:mod:`.gru`, :mod:`.gru_reset_before`, :mod:`.lstm`, :mod:`.rnn`) brings its equations for
one step; from them :func:`forward_kernel` makes the kernel that runs one direction of one layer.
:mod:`.recurrence_backward` is the way back.

The input enters a cell's pre-activations in up to three additive ways, all projected through W_i:
a row of ``table`` picked by a token (or the biases alone), a row of ``position_table`` picked by
the position, and the product of a dense input ``x`` with ``w_ih``, taken for a chunk of steps at
once so that each panel of weights stays in the nearest cache.  The product is on the tape before
the step; the rows of tables are added as the gates are computed (:func:`.step.with_input`).

Axes and layout: blocks and rows as in :mod:`.blocks`.  Hidden units are cut in panels of LANES
units.  ``state`` holds h, for the LSTM followed by c, in row ``first + t * rows + i`` before step
``t`` (:func:`.step.state_row`).  A *cell of the tape* holds, for one step and one panel, ``rows``
rows of the vectors that the cell defines (for the GRU ``q | r | z | n``).  ``products`` has the
same axes for the steps in hand: from there, in the caches, the gates go to the tape.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.blocks import caller_row, clear_row, copy_row, count_active, rows_of
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.pairs import columns_operand
from fastgru.kernels.products import TILES
from fastgru.kernels.stack import align_stack
from fastgru.kernels.step import begin_places, find_places, state_row
from fastgru.kernels.vectors import lanes, store
from fastgru.kernels.workers import deal_again, run_workers, take_next


class Cell(NamedTuple):
    """What a cell brings along.

    Attributes
    ----------
    name : str
    width : int
        Vectors of a row of its tape.
    gates : int
        Vectors that the input product fills.
    input_at : int
        First of them.
    n_states : int
        1 for h, 2 for h and c.
    reads_tape : bool
        Whether the way back needs the tape at all.
    recomputed : int
        Vectors at the end of a row that a tape may leave out where the input is tokens: the way
        back computes them from the others and the tables.
    forward_step, backward_step, weight_gradients : Callable
        Kernel parts for one step, and for the weight gradients of a chunk of steps.
    """

    name: str
    width: int
    gates: int
    input_at: int
    n_states: int
    reads_tape: bool
    recomputed: int
    forward_step: Callable[..., None]
    backward_step: Callable[..., None]
    weight_gradients: Callable[..., None]


@kernel_part
def gather_inputs(worker, blocks, block, begin, end, layout, x, x_rows):
    """Copy the dense input of a chunk of steps to the worker's rows, zero past an end."""
    rows = rows_of(blocks)
    for t in range(begin, end):
        active = count_active(blocks, block, t)
        for i in range(rows):
            to = (worker * layout.chunk + t - begin) * rows + i
            if i < active:
                row = caller_row(blocks, block, i, t, layout.n_steps, layout.reverse)
                copy_row(x, row, 0, x_rows, to, 0, x.shape[1])
                clear_row(x_rows, to, x.shape[1], x_rows.shape[1] - x.shape[1])
            else:
                clear_row(x_rows, to, 0, x_rows.shape[1])


@functools.cache
def chunk_part(cell):
    """Return the part that takes a chunk of steps forward."""
    width, gates, input_at = cell.width, cell.gates, cell.input_at
    step, tile = cell.forward_step, TILES[cell.gates]

    @kernel_part(name=f"{cell.name}_input_product")
    def input_product(worker, blocks, n_steps, layout, size, w_ih, x_rows, products,
                      pairs):  # fmt: skip
        """Write ``x @ w_ih`` for a chunk of steps, panel by panel, and zero before it."""
        lane, rows = lanes(products), rows_of(blocks)
        panels, stride = w_ih.shape[0], x_rows.shape[1]
        x = columns_operand(pairs, worker * pairs.shape[1], x_rows,
                            worker * layout.chunk * rows * stride, stride, 0, n_steps * rows,
                            size, 1)  # fmt: skip
        for p in range(panels):
            for t in range(n_steps):
                first = ((worker * layout.chunk + t) * panels + p) * rows * width * lane
                tile(blocks, False, products, first + input_at * lane, width * lane,
                     x.array, x.at + t * rows * x.row, x.row, 1, 0,
                     w_ih, p * x.size * gates * lane, gates * lane, lane, x.size, 1)  # fmt: skip
                for i in range(rows):
                    for v in range(input_at):
                        store(0.0, products, first + (i * width + v) * lane)

    @kernel_part(inline=True, name=f"{cell.name}_advance")
    def advance(worker, blocks, block, begin, end, at, layout, inputs, weights, state, cells,
                scratch, y, column, hidden):  # fmt: skip
        """Take the steps from ``begin`` to ``end``; their cells stand from ``at`` on."""
        dense = inputs.x.shape[0] > 0
        if dense:
            x_rows = scratch.x_rows
            gather_inputs(worker, blocks, block, begin, end, layout, inputs.x, x_rows)
            input_product(worker, blocks, end - begin, layout, inputs.x.shape[1], inputs.w_ih,
                          x_rows, scratch.products, scratch.pairs)  # fmt: skip
        for t in range(begin, end):
            active = count_active(blocks, block, t)
            find_places(worker, blocks, block, t, 1, active, layout, inputs, y.shape[1],
                        scratch.places)  # fmt: skip
            source = worker * layout.chunk + (t - begin if dense else 0)
            step(worker, blocks, block, t, active, source, at + t - begin, layout, inputs, weights,
                 state, cells, scratch, y, column, hidden)  # fmt: skip

    return advance


@kernel_part
def load_states(blocks, block, n_states, padded, given, state, row):
    """Copy the initial states (n_states * B, H) of a block to ``state``, from ``row`` on."""
    n_sequences, hidden = given.shape[0] // n_states, given.shape[1]
    for i in range(rows_of(blocks)):
        sequence = blocks[block]["sequences"][i]
        clear_row(state, row + i, 0, state.shape[1])
        if sequence >= 0:
            for s in range(n_states):
                source = s * n_sequences + sequence
                copy_row(given, source, 0, state, row + i, s * padded, hidden)


@kernel_part
def store_states(blocks, block, n_states, padded, state, row, given):
    """Copy the states of a block back: the inverse of :func:`load_states`."""
    n_sequences, hidden = given.shape[0] // n_states, given.shape[1]
    for i in range(rows_of(blocks)):
        sequence = blocks[block]["sequences"][i]
        if sequence >= 0:
            for s in range(n_states):
                target = s * n_sequences + sequence
                copy_row(state, row + i, s * padded, given, target, 0, hidden)


@kernel_part
def clear_past_ends(blocks, block, layout, y, column, width):
    """Set what stands past the end of each sequence of a block to zero."""
    for i in range(rows_of(blocks)):
        sequence = blocks[block]["sequences"][i]
        if sequence >= 0:
            for t in range(blocks[block]["lengths"][i], layout.n_steps):
                clear_row(y, sequence * layout.n_steps + t, column, width)


def forward_kernel(cell):
    """Return the kernel that runs one direction of one layer of ``cell`` through all steps."""
    n_states, advance = cell.n_states, chunk_part(cell)

    @kernel_part(name=f"{cell.name}_forward_blocks")
    def forward_blocks(worker, shares, blocks, layout, inputs, weights, initial, state, cells,
                       scratch, y, column, final):  # fmt: skip
        """Take one block after the other through all steps, until none is left."""
        align_stack()
        rows, hidden = rows_of(blocks), initial.shape[1]
        padded = inputs.table.shape[1] * lanes(state)
        before = flush_denormals()
        block = take_next(shares, worker)
        while block < blocks.shape[0]:
            first, n_steps = blocks[block]["first"], blocks[block]["steps"]
            begin_places(worker, blocks, block, layout, scratch.places)
            row = state_row(worker, blocks, block, 0, layout)
            load_states(blocks, block, n_states, padded, initial, state, row)
            for begin in range(0, n_steps, layout.chunk):
                end = min(begin + layout.chunk, n_steps)
                at = first // rows + begin if layout.keep_tape else worker * layout.chunk
                advance(worker, blocks, block, begin, end, at, layout, inputs, weights, state,
                        cells, scratch, y, column, hidden)  # fmt: skip
            if y.shape[0] > 0:
                clear_past_ends(blocks, block, layout, y, column, hidden)
            row = state_row(worker, blocks, block, n_steps, layout)
            store_states(blocks, block, n_states, padded, state, row, final)
            block = take_next(shares, worker)
        restore_denormals(before)

    @kernel(parallel=True, name=f"{cell.name}_forward")
    def forward(shares, blocks, layout, inputs, weights, initial, state, cells,
                scratch, y, column, final):  # fmt: skip
        """Run one direction of one layer through all steps.

        Parameters
        ----------
        shares : int64 (W, 8)
            Of the blocks (:func:`.workers.deal`), dealt again for each pass.
        blocks : :func:`.blocks.block_type` (n_blocks,)
        layout : :class:`.step.Layout`
        inputs : Inputs
        weights
            As the cell defines them.
        initial : float (n_states * B, H)
        state : float (rows, stride), **written**
            States past a sequence's length repeat its last one; see :class:`.step.Layout` for how
            many there are.
        cells : float (cells, panels, rows, width * LANES), **written**
            The tape; see :class:`.step.Layout` for how many cells it has.  Where the input is
            tokens, the vectors that the way back recomputes may be left out.
        scratch : Scratch
        y : float (B * T, columns) or (0, 0), **written**
            States of each step, zero past a sequence's length; empty where not wanted.
        column : int
            First column of ``y``.
        final : float (n_states * B, H), **written**

        Notes
        -----
        The workers take one block after the other through all of
        time: the result does not depend on the number of threads.
        """
        deal_again(shares)
        run_workers(forward_blocks,
                    (shares, blocks, layout, inputs, weights, initial, state, cells, scratch,
                     y, column, final))  # fmt: skip

    return forward
