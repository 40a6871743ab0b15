"""The one place that configures numba: options, kernel cache, threads.

Every other module takes :func:`kernel`, :func:`prange` and the code-generation
names from here; none imports numba itself.

The kernel cache
    Compiled kernels are kept in ``<cache>/fastgru/<key>``, where the key is a
    hash of everything that shapes the machine code: the sources of the kernel
    package, the versions of numba and llvmlite, the name and features of the
    CPU, and numba's compilation settings.  numba's own key misses a change in
    a function of another file or in a setting such as ``NUMBA_BOUNDSCHECK``,
    and its writer misplaces entries when several processes fill one cache;
    here a new key starts an empty directory, and writers take turns.
    ``FASTGRU_CACHE_DIR`` moves the cache; where no place is writable a
    private temporary directory serves for the life of the process.

Threads
    The default is the number of CPUs that affinity and the control group
    allow.  :func:`threads_limited_to` never gives more than asked.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast, overload

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import caching, cgutils, config
from numba.core.datamodel.models import PrimitiveModel
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, register_jitable, register_model
from numba.extending import overload as type_dispatch
from numba.np.ufunc import parallel as thread_pool

from fastgru._machine import control_group_cpus, is_private_directory

try:
    import fcntl
except ImportError:  # not a POSIX system: writers then rely on numba's atomic renames alone
    fcntl = None  # type: ignore[assignment]

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

_COMPILER_SETTINGS = ("BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "OPT", "SLP_VECTORIZE")

F = TypeVar("F", bound=Callable[..., Any])

jit_disabled = bool(config.DISABLE_JIT)


# --- the machine -------------------------------------------------------------------------


def cpu_name() -> str:
    """Return the CPU that numba compiles for; ``NUMBA_CPU_NAME`` overrides the host."""
    return str(config.CPU_NAME or llvm.get_host_cpu_name())


def cpu_features() -> frozenset[str]:
    """Return the names of the CPU features that numba compiles for.

    ``NUMBA_CPU_FEATURES`` (``"+avx2,+fma,-avx512f"``) replaces the host's list, as in numba.
    """
    if config.CPU_FEATURES is not None:
        words = config.CPU_FEATURES.split(",")
        return frozenset(word[1:] for word in words if word.startswith("+"))
    return frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)


# --- the cache ---------------------------------------------------------------------------


def _cache_key() -> str:
    digest = hashlib.sha256()
    settings = (f"{name}={getattr(config, name)}" for name in _COMPILER_SETTINGS)
    machine = (cpu_name(), *sorted(cpu_features()))
    for part in (numba.__version__, llvmlite.__version__, *machine, *settings):
        digest.update(part.encode() + b"\0")
    package = Path(__file__).parent
    for source in sorted([Path(__file__), *package.joinpath("kernels").glob("*.py")]):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _user_cache_home() -> Path:
    if os.environ.get("FASTGRU_CACHE_DIR"):
        return Path(os.environ["FASTGRU_CACHE_DIR"])
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "fastgru"


class _CacheHome:
    """The directory of compiled kernels, found at first use."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def path(self) -> Path:
        with self._lock:
            if self._path is None:
                wanted = _user_cache_home() / _cache_key()
                if not is_private_directory(wanted):
                    self._temporary = tempfile.TemporaryDirectory(prefix="fastgru-")
                    wanted = Path(self._temporary.name)
                self._path = wanted
            return self._path


_cache_home = _CacheHome()


def cache_directory() -> Path:
    """Return the directory of compiled kernels, making it if need be."""
    return _cache_home.path()


class _Locator(caching._CacheLocator):  # type: ignore[misc]
    """Places the entries of a kernel; see numba.core.caching for the protocol."""

    def __init__(self, name: str, line: int, py_file: str) -> None:
        self._disambiguator = f"{name}-{line}"
        self._py_file = py_file  # named in numba's warning where a kernel cannot be cached

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Locator:
        return cls(py_func.__module__, py_func.__code__.co_firstlineno, py_file)

    def get_cache_path(self) -> str:
        return str(cache_directory())

    def get_source_stamp(self) -> str:
        return cache_directory().name

    def get_disambiguator(self) -> str:
        return self._disambiguator


class _CacheImplementation(caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = [_Locator]  # noqa: RUF012  (numba reads a plain class attribute)


class _KernelCache(caching.FunctionCache):  # type: ignore[misc]
    """numba's function cache in our directory, with writers taking turns.

    numba picks an entry's file name from the index it has just read.  Two processes that do so
    at once can give one name to two signatures, and a later reader gets the wrong machine code;
    hence the lock around read and write.
    """

    _impl_class = _CacheImplementation

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, Any]:
        """Tell overloads apart by signature and CPU alone.

        numba adds a hash of a closure's cells, which never match in another process where a cell
        holds a compiled function; here the directory's key covers all sources, and parts made for
        several cells bear names of their own.
        """
        return (sig, codegen.magic_tuple())

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError), _exclusive(cache_directory() / "lock"):
            try:
                super().save_overload(sig, data)
            except Exception:  # what a damaged index raises, which numba reads before it writes
                self.flush()
                super().save_overload(sig, data)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            return None  # a damaged entry raises anything; it is compiled again


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with open(path, "a") as handle:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


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
    """Compile a function that only kernels call.

    Without the code that converts Python's arguments, which takes as long to compile as the part.
    ``parallel`` where it has a ``prange``; ``inline`` where it is called for each row: a call
    copies some eight words for each array that it passes on.
    """

    def compile_lazily(function: F) -> F:
        options = {"parallel": parallel, "forceinline": inline}
        return cast("F", _compile(_named(function, name), no_cpython_wrapper=True, **options))

    return compile_lazily if function is None else compile_lazily(function)


def _named(function: F, name: str | None) -> F:
    """Name a function that is made several times; numba's cache goes by its name."""
    if name is not None:
        function.__name__ = function.__qualname__ = name
    return function


def _compile(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    if jit_disabled:
        return function
    compiled: Any = numba.njit(
        error_model="numpy",
        fastmath=FloatingPoint,
        nogil=True,
        no_cfunc_wrapper=True,
        **options,
    )(function)
    compiled._cache = _LazyCache(function)
    return cast("Callable[..., Any]", compiled)


class _LazyCache:
    """Opens a kernel's cache at the first compilation, so that imports touch no files."""

    def __init__(self, py_func: Callable[..., Any]) -> None:
        self._py_func = py_func
        self._opened: _KernelCache | None = None

    def __getattr__(self, name: str) -> Any:
        if self._opened is None:
            self._opened = _KernelCache(self._py_func)
        return getattr(self._opened, name)


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
    before, limited = numba.get_num_threads(), _is_limited()
    numba.set_num_threads(number)
    _limit.in_force = True
    try:
        yield number
    finally:
        numba.set_num_threads(before)
        _limit.in_force = limited


_limit = threading.local()


def _is_limited() -> bool:
    return getattr(_limit, "in_force", False)


def threads_in_force() -> int:
    """Return the number of threads that a parallel kernel called now should use."""
    if jit_disabled:
        return 1
    return int(numba.get_num_threads()) if _is_limited() else _default_threads_once()


@functools.cache
def _default_threads_once() -> int:
    return default_threads()


def threading_layer() -> str:
    """Return the name of numba's threading layer, starting it if need be: tbb, omp, workqueue."""
    numba.get_num_threads()  # launches the pool
    return str(numba.threading_layer())


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
