"""The way of blocks of sequences back through time: what all recurrent cells have in common.

Time is walked backwards in chunks.  Within a chunk the gradients of a cell's pre-activations are
kept as rows of vectors, like the cells of the tape; at its end one product over all its steps adds
to the gradients of each weight, while both operands are still in the cache.  Where the tape was
not kept, the chunk is taken forward once more first, from the states.

Sums over sequences are taken in a number of groups that depends on the batch alone, and the
groups are added in order; so no result depends on the number of threads.

Axes and layout as in :mod:`.recurrence`; dgates has the axes of the tape, but the rows of a
chunk follow each other within each panel.
"""

from functools import cache

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.blocks import (
    add_row,
    caller_row,
    clear_span,
    copy_row,
    count_active,
    rows_of,
)
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.microkernel import Ahead
from fastgru.kernels.pairs import columns_operand, rows_operand
from fastgru.kernels.products import TILES, multiply_rows
from fastgru.kernels.recurrence import (
    chunk_part,
    clear_past_ends,
    gather_inputs,
    load_states,
    store_states,
)
from fastgru.kernels.registers import ROWS
from fastgru.kernels.stack import align_stack
from fastgru.kernels.step import begin_places, find_places
from fastgru.kernels.vectors import lanes
from fastgru.kernels.workers import deal_again, run_workers, take_next


@cache
def outer_product_part(gates, width):
    """Return the part that adds ``a^T @ dgates`` over the rows of a chunk."""
    tile = TILES[gates]

    @kernel_part(name=f"add_outer_products_{gates}_{width}")
    def add_outer_products(group, sums, a, a_at, a_stride, worker, dgates, vector, n_rows, pairs):
        """Add to ``sums`` (n_groups, panels, units, gates * LANES) the products of ``a``.

        The rows of ``a`` are its units' values, ``a_stride`` apart, from ``a_at`` on; the gates are
        the vectors of ``dgates`` from ``vector`` on.
        """
        lane = lanes(dgates)
        panels, units, chunk_rows = sums.shape[1], sums.shape[2], dgates.shape[2]
        to = worker * pairs.shape[1]
        left = rows_operand(pairs, to, a, a_at, a_stride, n_rows, units)
        to += left.size * left.row
        for p in range(panels):
            source = ((worker * panels + p) * chunk_rows * width + vector) * lane
            right = rows_operand(pairs, to, dgates, source, width * lane, n_rows, gates * lane)
            for unit in range(0, units, ROWS):
                at = ((group * panels + p) * units + unit) * gates * lane
                tile(None, True, sums, at, gates * lane, left.array, left.at + unit, 1, left.row, 0,
                     right.array, right.at, right.row, lane, right.size, 1)  # fmt: skip

    return add_outer_products


@cache
def recurrent_gradients_part(gates, width):
    """Return the part that adds the weight gradient of a product that takes the states as they are.

    Its gates are the first vectors of dgates, and its sums are named ``hh``.
    """
    add_outer_products = outer_product_part(gates, width)

    @kernel_part(name=f"add_recurrent_gradients_{gates}_{width}")
    def add_recurrent_gradients(worker, group, blocks, block, begin, end, state, scratch, sums):
        rows, stride = rows_of(blocks), state.shape[1]
        row = blocks[block]["first"] + begin * rows
        add_outer_products(group, sums.hh, state, row * stride, stride, worker, scratch.dgates,
                           0, (end - begin) * rows, scratch.pairs)  # fmt: skip

    return add_recurrent_gradients


def _input_part(cell):
    width, gates, input_at = cell.width, cell.gates, cell.input_at
    add_outer_products = outer_product_part(gates, width)

    @kernel_part(name=f"{cell.name}_input_gradients")
    def input_gradients(worker, group, blocks, block, begin, end, layout, w_ih, dx, add, sums,
                        scratch):  # fmt: skip
        """Add the weight gradient of a chunk, and hand the gradient on to the dense input."""
        dgates, x_rows, dx_rows = scratch.dgates, scratch.x_rows, scratch.dx_rows
        pairs = scratch.pairs
        lane, rows, stride = lanes(dgates), rows_of(blocks), x_rows.shape[1]
        panels, chunk_rows = dgates.shape[1], dgates.shape[2]
        first = worker * layout.chunk * rows
        add_outer_products(group, sums.ih, x_rows, first * stride, stride, worker, dgates,
                           input_at, (end - begin) * rows, pairs)  # fmt: skip
        d = columns_operand(pairs, worker * pairs.shape[1], dgates,
                            (worker * panels * chunk_rows * width + input_at) * lane, width * lane,
                            chunk_rows * width * lane, (end - begin) * rows, gates * lane,
                            panels)  # fmt: skip
        multiply_rows(blocks, end - begin, False, dx_rows, first * stride, stride,
                      (dx.shape[1] + lane - 1) // lane, d, panels, w_ih,
                      Ahead(dgates, 0, 0))  # fmt: skip
        for t in range(begin, end):
            for i in range(count_active(blocks, block, t)):
                source = first + (t - begin) * rows + i
                row = caller_row(blocks, block, i, t, layout.n_steps, layout.reverse)
                if add:
                    add_row(dx_rows, source, 0, dx, row, 0, dx.shape[1])
                else:
                    copy_row(dx_rows, source, 0, dx, row, 0, dx.shape[1])

    return input_gradients


def _chunk_back_part(cell):
    step = cell.backward_step

    @kernel_part(inline=True, name=f"{cell.name}_backward_chunk")
    def backward_chunk(worker, group, blocks, block, begin, end, at, layout, bptt_steps, inputs,
                       transposed, state, cells, dy, column, hidden, sums, scratch):  # fmt: skip
        rows, dstate = rows_of(blocks), scratch.dstate
        for t in range(end - 1, begin - 1, -1):
            active = count_active(blocks, block, t)
            find_places(worker, blocks, block, t, -1, active, layout, inputs, dy.shape[1],
                        scratch.places)  # fmt: skip
            step(worker, group, blocks, block, t, active, (t - begin) * rows, at + t - begin,
                 inputs, transposed, state, cells, dy, column, hidden, sums, scratch)  # fmt: skip
            if bptt_steps > 0 and t > 0 and t % bptt_steps == 0:
                # A shorter sequence still waits with the gradient of its final state.
                start = worker * rows * dstate.shape[1]
                clear_span(dstate, start, start + active * dstate.shape[1])

    return backward_chunk


@kernel_part
def clear_group(sums, group):
    """Set the sums of a group to zero; there may be none."""
    if sums.shape[0] > 0:
        size = sums.size // sums.shape[0]
        clear_span(sums, group * size, (group + 1) * size)


def _groups_part(cell):
    n_states, reads_tape = cell.n_states, cell.reads_tape
    advance, backward_chunk = chunk_part(cell), _chunk_back_part(cell)
    weight_gradients, input_gradients = cell.weight_gradients, _input_part(cell)

    @kernel_part(name=f"{cell.name}_backward_groups")
    def backward_groups(worker, shares, groups, blocks, layout, bptt_steps, inputs, weights,
                        transposed, w_ih, state, cells, dy, column, dstates, dx, add, sums,
                        weight_sums, scratch):  # fmt: skip
        """Take the blocks of one group after the other back, until no group is left."""
        align_stack()
        rows, hidden, dense = rows_of(blocks), dstates.shape[1], inputs.x.shape[0] > 0
        dstate, padded = scratch.dstate, scratch.dstate.shape[1] // n_states
        no_outputs = dy[:0]
        before = flush_denormals()
        group = take_next(shares, worker)
        while group < groups.shape[0] - 1:
            for array in (sums.table, sums.position_table, sums.ih):
                clear_group(array, group)
            for array in weight_sums:
                clear_group(array, group)
            for block in range(groups[group], groups[group + 1]):
                begin_places(worker, blocks, block, layout, scratch.places)
                load_states(blocks, block, n_states, padded, dstates, dstate, worker * rows)
                end = blocks[block]["steps"]
                while end > 0:
                    begin = max(0, end - layout.chunk)
                    at = blocks[block]["first"] // rows + begin
                    if not layout.keep_tape:
                        at = worker * layout.chunk
                    if reads_tape and not layout.keep_tape:
                        advance(worker, blocks, block, begin, end, at, layout, inputs, weights,
                                state, cells, scratch, no_outputs, column, hidden)  # fmt: skip
                    elif dense:
                        gather_inputs(worker, blocks, block, begin, end, layout, inputs.x,
                                      scratch.x_rows)  # fmt: skip
                    backward_chunk(worker, group, blocks, block, begin, end, at, layout,
                                   bptt_steps, inputs, transposed, state, cells, dy,
                                   column, hidden, sums, scratch)  # fmt: skip
                    weight_gradients(worker, group, blocks, block, begin, end, state, scratch,
                                     weight_sums)  # fmt: skip
                    if dense:
                        input_gradients(worker, group, blocks, block, begin, end, layout, w_ih,
                                        dx, add, sums, scratch)  # fmt: skip
                    end = begin
                if dense and not add:
                    clear_past_ends(blocks, block, layout, dx, 0, dx.shape[1])
                store_states(blocks, block, n_states, padded, dstate, worker * rows, dstates)
            group = take_next(shares, worker)
        restore_denormals(before)

    return backward_groups


def backward_kernel(cell):
    """Return the kernel that runs one direction of one layer of ``cell`` back through all steps."""
    backward_groups = _groups_part(cell)

    @kernel(parallel=True, name=f"{cell.name}_backward")
    def backward(shares, groups, blocks, layout, bptt_steps, inputs, weights,
                 transposed, w_ih, state, cells, dy, column, dstates, dx, add, sums, weight_sums,
                 scratch):  # fmt: skip
        """Run one direction of one layer from the last step to the first.

        Parameters
        ----------
        shares
            As in the forward kernel (:func:`.recurrence.forward_kernel`).
        groups : int64 (n_groups + 1,)
            Group ``g`` holds the blocks ``groups[g]`` to ``groups[g + 1] - 1``.
        blocks, layout
            As in the forward kernel.
        bptt_steps : int
            The gradient of the state is cut at each multiple of it; 0: nowhere.
        inputs, weights
            As in the forward kernel.
        transposed
            Recurrent weights for the way back, as the cell defines them.
        w_ih : float, flat
            Input weights for the way back (:func:`fastgru.layers.packing.pack_stripes`).
        state, cells
            As the forward kernel left them; where the tape was not kept, ``cells`` has a chunk for
            each worker, and is **written**.
        dy : float (B * T, columns) or (0, 0)
            Gradient of the states of each step; empty for none.
        column : int
            First column of ``dy``.
        dstates : float (n_states * B, H), **read and written**
            Gradient of the final states; afterwards that of the initial states.
        dx : float (B * T, input_size) or (0, 0), **written**
            Gradient of the dense input.
        add : bool
            Whether ``dx`` is added to instead.
        sums : InputSums, **written**
        weight_sums
            Gradients of the recurrent weights, as the cell defines them, **written**.
        scratch : Scratch
        """
        deal_again(shares)
        run_workers(backward_groups,
                    (shares, groups, blocks, layout, bptt_steps, inputs, weights, transposed,
                     w_ih, state, cells, dy, column, dstates, dx, add, sums, weight_sums,
                     scratch))  # fmt: skip

    return backward
