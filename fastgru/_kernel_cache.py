"""The cache of compiled kernels, and the CPU that they are compiled for.

Compiled kernels are kept in ``<cache>/fastgru/<key>``, where the key is a hash of everything that
shapes the machine code: the sources of the kernel package, the versions of numba and llvmlite, the
name and features of the CPU, and numba's compilation settings.  numba's own key misses a change in
a function of another file or in a setting such as ``NUMBA_BOUNDSCHECK``, and its writer misplaces
entries when several processes fill one cache; here a new key starts an empty directory, and writers
take turns.  So do compilers: of the jobs that start at once on CPUs of one type, one compiles a
kernel, and the others wait for its entry.  ``FASTGRU_CACHE_DIR`` moves the cache; where that place
cannot be written, as a home on a compute node may not be, the node's directory of temporary files
serves, and where that cannot either, a private one for the life of the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba
from numba.core import caching, config

from fastgru._machine import is_private_directory

try:
    import fcntl
except ImportError:  # not a POSIX system: writers then rely on numba's atomic renames alone
    fcntl = None  # type: ignore[assignment]

_COMPILER_SETTINGS = ("BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "OPT", "SLP_VECTORIZE")

_LONGEST_COMPILATION = 120.0  # seconds to wait for a kernel that another process compiles


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


def _cache_key() -> str:
    digest = hashlib.sha256()
    settings = (f"{name}={getattr(config, name)}" for name in _COMPILER_SETTINGS)
    machine = (cpu_name(), *sorted(cpu_features()))
    for part in (numba.__version__, llvmlite.__version__, *machine, *settings):
        digest.update(part.encode() + b"\0")
    package = Path(__file__).parent
    options = (package / f"_{name}.py" for name in ("numba", "kernel_cache", "kernel_parts"))
    for source in sorted([*options, *package.joinpath("kernels").glob("*.py")]):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _user_cache_home() -> Path:
    if os.environ.get("FASTGRU_CACHE_DIR"):
        return Path(os.environ["FASTGRU_CACHE_DIR"])
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "fastgru"


def _places() -> Iterator[Path]:
    key, user = _cache_key(), getattr(os, "getuid", int)()
    yield _user_cache_home() / key
    # One name, right below: whoever owned a folder between could put another in its place later.
    yield Path(tempfile.gettempdir()) / f"fastgru-{user}-{key}"


class _CacheHome:
    """The directory of compiled kernels, found at first use."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def path(self) -> Path:
        with self._lock:
            if self._path is None:
                self._path = next(filter(is_private_directory, _places()), None)
            if self._path is None:
                self._temporary = tempfile.TemporaryDirectory(prefix="fastgru-")
                self._path = Path(self._temporary.name)
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


class KernelCache(caching.FunctionCache):  # type: ignore[misc]
    """numba's function cache in our directory, with writers taking turns.

    numba picks an entry's file name from the index it has just read.  Two processes that do so
    at once can give one name to two signatures, and a later reader gets the wrong machine code;
    hence the lock around read and write.  Another lock, one for each kernel, is held from a miss to
    the end of its compilation; a kernel waits only for those that it calls, so none waits in a
    circle.
    """

    _impl_class = _CacheImplementation

    def __init__(self, py_func: Callable[..., Any]) -> None:
        super().__init__(py_func)
        self._turn = contextlib.ExitStack()

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
        found = self._load(sig, target_context)
        if found is None:
            path = cache_directory() / f"{self._impl.filename_base}.turn"
            with contextlib.suppress(OSError):  # no place for a lock: everybody compiles
                self._turn.enter_context(_turn(path))
                found = self._load(sig, target_context)
        return found

    def _load(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            return None  # a damaged entry raises anything; it is compiled again

    def end_turn(self) -> None:
        """Let others compile this kernel, or load it."""
        self._turn.close()


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with open(path, "a") as handle:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


_turns_of_this_process: set[Path] = set()  # changed under numba's lock of the compiler


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Hold the lock on ``path``, or go on without it where its holder keeps it for too long.

    That one may be suspended; compiling twice is a waste, waiting for it could be for ever.
    """
    if path in _turns_of_this_process:
        yield
        return
    with open(path, "a") as handle:
        if fcntl is not None:
            end = time.monotonic() + _LONGEST_COMPILATION
            while time.monotonic() < end:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(0.02)
        _turns_of_this_process.add(path)
        try:
            yield
        finally:
            _turns_of_this_process.discard(path)


class LazyCache:
    """Opens a kernel's cache at the first compilation, so that imports touch no files."""

    def __init__(self, py_func: Callable[..., Any]) -> None:
        self._py_func = py_func
        self._opened: KernelCache | None = None

    def __getattr__(self, name: str) -> Any:
        if self._opened is None:
            self._opened = KernelCache(self._py_func)
        return getattr(self._opened, name)


def keep_compiled(dispatcher: Any, py_func: Callable[..., Any]) -> None:
    """Let a dispatcher of numba load from the cache what it has, and compile in turns the rest."""
    cache = dispatcher._cache = LazyCache(py_func)
    compile_now = dispatcher.compile

    def compile_in_turns(sig: Any) -> Any:
        try:
            return compile_now(sig)
        finally:
            cache.end_turn()

    dispatcher.compile = compile_in_turns
