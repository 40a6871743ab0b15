from __future__ import annotations

import numpy as np
import pytest

from fastgru._numba import cpu_features, jit_disabled, threads_limited_to
from tests.problems import DTYPES, load, make_problem

pytestmark = [
    pytest.mark.skipif(jit_disabled, reason="plain Python leaves the control register alone"),
    pytest.mark.skipif(
        not cpu_features() & {"sse", "sse2", "avx"}, reason="this CPU has no such control register"
    ),
]

# With weights of zero the update gate is 1/2, and each step back halves the gradient.
STEPS_TO_A_DENORMAL = {"float32": 135, "float64": 1030}


def backward_of_halves(dtype: str, n_steps: int) -> np.ndarray:
    problem = make_problem("gru", 0, [n_steps] * 2, dtype=dtype, bias=False)
    gru = load(problem)
    for value in gru.parameters.values():
        value.fill(0)
    gru.forward(np.zeros((2, n_steps, 3)))
    return gru.backward(dh_n=np.ones((1, 2, 5)))[1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_gru_backward__counts_denormal_gradients_as_zero(dtype: str) -> None:
    n_steps = STEPS_TO_A_DENORMAL[dtype]
    assert np.ldexp(np.ones(1, dtype), -n_steps) > 0  # it could be represented
    assert not backward_of_halves(dtype, n_steps).any()
    np.testing.assert_array_equal(backward_of_halves(dtype, 100), 2.0**-100)


@pytest.mark.parametrize("threads", [1, 2])
def test_kernels__leave_the_control_register_as_it_was(threads: int) -> None:
    tiny = np.full(64, np.finfo(np.float32).tiny, np.float32)
    with threads_limited_to(threads):
        backward_of_halves("float32", 3)
    assert (tiny * np.float32(0.5) > 0).all()
