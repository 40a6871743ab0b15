"""The modules for PyTorch where there is no PyTorch."""

from __future__ import annotations

import importlib
import sys

import pytest

from fastgru.errors import FastgruError


@pytest.mark.parametrize("name", ["GRU", "LSTM", "RNN"])
def test_torch__is_asked_for_where_it_is_missing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = importlib.import_module("fastgru.torch")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(FastgruError, match=r"^fastgru\.torch: needs torch,.*pip install 'torch>="):
        getattr(package, name)


def test_package__has_nothing_else() -> None:
    package = importlib.import_module("fastgru.torch")
    assert dir(package) == ["GRU", "LSTM", "RNN"]
    with pytest.raises(AttributeError, match=r"'fastgru.torch' has no attribute 'Transformer'"):
        package.Transformer  # noqa: B018
