from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest


def test_import__shows_an_example(run_cli: Any) -> None:
    result = run_cli(["import", "--help"])
    assert result.code == 0
    assert "fastgru import model.onnx -o model.safetensors" in result.out


def test_import__says_how_to_install_what_is_missing(
    run_cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    (tmp_path / "model.onnx").write_bytes(b"")
    result = run_cli(["import", tmp_path / "model.onnx", "-o", tmp_path / "model.safetensors"])
    assert result.code == 1
    assert "pip install 'fastgru[onnx]'" in result.err


def test_import__does_not_overwrite_its_file(run_cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"kept")
    result = run_cli(["import", path, "-o", path, "--force"])
    assert result.code == 2
    assert "is an input and would be overwritten" in result.err
    assert path.read_bytes() == b"kept"


def test_import__refuses_compression(run_cli: Any, tmp_path: Path) -> None:
    result = run_cli(["import", tmp_path / "m.onnx", "-o", tmp_path / "m.safetensors.gz"])
    assert result.code == 2
    assert "model files are not compressed" in result.err
