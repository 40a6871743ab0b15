"""Packages that the core install leaves out: what is said where they are missing or too old."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from fastgru.errors import FastgruError
from fastgru.packages import require_package, require_torch


def test_require_package__names_all_that_are_missing_and_how_they_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_package(["json", "re"], "a table", "pip install tables")
    monkeypatch.setitem(sys.modules, "absent", None)
    monkeypatch.setitem(sys.modules, "gone", None)
    found = r"needs absent and gone, which cannot be imported \(.*absent.*; .*gone.*\)"
    with pytest.raises(
        FastgruError, match=rf"^a table: {found}\. Install with: pip install tables$"
    ):
        require_package(["json", "absent", "gone"], "a table", "pip install tables")


@pytest.mark.parametrize("version", ["1.13.1", "2.5.1+cpu", "unknown"])
def test_require_torch__refuses_versions_whose_load_may_run_code(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = ModuleType("torch")
    torch.__version__ = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    with pytest.raises(
        FastgruError, match=r"^x: needs PyTorch 2\.6 or newer, found .*torch>=2\.6'$"
    ):
        require_torch("x")


@pytest.mark.parametrize("version", ["2.6.0", "2.13.0+cpu", "3.0.0a0+git1234"])
def test_require_torch__takes_newer_versions(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = ModuleType("torch")
    torch.__version__ = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    require_torch("x")
