"""The files of ``fastgru export``, and the example of the documentation (``make test-peers``)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru import SequenceClassifier, average_models
from fastgru.errors import ModelFileError
from fastgru.models.model_file import read_model
from tests.estimators.conftest import small_classifier
from tests.planted import plant

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained classifier, to be left as it is."""
    path = tmp_path_factory.mktemp("trained") / "model.safetensors"
    small_classifier(bidirectional=True).fit(*plant(60, seed=1)).save(path)
    return path


def read(path: Path) -> Any:
    import onnx

    return onnx.load(path)


def test_export__writes_the_same_bytes_again(model: Path, tmp_path: Path) -> None:
    for name in ("first.onnx", "second.onnx"):
        fastgru.onnx.export(model, tmp_path / name)
    assert (tmp_path / "first.onnx").read_bytes() == (tmp_path / "second.onnx").read_bytes()


def test_export__takes_an_estimator(model: Path, tmp_path: Path) -> None:
    fastgru.onnx.export(model, tmp_path / "file.onnx")
    fastgru.onnx.export(SequenceClassifier.load(model), tmp_path / "estimator.onnx")
    first, second = (read(tmp_path / name) for name in ("file.onnx", "estimator.onnx"))
    assert first.graph == second.graph


def test_export__refuses_an_estimator_that_is_not_fitted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        fastgru.onnx.export(SequenceClassifier(), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_export__keeps_the_card(model: Path, tmp_path: Path) -> None:
    fastgru.onnx.export(model, tmp_path / "model.onnx")
    (entry,) = read(tmp_path / "model.onnx").metadata_props
    assert entry.key == "fastgru"
    assert json.loads(entry.value) == read_model(model).card


def test_export_of_an_ensemble__keeps_the_card(model: Path, tmp_path: Path) -> None:
    loaded = SequenceClassifier.load(model)
    fastgru.onnx.export(average_models([loaded, loaded]), tmp_path / "model.onnx")
    (entry,) = read(tmp_path / "model.onnx").metadata_props
    card = json.loads(entry.value)
    assert len(card["members"]) == 2
    assert card["classes"] == loaded.classes_.tolist()


def test_export__frees_batch_and_length(model: Path, tmp_path: Path) -> None:
    fastgru.onnx.export(model, tmp_path / "model.onnx")
    graph = read(tmp_path / "model.onnx").graph
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {
        "tokens": ["batch", "length"],
        "lengths": ["batch"],
        "probabilities": ["batch", 2],
    }


def test_export__writes_nothing_that_the_checker_refuses(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx

    def refuse(*_: object, **__: object) -> None:
        raise onnx.checker.ValidationError("no")

    monkeypatch.setattr(onnx.checker, "check_model", refuse)
    with pytest.raises(onnx.checker.ValidationError):
        fastgru.onnx.export(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_export__refuses_what_no_file_can_hold(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastgru.onnx import exporting

    monkeypatch.setattr(exporting, "_MAX_BYTES", 1000)
    with pytest.raises(ModelFileError, match=r"GB of weights, expected at most .* Train a smaller"):
        fastgru.onnx.export(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_command__writes_what_the_function_writes(
    model: Path, tmp_path: Path, run_cli: Any
) -> None:
    fastgru.onnx.export(model, tmp_path / "function.onnx")
    result = run_cli(["export", model, tmp_path / "command.onnx"])
    assert result.code == 0, result.err
    assert f"{model} written as ONNX" in result.err
    written = [(tmp_path / f"{name}.onnx").read_bytes() for name in ("function", "command")]
    assert written[0] == written[1]


def test_command__explains_what_is_no_model(model: Path, tmp_path: Path, run_cli: Any) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(model.read_bytes()[:-1])
    result = run_cli(["export", damaged, tmp_path / "model.onnx"])
    assert result.code == 1
    assert "damaged.safetensors" in result.err
    assert "Traceback" not in result.err
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "example of docs/file-formats.md")
def test_example__gives_the_probabilities_of_fastgru(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "file-formats.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"<!-- onnxruntime -->\n```python\n(.*?)```", page, flags=re.DOTALL)
    fastgru.onnx.export(model, tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102
    expected = SequenceClassifier.load(model).predict_proba(names["sequences"])
    np.testing.assert_allclose(names["probabilities"], expected, rtol=0, atol=1e-5)
