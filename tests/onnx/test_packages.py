from __future__ import annotations

import subprocess
import sys

import pytest

import fastgru.onnx
from fastgru.errors import FastgruError


def test_public_names__need_the_package_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(FastgruError, match=r"onnx, which cannot be imported.*'fastgru\[onnx\]'"):
        _ = fastgru.onnx.export


def test_package__is_there_without_an_import_of_its_own() -> None:
    program = "import fastgru, sys; fastgru.onnx; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_public_names__are_listed() -> None:
    assert dir(fastgru.onnx) == sorted(fastgru.onnx.__all__)


def test_other_names__are_unknown() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Export'"):
        _ = fastgru.onnx.Export
