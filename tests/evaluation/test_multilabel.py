from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from fastgru.evaluation.multilabel import MULTILABEL_SCORES, multilabel_metrics

RNG = np.random.default_rng(0)
TRUE = (RNG.random((80, 3)) < [0.5, 0.2, 0.4]).astype(float)
PROBA = np.round(np.clip(0.4 * TRUE + 0.6 * RNG.random(TRUE.shape), 0, 1), 2)
SCORERS = {"roc_auc": roc_auc_score, "pr_auc": average_precision_score}


def test_metrics__are_those_of_scikit_learn() -> None:
    metrics = multilabel_metrics(TRUE, PROBA, ["a", "b", "c"], n_resamples=50)
    json.dumps(metrics, allow_nan=False)
    for name, scorer in SCORERS.items():
        each = scorer(TRUE, PROBA, average=None)
        assert [metrics["per_label"][label][name] for label in "abc"] == pytest.approx(list(each))
        for average in ("macro", "micro"):
            expected = scorer(TRUE, PROBA, average=average)
            assert metrics[f"{name}_{average}"] == pytest.approx(expected)
            low, high = metrics["intervals"][f"{name}_{average}"]
            assert low < expected < high
    assert metrics["per_label"]["a"]["n_positive"] == TRUE[:, 0].sum()
    assert (metrics["left_out"], metrics["undefined"]) == ({}, {})


def test_metrics__leave_unknown_labels_out() -> None:
    true = TRUE.copy()
    true[::3, 1] = math.nan
    known = ~np.isnan(true)
    metrics = multilabel_metrics(true, PROBA, ["a", "b", "c"], n_resamples=20)
    for name, scorer in SCORERS.items():
        each = [scorer(true[known[:, k], k], PROBA[known[:, k], k]) for k in range(3)]
        assert [metrics["per_label"][label][name] for label in "abc"] == pytest.approx(each)
        assert metrics[f"{name}_macro"] == pytest.approx(np.mean(each))
        assert metrics[f"{name}_micro"] == pytest.approx(scorer(true[known], PROBA[known]))
    assert metrics["per_label"]["b"]["n_test"] == known[:, 1].sum()


def test_metrics__leave_labels_of_one_kind_out_of_the_macro_mean() -> None:
    true = TRUE.copy()
    true[:, 1], true[:, 2] = 1, math.nan
    metrics = multilabel_metrics(true, PROBA, ["a", "b", "c"], n_resamples=20)
    assert metrics["left_out"] == {
        "b": "all test sequences of which it is known are with it",
        "c": "it is known of no test sequence",
    }
    assert metrics["roc_auc_macro"] == metrics["per_label"]["a"]["roc_auc"]
    for label in "bc":
        assert metrics["per_label"][label]["roc_auc"] is None
        assert metrics["label_intervals"][label] == {"roc_auc": None, "pr_auc": None}
    assert metrics["undefined"] == {}


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_metrics__without_any_label_of_both_kinds_are_undefined(value: float) -> None:
    metrics = multilabel_metrics(np.full((5, 2), value), PROBA[:5, :2], ["a", "b"], n_resamples=9)
    for name in MULTILABEL_SCORES:
        assert metrics[name] is None
        assert metrics["intervals"][name] is None
        assert metrics["undefined"][name] == "no label has test sequences with and without it"


def test_metrics__draw_whole_groups() -> None:
    groups = [str(k // 20) for k in range(80)]
    metrics = multilabel_metrics(TRUE, PROBA, ["a", "b", "c"], groups=groups, n_resamples=50)
    assert (metrics["bootstrap"]["over"], metrics["bootstrap"]["n_units"]) == ("groups", 4)
