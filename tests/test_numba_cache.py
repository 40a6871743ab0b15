"""The kernel cache: where it is, what makes it a new one, what happens when it is damaged."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from fastgru import _kernel_cache, _numba

ROOT = Path(__file__).parent.parent
needs_compilation = pytest.mark.skipif(_numba.jit_disabled, reason="nothing is compiled")


def double(x: Any) -> Any:
    """A kernel of this module; compiled anew by each call of ``_numba.kernel``."""
    return 2 * x


@pytest.fixture
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new, empty home of the cache."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(_kernel_cache.tempfile, "tempdir", str(tmp_path / "temporary"))
    home = _kernel_cache._CacheHome()
    monkeypatch.setenv("FASTGRU_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(_kernel_cache, "_cache_home", home)
    yield tmp_path / "cache"
    if home._temporary is not None:
        home._temporary.cleanup()


# --- the key ------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of which the key is taken instead of fastgru."""
    folder = tmp_path / "package"
    folder.joinpath("kernels").mkdir(parents=True)
    folder.joinpath("_numba.py").write_text("settings", encoding="utf-8")
    folder.joinpath("_kernel_cache.py").write_text("places", encoding="utf-8")
    folder.joinpath("_kernel_parts.py").write_text("stages", encoding="utf-8")
    folder.joinpath("kernels", "gru.py").write_text("h = n + z * (h - n)", encoding="utf-8")
    monkeypatch.setattr(_kernel_cache, "__file__", str(folder / "_kernel_cache.py"))
    return folder


@pytest.mark.parametrize(
    "change", ["_numba.py", "_kernel_parts.py", "kernels/gru.py", "kernels/lstm.py"]
)
def test_cache_key__follows_the_sources(change: str, package: Path) -> None:
    before = _kernel_cache._cache_key()
    assert _kernel_cache._cache_key() == before
    package.joinpath(change).write_text("something else", encoding="utf-8")
    assert _kernel_cache._cache_key() != before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CPU_NAME", "another-cpu"),
        ("CPU_FEATURES", "+sse2,-avx2"),
        ("BOUNDSCHECK", 1),
        ("OPT", 0),
        ("DEBUGINFO_DEFAULT", 1),
    ],
)
def test_cache_key__follows_what_shapes_machine_code(
    setting: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _kernel_cache._cache_key()
    monkeypatch.setattr(_kernel_cache.config, setting, value)
    assert _kernel_cache._cache_key() != before


def test_cpu_features__reads_the_setting_of_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _kernel_cache.cpu_features()
    monkeypatch.setattr(_kernel_cache.config, "CPU_FEATURES", "+avx2,-avx512f,+fma")
    assert _kernel_cache.cpu_features() == {"avx2", "fma"}


# --- the place ----------------------------------------------------------------------------


def test_cache_directory__is_where_the_environment_says(cache_home: Path) -> None:
    found = _kernel_cache.cache_directory()
    assert found == cache_home / _kernel_cache._cache_key()
    assert found.is_dir()
    assert found.stat().st_mode & 0o077 == 0
    assert _kernel_cache.cache_directory() == found


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"FASTGRU_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"FASTGRU_CACHE_DIR": "", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/fastgru"),
        ({"HOME": "/c"}, "/c/.cache/fastgru"),
    ],
)
def test_user_cache_home__knows_three_places(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FASTGRU_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _kernel_cache._user_cache_home() == Path(expected)


def make_group_writable(folder: Path) -> None:
    folder.chmod(0o770)


def make_world_writable(folder: Path) -> None:
    folder.chmod(0o707)


def make_a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("in the way", encoding="utf-8")


@pytest.mark.parametrize("spoil", [make_group_writable, make_world_writable, make_a_file])
def test_cache_directory__is_temporary_where_the_usual_one_is_not_ours_alone(
    spoil: Callable[[Path], None], cache_home: Path
) -> None:
    usual = cache_home / _kernel_cache._cache_key()
    usual.mkdir(parents=True)
    spoil(usual)
    found = _kernel_cache.cache_directory()
    assert found != usual
    assert found.is_dir()
    assert found.stat().st_mode & 0o077 == 0
    assert _kernel_cache.cache_directory() == found


def test_cache_directory__is_temporary_where_another_user_owns_the_usual_one(
    cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert cache_home not in _kernel_cache.cache_directory().parents


def test_cache_directory__is_shared_on_the_node_where_the_home_cannot_be_written(
    cache_home: Path,
) -> None:
    cache_home.write_text("a file instead of a folder", encoding="utf-8")
    found = _kernel_cache.cache_directory()
    assert found.parent == cache_home.parent / "temporary"
    assert _kernel_cache._CacheHome().path() == found  # another process of the user finds it


def test_cache_directory__trusts_no_temporary_one_that_others_may_write(cache_home: Path) -> None:
    cache_home.write_text("a file instead of a folder", encoding="utf-8")
    shared = _kernel_cache.cache_directory()
    shared.chmod(0o777)
    home = _kernel_cache._CacheHome()
    found = home.path()
    assert found != shared
    assert found.stat().st_mode & 0o077 == 0
    assert home._temporary is not None
    home._temporary.cleanup()


def test_cache_directory__is_temporary_where_nothing_can_be_written(
    cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a read-only file system; the permissions of a folder would not stop root.
    cache_home.write_text("a file instead of a folder", encoding="utf-8")
    found = _kernel_cache.cache_directory()
    assert found.is_dir()
    assert cache_home not in found.parents


# --- entries ------------------------------------------------------------------------------


def call_anew(value: float) -> tuple[float, Any]:
    """Call `double` as a new process would; return the result and the kernel's counts."""
    compiled: Any = _numba.kernel(double)
    return compiled(value), compiled.stats


@needs_compilation
def test_kernel__is_compiled_once(cache_home: Path) -> None:
    result, stats = call_anew(1.5)
    assert (result, sum(stats.cache_hits.values())) == (3.0, 0)
    result, stats = call_anew(2.5)
    assert (result, sum(stats.cache_hits.values())) == (5.0, 1)
    result, stats = call_anew(3)  # another signature has an entry of its own
    assert (result, sum(stats.cache_hits.values())) == (6, 0)
    assert len(list(cache_home.rglob("*.nbc"))) == 2


@needs_compilation
@pytest.mark.parametrize("content", [b"", b"garbage\n", None], ids=["empty", "garbage", "cut off"])
@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
def test_kernel__is_compiled_again_where_its_entry_is_damaged(
    pattern: str, content: bytes | None, cache_home: Path
) -> None:
    call_anew(1.0)
    (entry,) = cache_home.rglob(pattern)
    entry.write_bytes(entry.read_bytes()[:60] if content is None else content)
    result, stats = call_anew(1.5)
    assert (result, sum(stats.cache_hits.values())) == (3.0, 0)
    result, stats = call_anew(1.5)  # the entry has been mended
    assert (result, sum(stats.cache_hits.values())) == (3.0, 1)


@needs_compilation
def test_kernel__runs_where_its_entry_cannot_be_written(cache_home: Path) -> None:
    folder = _kernel_cache.cache_directory()
    folder.rmdir()
    folder.write_text("the folder went away", encoding="utf-8")
    assert call_anew(1.5)[0] == 3.0


# --- other processes ----------------------------------------------------------------------

FILL = """
import numpy as np
from fastgru.kernels.loss import softmax
from fastgru.kernels.products import product
hits = misses = 0
a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
out = np.zeros((2, 4))
product(a, b, out)
assert (out == a @ b).all()
product(a, np.ascontiguousarray(b.T).T, out)
assert (out == 2 * (a @ b)).all()
softmax(b, b)
assert abs(b.sum() - 3) < 1e-9
for kernel in (product, softmax):
    hits += sum(kernel.stats.cache_hits.values())
    misses += sum(kernel.stats.cache_misses.values())
print(hits, misses)
"""


def start(
    program: str, cache: Path, variables: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    environment = os.environ | {"FASTGRU_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    environment |= variables or {}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    )


@needs_compilation
def test_cache__may_be_filled_by_several_processes_at_once(tmp_path: Path) -> None:
    for process in [start(FILL, tmp_path) for _ in range(3)]:
        process.communicate()
        assert process.returncode == 0
    last = start(FILL, tmp_path)
    assert last.communicate()[0].split() == ["3", "0"]  # all entries are there, none is wrong


def compilations(processes: list[subprocess.Popen[str]]) -> int:
    return sum(int(process.communicate()[0].split()[1]) for process in processes)


@needs_compilation
def test_cache__has_a_kernel_compiled_once_however_many_processes_start_at_once(
    tmp_path: Path,
) -> None:
    assert compilations([start(FILL, tmp_path) for _ in range(3)]) == 3  # in all, not each


@needs_compilation
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of other CPUs are of x86")
def test_cache__keeps_kernels_of_different_cpus_apart(tmp_path: Path) -> None:
    # As on nodes that share a home: each type of CPU compiles once, and loads what is its own.
    kinds: list[dict[str, str]] = [{}, {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse2"}]
    at_once = [start(FILL, tmp_path, kind) for kind in kinds for _ in range(2)]
    assert compilations(at_once) == 3 * len(kinds)
    assert compilations([start(FILL, tmp_path, kind) for kind in kinds]) == 0
    assert len(list(tmp_path.iterdir())) == len(kinds)


HOLD = """
import fcntl, sys
with open(sys.argv[1], "a") as handle:
    fcntl.flock(handle, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@needs_compilation
def test_kernel__is_compiled_where_another_process_never_ends_its_turn(
    cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_anew(1.5)
    (turn,) = cache_home.rglob("*.turn")
    command = [sys.executable, "-c", HOLD, str(turn)]
    monkeypatch.setattr(_kernel_cache, "_LONGEST_COMPILATION", 0.1)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert call_anew(3)[0] == 6


@needs_compilation
def test_kernel__that_cannot_be_compiled_ends_its_turn(cache_home: Path) -> None:
    compiled: Any = _numba.kernel(double)
    with pytest.raises(numba.TypingError):
        compiled(None)
    assert _kernel_cache._turns_of_this_process == set()


def test_import__writes_nothing(tmp_path: Path) -> None:
    process = start("import fastgru.layers.gru", tmp_path / "cache")
    process.communicate()
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_numba__is_imported_with_what_every_kernel_needs() -> None:
    assert _numba.np is np
    missing = [name for name in _numba.__all__ if not hasattr(_numba, name)]
    assert missing == []
