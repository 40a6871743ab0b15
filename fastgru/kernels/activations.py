"""Exponential, logistic sigmoid and hyperbolic tangent of vectors, without a mathematics library.

::

    exp(x)     = 2^n p(r),  n = round(x / ln 2),  r = x - n ln 2 with ln 2 in two parts (Cody and
                 Waite 1980, chapter 6),  p = Taylor polynomial of degree 6 (float32), 12 (float64)
    sigmoid(x) = 1 / (1 + exp(-x))
    tanh(x)    = x P(x^2) / Q(x^2), |x| clamped at 7.905                                 float32
    tanh(x)    = x + x^3 P(x^2) / Q(x^2) where |x| < 0.625, else 1 - 2 / (exp(2x) + 1)   float64

The coefficients of the float32 fraction are the minimax fit published with Eigen
(``generic_fast_tanh_float``), those of the float64 fraction stand in Cody and Waite, chapter 13.
Largest errors, measured by ``tests/kernels/test_activations.py`` over all magnitudes: float32
sigmoid 4 ulp, tanh 5 ulp; float64 sigmoid 3 ulp, tanh 4 ulp; exp 3 ulp.  Three ends are left out:
below -87 (float64: -708) sigmoid and exp stay at their value there, which is all but the smallest
normal number, above 87 (708) exp does, and below 1e-35 the float32 tanh passes through denormal
numbers.  A NaN stays a NaN: it compares false, and so passes every clamp.
"""

from fastgru._numba import np, register_jitable, type_dispatch, types
from fastgru.kernels.vectors import power_of_two, where_less

_LOG2_E = 1.4426950408889634

_WHOLE_FLOAT32 = 1.5 * 2.0**23
_WHOLE_FLOAT64 = 1.5 * 2.0**52
"""Added to a number, these leave no bits for a fraction: the sum is rounded to a whole number."""


@register_jitable
def _clamp(x, limit):
    """Return x kept within [-limit, limit]."""
    x = where_less(x, -limit, -limit, x)
    return where_less(limit, x, limit, x)


@register_jitable
def _exp_float32(x):
    x = _clamp(x, 87.0)
    t = x * _LOG2_E + _WHOLE_FLOAT32
    n = t - _WHOLE_FLOAT32
    r = x - n * 0.693359375
    r = r - n * -2.12194440e-4
    p = r * (1 / 720) + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * power_of_two(t)


@register_jitable
def _tanh_float32(x):
    x = _clamp(x, 7.90531110763549805)
    x2 = x * x
    p = x2 * -2.76076847742355e-16 + 2.00018790482477e-13
    p = p * x2 + -8.60467152213735e-11
    p = p * x2 + 5.12229709037114e-08
    p = p * x2 + 1.48572235717979e-05
    p = p * x2 + 6.37261928875436e-04
    p = p * x2 + 4.89352455891786e-03
    q = x2 * 1.19825839466702e-06 + 1.18534705686654e-04
    q = q * x2 + 2.26843463243900e-03
    q = q * x2 + 4.89352518554385e-03
    return x * p / q


@register_jitable
def _exp_float64(x):
    x = _clamp(x, 708.0)
    t = x * _LOG2_E + _WHOLE_FLOAT64
    n = t - _WHOLE_FLOAT64
    r = x - n * 6.93145751953125e-1
    r = r - n * 1.42860682030941723212e-6
    p = r * (1 / 479001600) + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * power_of_two(t)


@register_jitable
def _tanh_float64(x):
    x2 = x * x
    p = x2 * -9.64399179425052238628e-1 + -9.92877231001918586564e1
    p = p * x2 + -1.61468768441708447952e3
    q = x2 + 1.12811678491632931402e2
    q = q * x2 + 2.23548839060100448583e3
    q = q * x2 + 4.84406305325125486048e3
    near = x + x * x2 * p / q
    far = 1.0 - 2.0 / (_exp_float64(_clamp(x, 20.0) * 2.0) + 1.0)
    return where_less(x2, 0.390625, near, far)


def exp(x):
    """Return the exponential of a vector of either float type."""
    return _exp_float32(x) if x.dtype == np.float32 else _exp_float64(x)


def sigmoid(x):
    """Return the logistic function of a vector of either float type."""
    e = _exp_float32(-x) if x.dtype == np.float32 else _exp_float64(-x)
    return 1.0 / (e + 1.0)


def tanh(x):
    """Return the hyperbolic tangent of a vector of either float type."""
    return _tanh_float32(x) if x.dtype == np.float32 else _tanh_float64(x)


@type_dispatch(exp)
def _exp(x):
    if x.dtype == types.float32:
        return lambda x: _exp_float32(x)
    return lambda x: _exp_float64(x)


@type_dispatch(sigmoid)
def _sigmoid(x):
    if x.dtype == types.float32:
        return lambda x: 1.0 / (_exp_float32(-x) + 1.0)
    return lambda x: 1.0 / (_exp_float64(-x) + 1.0)


@type_dispatch(tanh)
def _tanh(x):
    if x.dtype == types.float32:
        return lambda x: _tanh_float32(x)
    return lambda x: _tanh_float64(x)
