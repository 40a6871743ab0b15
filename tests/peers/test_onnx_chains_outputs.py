"""What tokens and outputs of other tools' ONNX files mean (``make test-peers``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru.errors import ConfigurationError, ModelFileError
from fastgru.models.model_file import read_model
from tests.peers import onnx_chains
from tests.peers.onnx_chains import (
    END,
    LAST,
    LAYER,
    SEQUENCES,
    assert_agrees,
    codes_of,
)

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "a single Sigmoid, two classes")
def test_single_probability__is_that_of_the_second_class(tmp_path: Path) -> None:
    nodes = f"{LAYER} {LAST} z = Gemm <transB = 1> (f, single, single_bias) p = Sigmoid (z)"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    model = fastgru.onnx.load(path, alphabet="dna", classes=["decoy", "gene"])
    pytest.importorskip("onnxruntime")
    for sequence in SEQUENCES:
        expected = onnx_chains.run(path, np.array(["ACGT".index(c) for c in sequence]))[0]
        found = model.predict_proba([sequence])[0]
        np.testing.assert_allclose(found, [1 - expected, expected], rtol=0, atol=1e-6)


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "several Sigmoids: labels")
def test_several_sigmoids__are_labels(tmp_path: Path) -> None:
    nodes = f"{LAYER} {LAST} z = Gemm <transB = 1> (f, rows, bias) p = Sigmoid (z)"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    fastgru.onnx.import_model(path, tmp_path / "m.safetensors", alphabet="dna", classes=list("abc"))
    assert read_model(tmp_path / "m.safetensors").card["task"] == "multilabel"
    assert_agrees(path, fastgru.SequenceClassifier.load(tmp_path / "m.safetensors"))


@pytest.mark.parametrize(
    ("activation", "found"),
    [("Identity", "nothing behind it"), ("Softmax", "Softmax of it"), ("LogSoftmax", "Softmax of")],
)
def test_single_output__that_is_no_probability_is_refused(
    activation: str, found: str, tmp_path: Path
) -> None:
    nodes = f"{LAYER} {LAST} z = Gemm <transB = 1> (f, single, single_bias) p = {activation} (z)"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    message = f"has a single output with {found}.*expected a Sigmoid behind it.*Run the file with"
    with pytest.raises(ModelFileError, match=message) as caught:
        fastgru.onnx.load(path, alphabet="dna")
    assert str(caught.value).startswith(f"{path}: ")


NUMBERS = {
    "three numbers": ("p = Gemm <transB = 1> (f, rows, bias)", ["x", "y", "z"]),
    "one number": ("p = Gemm <transB = 1> (f, single, single_bias)", ["x"]),
    "a scale behind them": (
        "z = Gemm <transB = 1> (f, rows, bias) d = Mul (z, two) p = Add (d, bias)",
        ["x", "y", "z"],
    ),
}


@pytest.mark.conformance("ONNX Runtime", "fastgru import, targets", "{name}")
@pytest.mark.parametrize("name", NUMBERS)
def test_targets__make_a_regressor(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    end, targets = NUMBERS[name]
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(f"{LAYER} {LAST} {end}"))
    fastgru.onnx.import_model(path, tmp_path / "m.safetensors", alphabet="dna", targets=targets)
    assert read_model(tmp_path / "m.safetensors").card["targets"] == targets
    model = fastgru.SequenceRegressor.load(tmp_path / "m.safetensors")
    for sequence in SEQUENCES:
        expected = onnx_chains.run(path, codes_of(sequence))
        found = model.predict([sequence]).reshape(-1)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)
    assert np.isinf(model.predict_interval(SEQUENCES)).all()


def test_targets__that_do_not_fit_are_refused(tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    with pytest.raises(ModelFileError, match=r"has a Softmax behind its outputs, .* Name class"):
        fastgru.onnx.load(path, alphabet="dna", targets=list("abc"))
    with pytest.raises(ConfigurationError, match="classes and targets: outputs are classes, or n"):
        fastgru.onnx.load(path, alphabet="dna", classes=list("abc"), targets=list("abc"))
    nodes = f"{LAYER} {LAST} p = Gemm <transB = 1> (f, rows, bias)"
    path = onnx_chains.write(tmp_path / "n.onnx", onnx_chains.make_model(nodes))
    for targets in (["a"], ["a", "b", "a"]):
        with pytest.raises(ConfigurationError, match="targets must be 3 different names, one for"):
            fastgru.onnx.load(path, alphabet="dna", targets=targets)


def test_symbols__say_which_letter_a_token_is(tmp_path: Path) -> None:
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(f"{LAYER} {LAST} {END}"))
    usual = fastgru.onnx.load(path, alphabet="rna")
    other = fastgru.onnx.load(path, alphabet="rna", symbols="UGCA")
    np.testing.assert_allclose(
        other.predict_proba(["AACU"]), usual.predict_proba(["UUGA"]), rtol=0, atol=1e-7
    )


def test_meaning__must_be_said(tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    with pytest.raises(ConfigurationError, match="does not say what its tokens are"):
        fastgru.onnx.load(path)
    with pytest.raises(ConfigurationError, match="has 4 tokens, expected a character for each"):
        fastgru.onnx.load(path, alphabet="protein")
    with pytest.raises(ConfigurationError, match="every letter of ACGT once, got 'ACGA'"):
        fastgru.onnx.load(path, alphabet="dna", symbols="ACGA")
    with pytest.raises(ConfigurationError, match="classes must be 3 different names"):
        fastgru.onnx.load(path, alphabet="dna", classes=["a", "b"])


def test_command__imports_a_file_of_another_tool(run_cli: Any, tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    output = tmp_path / "m.safetensors"
    options = ["--alphabet", "dna", "--symbols", "ACGT", "--classes", "a", "b", "c"]
    result = run_cli(["import", path, *options, "-o", output])
    assert result.code == 0, result.err
    fasta = tmp_path / "s.fa"
    fasta.write_text(">one\nACGTTGCA\n", encoding="utf-8")
    assert run_cli(["predict", output, fasta]).code == 0
    assert json.loads(run_cli(["info", output, "--json"]).out)["classes"] == ["a", "b", "c"]


def test_command__imports_a_regressor_of_another_tool(run_cli: Any, tmp_path: Path) -> None:
    nodes = f"{LAYER} {LAST} p = Gemm <transB = 1> (f, single, single_bias)"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    output, fasta = tmp_path / "m.safetensors", tmp_path / "s.fa"
    options = ["--alphabet", "dna", "--targets", "expression"]
    result = run_cli(["import", path, *options, "-o", output])
    assert result.code == 0, result.err
    fasta.write_text(">one\nACGTTGCA\n", encoding="utf-8")
    result = run_cli(["predict", output, fasta])
    assert result.code == 0, result.err
    assert "expression" in result.out.splitlines()[0]
    assert "expression" in run_cli(["info", output]).out


def test_command__names_the_node_that_does_not_fit(run_cli: Any, tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} t = Tanh (f) {END}".replace("(f, r", "(t, r"))
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    result = run_cli(["import", path, "--alphabet", "dna", "-o", tmp_path / "m.safetensors"])
    assert result.code == 1
    assert "(Tanh) is not supported. No layer of fastgru has this operator" in result.err
    assert "Traceback" not in result.err
