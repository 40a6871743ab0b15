"""Rectifier and maximum over windows of time, and their gradient.

::

    y_{u,c} = max(0, max over t of the window u of z_{t,c})
    dz_{t,c} = dy_{u,c} where t is the first maximum of its window and positive, else 0

Windows of P steps follow each other; the last may be shorter, so that L steps have ceil(L / P)
windows and no sequence loses its end.  P = 1 is the rectifier alone.

Axes: B sequences, U steps in and W windows, C channels.
"""

from fastgru._numba import kernel, kernel_part
from fastgru.kernels.workers import run_workers, take_next


@kernel_part
def _rectify(worker, shares, window, n_steps, n_windows, lengths, z, y, chosen):
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        length = lengths[b]
        for u in range(n_windows):
            place = b * n_windows + u
            for c in range(z.shape[1]):
                y[place, c] = 0.0
                chosen[place, c] = -1
            for offset in range(min(window, max(0, length - u * window))):
                row = b * n_steps + u * window + offset
                for c in range(z.shape[1]):
                    value = z[row, c]
                    if value > y[place, c] or value != value:  # a NaN stays
                        y[place, c] = value
                        chosen[place, c] = offset
        b = take_next(shares, worker)


@kernel(parallel=True)
def rectify(shares, window, n_steps, n_windows, lengths, z, y, chosen):
    """Take the largest positive value of each window.

    Parameters
    ----------
    shares : int64 (W, 8), :func:`.workers.deal`
    window : int
        P, steps of a window, 127 at most.
    n_steps, n_windows : int
        U and W, steps that the caller's arrays have room for.
    lengths : int64 (B,)
        Steps of each sequence in ``z``.
    z : float (B * U, C)
    y : float (B * W, C), **written**, zero past a sequence's end
    chosen : int8 (B * W, C), **written**
        Place of the value in its window, -1 for none.
    """
    run_workers(_rectify, (shares, window, n_steps, n_windows, lengths, z, y, chosen))


@kernel_part
def _rectify_back(worker, shares, window, n_steps, n_windows, lengths, dy, chosen, dz):
    b = take_next(shares, worker)
    while b < lengths.shape[0]:
        for t in range(lengths[b]):
            row, place = b * n_steps + t, b * n_windows + t // window
            offset = t % window
            for c in range(dy.shape[1]):
                dz[row, c] = dy[place, c] if chosen[place, c] == offset else 0.0
        b = take_next(shares, worker)


@kernel(parallel=True)
def rectify_back(shares, window, n_steps, n_windows, lengths, dy, chosen, dz):
    """Hand the gradients to the values that were chosen.

    Parameters
    ----------
    shares, window, n_steps, n_windows, lengths
        As in :func:`rectify`.
    dy : float (B * W, C)
    chosen : int8 (B * W, C)
        From :func:`rectify`.
    dz : float (B * U, C), **written** at valid steps
    """
    run_workers(_rectify_back, (shares, window, n_steps, n_windows, lengths, dy,
                                           chosen, dz))  # fmt: skip
