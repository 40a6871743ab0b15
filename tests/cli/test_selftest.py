"""What the checks find is tested in ``tests/estimators/test_selftest.py``."""

from __future__ import annotations

import pytest

from fastgru._numba import cache_directory
from fastgru.estimators import selftest


def test_selftest__prints_ok(run_cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "CHECKS", {"first": lambda: None, "second": lambda: None})
    code, out, err = run_cli(["selftest"])
    assert (code, out) == (0, "OK\n")
    assert err.splitlines()[1:] == ["first: passed", "second: passed"]


def test_selftest__says_what_failed(run_cli, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {"first": lambda: None, "second": lambda: "the bits differ"}
    monkeypatch.setattr(selftest, "CHECKS", checks)
    code, out, err = run_cli(["selftest"])
    assert (code, out) == (1, "")
    assert "second: the bits differ" in err
    assert "fastgru selftest: error: 1 of 2 checks failed, expected none. Remove the" in err
    assert str(cache_directory()) in err


def test_selftest__says_what_failed_even_when_quiet(
    run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "CHECKS", {"only": lambda: "the bits differ"})
    _, out, err = run_cli(["selftest", "-q"])
    assert out == ""
    assert "only: the bits differ" in err
