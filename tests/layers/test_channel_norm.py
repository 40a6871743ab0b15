from __future__ import annotations

import numpy as np
import pytest

from fastgru import _numba
from fastgru.layers.channel_norm import BatchNorm, ChannelNorm, LayerNorm
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.reference import around

LENGTHS = np.array([5, 0, 1, 7, 3])
N_STEPS = 7
VALID = (np.arange(N_STEPS) < LENGTHS[:, None]).reshape(-1)
AXES = {"layer": 1, "batch": 0}


def make(kind: str, channels: int = 6, dtype: str = "float64", seed: int = 1):
    """Return a normalisation, its parameters, their gradients and its buffers."""
    rng = np.random.default_rng(seed)
    parameters = {
        "norm_weight_l0": rng.normal(1, 0.5, channels).astype(dtype),
        "norm_bias_l0": rng.normal(size=channels).astype(dtype),
    }
    grads = {name: np.zeros_like(value) for name, value in parameters.items()}
    buffers = {
        "running_mean_l0": rng.normal(size=channels).astype(dtype),
        "running_var_l0": rng.uniform(0.5, 2, channels).astype(dtype),
    }
    norm: ChannelNorm = LayerNorm(parameters, grads, "_l0")
    if kind == "batch":
        norm = BatchNorm(parameters, grads, buffers, "_l0")
    return norm, parameters, grads, buffers


def make_input(channels: int = 6, dtype: str = "float64", seed: int = 2) -> np.ndarray:
    z = np.random.default_rng(seed).normal(1, 2, (len(VALID), channels)).astype(dtype)
    z[~VALID] = np.nan  # what stands there must not count
    return z


def run(norm: ChannelNorm, z: np.ndarray, *, training: bool = True) -> np.ndarray:
    y = z.copy()
    norm.forward(y, LENGTHS, N_STEPS, training=training)
    return y


@pytest.mark.parametrize("kind", AXES)
def test_forward__in_training_is_the_equations(kind: str) -> None:
    norm, parameters, _, _ = make(kind)
    z = make_input()
    y = run(norm, z)
    expected, _, _ = around.normalise(z[VALID], *parameters.values(), axis=AXES[kind])
    np.testing.assert_allclose(y[VALID], expected, rtol=0, atol=1e-13)
    assert np.isnan(y[~VALID]).all()


@pytest.mark.parametrize("kind", AXES)
def test_backward__agrees_with_central_differences(kind: str) -> None:
    norm, parameters, grads, _ = make(kind)
    z = make_input()
    dy = np.random.default_rng(3).normal(size=z.shape)

    def loss() -> float:
        return float((run(norm, z) * dy)[VALID].sum())

    loss()
    dz = dy.copy()
    norm.backward(dz)
    found = {name: grad.copy() for name, grad in grads.items()}
    for name, value in parameters.items():
        expected = central_differences(loss, value)
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=100 * TOLERANCE)
    expected = central_differences(loss, z)
    np.testing.assert_allclose(dz[VALID], expected[VALID], rtol=0, atol=100 * TOLERANCE)


def test_backward__adds_to_the_gradients() -> None:
    norm, _, grads, _ = make("layer")
    run(norm, make_input())
    dy = np.ones((len(VALID), 6))
    norm.backward(dy.copy())
    once = {name: grad.copy() for name, grad in grads.items()}
    norm.backward(dy.copy())
    for name, grad in grads.items():
        np.testing.assert_array_equal(grad, 2 * once[name])


def test_layer_norm__is_the_same_outside_training() -> None:
    norm, z = make("layer")[0], make_input()
    np.testing.assert_array_equal(run(norm, z), run(norm, z, training=False))


def test_batch_norm__takes_the_running_statistics_outside_training() -> None:
    norm, parameters, _, buffers = make("batch")
    before = {name: value.copy() for name, value in buffers.items()}
    z = make_input()
    y = run(norm, z, training=False)
    weight, bias = parameters.values()
    v = (z - buffers["running_mean_l0"]) / np.sqrt(buffers["running_var_l0"] + 1e-5)
    np.testing.assert_allclose(y[VALID], (v * weight + bias)[VALID], rtol=0, atol=1e-13)
    for name, value in buffers.items():
        np.testing.assert_array_equal(value, before[name])


def test_batch_norm__moves_the_running_statistics_by_a_tenth_in_training() -> None:
    norm, _, _, buffers = make("batch")
    before = {name: value.copy() for name, value in buffers.items()}
    z = make_input()
    run(norm, z)
    batch = {
        "running_mean_l0": z[VALID].mean(axis=0),
        "running_var_l0": z[VALID].var(axis=0, ddof=1),
    }
    for name, value in buffers.items():
        expected = 0.9 * before[name] + 0.1 * batch[name]
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-14)


def test_batch_norm__of_a_single_step_is_its_bias() -> None:
    norm, parameters, _, buffers = make("batch")
    before = buffers["running_var_l0"].copy()
    z = make_input()[:N_STEPS]
    norm.forward(z, np.array([1]), N_STEPS, training=True)
    np.testing.assert_array_equal(z[0], parameters["norm_bias_l0"])
    np.testing.assert_allclose(buffers["running_var_l0"], 0.9 * before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batch_norm__keeps_its_digits_far_from_zero(dtype: str) -> None:
    norm = make("batch", dtype=dtype)[0]
    z = make_input(dtype=dtype)
    near, far = run(norm, z), run(norm, z + z.dtype.type(1000))
    # the offset itself costs four digits, squares of it would cost eight
    np.testing.assert_allclose(far[VALID], near[VALID], atol=1e4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("kind", AXES)
def test_norm__gives_the_same_bits_for_any_threads(kind: str) -> None:
    results = []
    for threads in (1, 2):
        with _numba.threads_limited_to(threads):
            norm, _, grads, buffers = make(kind, 37, "float32")
            z = run(norm, make_input(37, "float32"))
            dz = np.nan_to_num(make_input(37, "float32", seed=5))
            norm.backward(dz)
            results.append([z[VALID], dz[VALID], *grads.values(), *buffers.values()])
    for one, other in zip(*results, strict=True):
        assert_same_bits(one, other)


def test_batch_norm__that_is_symmetric_counts_both_strands() -> None:
    _, parameters, _, _ = make("batch")
    tied = {name: value + value[::-1] for name, value in parameters.items()}
    both_strands = np.concatenate([make_input(), make_input()[:, ::-1]])
    dy = np.random.default_rng(3).normal(size=make_input().shape)
    found = []
    for symmetric in (True, False):
        grads = {name: np.zeros(6) for name in tied}
        buffers = {"running_mean_l0": np.zeros(6), "running_var_l0": np.ones(6)}
        norm = BatchNorm(tied, grads, buffers, "_l0", symmetric=symmetric)
        lengths = LENGTHS if symmetric else np.concatenate([LENGTHS, LENGTHS])
        y = make_input() if symmetric else both_strands.copy()
        norm.forward(y, lengths, N_STEPS, training=True)
        dz = dy.copy() if symmetric else np.concatenate([dy, dy[:, ::-1]])
        norm.backward(dz)
        once = [grad + grad[::-1] if symmetric else grad for grad in grads.values()]
        valid = [rows[: len(VALID)][VALID] for rows in (y, dz)]
        found.append([*valid, *once, *buffers.values()])
    for one, both in zip(*found, strict=True):
        np.testing.assert_allclose(one, both, rtol=0, atol=1e-12)
