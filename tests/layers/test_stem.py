from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.convolution_sizes import ConvolutionSizes
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.stem import Stem
from tests.gradients import central_differences
from tests.reference import around

LENGTHS = np.array([7, 4, 0, 9])


def make_stem(
    *layers: tuple[int, ...],
    norm: str = "none",
    residual: bool = False,
    dropout: float = 0.0,
    seed: int = 1,
) -> Stem:
    sizes = tuple(ConvolutionSizes(*layer) for layer in layers)
    rng, dtype = np.random.default_rng(seed), np.dtype(np.float64)
    stem = Stem(3, sizes, norm=norm, residual=residual, dropout=dropout, rng=rng, dtype=dtype)
    stem.grads.update({name: np.zeros_like(value) for name, value in stem.parameters.items()})
    return stem


def make_input() -> LayerInput:
    return LayerInput(x=np.random.default_rng(2).normal(size=(len(LENGTHS) * 9, 3)))


def test_stem__of_no_layers_leaves_the_input_as_it_is() -> None:
    stem, given = make_stem(), make_input()
    assert stem.output_size == 3
    assert stem.forward(given, LENGTHS, 9, training=True) == (given, LENGTHS, 9)
    gradients = InputGradients(None, None, given.x)
    assert stem.backward(gradients) is gradients


def test_stem__shortens_as_its_sizes_say() -> None:
    layers = ((4, 3, 1, 2, 1), (5, 2, 1, 1, 3))
    given, lengths, n_steps = make_stem(*layers).forward(make_input(), LENGTHS, 9, training=False)
    expected = LENGTHS
    for layer in layers:
        expected = ConvolutionSizes(*layer).output_lengths(expected)
    assert lengths.tolist() == expected.tolist() == [2, 1, 0, 2]
    assert given.x is not None
    assert given.x.shape == (len(LENGTHS) * n_steps, 5)


def test_dropout__takes_whole_channels_of_a_sequence_in_training_alone() -> None:
    stem = make_stem((50, 3, 1, 1, 1), dropout=0.4)
    plain = stem.forward(make_input(), LENGTHS, 9, training=False)[0].x
    dropped = stem.forward(make_input(), LENGTHS, 9, training=True)[0].x
    assert plain is not None
    assert dropped is not None
    ratio = np.full(plain.shape, np.nan)
    np.divide(dropped, plain, out=ratio, where=plain > 0)
    by_channel = ratio.reshape(len(LENGTHS), 9, 50)
    seen = set()
    for b in range(len(LENGTHS)):
        for c in range(50):
            values = by_channel[b, :, c]
            values = np.unique(np.round(values[~np.isnan(values)], 12))
            assert len(values) <= 1
            seen.update(values.tolist())
    assert sorted(seen) == pytest.approx([0, 1 / 0.6])


def test_initial_weights__keep_the_size_of_what_passes() -> None:
    stem = make_stem((256, 5, 1, 1, 1))
    weight = stem.parameters["weight_l0"]
    assert weight.shape == (256, 3, 5)
    assert weight.var() == pytest.approx(2 / 15, rel=0.05)  # He et al., equation 10
    assert not stem.parameters["bias_l0"].any()


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_norm__begins_with_plain_scales_and_draws_no_number(norm: str) -> None:
    layers = ((4, 3), (5, 2))
    plain, stem = make_stem(*layers), make_stem(*layers, norm=norm)
    for name, value in plain.parameters.items():
        np.testing.assert_array_equal(stem.parameters[name], value)
    added = {name: stem.parameters[name] for name in stem.parameters.keys() - plain.parameters}
    assert {name: value.tolist() for name, value in (added | stem.buffers).items()} == {
        f"{name}_l{number}": [start] * channels
        for number, channels in enumerate((4, 5))
        for name, start in {
            "norm_weight": 1,
            "norm_bias": 0,
            **({"running_mean": 0, "running_var": 1} if norm == "batch" else {}),
        }.items()
    }


def test_norm__stands_between_convolution_and_rectifier() -> None:
    stem, plain = make_stem((4, 3), norm="layer"), make_stem((4, 3))
    lifted = plain.parameters["bias_l0"]
    lifted += 100  # so that the rectifier lets all through
    z = plain.forward(make_input(), LENGTHS, 9, training=True)[0].x
    y = stem.forward(make_input(), LENGTHS, 9, training=True)[0].x
    assert z is not None
    assert y is not None
    valid = (np.arange(9) < LENGTHS[:, None]).reshape(-1)
    expected, _, _ = around.normalise(z[valid] - 100, np.ones(4), np.zeros(4), axis=1)
    np.testing.assert_allclose(y[valid], np.maximum(expected, 0), rtol=0, atol=1e-10)
    assert not y[~valid].any()


VALID = (np.arange(9) < LENGTHS[:, None]).reshape(-1)


def test_residual__adds_the_input_behind_rectifier_and_dropout() -> None:
    plain, stem = (make_stem((3, 4), dropout=0.5, residual=on) for on in (False, True))
    alone = plain.forward(make_input(), LENGTHS, 9, training=True)[0].x
    found = stem.forward(make_input(), LENGTHS, 9, training=True)[0].x
    assert alone is not None
    assert found is not None
    x = make_input().x
    assert x is not None
    np.testing.assert_array_equal(found[VALID], (alone + x)[VALID])
    assert not found[~VALID].any()


@pytest.mark.parametrize(
    "layer", [(4, 3), (3, 3, 1, 2), (3, 3, 1, 1, 2)], ids=["channels", "stride", "pool"]
)
def test_residual__leaves_layers_alone_that_change_the_shape(layer: tuple[int, ...]) -> None:
    plain, stem = (make_stem(layer, residual=on) for on in (False, True))
    results = [made.forward(make_input(), LENGTHS, 9, training=True) for made in (plain, stem)]
    np.testing.assert_array_equal(results[0][0].x, results[1][0].x)


@pytest.mark.parametrize("kind", ["dense", "tokens", "positions"])
def test_residual__has_the_gradient_of_central_differences(kind: str) -> None:
    rng = np.random.default_rng(4)
    stem = make_stem((3, 4), (3, 2, 2), (5, 2), residual=True, norm="layer")
    given = make_input()
    if kind != "dense":
        tokens = rng.integers(0, 6, len(VALID)).astype(np.int32)
        positions = rng.normal(size=(9, 3)) if kind == "positions" else None
        given = LayerInput(tokens, rng.normal(size=(6, 3)), positions)
    dy = rng.normal(size=(len(VALID), 5))

    def loss() -> float:
        x = stem.forward(given, LENGTHS, 9, training=True)[0].x
        return float((x * dy)[VALID].sum())

    loss()
    found = stem.backward(InputGradients(None, None, dy.copy()))
    for value, gradient in (
        (given.x, found.x),
        (given.symbols, found.symbols),
        (given.positions, found.positions),
        *((stem.parameters[name], grad) for name, grad in stem.grads.items()),
    ):
        assert (value is None) == (gradient is None)
        if value is not None:
            expected = central_differences(loss, value)
            inside = VALID if value is given.x else slice(None)
            np.testing.assert_allclose(gradient[inside], expected[inside], rtol=0, atol=1e-6)
