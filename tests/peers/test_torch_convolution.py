"""fastgru's convolutional layers against those of torch.nn (``make test-peers``)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru.layers.channel_norm import BatchNorm, ChannelNorm, LayerNorm
from fastgru.layers.convolution import Convolution
from fastgru.layers.convolution_sizes import ConvolutionSizes
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.stem import Stem
from tests.layers.test_convolution import SIZES

pytestmark = [
    pytest.mark.peers,
    pytest.mark.conformance("PyTorch", "Conv1d", "width, dilation, stride, max-pooling, norm"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]


@settings(max_examples=60, deadline=None)
@given(**SIZES, n_steps=st.integers(1, 30), seed=st.integers(0, 1000))
def test_layer__equals_torch(channels, size, width, dilation, n_steps, pool, seed) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4, n_steps, size))
    parameters = {
        "weight": rng.normal(size=(channels, size, width)),
        "bias": rng.normal(size=channels),
    }
    grads = {name: np.zeros_like(value) for name, value in parameters.items()}
    sizes = ConvolutionSizes(channels, width, dilation=dilation, pool=pool)
    layer = Convolution(parameters, grads, sizes)
    lengths = np.full(4, n_steps)
    found = layer.forward(LayerInput(x=x.reshape(-1, size)), lengths, n_steps)
    dy = rng.normal(size=found.x.shape)

    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    leaves["x"] = torch.tensor(x.transpose(0, 2, 1).copy(), requires_grad=True)
    y = torch.nn.functional.conv1d(
        leaves["x"], leaves["weight"], leaves["bias"], padding="same", dilation=dilation
    )
    y = torch.nn.functional.max_pool1d(torch.relu(y), pool, pool, ceil_mode=True)
    y = y.transpose(1, 2)
    np.testing.assert_allclose(found.x.reshape(y.shape), y.detach().numpy(), rtol=1e-10, atol=1e-10)
    y.backward(torch.tensor(dy.reshape(y.shape)))
    dx = layer.backward(dy).x
    assert dx is not None
    expected = leaves["x"].grad.numpy().transpose(0, 2, 1).reshape(-1, size)
    np.testing.assert_allclose(dx, expected, rtol=1e-9, atol=1e-9)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, leaves[name].grad.numpy(), rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["layer", "batch"]),
    channels=st.integers(1, 40),
    n_steps=st.integers(2, 30),
    n_batches=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_norm__equals_torch(kind, channels, n_steps, n_batches, seed) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    parameters = {
        "norm_weight": rng.normal(size=channels),
        "norm_bias": rng.normal(size=channels),
    }
    grads = {name: np.zeros_like(value) for name, value in parameters.items()}
    buffers = {"running_mean": np.zeros(channels), "running_var": np.ones(channels)}
    kinds = {"layer": torch.nn.LayerNorm, "batch": torch.nn.BatchNorm1d}
    theirs = kinds[kind](channels).double()
    for name in ("weight", "bias"):
        getattr(theirs, name).data[:] = torch.tensor(parameters[f"norm_{name}"])
    ours: ChannelNorm = LayerNorm(parameters, grads)
    if kind == "batch":
        ours = BatchNorm(parameters, grads, buffers)
    lengths = rng.integers(1, n_steps + 1, 4)
    valid = (np.arange(n_steps) < lengths[:, None]).reshape(-1)
    for _ in range(n_batches):
        z, dy = rng.normal(1, 2, (2, len(valid), channels))
        y, dz = z.copy(), dy.copy()
        ours.forward(y, lengths, n_steps, training=True)
        ours.backward(dz)
        # torch has no lengths: it is given the valid steps alone
        x = torch.tensor(z[valid], requires_grad=True)
        expected = theirs(x)
        expected.backward(torch.tensor(dy[valid]))
        np.testing.assert_allclose(y[valid], expected.detach().numpy(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(dz[valid], x.grad.numpy(), rtol=1e-7, atol=1e-7)
    for name in ("weight", "bias"):
        expected = getattr(theirs, name).grad.numpy()
        np.testing.assert_allclose(grads[f"norm_{name}"], expected, rtol=1e-9, atol=1e-9)
    theirs.eval()
    y = z.copy()
    ours.forward(y, lengths, n_steps, training=False)
    expected = theirs(torch.tensor(z[valid])).detach().numpy()
    np.testing.assert_allclose(y[valid], expected, rtol=1e-9, atol=1e-9)
    if kind == "batch":
        for name, value in buffers.items():
            np.testing.assert_allclose(value, getattr(theirs, name).numpy(), rtol=1e-10, atol=1e-10)


def test_residual_stem__equals_torch() -> None:
    torch = pytest.importorskip("torch")
    rng, n_steps = np.random.default_rng(5), 12
    layers = (ConvolutionSizes(6, 3), ConvolutionSizes(6, 5, dilation=2), ConvolutionSizes(4, 3))
    stem = Stem(
        6, layers, norm="batch", residual=True, dropout=0.0, rng=rng, dtype=np.dtype(np.float64)
    )
    stem.grads.update({name: np.zeros_like(value) for name, value in stem.parameters.items()})
    x = rng.normal(size=(4, n_steps, 6))
    given = LayerInput(x=x.reshape(-1, 6))
    found, _, _ = stem.forward(given, np.full(4, n_steps), n_steps, training=True)
    assert found.x is not None
    dy = rng.normal(size=found.x.shape)

    leaves = {
        name: torch.tensor(value, requires_grad=True) for name, value in stem.parameters.items()
    }
    start = leaves["x"] = torch.tensor(x.transpose(0, 2, 1).copy(), requires_grad=True)
    y = start
    for number, sizes in enumerate(layers):
        weight, bias, scale, shift = (
            leaves[f"{name}_l{number}"] for name in ("weight", "bias", "norm_weight", "norm_bias")
        )
        z = torch.nn.functional.conv1d(y, weight, bias, padding="same", dilation=sizes.dilation)
        z = torch.relu(torch.nn.functional.batch_norm(z, None, None, scale, shift, training=True))
        y = y + z if z.shape == y.shape else z
    expected = y.transpose(1, 2).reshape(dy.shape)
    np.testing.assert_allclose(found.x, expected.detach().numpy(), rtol=1e-10, atol=1e-10)
    expected.backward(torch.tensor(dy))
    dx = stem.backward(InputGradients(None, None, dy.copy())).x
    assert dx is not None
    expected_dx = start.grad.numpy().transpose(0, 2, 1).reshape(dx.shape)
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-9, atol=1e-9)
    for name, grad in stem.grads.items():
        np.testing.assert_allclose(grad, leaves[name].grad.numpy(), rtol=1e-8, atol=1e-9)
