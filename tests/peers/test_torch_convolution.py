"""fastgru's convolutional layer against torch.nn.Conv1d (``make test-peers``)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru.layers.convolution import Convolution
from fastgru.layers.convolution_sizes import ConvolutionSizes
from fastgru.layers.layer_input import LayerInput

pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 40),
    size=st.integers(1, 20),
    width=st.integers(1, 9),
    dilation=st.integers(1, 3),
    n_steps=st.integers(1, 30),
    pool=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
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
