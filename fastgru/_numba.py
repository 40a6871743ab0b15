"""The one place that configures numba: options and threads; the cache is beside it.

Every other module takes :func:`kernel`, :func:`prange` and the code-generation names from here;
none but :mod:`fastgru._kernel_cache` and :mod:`fastgru._kernel_parts` imports numba itself.

Threads
    The default is the number of CPUs that affinity and the control group allow.
    :func:`threads_limited_to` never gives more than asked.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast, overload

import numba
import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils, config
from numba.core.datamodel.models import PrimitiveModel
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, register_jitable, register_model
from numba.extending import overload as type_dispatch
from numba.np.ufunc import parallel as thread_pool

from fastgru._kernel_cache import cache_directory, cpu_features, keep_compiled
from fastgru._kernel_parts import PartCompiler
from fastgru._machine import control_group_cpus

__all__ = [
    "AbstractTemplate",
    "PrimitiveModel",
    "cache_directory",
    "cgutils",
    "cpu_features",
    "default_threads",
    "infer_global",
    "intrinsic",
    "ir",
    "jit_disabled",
    "kernel",
    "kernel_part",
    "lower_builtin",
    "np",
    "prange",
    "register_jitable",
    "register_model",
    "threading_layer",
    "threads_in_force",
    "threads_limited_to",
    "type_dispatch",
    "types",
]

FloatingPoint = {"contract", "nsz", "arcp"}
"""Freedoms granted to the compiler: never ``nnan`` or ``ninf``, which delete NaN checks."""

F = TypeVar("F", bound=Callable[..., Any])

jit_disabled = bool(config.DISABLE_JIT)


# --- the decorator -----------------------------------------------------------------------


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(*, parallel: bool = ..., name: str | None = ...) -> Callable[[F], F]: ...
def kernel(
    function: F | None = None, *, parallel: bool = False, name: str | None = None
) -> F | Callable[[F], F]:
    """Compile a function with the options that all kernels share.

    A kernel that is made several times in one place needs a ``name`` each time; one that runs
    workers (:mod:`fastgru.kernels.workers`) is ``parallel``.

    ``error_model="numpy"`` lets loops with a division vectorise; the default checks for zero and
    made them 6 to 10 times slower.  The global interpreter lock is released while a kernel runs.
    """

    def compile_lazily(function: F) -> F:
        compiled = _compile(_named(function, name))
        if not jit_disabled:
            keep_compiled(compiled, function)
        return cast("F", _guarded(compiled) if parallel and not jit_disabled else compiled)

    return compile_lazily if function is None else compile_lazily(function)


@overload
def kernel_part(function: F) -> F: ...
@overload
def kernel_part(
    *, parallel: bool = ..., inline: bool = ..., name: str | None = ...
) -> Callable[[F], F]: ...
def kernel_part(
    function: F | None = None,
    *,
    parallel: bool = False,
    inline: bool = False,
    name: str | None = None,
) -> F | Callable[[F], F]:
    """Compile a function that only kernels call, with them (:mod:`fastgru._kernel_parts`).

    Without the code that converts Python's arguments.  ``parallel`` where it has a ``prange``: that
    is machine code of its own, and is kept.  ``inline`` where it is called for each row: a call
    copies some eight words for each array that it passes on.
    """

    def compile_lazily(function: F) -> F:
        options: dict[str, Any] = {"parallel": parallel, "forceinline": inline}
        if not parallel:
            options["pipeline_class"] = PartCompiler
        part = _compile(_named(function, name), no_cpython_wrapper=True, **options)
        if jit_disabled:
            return cast("F", part)
        if parallel:
            keep_compiled(part, function)
        return cast("F", _compiled_once_for_a_type(part))

    return compile_lazily if function is None else compile_lazily(function)


def _compiled_once_for_a_type(part: Any) -> Any:
    """Keep numba from compiling a part again for each constant that it is called with.

    The constants reach the part all the same: it is optimised together with its caller.
    """
    find = part.get_call_template

    def find_without_constants(arguments: Any, keywords: Any) -> Any:
        types_of = {name: types.unliteral(kind) for name, kind in keywords.items()}
        return find(tuple(map(types.unliteral, arguments)), types_of)

    part.get_call_template = find_without_constants
    return part


def _named(function: F, name: str | None) -> F:
    """Name a function that is made several times; numba's cache goes by its name."""
    if name is not None:
        function.__name__ = function.__qualname__ = name
    return function


def _compile(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    if jit_disabled:
        return function
    compiled = numba.njit(
        error_model="numpy",
        fastmath=FloatingPoint,
        nogil=True,
        no_cfunc_wrapper=True,
        _nrt=False,
        **options,
    )(function)
    return cast("Callable[..., Any]", compiled)


# --- threads -----------------------------------------------------------------------------


def default_threads() -> int:
    """Return the number of threads used where none is asked for: the CPUs that are ours."""
    granted = control_group_cpus()
    available = int(config.NUMBA_NUM_THREADS)  # numba's count follows CPU affinity
    return max(1, available if granted >= available else int(granted))


@contextlib.contextmanager
def threads_limited_to(threads: int | None) -> Iterator[int]:
    """Run the kernels inside on ``threads`` threads (None: :func:`default_threads`).

    Never more than the CPUs that the process may use.  Yields the number in force.
    """
    asked = default_threads() if threads is None else threads
    number = max(1, min(asked, int(config.NUMBA_NUM_THREADS)))
    threading_layer()
    before, limit = numba.get_num_threads(), getattr(_limit, "number", None)
    numba.set_num_threads(number)
    _limit.number = number
    try:
        yield number
    finally:
        numba.set_num_threads(before)
        _limit.number = limit


_limit = threading.local()


def threads_in_force() -> int:
    """Return the number of threads that a parallel kernel called now should use."""
    if jit_disabled:
        return 1
    return getattr(_limit, "number", None) or _default_threads_once()


@functools.cache
def _default_threads_once() -> int:
    return default_threads()


@functools.cache
def threading_layer() -> str:
    """Return the name of numba's threading layer, starting it if need be: tbb, omp, workqueue."""
    with _openmp_for_others():
        numba.get_num_threads()  # launches the pool
    return str(numba.threading_layer())


@contextlib.contextmanager
def _openmp_for_others() -> Iterator[None]:
    """Leave GNU OpenMP with as many threads as it had for the others that use it.

    Numba's start says to all of the process how many threads there are from then on: PyTorch, told
    to use one, would go on with as many as there are CPUs.
    """
    try:
        openmp = ctypes.CDLL("libgomp.so.1")
    except OSError:
        yield
        return
    threads = openmp.omp_get_max_threads()
    yield
    openmp.omp_set_num_threads(threads)


_one_caller = threading.Lock()
_started_before_fork = False


def _mark_fork() -> None:
    global _started_before_fork
    _started_before_fork = thread_pool._is_initialized


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_fork)


def _guarded(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """Make a parallel kernel safe to call from any Python thread and in a forked child.

    The ``workqueue`` layer aborts the process when two threads call at once, so callers take
    turns there.  GNU OpenMP ends a child that was forked after it had started threads; one error
    says so instead.
    """

    def call(*arguments: Any) -> None:
        if _started_before_fork and threading_layer() == "omp":
            raise RuntimeError(
                "fastgru kernels cannot run here: this process was forked after its parent had "
                "used them, and GNU OpenMP does not survive a fork. Start workers with the "
                "'spawn' or 'forkserver' method of multiprocessing."
            )
        with _one_caller if threading_layer() == "workqueue" else contextlib.nullcontext():
            compiled(*arguments)

    call.compiled = compiled  # type: ignore[attr-defined]
    call.__doc__ = compiled.__doc__
    call.__wrapped__ = getattr(compiled, "py_func", compiled)  # type: ignore[attr-defined]
    return call
