from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from fastgru.evaluation.bootstrap import percentile_interval, resample_weights
from fastgru.evaluation.segments import count_overlaps
from fastgru.evaluation.tagging_metrics import tagging_metrics

CLASSES = ["C", "E", "H"]


def random_labels(rng: np.random.Generator, n: int = 30) -> tuple[list, list]:
    true = [rng.integers(-1, 3, rng.integers(1, 12)) for _ in range(n)]
    true[0] = np.array([0, 1, 2])
    predicted = [np.where(rng.random(len(row)) < 0.6, row, rng.integers(0, 3)) for row in true]
    return true, [np.maximum(row, 0) for row in predicted]


def test_scores__are_scikit_learns_of_known_letters(rng: np.random.Generator) -> None:
    true, predicted = random_labels(rng)
    metrics = tagging_metrics(true, predicted, CLASSES, n_resamples=20)
    truth, found = np.concatenate(true), np.concatenate(predicted)
    truth, found = truth[truth >= 0], found[truth >= 0]
    assert metrics["n_letters"] == len(truth)
    assert metrics["accuracy"] == pytest.approx((truth == found).mean())
    assert metrics["f1_macro"] == pytest.approx(f1_score(truth, found, average="macro"))
    assert metrics["majority_accuracy"] == np.bincount(truth).max() / len(truth)
    columns = precision_recall_fscore_support(truth, found, labels=range(3))
    for name, values in zip(("precision", "recall", "f1", "n_letters"), columns, strict=True):
        for label, value in zip(CLASSES, values, strict=True):
            assert metrics["per_class"][label][name] == pytest.approx(value)
    json.dumps(metrics, allow_nan=False)


def test_scores__of_a_class_that_is_nowhere_are_null() -> None:
    row = [np.array([0, 1, 1]), np.array([0, 0, 1])]
    metrics = tagging_metrics(row, row, CLASSES, n_resamples=20)
    assert metrics["per_class"]["H"] == {
        "n_letters": 0,
        "precision": None,
        "recall": None,
        "f1": None,
        "sov": None,
    }
    assert metrics["accuracy"] == metrics["f1_macro"] == metrics["sov"] == 1
    assert metrics["class_intervals"]["H"]["f1"] is None
    assert metrics["intervals"]["accuracy"] == [1, 1]


def test_intervals__draw_whole_sequences_or_groups(rng: np.random.Generator) -> None:
    true, predicted = random_labels(rng)
    plain = tagging_metrics(true, predicted, CLASSES, n_resamples=300)
    low, high = plain["intervals"]["sov"]
    assert low < plain["sov"] < high
    assert plain["bootstrap"]["over"] == "records"
    # each sequence four times, as a group, is as uncertain as the sequence alone
    again = [np.array(row) for row in true for _ in range(4)]
    found = [np.array(row) for row in predicted for _ in range(4)]
    groups = [str(k) for k in range(len(true)) for _ in range(4)]
    grouped = tagging_metrics(again, found, CLASSES, groups=groups, n_resamples=300)
    single = tagging_metrics(again, found, CLASSES, n_resamples=300)
    widths = [np.diff(m["intervals"]["accuracy"])[0] for m in (plain, grouped, single)]
    assert widths[1] == pytest.approx(widths[0], rel=0.3)
    assert widths[2] < 0.75 * widths[0]


def test_intervals__are_of_sums_in_order_whatever_the_linear_algebra(
    rng: np.random.Generator,
) -> None:
    true, predicted = random_labels(rng, 3000)
    metrics = tagging_metrics(true, predicted, CLASSES, n_resamples=200)
    both = [count_overlaps(*pair, 3) for pair in zip(true, predicted, strict=True)]
    (weights,) = resample_weights(3000, None, 200, 0)
    overlaps, totals = (
        np.stack([(weights * part).sum(axis=1) for part in np.array(parts).T], axis=1)
        for parts in zip(*both, strict=True)
    )
    for k, name in enumerate(CLASSES):
        expected = percentile_interval(overlaps[:, k] / totals[:, k])
        assert metrics["class_intervals"][name]["sov"] == expected
