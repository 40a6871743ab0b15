from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from fastgru._numba import threads_limited_to
from fastgru.layers.crf import UNKNOWN, ChainField
from fastgru.layers.parameters import ParameterStore
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES
from tests.reference import chains


def make_field(
    n_labels: int, rng: np.random.Generator, dtype: str = "float64", scale: float = 1.0
) -> ChainField:
    """A field with random scores, its parameters in a store as in a network."""
    field = ChainField(n_labels, symmetric=False)
    store = ParameterStore({"crf": (field.parameters, field.grads)}, np.dtype(dtype))
    store.values[: store.size] = scale * rng.standard_normal(store.size)
    return field


def scores_of(field: ChainField) -> chains.Field:
    return chains.Field(*(value.astype(float) for value in field.parameters.values()))


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray, float, np.random.Generator]:
    """Number of labels, lengths (B,), labels (B, T) of which some are unknown, scale, numbers."""
    n_labels = draw(st.integers(2, 4))
    lengths = np.array(draw(st.lists(st.integers(0, 5), min_size=1, max_size=4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    labels = rng.integers(0, n_labels, (len(lengths), max(1, lengths.max())))
    labels[rng.random(labels.shape) < draw(st.sampled_from([0.0, 0.5, 1.0]))] = UNKNOWN
    # the largest make sums of probabilities too small for a number
    return n_labels, lengths, labels, draw(st.sampled_from([0.0, 1.0, 30.0, 1000.0])), rng


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=batches())
def test_loss__equals_the_sum_over_all_paths(
    dtype: str, batch: tuple[int, np.ndarray, np.ndarray, float, np.random.Generator]
) -> None:
    n_labels, lengths, labels, scale, rng = batch
    field = make_field(n_labels, rng, dtype, scale)
    logits = (scale * rng.standard_normal((*labels.shape, n_labels))).astype(dtype)
    weights = rng.uniform(0, 2, len(lengths))
    loss, dlogits = field.loss(logits, lengths, labels, weights)
    field.backward()
    wanted = 0.0
    wanted_logits = np.zeros(logits.shape)
    wanted_grads = [np.zeros(value.shape) for value in field.parameters.values()]
    for b, length in enumerate(lengths):
        if length == 0:
            continue
        x, known = logits[b, :length].astype(float), labels[b, :length]
        of_all = chains.expect(x, np.full(length, UNKNOWN), scores_of(field))
        of_known = chains.expect(x, known, scores_of(field))
        wanted += weights[b] * (of_all.log_partition - of_known.log_partition)
        wanted_logits[b, :length] = weights[b] * (of_all.marginals - of_known.marginals)
        for total, more, less in zip(wanted_grads, of_all[2:], of_known[2:], strict=True):
            total += weights[b] * (more - less)
    eps = 50 * (1 + scale)
    np.testing.assert_allclose(loss, wanted, rtol=1e-12, atol=eps * 1e-14)
    tolerance = eps * 1e-13 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(dlogits, wanted_logits, rtol=0, atol=tolerance)
    for found, total in zip(field.grads.values(), wanted_grads, strict=True):
        np.testing.assert_allclose(found, total, rtol=0, atol=tolerance)


@pytest.mark.parametrize("symmetric", [False, True])
def test_loss__has_the_gradient_of_central_differences(
    rng: np.random.Generator, symmetric: bool
) -> None:
    field = ChainField(3, symmetric=symmetric)
    store = ParameterStore({"crf": (field.parameters, field.grads)}, np.dtype("float64"))
    store.values[: store.size] = rng.standard_normal(store.size)
    logits = rng.standard_normal((3, 5, 3))
    lengths, weights = np.array([5, 3, 1]), np.array([1.0, 0.5, 2.0])
    labels = rng.integers(UNKNOWN, 3, (3, 5))

    def value() -> float:
        return field.loss(logits, lengths, labels, weights)[0]

    _, dlogits = field.loss(logits, lengths, labels, weights)
    field.backward()
    expected = central_differences(value, logits)
    np.testing.assert_allclose(dlogits, expected, rtol=0, atol=TOLERANCE)
    for name, array in field.parameters.items():
        expected = central_differences(value, array)
        np.testing.assert_allclose(field.grads[name], expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=batches())
def test_loss__of_nothing_known_is_zero_and_so_are_its_gradients(
    dtype: str, batch: tuple[int, np.ndarray, np.ndarray, float, np.random.Generator]
) -> None:
    n_labels, lengths, labels, scale, rng = batch
    field = make_field(n_labels, rng, dtype, scale)
    logits = (scale * rng.standard_normal((*labels.shape, n_labels))).astype(dtype)
    nothing = np.full_like(labels, UNKNOWN)
    loss, dlogits = field.loss(logits, lengths, nothing, rng.uniform(0, 2, len(lengths)))
    field.backward()
    assert loss == 0
    assert not dlogits.any()
    assert not any(gradient.any() for gradient in field.grads.values())


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=batches())
def test_marginals__are_those_of_all_paths(
    dtype: str, batch: tuple[int, np.ndarray, np.ndarray, float, np.random.Generator]
) -> None:
    n_labels, lengths, labels, scale, rng = batch
    field = make_field(n_labels, rng, dtype, scale)
    logits = (scale * rng.standard_normal((*labels.shape, n_labels))).astype(dtype)
    found = field.marginals(logits, lengths)
    for b, length in enumerate(lengths):
        if length:
            x = logits[b, :length].astype(float)
            wanted = chains.expect(x, np.full(length, UNKNOWN), scores_of(field)).marginals
            np.testing.assert_allclose(found[b, :length], wanted, rtol=0, atol=1e-10)
        assert not found[b, length:].any()


@pytest.mark.parametrize("ahead", [True, False])
def test_marginals__know_a_path_whose_first_score_is_too_small_for_a_number(ahead: bool) -> None:
    """exp(-800) is 0, but exp(-800 + 700) is more than the exp(-400) of the other paths."""
    field = ChainField(2, symmetric=False)
    logits = np.array([[[0.0, -800.0], [0.0, 0.0]]])
    transitions = np.array([[-400.0, -400.0], [700.0, 700.0]])
    if not ahead:
        logits, transitions = logits[:, ::-1].copy(), transitions.T
    field.parameters["transitions"][...] = transitions
    found = field.marginals(logits, np.array([2]))[0]
    expected = [[0.0, 1.0], [0.5, 0.5]]
    np.testing.assert_allclose(found, expected if ahead else expected[::-1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=batches())
def test_decode__finds_a_path_of_the_best_score(
    dtype: str, batch: tuple[int, np.ndarray, np.ndarray, float, np.random.Generator]
) -> None:
    n_labels, lengths, labels, scale, rng = batch
    field = make_field(n_labels, rng, dtype, scale)
    logits = (scale * rng.standard_normal((*labels.shape, n_labels))).astype(dtype)
    found = field.decode(logits, lengths)
    for b, length in enumerate(lengths):
        if length:
            x, path = logits[b, :length].astype(float), tuple(found[b, :length].tolist())
            wanted = chains.best_score(x, scores_of(field))
            actual = chains.score(path, x, scores_of(field))
            assert actual == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_decode__takes_the_first_of_equal_labels() -> None:
    field = make_field(3, np.random.default_rng(0), scale=0.0)
    assert field.decode(np.zeros((1, 4, 3)), np.array([4])).tolist() == [[0, 0, 0, 0]]


def test_symmetric_field__scores_both_directions_alike(rng: np.random.Generator) -> None:
    field = ChainField(3, symmetric=True)
    store = ParameterStore({"crf": (field.parameters, field.grads)}, np.dtype("float64"))
    store.values[: store.size] = rng.standard_normal(store.size)
    logits, length = rng.standard_normal((1, 9, 3)), np.array([9])
    turned = logits[:, ::-1].copy()
    found = field.marginals(logits, length)
    np.testing.assert_allclose(field.marginals(turned, length)[:, ::-1], found, atol=1e-13)
    paths = field.decode(logits, length)
    assert field.decode(turned, length)[0, ::-1].tolist() == paths[0].tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_field__does_not_depend_on_threads_nor_on_the_batch(
    dtype: str, rng: np.random.Generator
) -> None:
    lengths = rng.integers(1, 30, 40)
    field = make_field(4, rng, dtype)
    logits = rng.standard_normal((40, 30, 4)).astype(dtype)
    labels = rng.integers(UNKNOWN, 4, (40, 30))
    outcomes = []
    for threads in (1, 2):
        with threads_limited_to(threads):
            loss, dlogits = field.loss(logits, lengths, labels, np.ones(40))
            for gradient in field.grads.values():
                gradient.fill(0)
            field.backward()
            grads = [gradient.copy() for gradient in field.grads.values()]
            marginals, path = field.marginals(logits, lengths), field.decode(logits, lengths)
            outcomes.append([np.array(loss), dlogits, marginals, path, *grads])
    for found, wanted in zip(*outcomes, strict=True):
        assert_same_bits(found, wanted)
    one, length = logits[7:8, : lengths[7]].copy(), lengths[7:8]
    assert_same_bits(field.marginals(one, length)[0], marginals[7, : lengths[7]])
    assert_same_bits(field.decode(one, length)[0], path[7, : lengths[7]])
    alone = field.loss(one, length, labels[7:8, : lengths[7]].copy(), np.ones(1))[1]
    assert_same_bits(alone[0], dlogits[7, : lengths[7]])


def test_loss__of_many_sequences_does_not_depend_on_the_threads_of_linear_algebra(
    rng: np.random.Generator,
) -> None:
    field, n = make_field(2, rng), 20_000
    logits, lengths = rng.standard_normal((n, 1, 2)), np.ones(n, np.int64)
    labels, weights = rng.integers(0, 2, (n, 1)), rng.random(n)
    losses = set()
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            losses.add(field.loss(logits, lengths, labels, weights)[0])
    assert len(losses) == 1


@pytest.mark.parametrize("at", [0, 2, 4])
def test_loss__shows_a_nan(at: int, rng: np.random.Generator) -> None:
    field = make_field(3, rng)
    logits = rng.standard_normal((2, 5, 3))
    logits[0, at, 1] = np.nan
    labels = np.zeros((2, 5), np.int64)
    loss, dlogits = field.loss(logits, np.array([5, 5]), labels, np.ones(2))
    assert np.isnan(loss)
    assert np.isnan(dlogits[0]).any()
    assert not np.isnan(dlogits[1]).any()
