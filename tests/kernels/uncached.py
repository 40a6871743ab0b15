"""Kernels of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.caching import NullCache

from fastgru._numba import jit_disabled, kernel


def uncached_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` as kernels are, but outside the cache: its key knows no tests."""
    return without_cache(kernel(function))


def without_cache(compiled: Any) -> Any:
    """Take a kernel out of the cache."""
    if not jit_disabled:
        getattr(compiled, "compiled", compiled)._cache = NullCache()
    return compiled
