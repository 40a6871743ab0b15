"""The threads of libraries beside our own kernels: no more than a command is told to use."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

__all__ = ["libraries_limited_to"]

_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    "VECLIB_MAXIMUM_THREADS",
)


@contextlib.contextmanager
def libraries_limited_to(threads: int) -> Iterator[None]:
    """Limit the threads of BLAS and OpenMP inside, of programs that are called as well.

    Left alone they start one for each CPU of the machine, whatever the share of this job.

    Parameters
    ----------
    threads
        At least 1; a lower limit of the environment stays.
    """
    before = {name: os.environ.get(name) for name in _VARIABLES}
    for name, given in before.items():
        lower = given is not None and given.isdecimal() and 0 < int(given) < threads
        if not lower:
            os.environ[name] = str(threads)  # for what is loaded later
    try:
        with contextlib.ExitStack() as stack:
            if "numpy" in sys.modules:
                from threadpoolctl import threadpool_limits

                stack.enter_context(threadpool_limits(threads, user_api="blas"))
            yield
    finally:
        for name, given in before.items():
            os.environ.pop(name, None)
            if given is not None:
                os.environ[name] = given
