"""Parts of kernels: what is compiled of them, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastgru import _kernel_cache
from fastgru._numba import jit_disabled, kernel, kernel_part

pytestmark = pytest.mark.skipif(jit_disabled, reason="nothing is compiled")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new, empty cache."""
    monkeypatch.setenv("FASTGRU_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_kernel_cache, "_cache_home", _kernel_cache._CacheHome())
    return tmp_path


def made_of_parts() -> tuple[Any, list[Any]]:
    """Return a kernel, and the two parts that it calls, the one by way of the other."""

    @kernel_part
    def double(x: Any) -> Any:
        return 2 * x

    @kernel_part
    def double_and_add(x: Any, y: Any) -> Any:
        return double(x) + y

    @kernel
    def add_twice(x: Any, y: Any) -> Any:
        return double_and_add(double_and_add(x, y), y)

    return add_twice, [double, double_and_add]


def functions_with_machine_code(compiled: Any) -> list[str]:
    """Names of the signatures' functions of a kernel, or of a part, that the process could call."""
    every = compiled.overloads.values()
    names = [(overload.library, overload.fndesc.llvm_func_name) for overload in every]
    return [name for library, name in names if library.get_pointer_to_function(name)]


def test_part__has_no_machine_code_but_in_its_kernel(cache: Path) -> None:
    compiled, parts = made_of_parts()
    assert compiled(1.5, 4.0) == 18.0
    assert len(functions_with_machine_code(compiled)) == 1
    for part in parts:
        assert len(part.overloads) == 1
        assert functions_with_machine_code(part) == []


def test_part__may_belong_to_several_kernels(cache: Path) -> None:
    _, (double, _) = made_of_parts()

    @kernel
    def quadruple(x: Any) -> Any:
        return double(double(x))

    @kernel
    def sextuple(x: Any) -> Any:
        return double(x) + quadruple(x)

    assert (quadruple(3), sextuple(3), quadruple(0.5)) == (12, 18, 2.0)
    assert len(double.overloads) == 2  # one for each type, not for each kernel


def test_part__is_not_in_the_cache_and_not_compiled_for_a_kernel_that_is(cache: Path) -> None:
    made_of_parts()[0](1.5, 4.0)
    (entry,) = cache.rglob("*.nbi")
    assert "add_twice" in entry.name
    compiled, parts = made_of_parts()  # as in another process
    assert compiled(0.5, 1.0) == 5.0
    assert sum(compiled.stats.cache_hits.values()) == 1
    assert [part.overloads for part in parts] == [{}, {}]
