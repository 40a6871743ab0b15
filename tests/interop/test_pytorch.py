"""What of PyTorch's weights needs no PyTorch: arrays, safetensors, refusals."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import fastgru
from fastgru.errors import ConfigurationError, FastgruError
from fastgru.interop import from_torch, to_torch
from tests.comparing import assert_same_bits

CELLS: dict[str, dict[str, Any]] = {"GRU": {}, "LSTM": {}, "RNN": {"nonlinearity": "relu"}}


def make_layer(kind: str = "GRU", **options: Any) -> Any:
    sizes = {"num_layers": 2, "bidirectional": True, "random_state": 0} | options
    return getattr(fastgru, kind)(3, 5, **sizes)


def assert_same_layer(found: Any, expected: Any) -> None:
    assert type(found) is type(expected)
    for name in ("input_size", "hidden_size", "num_layers", "bidirectional", "bias", "dtype"):
        assert getattr(found, name) == getattr(expected, name)
    for name, value in expected.parameters.items():
        assert_same_bits(found.parameters[name], value, name)


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"num_layers": 1, "dtype": "float64"}])
@pytest.mark.parametrize("kind", CELLS)
def test_from_torch__finds_kind_and_sizes_by_names_and_shapes(
    kind: str, options: dict[str, Any]
) -> None:
    layer = make_layer(kind, **CELLS[kind], **options)
    assert_same_layer(from_torch(layer.state_dict(), **CELLS[kind]), layer)


def test_from_torch__keeps_the_function_of_a_plain_rnn() -> None:
    weights = make_layer("RNN").state_dict()
    assert from_torch(weights, nonlinearity="relu").nonlinearity == "relu"
    assert from_torch(weights, nonlinearity="tanh").nonlinearity == "tanh"


def test_from_torch__copies() -> None:
    weights = make_layer().state_dict()
    layer = from_torch(weights)
    weights["weight_hh_l0"][:] = 0
    assert layer.parameters["weight_hh_l0"].any()


def test_from_torch__reads_safetensors_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    layer = make_layer()
    others = {"head.weight": np.ones((2, 10), np.float32), "steps": np.array([3])}
    named = {f"encoder.gru.{name}": value for name, value in layer.state_dict().items()}
    save_file({**named, **others}, tmp_path / "model.safetensors")
    assert_same_layer(from_torch(tmp_path / "model.safetensors"), layer)
    assert_same_layer(from_torch(str(tmp_path / "model.safetensors"), prefix="encoder.gru."), layer)


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_from_torch__takes_half_precision_as_float32(tmp_path: Path, kind: str) -> None:
    layer, header, data, expected = make_layer(), {}, b"", {}
    for name, value in layer.state_dict().items():
        if kind == "F16":
            stored = value.astype(np.float16)
            expected[name] = stored.astype(np.float32)
        else:  # the upper half of the bits of a float32
            stored = (value.view(np.uint32) >> 16).astype(np.uint16)
            expected[name] = (value.view(np.uint32) & 0xFFFF0000).view(np.float32)
        place = [len(data), len(data) + stored.nbytes]
        header[name] = {"dtype": kind, "shape": value.shape, "data_offsets": place}
        data += stored.tobytes()
    text = json.dumps(header).encode()
    (tmp_path / "half.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    found = from_torch(tmp_path / "half.safetensors")
    assert found.dtype == np.float32
    for name, value in expected.items():
        assert_same_bits(found.parameters[name], value, name)


def test_from_torch__names_a_tensor_of_a_type_that_it_does_not_read(tmp_path: Path) -> None:
    weights = make_layer().state_dict()
    save_file({**weights, "head.scale": np.ones(3, np.int8)}, tmp_path / "model.safetensors")
    assert_same_layer(from_torch(tmp_path / "model.safetensors"), make_layer())
    path = tmp_path / "short.safetensors"
    save_file({**weights, "bias_hh_l0": weights["bias_hh_l0"].astype(np.int16)}, path)
    with pytest.raises(ConfigurationError, match=r"bias_hh_l0 must hold one of float64.*got I16\."):
        from_torch(path)


def test_from_torch__looks_into_a_checkpoint() -> None:
    layer = make_layer()
    checkpoint = {"epoch": 3, "model": {"lr": 0.1, **layer.state_dict()}, "optimizer": {0: {}}}
    assert_same_layer(from_torch(checkpoint), layer)


def test_from_torch__asks_which_layer_is_meant() -> None:
    encoder, decoder = make_layer(), make_layer(random_state=1)
    weights = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
    weights |= {f"decoder.{name}": value for name, value in decoder.state_dict().items()}
    assert_same_layer(from_torch(weights, prefix="decoder."), decoder)
    assert_same_layer(from_torch(weights, prefix="decoder"), decoder)
    with pytest.raises(
        ConfigurationError, match=r"prefixes 'encoder\.', 'decoder\.', expected one. Pass prefix="
    ):
        from_torch(weights)
    with pytest.raises(ConfigurationError, match=r"'decoder\.', expected 'gru\.'. Pass prefix="):
        from_torch(weights, prefix="gru.")


def without(name: str, **options: Any) -> dict[str, np.ndarray]:
    weights: dict[str, np.ndarray] = make_layer(**options).state_dict()
    del weights[name]
    return weights


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "state dict: expected the names of torch.nn.GRU, LSTM or RNN, .* found nothing"),
        ({"head.weight": np.ones(3)}, "weight_hh_l0, found 'head.weight'. Pass the state dict"),
        (
            without("weight_hh_l0"),
            r"of the recurrent layer, expected 'weight_hh_l0' beside them\. Pass the whole state",
        ),
        (without("bias_ih_l1"), r"expected 'bias_ih_l1' beside them"),
        (without("weight_ih_l1_reverse"), r"expected 'weight_ih_l1_reverse' beside them"),
        (
            {"encoder.gru.weight_hh_l0": np.ones((15, 5))},
            (
                r"found 'weight_hh_l0' of the recurrent layer 'encoder\.gru', expected "
                r"'encoder\.gru\.weight_ih_l0' beside it"
            ),
        ),
        (
            {"weight_ih_l1": np.ones((15, 5)), "bias_hh_l1": np.ones(15)},
            (
                r"expected 'weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0', "
                r"'weight_hh_l1', 'bias_ih_l1' beside them"
            ),
        ),
        (
            {**make_layer().state_dict(), "weight_hh_l0": np.ones((10, 5))},
            r"weight_hh_l0 must have shape \(gates \* H, H\) .* got \(10, 5\)\. Pass the ",
        ),
        (
            {**make_layer().state_dict(), "bias_hh_l0": np.ones(16)},
            r"bias_hh_l0 must have shape \(15,\), as .* got \(16,\)\. Pass the weights",
        ),
        (
            {**make_layer().state_dict(), "weight_ih_l0": np.ones((0, 10**9))},
            r"weight_ih_l0 must have shape \(15, 1000000000\), as .* got \(0, 1000000000\)",
        ),
        (
            {**make_layer().state_dict(), "weight_ih_l0": np.ones(())},
            r"weight_ih_l0 must have shape \(15, 1\), as .* got \(\)",
        ),
        (
            {**make_layer().state_dict(), "weight_hh_l1": np.ones((0, 5))},
            r"weight_hh_l1 must have shape \(15, 5\), as .* got \(0, 5\)",
        ),
        (
            {**make_layer().state_dict(), "weight_ih_l999999999": np.ones((15, 10))},
            r"unknown \['weight_ih_l999999999'\]",
        ),
        (
            {**make_layer().state_dict(), "bias_hh_l0": np.ones(15, int)},
            r"bias_hh_l0 must hold one of float64, .*, got int64\. Convert it before",
        ),
        (make_layer("RNN").state_dict(), "holds a plain RNN, .* Pass nonlinearity='tanh' or"),
    ],
)
def test_from_torch__says_what_is_wrong_with_weights(
    weights: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        from_torch(weights)


@pytest.mark.conformance("PyTorch", "LSTM", "proj_size", refused=True)
def test_from_torch__refuses_projections() -> None:
    weights = {**make_layer("LSTM").state_dict(), "weight_hr_l0": np.ones((2, 5))}
    with pytest.raises(ConfigurationError, match=r"weight_hr_l0 is a projection .* without proj_"):
        from_torch(weights)


def test_from_torch__refuses_a_function_of_gates() -> None:
    with pytest.raises(ConfigurationError, match=r"nonlinearity is for a plain RNN, found .* GRU"):
        from_torch(make_layer().state_dict(), nonlinearity="tanh")


def test_from_torch__refuses_what_is_no_layer() -> None:
    with pytest.raises(ConfigurationError, match=r"got list\.$"):
        from_torch([1, 2])


def test_from_torch__says_what_is_wrong_with_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(FastgruError, match=r"no\.safetensors: cannot be read \(No such .*path\."):
        from_torch(tmp_path / "no.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\x09")
    with pytest.raises(FastgruError, match=r"cut\.safetensors: not a readable safetensors file"):
        from_torch(tmp_path / "cut.safetensors")
    with pytest.raises(FastgruError, match=r"model\.pt: needs torch,.*pip install 'torch>="):
        from_torch(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("GRU", {"reset_after": False}),
        ("GRU", {"time_decay": True}),
        ("GRU", {"residual": True}),
        ("GRU", {"activations": ("hard_sigmoid", "tanh")}),
        ("GRU", {"zoneout": 0.1}),
        ("GRU", {"layer_norm": True}),
        ("GRU", {"clip": 3.0}),
        ("LSTM", {"peepholes": True}),
        ("LSTM", {"input_forget": True}),
        ("RNN", {"activations": ("softsign",)}),
    ],
)
@pytest.mark.conformance("PyTorch", "{kind}", "to_torch: options that it lacks", refused=True)
def test_to_torch__names_the_option_that_torch_lacks(kind: str, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ConfigurationError, match=f"torch.nn.{kind} has no {name}, got {name}="):
        to_torch(make_layer(kind, **options))


def test_to_torch__advises_how_whole_models_leave() -> None:
    with pytest.raises(ConfigurationError, match=r"got SequenceClassifier. .* 'fastgru export'"):
        to_torch(fastgru.SequenceClassifier())  # type: ignore[arg-type]


def test_torch__is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(FastgruError, match=r"to_torch: needs torch,.*pip install 'torch>="):
        to_torch(make_layer())


def test_torch__of_versions_that_may_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ModuleType("torch")
    old.__version__ = "2.5.1+cpu"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", old)
    (tmp_path / "model.pt").write_bytes(b"PK")
    message = (
        r"needs PyTorch 2\.6 or newer, found 2\.5\.1\+cpu, .* Upgrade with: pip install 'torch>="
    )
    with pytest.raises(FastgruError, match=rf"model\.pt: {message}"):
        from_torch(tmp_path / "model.pt")
    with pytest.raises(FastgruError, match=rf"to_torch: {message}"):
        to_torch(make_layer())
    with pytest.raises(FastgruError, match=rf"fastgru\.torch: {message}"):
        getattr(importlib.import_module("fastgru.torch"), "GRU")  # noqa: B009
