"""Kernels of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.caching import NullCache

from fastgru._numba import jit_disabled, kernel


def uncached_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` as kernels are, but outside the cache: its key knows no tests."""
    compiled: Any = kernel(function)
    if not jit_disabled:
        compiled._cache = NullCache()
    return compiled


def uncached_parallel_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a kernel that runs on several threads."""
    guarded: Any = kernel(parallel=True)(function)
    if not jit_disabled:
        guarded.compiled._cache = NullCache()
    return guarded
