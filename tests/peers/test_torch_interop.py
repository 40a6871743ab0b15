"""Layers from torch.nn and back: weights to the bit, outputs and gradients up to rounding."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastgru
from fastgru.errors import ConfigurationError, FastgruError
from fastgru.interop import from_torch, to_torch
from tests.comparing import assert_same_bits
from tests.peers.torch_layers import every_cell
from tests.problem_strategies import batch_sizes
from tests.problems import CELLS

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("torch_of_module")]
torch: Any = None
row = partial(pytest.mark.conformance, "PyTorch", "interop, {cell}")


def make_module(cell: str, *sizes: int, **options: Any) -> Any:
    kind = CELLS[cell]
    return getattr(torch.nn, kind.layer)(*sizes, **kind.options, **options)


def function_of(module: Any) -> dict[str, str]:
    """What the state dict of a plain RNN does not tell."""
    return {"nonlinearity": module.nonlinearity} if hasattr(module, "nonlinearity") else {}


def assert_same_weights(layer: Any, module: Any) -> None:
    weights = module.state_dict()
    assert layer.parameters.keys() == weights.keys()
    for name, value in weights.items():
        assert_same_bits(layer.parameters[name], value.numpy(), name)


def outputs_and_gradients(layer: Any, module: Any, x: np.ndarray) -> Any:
    """Of both, for the square of the outputs."""
    leaf = torch.tensor(x, requires_grad=True)
    given_x = leaf if module.batch_first else leaf.transpose(0, 1)
    z, _ = module(given_x)
    z = z if module.batch_first else z.transpose(0, 1)
    names, weights = zip(*module.named_parameters(), strict=True)
    dz = torch.autograd.grad(z.square().sum(), [leaf, *weights])
    y, _ = layer.forward(x)
    dx, _ = layer.backward(2 * y)
    found = [y, dx, *(layer.grads[name] for name in names)]
    return zip(found, [z.detach(), *dz], strict=True)


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@row("num_layers, bidirectional, bias, batch_first: there and back, a property")
@given(data=st.data())
def test_layer__goes_there_and_back(cell: str, dtype: str, data: st.DataObject) -> None:
    draw, booleans = data.draw, st.booleans()
    options = {name: draw(booleans) for name in ("bias", "batch_first", "bidirectional")}
    options["num_layers"] = draw(st.integers(1, 3))
    options["dropout"] = draw(st.sampled_from([0.0, 0.5])) if options["num_layers"] > 1 else 0.0
    torch.manual_seed(draw(st.integers(0, 99)))
    module = make_module(cell, 3, draw(st.integers(1, 20)), dtype=getattr(torch, dtype), **options)
    layer = from_torch(module)
    assert_same_weights(layer, module)
    assert layer.dropout == module.dropout
    back = to_torch(layer)
    assert type(back) is type(module)
    assert back.batch_first
    for name in ("mode", "num_layers", "bias", "bidirectional", "dropout"):
        assert getattr(back, name) == getattr(module, name)
    assert_same_weights(layer, back)
    if dtype == "float32" and cell == "rnn relu":
        return  # some units round to the other side of the corner of relu
    n_sequences = draw(st.sampled_from([n for n in batch_sizes(cell, dtype) if n]))
    x = np.random.default_rng(0).standard_normal((n_sequences, 6, 3)).astype(dtype)
    layer = from_torch(module.state_dict(), **function_of(module))  # without dropout
    for found, expected in outputs_and_gradients(layer, module.eval(), x):
        scale = max(1.0, float(expected.abs().max()))
        allowed = 500 * np.finfo(dtype).eps * scale
        np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=allowed)


@every_cell
@row("files of torch.save and safetensors")
def test_files__are_read(cell: str, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    module = make_module(cell, 3, 5, num_layers=2, bidirectional=True)
    model = torch.nn.ModuleDict({"encoder": module, "head": torch.nn.Linear(10, 2)})
    torch.save(model.state_dict(), tmp_path / "model.pt")
    torch.save({"epoch": 3, "model": model.state_dict()}, tmp_path / "checkpoint.pth")
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    for name in ("model.pt", "checkpoint.pth", "model.safetensors"):
        assert_same_weights(from_torch(tmp_path / name, **function_of(module)), module)
    assert_same_weights(
        from_torch(model.state_dict(), prefix="encoder.", **function_of(module)), module
    )


@every_cell
@row("bfloat16 and float16, as float32")
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision__becomes_float32(cell: str, dtype: str, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    module = make_module(cell, 3, 5, num_layers=2).to(getattr(torch, dtype))
    save_file(module.state_dict(), tmp_path / "half.safetensors")
    sources = [from_torch(tmp_path / "half.safetensors", **function_of(module)), from_torch(module)]
    for layer in sources:
        assert layer.dtype == np.float32
        assert_same_weights(layer, module.to(torch.float32))
        module.to(getattr(torch, dtype))


@pytest.mark.parametrize("option", [{"recurrent_dropout": 0.5}, {"bptt_steps": 2}])
def test_to_torch__leaves_out_what_acts_in_training_alone(option: dict[str, Any]) -> None:
    layer = fastgru.GRU(3, 5, dtype="float64", random_state=0, **option)
    x = np.random.default_rng(0).standard_normal((2, 7, 3))
    found, _ = to_torch(layer)(torch.from_numpy(x))
    expected, _ = layer.forward(x, training=False)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=0, atol=1e-14)


@pytest.mark.conformance("PyTorch", "interop", "pickled modules", refused=True)
def test_files__that_hold_more_than_weights_are_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.GRU(3, 5), tmp_path / "module.pt")
    with pytest.raises(FastgruError, match=r"module\.pt: not a file of weights alone .*state_dict"):
        from_torch(tmp_path / "module.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "module.pt").read_bytes()[:100])
    with pytest.raises(FastgruError, match=r"cut\.pt: not a file of weights alone"):
        from_torch(tmp_path / "cut.pt")
    with pytest.raises(FastgruError, match=r"no\.pt: cannot be read \(No such .*Check the path\."):
        from_torch(tmp_path / "no.pt")
    (tmp_path / "text.pt").write_text("epoch 1\n", encoding="utf-8")
    with pytest.raises(
        FastgruError, match=r"text\.pt: .* \(torch\.save has not written it\), .*so:"
    ):
        from_torch(tmp_path / "text.pt")


def test_files__of_older_versions_of_pytorch_are_read(tmp_path: Path) -> None:
    module = torch.nn.GRU(3, 5)
    path = tmp_path / "old.pt"
    torch.save(module.state_dict(), path, _use_new_zipfile_serialization=False)
    assert_same_weights(from_torch(path), module)


def test_weights__of_eight_bits_are_refused_in_every_form(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    weights = torch.nn.GRU(3, 5).state_dict()
    weights["bias_hh_l0"] = weights["bias_hh_l0"].to(torch.float8_e4m3fn)
    with pytest.raises(ConfigurationError, match=r"bias_hh_l0 must .* got float8_e4m3fn\. Convert"):
        from_torch(weights)
    save_file(weights, tmp_path / "eight.safetensors")
    with pytest.raises(ConfigurationError, match=r"bias_hh_l0 must hold .* got F8_E4M3\. Convert"):
        from_torch(tmp_path / "eight.safetensors")


@pytest.mark.conformance("PyTorch", "interop, lstm", "proj_size", refused=True)
def test_projections__are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"LSTM: weight_hr_l0 is a projection"):
        from_torch(torch.nn.LSTM(3, 5, proj_size=2))


@pytest.mark.conformance("PyTorch", "interop", "modules that hold a layer", refused=True)
def test_other_modules__are_refused_with_their_parts() -> None:
    model = torch.nn.Sequential(torch.nn.Embedding(4, 3), torch.nn.GRU(3, 5))
    with pytest.raises(ConfigurationError, match=r"got Sequential\. Pass one of its parts: '1'\."):
        from_torch(model)
    with pytest.raises(ConfigurationError, match=r"got Linear\.$"):
        from_torch(torch.nn.Linear(3, 5))


def test_from_torch__refuses_what_a_module_knows() -> None:
    with pytest.raises(ConfigurationError, match=r"GRU: prefix and nonlinearity are for state"):
        from_torch(torch.nn.GRU(3, 5), prefix="encoder.")
    with pytest.raises(ConfigurationError, match=r"RNN: .* got None and 'relu'\. Leave them out"):
        from_torch(torch.nn.RNN(3, 5), nonlinearity="relu")
    assert from_torch(torch.nn.RNN(3, 5), nonlinearity="tanh").nonlinearity == "tanh"


@every_cell
@row("modules of fastgru.torch")
def test_modules_of_fastgru__are_taken_too(cell: str) -> None:
    import fastgru.torch

    kind = CELLS[cell]
    module = getattr(fastgru.torch, kind.layer)(3, 5, num_layers=2, **kind.options)
    assert_same_weights(from_torch(module), module)


@every_cell
@row("modules whose weights something computes")
def test_weights__that_something_computes_are_read_from_the_module(cell: str) -> None:
    module = make_module(cell, 3, 5, batch_first=True, dtype=torch.float64)
    torch.nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    x = np.random.default_rng(0).standard_normal((2, 7, 3))
    found, _ = from_torch(module).forward(x)
    expected, _ = module(torch.from_numpy(x))
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=0, atol=1e-14)
    message = r"expected 'weight_hh_l0' beside them.* \(weight_norm, pruning\), pass the module"
    with pytest.raises(ConfigurationError, match=message):
        from_torch(module.state_dict(), **function_of(module))


@pytest.mark.conformance("PyTorch", "interop", "weights on the device meta", refused=True)
def test_weights__without_numbers_are_refused() -> None:
    module = torch.nn.GRU(3, 5, device="meta")
    for source in (module, module.state_dict()):
        with pytest.raises(ConfigurationError, match=r"weight_ih_l0 is on the device meta, which"):
            from_torch(source)


def test_to_torch__copies_and_draws_no_random_numbers() -> None:
    layer = fastgru.GRU(3, 5, random_state=0)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    module = to_torch(layer)
    assert torch.equal(torch.rand(3), expected)
    layer.parameters["weight_hh_l0"][:] = 0
    assert module.weight_hh_l0.abs().max() > 0
    assert module.weight_hh_l0.requires_grad


def test_to_torch__takes_options_without_effect() -> None:
    layer = fastgru.GRU(3, 5, residual=True, save_memory=True, random_state=0)
    assert_same_weights(layer, to_torch(layer))
