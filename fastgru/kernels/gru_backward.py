"""Gated recurrent unit, backward pass over blocks of sequences.

With the gates of :mod:`fastgru.kernels.gru` and d = dL/dh_t, the gradients of the
pre-activations are::

    dn = d * (1 - z) * (1 - n^2)                    dq = dn * r
    dz = d * (h_{t-1} - n) * z * (1 - z)
    dr = dn * q * r * (1 - r)

and what they are handed on to::

    dL/dh_{t-1} = d * z + W_hn^T dq + W_hr^T dr + W_hz^T dz + dL/dy_{t-1}
    dL/dx_t     = W_ir^T dr + W_iz^T dz + W_in^T dn
    dW_h       += [dq, dr, dz] h_{t-1}^T            db_hn += dq
    dW_i       += [dr, dz, dn] x_t^T                table, positions += [dr, dz, dn]

Time is walked backwards in chunks.  Within a chunk the gate gradients of each panel are kept as
rows ``dq | dr | dz | dn``: the first three vectors meet the recurrent weights, the last three the
input weights.  At the chunk's end one product over all its steps adds to the weight gradients
while both operands are still in the cache.

Sums over sequences are taken in a number of groups that depends on the batch alone, and the
groups are added in order; so no result depends on the number of threads.
"""

from typing import NamedTuple

from fastgru._numba import get_thread_id, kernel, kernel_part, np, prange
from fastgru.kernels.denormals import flush_denormals, restore_denormals
from fastgru.kernels.gru import count_active
from fastgru.kernels.microkernel import ROWS, tile_1, tile_2, tile_3
from fastgru.kernels.vectors import lanes, load, store


class Tape(NamedTuple):
    """What the forward pass has left.

    Attributes
    ----------
    h : float (rows, stride)
    cells : float (rows / ROWS, panels, ROWS, 4 * LANES)
    x : float (rows, x_stride) or (0, 0)
        ``x_stride`` is at least the input size rounded up to whole vectors, and to ROWS.
    """

    h: np.ndarray
    cells: np.ndarray
    x: np.ndarray


class TransposedWeights(NamedTuple):
    """Weights for the way back: one row per gate vector element, in pairs of unit panels.

    Attributes
    ----------
    hh : float (panels * panels * 3 * LANES * LANES,)
        See :func:`fastgru.layers.packing.pack_transposed`.
    ih : float (input_panels * panels * 3 * LANES * LANES,)
    """

    hh: np.ndarray
    ih: np.ndarray


class Gradients(NamedTuple):
    """Sums for each group of blocks, all **written**.

    Attributes
    ----------
    table : float (n_groups, n_symbols, panels, 3 * LANES)
    position_table : float (n_groups, n_positions, panels, 3 * LANES)
    hh : float (n_groups, panels, hidden_rows, 3 * LANES)
        Columns ``n | r | z``; ``hidden_rows`` is the number of units rounded up to ROWS.
    ih : float (n_groups, panels, input_rows, 3 * LANES)
        Columns ``r | z | n``; ``input_rows`` is the input size rounded up to ROWS.
    b_hn : float (n_groups, panels, LANES)
    """

    table: np.ndarray
    position_table: np.ndarray
    hh: np.ndarray
    ih: np.ndarray
    b_hn: np.ndarray


class Scratch(NamedTuple):
    """Memory of each thread, any content.

    Attributes
    ----------
    dh : float (n_threads, ROWS, hidden)
        Gradient of the state, on its way back.
    dgates : float (n_threads, panels, chunk * ROWS, 4 * LANES)
        Gate gradients of a chunk, ``dq | dr | dz | dn``.
    """

    dh: np.ndarray
    dgates: np.ndarray


@kernel_part
def _add_to(array, at, value):
    store(load(array, at) + value, array, at)


@kernel_part
def _add_gates(array, entry, dr, dz, dn):
    """Add to the three vectors of a table's row."""
    lane = lanes(array)
    _add_to(array, entry, dr)
    _add_to(array, entry + lane, dz)
    _add_to(array, entry + 2 * lane, dn)


@kernel_part
def _clear(array, part):
    """Set one part, along the first axis, to zero."""
    size = array.size // array.shape[0]
    for at in range(part * size, (part + 1) * size, lanes(array)):
        store(0.0, array, at)


@kernel_part
def _cell_gradients(thread, group, row, p, k, active, steps, tape, scratch, gradients):
    """Write the gate gradients of one cell and add them to biases, table and positions."""
    h, dh, dgates = tape.h, scratch.dh, scratch.dgates
    lane = lanes(dh)
    panels, hidden, stride = dgates.shape[1], dh.shape[2], h.shape[1]
    out = ((thread * panels + p) * dgates.shape[2] + k) * 4 * lane
    for i in range(active):
        cell = (((row // ROWS) * panels + p) * ROWS + i) * 4 * lane
        q = load(tape.cells, cell)
        r = load(tape.cells, cell + lane)
        z = load(tape.cells, cell + 2 * lane)
        n = load(tape.cells, cell + 3 * lane)
        before = load(h, (row + i) * stride + p * lane)
        here = (thread * ROWS + i) * hidden + p * lane
        d = load(dh, here)
        dn = d * (1.0 - z) * (1.0 - n * n)
        dz = d * (before - n) * z * (1.0 - z)
        dr = dn * q * r * (1.0 - r)
        dq = dn * r
        store(d * z, dh, here)
        store(dq, dgates, out + i * 4 * lane)
        store(dr, dgates, out + (i * 4 + 1) * lane)
        store(dz, dgates, out + (i * 4 + 2) * lane)
        store(dn, dgates, out + (i * 4 + 3) * lane)
        _add_to(gradients.b_hn, (group * panels + p) * lane, dq)
        entry = group * gradients.table.shape[1] + steps.symbol[row + i]
        _add_gates(gradients.table, (entry * panels + p) * 3 * lane, dr, dz, dn)
        if steps.position.size > 0:
            place = group * gradients.position_table.shape[1] + steps.position[row + i]
            _add_gates(gradients.position_table, (place * panels + p) * 3 * lane, dr, dz, dn)
    for at in range(out + active * 4 * lane, out + ROWS * 4 * lane, lane):
        store(0.0, dgates, at)


@kernel_part
def _hand_on(out, out_at, out_stride, out_panels, thread, dgates, k, gate, transposed):
    """Add ``[three gates] @ transposed`` to ROWS rows of ``out``, two panels of units at a time."""
    lane = lanes(out)
    panels, chunk_rows = dgates.shape[1], dgates.shape[2]
    first = ((thread * panels * chunk_rows + k) * 4 + gate) * lane
    pair = panels * 3 * lane * 2 * lane
    for c in range(out_panels // 2):
        tile_2(out, out_at + c * 2 * lane, out_stride,
               dgates, first, 4 * lane, 1, chunk_rows * 4 * lane,
               transposed, c * pair, 2 * lane, lane, 3 * lane, panels)  # fmt: skip
    if out_panels % 2 == 1:
        tile_1(out, out_at + (out_panels - 1) * lane, out_stride,
               dgates, first, 4 * lane, 1, chunk_rows * 4 * lane,
               transposed, out_panels // 2 * pair, lane, lane, 3 * lane, panels)  # fmt: skip


@kernel_part
def _weight_gradient(d_weight, group, inputs, row, chunk_steps, thread, dgates, gate):
    """Add ``inputs^T @ [three gates]`` over the rows of a chunk."""
    lane = lanes(inputs)
    panels, chunk_rows = dgates.shape[1], dgates.shape[2]
    size, stride = d_weight.shape[2], inputs.shape[1]
    for p in range(panels):
        panel = ((thread * panels + p) * chunk_rows * 4 + gate) * lane
        for unit in range(0, size, ROWS):
            tile_3(d_weight, ((group * panels + p) * size + unit) * 3 * lane, 3 * lane,
                   inputs, row * stride + unit, 1, stride, 0,
                   dgates, panel, 4 * lane, lane, chunk_steps * ROWS, 1)  # fmt: skip


@kernel_part
def _backward_step(thread, group, block, t, k, steps, tape, weights, dy, dx, gradients, scratch):
    """Carry the state gradient one step back and keep the step's gate gradients."""
    dh, dgates = scratch.dh, scratch.dgates
    lane = lanes(dh)
    panels, hidden = dgates.shape[1], dh.shape[2]
    row = steps.blocks[block, 0] + t * ROWS
    active = count_active(steps.blocks, block, t)
    if dy.shape[0] > 0:
        for i in range(active):
            for v in range(0, hidden, lane):
                given = load(dy, (row + ROWS + i) * dy.shape[1] + v)
                _add_to(dh, (thread * ROWS + i) * hidden + v, given)
    for p in range(panels):
        _cell_gradients(thread, group, row, p, k, active, steps, tape, scratch, gradients)
    _hand_on(dh, thread * ROWS * hidden, hidden, panels, thread, dgates, k, 0, weights.hh)
    if dx.shape[0] > 0:
        stride = dx.shape[1]
        out_panels = weights.ih.shape[0] // (panels * 3 * lane * lane)
        _hand_on(dx, row * stride, stride, out_panels, thread, dgates, k, 1, weights.ih)


@kernel_part
def _backward_block(thread, group, block, steps, tape, weights, dy, dh_n, dx, gradients, scratch):
    dh, dgates = scratch.dh, scratch.dgates
    start, n_steps = steps.blocks[block, 0], steps.blocks[block, 1]
    chunk = dgates.shape[2] // ROWS
    size = ROWS * dh.shape[2]
    for at in range(0, size, lanes(dh)):
        store(load(dh_n, block * size + at), dh, thread * size + at)
    end = n_steps
    while end > 0:
        begin = max(0, end - chunk)
        for t in range(end - 1, begin - 1, -1):
            _backward_step(thread, group, block, t, (t - begin) * ROWS, steps, tape, weights,
                           dy, dx, gradients, scratch)  # fmt: skip
        row = start + begin * ROWS
        _weight_gradient(gradients.hh, group, tape.h, row, end - begin, thread, dgates, 0)
        if tape.x.shape[0] > 0:
            _weight_gradient(gradients.ih, group, tape.x, row, end - begin, thread, dgates, 1)
        end = begin
    for at in range(0, size, lanes(dh)):
        store(load(dh, thread * size + at), dh_n, block * size + at)


@kernel_part
def _backward_group(thread, group, groups, steps, tape, weights, dy, dh_n, dx, gradients, scratch):
    _clear(gradients.table, group)
    _clear(gradients.position_table, group)
    _clear(gradients.hh, group)
    _clear(gradients.ih, group)
    _clear(gradients.b_hn, group)
    for block in range(groups[group], groups[group + 1]):
        _backward_block(thread, group, block, steps, tape, weights, dy, dh_n, dx, gradients,
                        scratch)  # fmt: skip


@kernel(parallel=True)
def gru_backward(groups, steps, tape, weights, dy, dh_n, dx, gradients, scratch):
    """Run one direction of one layer from the last step to the first.

    Parameters
    ----------
    groups : int64 (n_groups + 1,)
        Group ``g`` holds the blocks ``groups[g]`` to ``groups[g + 1] - 1``.
    steps : fastgru.kernels.gru.Steps
    tape : Tape
    weights : TransposedWeights
    dy : float (rows, stride) or (0, 0)
        Gradient of the states, in the rows of ``tape.h``; empty for none.
    dh_n : float (n_blocks, ROWS, hidden), **read and written**
        Gradient of the final states; afterwards that of the initial states.
    dx : float (rows, x_stride) or (0, 0), **added to**
        Gradient of the dense input; empty for none.  Columns past the input size, up to a whole
        vector, are scratch.
    gradients : Gradients
    scratch : Scratch

    Notes
    -----
    The parallel loop runs over groups.  Cost: 12 hidden (hidden + input_size) floating-point
    operations per sequence and step.
    """
    for group in prange(groups.shape[0] - 1):
        before = flush_denormals()
        _backward_group(get_thread_id(), np.int64(group), groups, steps, tape, weights, dy, dh_n,
                        dx, gradients, scratch)  # fmt: skip
        restore_denormals(before)
