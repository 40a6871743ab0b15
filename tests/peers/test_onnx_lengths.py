"""Lengths in ONNX files of other tools: as masks, divisors and ends (``make test-peers``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fastgru.onnx
from fastgru.errors import ModelFileError
from tests.peers import onnx_chains
from tests.peers.onnx_chains import CONV, END, LAST, LAYER, SEQUENCES, STEPS, assert_agrees

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


MASKED = """
    k = Shape (y)  u = Gather (k, one)  i = Range (zero, u, one)  o = Unsqueeze (n, axis_1)
    v = Less (i, o)  w = Unsqueeze (v, axis_2)  m = Where (w, y, FILLING)
    f = ReduceMax <axes = [1], keepdims = 0> (m)
"""


@pytest.mark.conformance("ONNX", "fastgru import", "masks of lengths")
@pytest.mark.parametrize("filling", ["nothing", "lowest", "two"])
def test_mask__may_put_what_has_no_effect(filling: str, tmp_path: Path) -> None:
    nodes = f"{STEPS} {MASKED} {END}".replace("FILLING", filling)
    inputs = "int64[b, t] x, int64[b] n"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes, inputs))
    if filling == "two":
        with pytest.raises(ModelFileError, match="It must put zero there, or the lowest number"):
            fastgru.onnx.load(path, alphabet="dna")
        return
    model = fastgru.onnx.load(path, alphabet="dna")
    wanted = onnx_chains.make_model(f"{STEPS} f = ReduceMax <axes = [1], keepdims = 0> (y) {END}")
    plain = fastgru.onnx.load(onnx_chains.write(tmp_path / "p.onnx", wanted), alphabet="dna")
    np.testing.assert_array_equal(model.predict_proba(SEQUENCES), plain.predict_proba(SEQUENCES))


LESS = "l = Sub (n, one)  k = Cast <to = 6> (l)"
MEAN_OF = """
    a = ReduceSum <keepdims = 0> (y, axis_1)  k = DIVISOR  j = Cast <to = 1> (k)
    q = Unsqueeze (j, axis_1)  f = Div (a, q)
"""
CHANGED: dict[str, tuple[str, str, str]] = {
    "sequence_lens one less": (
        f"{LESS} {LAYER} {LAST} {END}".replace("(s, W, R, B)", "(s, W, R, B, k)"),
        "Sub",
        "It changes the lengths",
    ),
    "mean over one step more": (
        f"{STEPS} {MEAN_OF} {END}".replace("DIVISOR", "Add (n, one)"),
        "Cast",
        "Its lengths were changed, and are not those of its steps",
    ),
    "mean over half the steps": (
        f"{STEPS} {MEAN_OF} {END}".replace("DIVISOR", "Div (u, step_2)").replace(
            "k =", "u = Add (n, one) k ="
        ),
        "Div",
        "Its lengths were changed, and are not those of its steps",
    ),
    "mean over at least two steps": (
        f"{STEPS} {MEAN_OF} {END}".replace("DIVISOR", "Max (n, step_2)"),
        "Max",
        "It changes the lengths",
    ),
    "lengths of eight bits": (
        f"{STEPS} {MEAN_OF} {END}".replace("DIVISOR", "Cast <to = 3> (n)"),
        "Cast",
        "It changes the lengths",
    ),
    "mask of steps from 1 on": (
        f"{STEPS} {MASKED} {END}".replace("FILLING", "lowest").replace(
            "i = Range (zero, u, one)", "j = Add (u, one) i = Range (one, j, one)"
        ),
        "Range",
        "It must number all steps, from 0 in steps of 1",
    ),
    "mask of every second step": (
        f"{STEPS} {MASKED} {END}".replace("FILLING", "lowest").replace("u, one)", "u, step_2)"),
        "Range",
        "It must number all steps, from 0 in steps of 1",
    ),
    "mask of as many steps as features": (
        f"{STEPS} {MASKED} {END}".replace("FILLING", "lowest").replace("(k, one)", "(k, step_2)"),
        "Range",
        "It must number all steps, from 0 in steps of 1",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_lengths__that_are_changed_are_refused(name: str, tmp_path: Path) -> None:
    nodes, operator, why = CHANGED[name]
    inputs = "int64[b, t] x, int64[b] n"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes, inputs))
    onnxruntime = pytest.importorskip("onnxruntime")
    onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])  # a valid graph
    with pytest.raises(ModelFileError) as caught:
        fastgru.onnx.load(path, alphabet="dna")
    message = str(caught.value)
    assert message.startswith(f"{path}: ONNX node ")
    assert f"({operator}) is not supported. {why}. docs/file-formats.md lists" in message
    assert message.endswith("Run the file with ONNX Runtime, or export it without that node.")


@pytest.mark.parametrize("divisor", ["Identity (n)", "Max (n, one)", "Max (zero, n)"])
def test_mean__over_the_lengths_is_one(divisor: str, tmp_path: Path) -> None:
    nodes = f"{STEPS} {MEAN_OF} {END}".replace("DIVISOR", divisor)
    inputs = "int64[b, t] x, int64[b] n"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes, inputs))
    assert_agrees(path, fastgru.onnx.load(path, alphabet="dna"))


ROUNDED = "i = Add (m, step_2)  j = Div (i, step_3)  k = Cast <to = 6> (j)"


def test_lengths__behind_a_pool_are_divided_by_it(tmp_path: Path) -> None:
    inputs, pooled = "int64[b, t] x, int64[b] m", CONV.replace("R_1, B_1)", "R_1, B_1, k)")
    path = onnx_chains.write(
        tmp_path / "m.onnx", onnx_chains.make_model(f"{ROUNDED} {pooled}", inputs)
    )
    assert_agrees(path, fastgru.onnx.load(path, alphabet="dna"))
    for other in (
        f"k = Cast <to = 6> (m) {pooled}",
        f"{ROUNDED} {pooled}".replace("= [3]", "= [2]"),
    ):
        path = onnx_chains.write(tmp_path / "o.onnx", onnx_chains.make_model(other, inputs))
        with pytest.raises(ModelFileError, match=r"\(GRU\) .* Its lengths were changed, and are"):
            fastgru.onnx.load(path, alphabet="dna")
