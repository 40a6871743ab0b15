"""Weights in the order in which the recurrent kernels read them, and gradients back again.

PyTorch stacks the gates of a layer: unit u of gate j has row ``j * H + u`` of a weight (G * H, K).
The kernels cut the units into panels, and keep the gates of a panel side by side; units past the
last, with zeros for weights, make the last panel whole.  With ``row(j, u) = order[j] * H + u``::

    columns[p, k, j * L + l]     = weight[row(j, p * L + l), k]                     for h W^T
    transposed[(p, j, l), k]     = weight[row(j, p * L + l), k]                     for dgates W
    table[n, p, v * L + l]       = sum over k of vectors[n, k] weight_ih[row, k] + bias_ih[row],
                                   row = (v - input_at) * H + p * L + l, and + bias_hh of gate j
                                   where v = hh_at[j]
    grad[row(j, p * L + l), k]  += sum over g of sums[g, p, k, j * L + l], in ascending g
    d_vectors[n, k]              = sum over row of d[n, row] weight_ih[row, k],
    d_weight_ih[row, k]         += sum over n of d[n, row] vectors[n, k],
                                   d[n, row] = sum over g of d_table[g, n, p, v * L + l]

One thread does all of it, in microseconds, for 512 units in a millisecond: another would save less
than it costs to wait for it where other processes share the CPUs.

Axes: g group of blocks, p panel, k input of a product, j gate, v vector of a cell of the tape, l
lane (L of them, or the units of a stripe), n row of a table.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.transposing import add_transposed, store_transposed
from fastgru.kernels.vectors import lanes, load, load_first, store, store_first


@kernel_part
def _pack_panel(p, weight, hidden, order, packed):
    lane, k_rows, width, size = lanes(packed), packed.shape[1], packed.shape[2], weight.shape[1]
    units = width // order.shape[0]
    for j in range(order.shape[0]):
        for i in range(0, units, lane):
            unit = p * units + i
            for k in range(0, k_rows, lane):
                store_transposed(weight, (order[j] * hidden + unit) * size + k, size,
                                 hidden - unit, size - k,
                                 packed, (p * k_rows + k) * width + j * units + i, width,
                                 k_rows - k, lane)  # fmt: skip


@kernel
def pack_columns(weight, hidden, order, packed):
    """Pack a weight for a product with units or features.

    Parameters
    ----------
    weight : float (G * H, K)
    hidden : int
        H.
    order : int64 (g,)
        Gates that are packed.
    packed : float (panels, at least K, g * units), **written**
        Rows past the K-th are zero.
    """
    for p in range(packed.shape[0]):
        _pack_panel(p, weight, hidden, order, packed)


@kernel_part
def _pack_stripe(weight, hidden, order, first, width, packed, to):
    """Write ``width`` columns of the rows (p, j, l), from column ``first`` on."""
    lane, size = lanes(packed), weight.shape[1]
    for unit in range(0, (hidden + lane - 1) // lane * lane, lane):
        for j in range(order.shape[0]):
            for i in range(unit, unit + lane):
                at = (order[j] * hidden + i) * size + first
                for c in range(0, width, lane):
                    left = size - first - c if i < hidden else 0
                    store(load_first(weight, at + c, left), packed, to + c)
                to += width


@kernel
def pack_transposed(weight, hidden, order, columns, packed):
    """Pack a weight for a product with the gradients of gates.

    Parameters
    ----------
    weight, hidden, order
        As in :func:`pack_columns`.
    columns : int
        K, rounded up to whole vectors.
    packed : float, flat, **written**
        The rows (p, j, l) in stripes of three vectors of columns, all rows of a stripe one after
        the other, the last stripe of two or one where so many are left.
    """
    lane = lanes(packed)
    n_rows = (hidden + lane - 1) // lane * lane * order.shape[0]
    for first in range(0, columns, 3 * lane):
        width = min(3 * lane, columns - first)
        _pack_stripe(weight, hidden, order, first, width, packed, first * n_rows)


@kernel_part
def _fill_table(p, vectors, w_ih, bias_ih, bias_hh, hidden, input_at, hh_at, table):
    lane, gates = lanes(table), hh_at.shape[0]
    entry, width, left = table.shape[1] * table.shape[2], table.shape[2], hidden - p * lane
    for n in range(vectors.shape[0]):
        at = n * entry + p * width
        for c in range(0, width, lane):
            store(0.0, table, at + c)
        for j in range(gates):
            to = at + (input_at + j) * lane
            total = load(table, to)
            for k in range(vectors.shape[1]):
                column = ((p * w_ih.shape[1] + k) * gates + j) * lane
                total = total + load(w_ih, column) * vectors[n, k]
            if bias_ih.shape[0] > 0:
                total = total + load_first(bias_ih, j * hidden + p * lane, left)
            store(total, table, to)
        if bias_hh.shape[0] > 0:
            for j in range(gates):
                to = at + hh_at[j] * lane
                bias = load_first(bias_hh, j * hidden + p * lane, left)
                store(load(table, to) + bias, table, to)


@kernel
def pack_inputs(vectors, positions, weight_ih, bias_ih, bias_hh, hidden, input_at, hh_at, order,
                w_ih, table, position_table):  # fmt: skip
    """Pack the input weights, and take the vectors of symbols and positions through them.

    Parameters
    ----------
    vectors : float (n_symbols, I) or (1, 0)
        Of each symbol; none for biases alone.
    positions : float (n_positions, I) or (0, 0)
    weight_ih : float (G * H, I)
    bias_ih, bias_hh : float (G * H,) or (0,)
    hidden : int
        H.
    input_at : int
        Vector of a cell of the tape that the first gate's input part belongs to.
    hh_at : int64 (G,)
        Vector that the recurrent bias of each gate belongs to.
    order : int64 (G,)
        All gates, in PyTorch's order.
    w_ih : float (panels, at least I, G * LANES), **written**
        As by :func:`pack_columns`.
    table, position_table : float (n, panels, width * LANES), **written**
    """
    for p in range(w_ih.shape[0]):
        _pack_panel(p, weight_ih, hidden, order, w_ih)
        _fill_table(p, vectors, w_ih, bias_ih, bias_hh, hidden, input_at, hh_at, table)
        _fill_table(p, positions, w_ih, bias_ih[:0], bias_hh[:0], hidden, input_at, hh_at,
                    position_table)  # fmt: skip


@kernel_part
def _add_up(sums, first, size):
    """Add to ``size`` elements of the first group, from ``first`` on, those of the others."""
    per_group = sums.size // sums.shape[0]
    for group in range(1, sums.shape[0]):
        at = group * per_group
        for e in range(first, first + size, lanes(sums)):
            store(load(sums, e) + load(sums, at + e), sums, e)


@kernel
def add_groups(sums, hidden, order, grad):
    """Add the gradients of all groups, in order, to that of a weight.

    Parameters
    ----------
    sums : float (n_groups, panels, at least K, g * LANES), **overwritten**
    hidden : int
        H.
    order : int64 (g,)
        Gates that the columns are of.
    grad : float (G * H, K), **added to**
    """
    lane, rows, width, size = lanes(sums), sums.shape[2], sums.shape[3], grad.shape[1]
    for p in range(sums.shape[1]):
        _add_up(sums, p * rows * width, rows * width)
        for j in range(order.shape[0]):
            for k in range(0, size, lane):
                add_transposed(sums, (p * rows + k) * width + j * lane, width, rows - k, lane,
                               grad, (order[j] * hidden + p * lane) * size + k, size,
                               hidden - p * lane, size - k)  # fmt: skip


@kernel_part
def _add_bias(sums, n_rows, at, entry, grad, to, count):
    """Add a vector of all rows of the first group, in order, to the gradient of a bias."""
    total = load(sums, at)
    for n in range(1, n_rows):
        total = total + load(sums, at + n * entry)
    store_first(load_first(grad, to, count) + total, grad, to, count)


@kernel_part
def _take_row_back(sums, n, hidden, input_at, gates, vectors, weight_ih, d_weight_ih, d_vectors):
    """Take the gradients of the gates of row ``n`` of a table through ``vectors @ weight_ih.T``."""
    lane = lanes(sums)
    for c in range(vectors.shape[1]):
        d_vectors[n, c] = 0
    for j in range(gates):
        for unit in range(hidden):
            d = sums[0, n, unit // lane, (input_at + j) * lane + unit % lane]
            row = j * hidden + unit
            for c in range(vectors.shape[1]):
                d_weight_ih[row, c] += d * vectors[n, c]
            for c in range(vectors.shape[1]):
                d_vectors[n, c] += d * weight_ih[row, c]


@kernel
def take_tables_back(sums, hidden, input_at, hh_at, vectors, weight_ih, d_weight_ih, d_bias_ih,
                     d_bias_hh, d_vectors):  # fmt: skip
    """Add up the gradients of a table over all groups, in order, and take them to what it is of.

    Parameters
    ----------
    sums : float (n_groups, n, panels, width * LANES), **overwritten**
    hidden, input_at, hh_at
        As in :func:`pack_inputs`.
    vectors : float (n, I) or (0, 0)
        That the table was made of; none where it holds biases alone.
    weight_ih : float (G * H, I)
    d_weight_ih : float (G * H, I), **added to**
    d_bias_ih, d_bias_hh : float (G * H,) or (0,), **added to**
    d_vectors : float (n, I) or (0, 0), **written**
    """
    lane, gates, width = lanes(sums), hh_at.shape[0], sums.shape[3]
    n_rows, entry = sums.shape[1], sums.shape[2] * width
    for p in range(sums.shape[2]):
        first, left = p * width, hidden - p * lane
        for n in range(n_rows):
            _add_up(sums, n * entry + first, width)
        for j in range(gates if d_bias_ih.shape[0] > 0 and n_rows > 0 else 0):
            source, to = first + (input_at + j) * lane, j * hidden + p * lane
            _add_bias(sums, n_rows, source, entry, d_bias_ih, to, left)
            _add_bias(sums, n_rows, first + hh_at[j] * lane, entry, d_bias_hh, to, left)
    for n in range(vectors.shape[0]):
        _take_row_back(sums, n, hidden, input_at, gates, vectors, weight_ih, d_weight_ih,
                       d_vectors)  # fmt: skip
