"""AdamW: Adam with decoupled weight decay.

Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2; Adam after Kingma and Ba 2015, arXiv
1412.6980, algorithm 1.  For gradient g, at step t = 1, 2, ...::

    m = beta1 m + (1 - beta1) g             v = beta2 v + (1 - beta2) g^2
    w = w - eta (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + lambda w)

Axes: n parameters, flat, padded to whole vectors.
"""

from fastgru._numba import kernel, np
from fastgru.kernels.vectors import lanes, load, sqrt, store


@kernel
def adamw_update(weight, gradient, scale, decay, m, v, step, learning_rate, beta1, beta2, eps):
    """Take one step.

    Parameters
    ----------
    weight : float (n,), **updated**
    gradient : float (n,)
    scale : float
        Factor of the gradient (clipping).
    decay : float (n,)
        Weight decay lambda of each parameter.
    m, v : float (n,), **updated**
        Moments.
    step : int
        t, from 1.
    learning_rate, beta1, beta2, eps : float
    """
    correction1 = 1.0 - beta1**step
    correction2 = 1.0 - beta2**step
    for at in range(0, weight.shape[0], lanes(weight)):
        g = load(gradient, at) * scale
        w = load(weight, at)
        first = load(m, at) * beta1 + g * (1.0 - beta1)
        second = load(v, at) * beta2 + g * g * (1.0 - beta2)
        direction = first / correction1 / (sqrt(second / correction2) + eps)
        store(first, m, at)
        store(second, v, at)
        store(w - (direction + load(decay, at) * w) * learning_rate, weight, at)


@kernel
def sum_of_squares(values):
    """Return the sum of the squares of ``values`` (n,), in order, in double precision."""
    total = 0.0
    for k in range(values.shape[0]):
        value = np.float64(values[k])
        total += value * value
    return total
