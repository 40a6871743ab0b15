"""Steps of windows, put together from what they share and what each has for itself.

::

    x_b[t] = ends_b[t]                                t < first
    x_b[t] = pieces[of_window_b][places_b + t]        first <= t < last, over into the next pieces
    x_b[t] = ends_{B+b}[t - last + first]             last <= t

Axes: B windows, T steps of each, C features; N pieces of M steps, of which those from ``first`` on,
``size`` of them, follow those of the piece before; E steps of each head and each tail.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def _join(worker, shares, first, last, size, of_window, places, pieces, ends, x):
    """Take windows and put them together; arguments as in :func:`join_steps`."""
    b = take_next(shares, worker)
    while b < x.shape[0]:
        for t in range(x.shape[1]):
            source, i, step = ends, b, t
            if t >= last:
                i, step = x.shape[0] + b, t - last + first
            elif t >= first:
                place = places[b] + t - first
                source, i, step = pieces, of_window[b] + place // size, first + place % size
            for c in range(x.shape[2]):
                x[b, t, c] = source[i, step, c]
        b = take_next(shares, worker)


@kernel(parallel=True)
def join_steps(shares, first, last, size, of_window, places, pieces, ends, x):
    """Put the steps of each window together.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    first, last : int
        Steps from the one to the other stand in the pieces.
    size : int
        Steps of a piece from ``first`` on, until the next piece goes on; its last may have less.
    of_window : int64 (B,)
        First piece of the run that a window belongs to.
    places : int64 (B,)
        Steps of the run, from its ``first`` on, before those of the window.
    pieces : float (N, M, C)
    ends : float (2 * B, E, C)
        The heads of all windows, then their tails, of which ``first`` steps are not read.
    x : float (B, T, C), **written**
    """
    run_workers(_join, (shares, first, last, size, of_window, places, pieces, ends, x))
