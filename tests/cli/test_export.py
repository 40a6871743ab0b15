from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Work


def test_export__shows_an_example(run_cli: Any) -> None:
    result = run_cli(["export", "--help"])
    assert result.code == 0
    assert "fastgru export model.safetensors model.onnx" in result.out


def test_export__says_how_to_install_what_is_missing(
    run_cli: Any, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = run_cli(["export", work.model, tmp_path / "model.onnx"])
    assert result.code == 1
    assert "pip install 'fastgru[onnx]'" in result.err
    assert list(tmp_path.iterdir()) == []


def test_export__leaves_what_exists(run_cli: Any, work: Work, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_text("kept", encoding="utf-8")
    result = run_cli(["export", work.model, path])
    assert result.code == 1
    assert f"{path}: exists already. Use --force" in result.err
    assert path.read_text(encoding="utf-8") == "kept"


def test_export__does_not_overwrite_its_model(run_cli: Any, work: Work) -> None:
    before = work.model.read_bytes()
    result = run_cli(["export", work.model, work.model, "--force"])
    assert result.code == 2
    assert "is an input and would be overwritten" in result.err
    assert work.model.read_bytes() == before


def test_export__refuses_compression(run_cli: Any, work: Work, tmp_path: Path) -> None:
    result = run_cli(["export", work.model, tmp_path / "model.onnx.gz"])
    assert result.code == 2
    assert "ONNX files are not compressed, expected a name such as model.onnx" in result.err
