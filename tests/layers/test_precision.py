"""What a layer computes with products in bfloat16."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru._numba import cpu_features, threads_limited_to
from fastgru.errors import ConfigurationError

pytestmark = pytest.mark.skipif("avx512bf16" not in cpu_features(), reason="needs AVX512-BF16")

LAYERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "gru": (fastgru.GRU, {}),
    "reset before": (fastgru.GRU, {"reset_after": False}),
    "decay": (fastgru.GRU, {"time_decay": True}),
    "lstm": (fastgru.LSTM, {"peepholes": True}),
    "rnn": (fastgru.RNN, {}),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


class Pass:
    """A pass forward and back of a layer, two layers deep, in two directions, ragged."""

    def __init__(self, name: str, precision: str | None, **more: Any) -> None:
        kind, options = LAYERS[name]
        rng = np.random.default_rng(0)
        self.sizes = more.pop("sizes", (11, 9, 7, 21))  # B, T, I, H: none is even or a whole vector
        batch, steps, features, hidden = self.sizes
        self.layer = kind(features, hidden, 2, bidirectional=True, random_state=1,
                          precision=precision, **options, **more)  # fmt: skip
        self.x = rng.standard_normal((batch, steps, features)).astype(np.float32)
        self.lengths = rng.integers(0, steps + 1, batch)
        self.dy = rng.standard_normal((batch, steps, 2 * hidden)).astype(np.float32)
        self.gaps = {"gaps": rng.random((batch, steps))} if options.get("time_decay") else {}

    def forward(self, *, training: bool) -> np.ndarray:
        y: np.ndarray = self.layer.forward(self.x, self.lengths, training=training, **self.gaps)[0]
        return y

    def run(self) -> dict[str, np.ndarray]:
        """All results: states, and gradients of input and parameters."""
        y = self.forward(training=True)
        dx = self.layer.backward(dy=self.dy)[0]
        return {"y": y, "dx": dx, **self.layer.grads}


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@every_layer
@pytest.mark.parametrize("sizes", [(11, 9, 7, 21), (1, 5, 3, 5), (6, 20, 40, 48)])
def test_bf16__is_near_float32(name: str, sizes: tuple[int, int, int, int]) -> None:
    ours, exact = (Pass(name, kind, sizes=sizes).run() for kind in ("bf16", None))
    for key, expected in exact.items():
        if expected.any():
            assert relative(ours[key], expected) < 0.05, key
    assert relative(ours["y"], exact["y"]) > 1e-5  # and something was rounded


@every_layer
def test_bf16__rounds_in_training_alone(name: str) -> None:
    ours, exact = (Pass(name, kind).forward(training=False) for kind in ("bf16", None))
    np.testing.assert_array_equal(ours, exact)


@every_layer
def test_bf16__gives_the_same_bits_for_any_threads(name: str) -> None:
    found = []
    for threads in (1, 2):
        with threads_limited_to(threads):
            found.append(Pass(name, "bf16").run())
    for key, expected in found[0].items():
        np.testing.assert_array_equal(found[1][key], expected, err_msg=key)


@pytest.mark.parametrize("name", ["gru", "reset before", "lstm"])
def test_bf16__gives_the_same_bits_with_save_memory(name: str) -> None:
    kept, again = (Pass(name, "bf16", save_memory=saves).run() for saves in (False, True))
    for key, expected in kept.items():
        np.testing.assert_array_equal(again[key], expected, err_msg=key)


def test_bf16__does_not_mind_neighbours() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((20, 12, 5)).astype(np.float32)
    gru = fastgru.GRU(5, 19, random_state=0, precision="bf16")
    y = gru.forward(x, training=True)[0]
    np.testing.assert_array_equal(gru.forward(x[3:14], training=True)[0], y[3:14])


def test_bf16__carries_nan() -> None:
    gru = fastgru.GRU(2, 4, random_state=0, precision="bf16")
    x = np.zeros((2, 3, 2), np.float32)
    x[0, 1, 0] = np.nan
    y = gru.forward(x, training=True)[0]
    assert np.isnan(y[0, 1:]).all()
    assert np.isfinite(y[1]).all()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dtype": "float64"}, "dtype is float64, and only float32 is multiplied so"),
        ({"zoneout": 0.1}, "options for which there are no kernels are computed in NumPy"),
    ],
)
def test_bf16__is_refused_where_there_are_no_kernels(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        fastgru.GRU(1, 1, precision="bf16", **options)
    assert str(error.value) == (
        f"precision='bf16' is not available: {reason}. Leave precision out; products are then of "
        "the type of dtype."
    )
