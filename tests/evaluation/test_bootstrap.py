from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.evaluation import bootstrap
from fastgru.evaluation.bootstrap import (
    bootstrap_intervals,
    percentile_interval,
    resample_weights,
)
from fastgru.evaluation.comparison import bootstrap_differences
from fastgru.evaluation.intervals import wilson_interval
from fastgru.evaluation.weighted_scores import CLASS_SCORES, SCORES, weighted_scores
from tests.evaluation.scored import make_predictions, repeat


def all_weights(*arguments) -> np.ndarray:
    return np.concatenate(list(resample_weights(*arguments)))


@given(st.integers(1, 30), st.integers(0, 100))
def test_resample_weights__draws_as_many_records_as_there_are(n_records: int, seed: int) -> None:
    weights = all_weights(n_records, None, 7, seed)
    assert weights.shape == (7, n_records)
    assert weights.min() >= 0
    assert (weights.sum(axis=1) == n_records).all()


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30), st.integers(0, 100))
def test_resample_weights__keeps_groups_together(groups: list[str], seed: int) -> None:
    weights = all_weights(len(groups), groups, 7, seed)
    firsts = [groups.index(name) for name in groups]
    np.testing.assert_array_equal(weights, weights[:, firsts])
    one_of_each = [groups.index(name) for name in sorted(set(groups))]
    assert (weights[:, one_of_each].sum(axis=1) == len(set(groups))).all()


def test_resample_weights__draws_every_record_equally_often() -> None:
    mean = all_weights(10, None, 4000, 3).mean(axis=0)
    np.testing.assert_allclose(mean, 1, atol=5 * np.sqrt(0.9 / 4000))


def test_resample_weights__bounds_its_tables() -> None:
    tables = list(resample_weights(1 << 19, None, 5, 0))
    assert [len(table) for table in tables] == [2, 2, 1]


def count_sorts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which each sort of an array appends its length."""
    sizes: list[int] = []
    argsort = np.argsort

    def watch(values, *arguments, **options):
        sizes.append(len(values))
        return argsort(values, *arguments, **options)

    monkeypatch.setattr(np, "argsort", watch)
    return sizes


def test_bootstrap_intervals__sort_the_records_once(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions = make_predictions(5, n_classes=3, n_records=80)
    expected = bootstrap_intervals(predictions, n_resamples=200)
    monkeypatch.setattr(bootstrap, "_CHUNK_NUMBERS", 80 * 10)  # twenty tables
    sizes = count_sorts(monkeypatch)
    assert bootstrap_intervals(predictions, n_resamples=200) == expected
    assert sizes == [80] * 3


def test_bootstrap_differences__sort_the_records_once(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = (make_predictions(5, n_records=80, skill=skill) for skill in (1, 2))
    monkeypatch.setattr(bootstrap, "_CHUNK_NUMBERS", 80 * 10)
    sizes = count_sorts(monkeypatch)
    bootstrap_differences(a, b, ["mcc"], n_resamples=200)
    # two classes of each, and again for the scores of the records themselves
    assert len(sizes) == 8


def test_bootstrap_intervals__are_percentiles_of_resampled_scores() -> None:
    predictions = make_predictions(5, n_classes=3, n_records=80)
    found = bootstrap_intervals(predictions, n_resamples=200, seed=9)
    drawn = [
        weighted_scores(repeat(predictions, row), np.ones((1, 80)))
        for row in all_weights(80, None, 200, 9)
    ]
    for name in SCORES:
        values = [scores.overall[name][0] for scores in drawn]
        expected = np.quantile(values, [0.025, 0.975])
        np.testing.assert_allclose(found["intervals"][name], expected, rtol=1e-12)
    for k, label in enumerate(predictions.classes):
        for name in CLASS_SCORES:
            values = [scores.by_class[name][0, k] for scores in drawn]
            expected = np.quantile(values, [0.025, 0.975])
            np.testing.assert_allclose(found["class_intervals"][label][name], expected, rtol=1e-12)
    assert found["bootstrap"] == {
        "over": "records",
        "n_units": 80,
        "n_resamples": 200,
        "seed": 9,
        "confidence": 0.95,
    }
    assert found == bootstrap_intervals(predictions, n_resamples=200, seed=9)
    json.dumps(found, allow_nan=False)


def test_bootstrap_intervals__agree_with_wilson_for_the_accuracy_of_many_records() -> None:
    predictions = make_predictions(6, n_records=2000)
    n_right = int((predictions.true == predictions.predicted).sum())
    found = bootstrap_intervals(predictions)["intervals"]["accuracy"]
    np.testing.assert_allclose(found, wilson_interval(n_right, 2000), atol=0.004)


def test_bootstrap_intervals__cover_the_truth_as_often_as_they_say() -> None:
    # The accuracy of this classifier is 0.8; a coverage of 95 % misses 20 of 400, give or take 4.4.
    missed = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        true = rng.integers(2, size=150)
        predicted = np.where(rng.random(150) < 0.8, true, 1 - true)
        names = ["a", "b"]
        predictions = make_predictions(0, n_records=150)
        scored = type(predictions)(names, true, predicted, np.full((150, 2), 0.5))
        low, high = bootstrap_intervals(scored, n_resamples=200, seed=seed)["intervals"]["accuracy"]
        missed += not low <= 0.8 <= high
    assert 8 <= missed <= 38


def test_bootstrap_intervals__are_wider_over_groups_of_equal_records() -> None:
    single = make_predictions(7, n_records=50)
    copies = repeat(single, np.full(50, 8))
    groups = [f"family {number // 8}" for number in range(400)]
    by_group = bootstrap_intervals(copies, groups=groups)
    by_record = bootstrap_intervals(copies)
    assert by_group["bootstrap"]["over"] == "groups"
    assert by_group["bootstrap"]["n_units"] == 50
    for name in SCORES:
        widths = [np.ptp(found["intervals"][name]) for found in (by_group, by_record)]
        # copies say nothing new: eight times the records would make it sqrt(8) times narrower
        assert widths[0] / widths[1] == pytest.approx(np.sqrt(8), rel=0.2)


def test_bootstrap_intervals__are_none_where_nothing_can_be_said() -> None:
    one_class = make_predictions(1, n_records=30)
    one_class = repeat(one_class, one_class.true == 0)
    found = bootstrap_intervals(one_class, n_resamples=50)
    unknown = [name for name, interval in found["intervals"].items() if interval is None]
    assert unknown == ["mcc", "roc_auc", "pr_auc"]
    assert found["class_intervals"]["class 1"]["recall"] is None
    one_group = bootstrap_intervals(make_predictions(1), groups=["g"] * 60, n_resamples=50)
    assert set(one_group["intervals"].values()) == {None}


def test_percentile_interval__leaves_a_few_undefined_values_out() -> None:
    values = np.append(np.linspace(0, 1, 901), np.full(99, np.nan))
    assert percentile_interval(values) == pytest.approx([0.025, 0.975])
    assert percentile_interval(np.append(values, np.full(10, np.nan))) is None
