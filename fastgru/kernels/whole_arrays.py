"""Kernels for layers that walk through time in NumPy: elementwise functions, sums into rows.

NumPy's own transcendental functions may round an element differently by where in an array it
stands, so that a sequence's output would depend on its neighbours in the batch.  These apply the
recurrent kernels' functions (:mod:`fastgru.kernels.activations`), whose lanes are all alike.

Axes: e element of a flat array, i row, n column.
"""

from fastgru._numba import kernel
from fastgru.kernels import activations
from fastgru.kernels.vectors import lanes, load_first, store_first


@kernel
def sigmoid_of(x, out):
    """Write the logistic function of ``x`` (e,) to ``out`` (e,), **written**."""
    for at in range(0, x.shape[0], lanes(x)):
        count = x.shape[0] - at
        store_first(activations.sigmoid(load_first(x, at, count)), out, at, count)


@kernel
def tanh_of(x, out):
    """Write the hyperbolic tangent of ``x`` (e,) to ``out`` (e,), **written**."""
    for at in range(0, x.shape[0], lanes(x)):
        count = x.shape[0] - at
        store_first(activations.tanh(load_first(x, at, count)), out, at, count)


@kernel
def add_rows(rows, places, table):
    """Add each row i of ``rows`` (i, n) to row ``places[i]`` of ``table``, **added to**, in order.

    Parameters
    ----------
    rows : float (i, n)
    places : int (i,)
    table : float (any, n), **added to**
    """
    for i in range(rows.shape[0]):
        place = places[i]
        for n in range(rows.shape[1]):
            table[place, n] += rows[i, n]
