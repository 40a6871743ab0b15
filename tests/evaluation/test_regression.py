from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from fastgru.evaluation.regression import REGRESSION_SCORES, _Column, regression_metrics

NUMBERS = st.lists(
    st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, 3)), min_size=3, max_size=25
)


def expected_scores(true: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    return {
        "pearson": pearsonr(true, predicted).statistic,
        "spearman": spearmanr(true, predicted).statistic,
        "rmse": root_mean_squared_error(true, predicted),
        "mae": mean_absolute_error(true, predicted),
        "r2": r2_score(true, predicted),
    }


@given(NUMBERS)
def test_scores__with_weights_are_those_of_repeated_records(rows) -> None:
    true, predicted, counts = (np.array(column, float) for column in zip(*rows, strict=True))
    scores = _Column.of(true, predicted).scores(counts[None])
    copies = np.repeat(np.arange(len(true)), counts.astype(int))
    repeated = true[copies], predicted[copies]
    if not len(copies):
        assert all(np.isnan(values).all() for values in scores.values())
        return
    varies = [len(set(values)) > 1 for values in repeated]
    defined = {"rmse", "mae"}
    defined |= {"r2"} if varies[0] else set()
    defined |= {"pearson", "spearman"} if all(varies) else set()
    assert {name for name, values in scores.items() if not np.isnan(values[0])} == defined
    if len(defined) == 5:
        expected = expected_scores(*repeated)
        for name in REGRESSION_SCORES:
            assert scores[name][0] == pytest.approx(expected[name], rel=1e-9, abs=1e-9)


def test_metrics__score_each_target_over_what_is_known_of_it() -> None:
    rng = np.random.default_rng(0)
    true = rng.standard_normal((50, 2)) * [1, 1000] + [0, 1e6]
    predicted = true + rng.standard_normal((50, 2)) * [1, 300]
    true[::4, 0] = math.nan
    metrics = regression_metrics(true, predicted, ["a", "b"], n_resamples=50)
    json.dumps(metrics, allow_nan=False)
    assert (metrics["n_test"], metrics["undefined"]) == (50, {})
    for k, name in enumerate("ab"):
        known = ~np.isnan(true[:, k])
        found = metrics["per_target"][name]
        assert found.pop("n_test") == known.sum()
        assert found == pytest.approx(expected_scores(true[known, k], predicted[known, k]))
        for score, (low, high) in metrics["intervals"][name].items():
            assert low < found[score] < high


def test_metrics__draw_whole_groups() -> None:
    rng = np.random.default_rng(0)
    true = np.repeat(rng.standard_normal((10, 1)), 10, axis=0)
    predicted = true + np.repeat(rng.standard_normal((10, 1)), 10, axis=0)
    groups = [str(k // 10) for k in range(100)]
    single, grouped = (
        regression_metrics(true, predicted, ["a"], groups=some) for some in (None, groups)
    )
    assert grouped["bootstrap"]["n_units"] == 10
    widths = [np.diff(found["intervals"]["a"]["mae"])[0] for found in (single, grouped)]
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize(
    ("true", "predicted", "missing", "reason"),
    [
        ([1, 1, 1], [1, 2, 3], {"pearson", "spearman", "r2"}, "the target is the same for all"),
        ([1, 2, 3], [0.1] * 3, {"pearson", "spearman"}, "all predictions are the same"),
        ([math.nan] * 3, [1, 2, 3], set(REGRESSION_SCORES), "no test sequence has the target"),
        ([1e-300, 0, 2e-300], [1, 2, 3], {"pearson", "r2"}, "target or predictions vary too litt"),
        ([1e-155, 0, 3e-155], [1, 2, 3], {"r2"}, "target or predictions vary too little"),
    ],
)
def test_metrics__say_why_a_score_is_undefined(true, predicted, missing, reason: str) -> None:
    metrics = regression_metrics(
        np.array(true, float)[:, None], np.array(predicted, float)[:, None], ["a"], n_resamples=20
    )
    found = metrics["per_target"]["a"]
    assert {name for name in REGRESSION_SCORES if found[name] is None} == missing
    assert metrics["undefined"]["a"].keys() == missing
    assert all(text.startswith(reason) for text in metrics["undefined"]["a"].values())
    assert all(metrics["intervals"]["a"][name] is None for name in missing)
