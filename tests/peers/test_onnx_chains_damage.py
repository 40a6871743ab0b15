"""Damaged ONNX files, and such as contradict themselves (``make test-peers``)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru.errors import FastgruError, ModelFileError
from tests.peers import onnx_chains
from tests.peers.onnx_chains import (
    ATTENTION,
    END,
    LAST,
    LAYER,
    STEPS,
)

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


def external(model: Any) -> None:
    one = model.graph.initializer[0]
    one.ClearField("raw_data")
    one.data_location = 1
    one.external_data.add(key="location", value="../secret")


def huge(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [1 << 40, 1 << 20]


def negative(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [-1, 4]


def of_text(model: Any) -> None:
    model.graph.initializer[0].data_type = 8


def twice(model: Any) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


@pytest.mark.conformance(
    "ONNX", "fastgru import", "constants that contradict themselves", refused=True
)
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (external, r"are in another file, expected them inside.* with external_data=False\."),
        (huge, "numbers for a shape of 1152921504606846976"),
        (negative, "has the shape '-1', '4'"),
        (of_text, "is of type STRING"),
        (twice, "two constants are called"),
    ],
)
def test_constant__that_contradicts_itself_is_refused(
    edit: Any, message: str, tmp_path: Path
) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    edit(model)
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    with pytest.raises(ModelFileError, match=message):
        fastgru.onnx.load(path, alphabet="dna")


@pytest.mark.conformance("ONNX", "fastgru import", "files that are none", refused=True)
@pytest.mark.parametrize("content", [b"", b"ACGT" * 99, b"\x08\x08", b"\xff" * 40])
def test_file__that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"not a readable ONNX file|has no graph with nodes"):
        fastgru.onnx.load(path, alphabet="dna")
    with pytest.raises(ModelFileError, match="is a folder"):
        fastgru.onnx.load(tmp_path, alphabet="dna")
    with pytest.raises(ModelFileError, match="no such file"):
        fastgru.onnx.load(tmp_path / "none.onnx", alphabet="dna")


@pytest.mark.conformance("ONNX", "fastgru import", "bytes changed, cut off and put in")
@pytest.mark.parametrize("seed", range(200))
def test_damaged_file__gives_a_model_or_a_clear_error(seed: int, tmp_path: Path) -> None:
    content = onnx_chains.make_model(f"{STEPS} {ATTENTION} {END}").SerializeToString()
    rng = np.random.default_rng(seed)
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(min(len(damaged), 2000)))
        if seed % 3 == 0:
            damaged[at] = int(rng.integers(256))
        elif seed % 3 == 1:
            damaged[at:at] = rng.bytes(4)
        else:
            del damaged[at : at + int(rng.integers(1, 40))]
    path = tmp_path / "m.onnx"
    path.write_bytes(damaged)
    with contextlib.suppress(FastgruError):
        fastgru.onnx.load(path, alphabet="dna")
