"""Layers whose state decays with time, against NumPy in float64 and central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru import GRU, LSTM
from fastgru._numba import threads_limited_to
from fastgru.errors import ConfigurationError
from fastgru.layers.blocks import plan_blocks
from fastgru.layers.decay import blocked_gaps
from tests.gradients import TOLERANCE, central_differences
from tests.reference import cells
from tests.reference.layers import weights_of

LAYERS: dict[str, tuple[Any, cells.Cell]] = {"gru": (GRU, cells.GRU), "lstm": (LSTM, cells.LSTM)}
LENGTHS = np.array([4, 0, 6, 1, 6, 3, 5, 2, 6, 4, 1])


def make_layer(cell: str, dtype: str = "float64", **options: Any) -> Any:
    """A layer in which some units decay, and some never do."""
    sizes = {"num_layers": 2, "bidirectional": True, **options}
    layer = LAYERS[cell][0](3, 5, time_decay=True, dtype=dtype, random_state=0, **sizes)
    rng = np.random.default_rng(1)
    for name, value in layer.parameters.items():
        if "decay" in name:
            value[:] = rng.standard_normal(5)
        elif "bias" in name:
            value[:] = rng.standard_normal(value.shape) / 4
    return layer


def make_batch(lengths: np.ndarray = LENGTHS) -> tuple[np.ndarray, np.ndarray]:
    """Input (B, T, 3) and gaps (B, T), which past each length must never be read."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((len(lengths), 6, 3))
    gaps = rng.exponential(1, (len(lengths), 6))
    past = np.arange(6) >= lengths[:, None]
    x[past], gaps[past] = np.nan, np.nan
    return x, gaps


def expected_outputs(layer: Any, cell: cells.Cell, x: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """States of one sequence, step by step (T, directions * H); h alone decays."""
    for level in range(layer.num_layers):
        sides = []
        for suffix in (f"_l{level}", f"_l{level}_reverse"):
            w = weights_of(layer.parameters, suffix)
            rate, bias = (layer.parameters[f"decay_{name}{suffix}"] for name in ("rate", "bias"))
            reverse = suffix.endswith("_reverse")
            steps = x[::-1] if reverse else x
            waits = np.concatenate([[0.0], gaps[:0:-1]]) if reverse else gaps
            states, outputs = np.zeros((len(cell.states), 1, 5)), []
            for step, wait in zip(steps, waits[: len(steps)], strict=True):
                states[0] *= np.exp(-np.maximum(0, rate * wait + bias))
                states = cell.step(step[None], states, w)
                outputs.append(states[0, 0].copy())
            sides.append(outputs[::-1] if reverse else outputs)
        x = np.concatenate(sides, axis=1)
    return x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", LAYERS)
def test_forward__follows_the_equations(cell: str, dtype: str) -> None:
    layer, (x, gaps) = make_layer(cell, dtype), make_batch()
    reference = make_layer(cell)
    for training in (False, True):
        y, _ = layer.forward(x, LENGTHS, gaps=gaps, training=training)
        for b, length in enumerate(LENGTHS):
            assert not y[b, length:].any()
            if length:
                own = x[b, :length], gaps[b, :length]
                expected = expected_outputs(reference, LAYERS[cell][1], *own)
                error = 2e-6 if dtype == "float32" else 1e-14
                np.testing.assert_allclose(y[b, :length], expected, rtol=0, atol=error)


@pytest.mark.parametrize("cell", LAYERS)
def test_backward__equals_central_differences(cell: str) -> None:
    layer, lengths = make_layer(cell), LENGTHS[:6]
    x, gaps = make_batch(lengths)
    rng = np.random.default_rng(3)
    h0 = rng.standard_normal((4, 6, 5))
    initial = h0 if cell == "gru" else (h0, rng.standard_normal(h0.shape))
    dy = rng.standard_normal((6, 6, 10))

    def loss() -> float:
        y, final = layer.forward(x, lengths, initial, gaps=gaps)
        return float((y * dy).sum() + sum(np.square(state).sum() for state in _each(final)))

    _, final = layer.forward(x, lengths, initial, gaps=gaps)
    doubled = [2 * state for state in _each(final)]
    _, dinitial = layer.backward(dy, doubled[0] if cell == "gru" else tuple(doubled))
    for name in layer.parameters:
        expected = central_differences(loss, layer.parameters[name])
        scale = max(1, np.abs(expected).max())
        error = np.abs(layer.grads[name] - expected).max()
        assert error < 10 * TOLERANCE * scale, name
    np.testing.assert_allclose(
        _each(dinitial)[0], central_differences(loss, h0), rtol=0, atol=20 * TOLERANCE
    )
    assert all(layer.grads[name].any() for name in layer.grads if "decay" in name)


def _each(states: Any) -> list[np.ndarray]:
    return list(states) if isinstance(states, tuple) else [states]


@pytest.mark.parametrize("cell", LAYERS)
def test_layer__without_gaps_has_the_bits_of_the_plain_one(cell: str) -> None:
    layer = make_layer(cell, "float32")
    plain = LAYERS[cell][0](3, 5, num_layers=2, bidirectional=True)
    for name, value in layer.parameters.items():
        if "decay_bias" in name:
            np.minimum(value, 0, out=value)
    plain.load_state_dict(
        {name: value for name, value in layer.parameters.items() if "decay" not in name}
    )
    x, _ = make_batch()
    y, _ = layer.forward(x, LENGTHS, gaps=np.zeros(x.shape[:2]))
    expected, _ = plain.forward(x, LENGTHS)
    assert y.tobytes() == expected.tobytes()
    dx, _ = layer.backward(np.ones_like(y))
    assert dx.tobytes() == plain.backward(np.ones_like(y))[0].tobytes()
    for name, grad in plain.grads.items():
        assert layer.grads[name].tobytes() == grad.tobytes(), name


def test_layer__depends_neither_on_threads_nor_on_neighbours() -> None:
    lengths = np.tile(LENGTHS, 4)
    x, gaps = make_batch(lengths)
    results = []
    for threads in (1, 2):
        layer = make_layer("gru", "float32")
        with threads_limited_to(threads):
            y, _ = layer.forward(x, lengths, gaps=gaps)
            layer.backward(y)
        results.append((y, layer.grads))
    assert results[0][0].tobytes() == results[1][0].tobytes()
    for name, grad in results[0][1].items():
        assert grad.tobytes() == results[1][1][name].tobytes(), name
    order = np.random.default_rng(0).permutation(len(lengths))
    mixed, _ = layer.forward(x[order], lengths[order], gaps=gaps[order])
    assert mixed.tobytes() == y[order].tobytes()


def test_layer__forgets_everything_after_a_very_long_time() -> None:
    layer = make_layer("gru", num_layers=1, bidirectional=False)
    layer.parameters["decay_rate_l0"][:] = 1
    x, gaps = make_batch(np.full(2, 6))
    gaps[:, 3] = 1e30
    whole, _ = layer.forward(x, gaps=gaps)
    late, _ = layer.forward(x[:, 3:], gaps=gaps[:, 3:])
    np.testing.assert_allclose(whole[:, 3:], late, rtol=0, atol=1e-14)


def test_layer__with_decay_takes_an_empty_batch() -> None:
    layer = make_layer("gru")
    for n, n_steps in ((0, 4), (0, 0), (2, 0)):
        y, h_n = layer.forward(np.zeros((n, n_steps, 3)), gaps=np.zeros((n, n_steps)))
        dx, _ = layer.backward(y, h_n)
        assert (y.shape, dx.shape) == ((n, n_steps, 10), (n, n_steps, 3))


def test_layer__starts_with_units_that_all_decay() -> None:
    layer = GRU(3, 40, time_decay=True, random_state=0)
    rate = layer.parameters["decay_rate_l0"]
    assert rate.shape == (40,)
    assert 0 < rate.min() < rate.max() < 40**-0.5
    assert not layer.parameters["decay_bias_l0"].any()
    assert "decay_rate_l0" not in GRU(3, 40).parameters


def test_blocked_gaps__of_the_other_direction_are_those_to_the_step_after() -> None:
    lengths = np.array([2, 3])
    gaps = np.array([[7.0, 1, np.nan], [8, 2, 3]]).reshape(-1)
    blocks = plan_blocks(lengths, 3, 4)
    ahead = blocked_gaps(blocks, gaps, reverse=False).reshape(-1, 4)
    back = blocked_gaps(blocks, gaps, reverse=True).reshape(-1, 4)
    np.testing.assert_array_equal(ahead[:3, :2], [[8, 7], [2, 1], [3, 0]])
    np.testing.assert_array_equal(back[:3, :2], [[0, 0], [3, 1], [2, 0]])


def test_layer__refuses_gaps_that_do_not_fit() -> None:
    x, gaps = make_batch(np.full(2, 6))
    layer = make_layer("gru")
    with pytest.raises(ConfigurationError, match=r"^gaps go with time_decay=True, found none with"):
        layer.forward(x)
    with pytest.raises(ConfigurationError, match=r"found some with time_decay=False. Leave them"):
        GRU(3, 5).forward(x, gaps=gaps)
    with pytest.raises(ConfigurationError, match=r"^gaps must have shape \(2, 6\), got \(2, 5\)"):
        layer.forward(x, gaps=gaps[:, 1:])
    for bad in (-1.0, np.nan, np.inf):
        gaps[1, 2] = bad
        with pytest.raises(ConfigurationError, match=rf"^gaps must be finite and .*, got {bad}"):
            layer.forward(x, gaps=gaps)


@pytest.mark.parametrize("options", [{"save_memory": True}, {"zoneout": 0.5}])
def test_layer__refuses_options_without_kernels(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"^time_decay has kernels for the usual cell"):
        LSTM(3, 5, time_decay=True, **options)


def test_gru__refuses_decay_of_the_other_form() -> None:
    with pytest.raises(ConfigurationError, match=r"^time_decay must be False with reset_after=Fa"):
        GRU(3, 5, time_decay=True, reset_after=False)
