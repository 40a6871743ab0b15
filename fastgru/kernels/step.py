"""What the equations of one step read and write, whatever the cell.

A step takes a block of sequences on by one time step, a panel of units at a time and within it a
group of rows at a time (:mod:`.rows`).  Axes and layout as in :mod:`.recurrence`.
"""

from typing import NamedTuple

from fastgru._numba import kernel_part, np
from fastgru.kernels.blocks import caller_row, caller_step, copy_row, rows_of
from fastgru.kernels.microkernel import Ahead
from fastgru.kernels.rows import (
    add_picked,
    fetch_picked,
    fetch_rows,
    load_picked,
    load_picked_first,
    load_rows,
    prefetch_picked,
    prefetch_rows,
    store_picked_first,
    store_rows,
    stream_rows,
)
from fastgru.kernels.vectors import lanes

PLACES = 5
"""Places of each row, in the order of :attr:`Scratch.places`."""

_TABLE, _POSITION, _STATE, _NEXT, _BEGIN = range(PLACES)


class Layout(NamedTuple):
    """How one direction reads its batch.

    Attributes
    ----------
    n_steps : int
        T, steps of the caller's arrays.
    reverse : bool
        Whether each sequence runs from its last step to its first.
    chunk : int
        Steps that are taken together.
    keep_tape : bool
        Whether the tape has a cell for each step; otherwise each worker has one chunk of them.
    keep_states : bool
        Whether the states of all steps are kept; otherwise each worker has those before and after
        the present one.
    stream : bool
        Whether the tape is written past the caches, which it would leave before the way back.
    """

    n_steps: int
    reverse: bool
    chunk: int
    keep_tape: bool
    keep_states: bool
    stream: bool


class Inputs(NamedTuple):
    """Input of one direction.

    Attributes
    ----------
    tokens : int32 (B * T,) or (0,)
        Row of ``table`` for each step; empty where row 0 is meant throughout.
    table : float (n_symbols, panels, width * LANES)
        Input part of the pre-activations, biases included.
    position_table : float (n_positions or 0, panels, width * LANES)
    x : float (B * T, input_size) or (0, 0)
        Dense input; empty for none.
    w_ih : float (panels, input_size, gates * LANES)
        Where the input is tokens, it has gone into the tables, and is not read.
    """

    tokens: np.ndarray
    table: np.ndarray
    position_table: np.ndarray
    x: np.ndarray
    w_ih: np.ndarray


class Scratch(NamedTuple):
    """Memory of the workers, any content; what a kernel does not need is empty.

    Axes: W places of workers (:data:`.workers.APART`), as many as their shares have.

    Attributes
    ----------
    places : int64 (W, 5, rows)
        Of each row of a block at the present step, the offset in ``table``, in ``position_table``,
        in the caller's states, and there of the step that a worker takes next
        (:func:`find_places`); and the row in the caller's arrays of the block's first step.
    dstate : float (W * rows, n_states * padded_size)
        Gradient of the states, on its way back.
    dgates : float (W, panels, chunk * rows, width * LANES)
        Gradients of the pre-activations of a chunk.
    x_rows, dx_rows : float (W * chunk * rows, x_stride)
        Dense input of a chunk and its gradient; ``x_stride`` is at least the input size rounded
        up to whole vectors, and to ROWS.
    spare : float (W, 2 * rows + chunk * rows, padded_size)
        Rows of units, for what a cell has to remember within a step or a chunk.
    products : float (W * chunk, panels, rows, width * LANES)
        What will be cells of the tape: products with the input of a chunk, and with the states.
    pairs : uint32 (W, words) or float (0, 0)
        Operands in bfloat16; of a float type where products take them as they are (:mod:`.pairs`).
    """

    places: np.ndarray
    dstate: np.ndarray
    dgates: np.ndarray
    x_rows: np.ndarray
    dx_rows: np.ndarray
    spare: np.ndarray
    products: np.ndarray
    pairs: np.ndarray


class InputSums(NamedTuple):
    """Gradients of the input's parameters for each group of blocks, **written**.

    Attributes
    ----------
    table : float (n_groups, n_symbols, panels, width * LANES)
    position_table : float (n_groups, n_positions, panels, width * LANES)
    ih : float (n_groups, panels, input_rows, gates * LANES)
        ``input_rows`` is the input size rounded up to ROWS.
    """

    table: np.ndarray
    position_table: np.ndarray
    ih: np.ndarray


@kernel_part
def begin_places(worker, blocks, block, layout, places):
    """Write where the rows of a block begin; those without a sequence begin before all others."""
    for i in range(rows_of(blocks)):
        places[worker, _TABLE, i] = places[worker, _POSITION, i] = 0
        places[worker, _BEGIN, i] = caller_row(blocks, block, i, 0, layout.n_steps, layout.reverse)


@kernel_part(inline=True)
def find_places(worker, blocks, block, t, ahead, active, layout, inputs, columns, places):
    """Write the places of a step: see :class:`Scratch`.  A row past its end has any valid one.

    ``ahead`` is 1 where step ``t + 1`` is taken next, and -1 where step ``t - 1`` is.
    """
    tokens, entry_size = inputs.tokens, inputs.table.shape[1] * inputs.table.shape[2]
    step, ahead = (-t, -ahead) if layout.reverse else (t, ahead)
    for i in range(rows_of(blocks)):
        row = places[worker, _BEGIN, i] + step
        places[worker, _STATE, i] = max(row, 0) * columns
        places[worker, _NEXT, i] = (row + ahead) * columns
    if tokens.shape[0] > 0:
        for i in range(active):
            symbol = np.int64(tokens[places[worker, _BEGIN, i] + step])
            places[worker, _TABLE, i] = symbol * entry_size
    if inputs.position_table.shape[0] > 0:
        for i in range(active):
            place = caller_step(blocks, block, i, t, layout.reverse)
            places[worker, _POSITION, i] = place * entry_size


@kernel_part(inline=True)
def first_place(worker, blocks):
    """Return where a worker's places begin, those in the table first."""
    return worker * PLACES * rows_of(blocks)


@kernel_part(inline=True)
def with_input(blocks, product, inputs, places, first, at):
    """Return a product plus the rows of tables that belong to it.

    ``first`` is the group's first place in ``places``, ``at`` the vector's offset in a table's
    entry.
    """
    total = product + load_picked(blocks, inputs.table, places, first, at)
    if inputs.position_table.shape[0] > 0:
        second = first + _POSITION * rows_of(blocks)
        total = total + load_picked(blocks, inputs.position_table, places, second, at)
    return total


@kernel_part(inline=True)
def state_row(worker, blocks, block, t, layout):
    """Return the row of ``state`` of a block's first sequence before step ``t``."""
    if layout.keep_states:
        return blocks[block]["first"] + t * rows_of(blocks)
    return (2 * worker + t % 2) * rows_of(blocks)


@kernel_part(inline=True)
def store_state(blocks, h, state, at, y, places, first, y_at, width, count):
    """Store the new states of a group: ``count`` rows of a panel, and of the caller's states.

    ``first`` is the group's first place for the table; ``width`` is how many units there are from
    the panel's first on.  Where the caller's states of the next step go is fetched: the rows lie so
    far apart that no CPU guesses it (measured: 13 % of a forward pass of 32 units and 500 steps).
    """
    store_rows(blocks, h, state, at, state.shape[1], count)
    if y.shape[0] > 0:
        rows = rows_of(blocks)
        prefetch_picked(blocks, y, places, first + _NEXT * rows, y_at)
        store_picked_first(blocks, h, y, places, first + _STATE * rows, y_at, width, count)


@kernel_part(inline=True)
def earlier_cell(cells, at):
    """Return the cell of the step before that at ``at``, for a product to fetch meanwhile."""
    size = cells.shape[1] * cells.shape[2] * cells.shape[3]
    return Ahead(cells, (at - 1) * size, size)


@kernel_part(inline=True)
def keep_rows(blocks, layout, value, cells, at, stride):
    """Keep a group's rows of a vector on the tape; a pass that is not for training keeps none."""
    if layout.stream:
        stream_rows(blocks, value, cells, at, stride, rows_of(blocks))
    elif layout.keep_states:
        store_rows(blocks, value, cells, at, stride, rows_of(blocks))


@kernel_part(inline=True)
def prefetch_cell(blocks, layout, cells, at, width):
    """Fetch what a group's rows of a cell at ``at`` are in the next step, to be written there.

    Where the memory is touched for the first time the arithmetic would wait for it (measured: 7 %
    of a forward pass of 64 units).  Behind a worker's cell of no tape stands another worker's.
    """
    if layout.keep_tape and not layout.stream:
        after = at + cells.shape[1] * cells.shape[2] * cells.shape[3]
        for v in range(width):
            prefetch_rows(blocks, cells, after + v * lanes(cells), width * lanes(cells))


@kernel_part(inline=True)
def repeat_states(active, rows, state, row, next_row):
    """Carry the states of sequences past their end over to the next step."""
    for i in range(active, rows):
        copy_row(state, row + i, 0, state, next_row + i, 0, state.shape[1])


@kernel_part(inline=True)
def load_states_before(blocks, state, at):
    """Return a group's rows of the states from ``at`` on; those of the step before are fetched."""
    stride = state.shape[1]
    fetch_rows(blocks, state, at - rows_of(blocks) * stride, stride)
    return load_rows(blocks, state, at, stride)


@kernel_part(inline=True)
def with_output_gradient(blocks, d, dy, places, first, at, width):
    """Return the gradient of a group's states plus what comes from the caller's side.

    Arguments as of :func:`store_state`.  What the step before takes from there is fetched
    (measured: a tenth of a training step).
    """
    if dy.shape[0] > 0:
        rows = rows_of(blocks)
        fetch_picked(blocks, dy, places, first + _NEXT * rows, at)
        d = d + load_picked_first(blocks, dy, places, first + _STATE * rows, at, width)
    return d


@kernel_part(inline=True)
def add_to_tables(blocks, group, gradient, sums, places, first, at, count):
    """Add the gradients of ``count`` rows of a vector to the rows of the tables that it read."""
    table, positions = sums.table, sums.position_table
    entry_size = table.shape[2] * table.shape[3]
    whole = at + group * table.shape[1] * entry_size
    add_picked(blocks, gradient, table, places, first, whole, count)
    if positions.shape[1] > 0:
        whole = at + group * positions.shape[1] * entry_size
        second = first + _POSITION * rows_of(blocks)
        add_picked(blocks, gradient, positions, places, second, whole, count)
