"""What every class of scored records has to keep to, whatever its task."""

from __future__ import annotations

import numpy as np
import pytest

from fastgru.evaluation.comparison import bootstrap_differences
from fastgru.evaluation.language_scores import ScoredLikelihoods, language_scores
from fastgru.evaluation.multilabel import MULTILABEL_SCORES, ScoredLabels, multilabel_metrics
from fastgru.evaluation.records import ScoredRecords
from fastgru.evaluation.regression import REGRESSION_SCORES, ScoredNumbers, regression_metrics
from fastgru.evaluation.tagging_metrics import ScoredTags, tagging_metrics
from fastgru.evaluation.translation_scores import (
    TRANSLATION_SCORES,
    ScoredTokens,
    ScoredTranslations,
    translation_scores,
)
from tests.evaluation.scored import make_predictions

N = 30


def numbers(seed: int, n_targets: int = 1) -> ScoredNumbers:
    true = np.random.default_rng(7).normal(5, 2, (N, n_targets))
    true[3, 0] = np.nan
    noise = np.random.default_rng(seed).normal(0, 1, (N, n_targets))
    return ScoredNumbers([f"t{k}" for k in range(n_targets)], true, true * 0.5 + noise + 2)


def labels(seed: int) -> ScoredLabels:
    true = np.random.default_rng(7).integers(0, 2, (N, 3)).astype(float)
    true[5, 1] = np.nan
    noise = np.random.default_rng(seed).random((N, 3))
    return ScoredLabels(["a", "b", "c"], true, 0.4 * np.nan_to_num(true) + 0.5 * noise)


def tags(seed: int) -> ScoredTags:
    truth, rng = np.random.default_rng(7), np.random.default_rng(seed)
    true = [truth.integers(-1, 3, truth.integers(5, 20)) for _ in range(N)]
    found = [np.where(rng.random(len(row)) < 0.3, 0, np.maximum(row, 0)) for row in true]
    return ScoredTags(["C", "E", "H"], true, found)


def likelihoods(seed: int) -> ScoredLikelihoods:
    n_predicted = np.random.default_rng(7).integers(5, 50, N)
    rates = np.random.default_rng(seed).uniform(0.8, 1.4, N)
    return ScoredLikelihoods(-rates * n_predicted, n_predicted)


def tokens(seed: int) -> ScoredTokens:
    n_tokens, rng = np.random.default_rng(7).integers(5, 12, N), np.random.default_rng(seed)
    right, written = (rng.integers(0, n_tokens + 1) for _ in range(2))
    return ScoredTokens(n_tokens, -1.2 * n_tokens, right, written, written == n_tokens)


MAKERS = {
    "classification": lambda seed: make_predictions(seed, n_records=N),
    "regression": numbers,
    "targets": lambda seed: numbers(seed, 2),
    "multilabel": labels,
    "tagging": tags,
    "language_model": likelihoods,
    "translation": tokens,
}


@pytest.fixture(params=MAKERS)
def records(request) -> ScoredRecords:
    return MAKERS[request.param](1)


def test_records__score_the_same_whatever_their_order(records) -> None:
    order = np.random.default_rng(0).permutation(N)
    moved = records.take(order)
    assert len(moved) == N
    assert moved.names == records.names
    expected = records.scores()
    assert expected
    assert moved.scores() == pytest.approx(expected, nan_ok=True)
    assert records.has_truth_of(records.take(np.arange(N)))
    assert not records.has_truth_of(moved)


def test_records__pooled_are_those_of_the_parts(records) -> None:
    parts = [records.take(np.arange(10)), records.take(np.arange(10, N))]
    pooled = type(records).pool(parts)
    assert pooled.has_truth_of(records)
    assert pooled.scores() == records.scores()


def test_records__count_as_often_as_their_weights_say(records) -> None:
    weights = np.random.default_rng(4).integers(0, 3, N)
    repeated = records.take(np.repeat(np.arange(N), weights))
    assert records.scores(weights.astype(float)) == pytest.approx(repeated.scores())
    table = records.scorer()(np.stack([weights.astype(float), np.ones(N)]))
    assert {name for name in table if isinstance(name, str)} == set(records.scores())
    assert all(len(values) == 2 for values in table.values())


@pytest.mark.parametrize("task", [name for name in MAKERS if name != "classification"])
def test_bootstrap_differences__compares_records_of_any_task(task) -> None:
    a, b = MAKERS[task](1), MAKERS[task](2)
    names = list(a.scores())
    found = bootstrap_differences(a, b, names, n_resamples=200)
    for name, difference in found.items():
        first, second = a.scores()[name], b.scores()[name]
        if first is not None:
            assert difference.value == pytest.approx(first - second)
            assert difference.low <= difference.value <= difference.high
    with pytest.raises(ValueError, match="same records"):
        bootstrap_differences(a, b.take(np.arange(N)[::-1]), names, n_resamples=20)


def test_numbers__have_the_scores_of_their_target() -> None:
    made = numbers(1)
    metrics = regression_metrics(made.true, made.predicted, made.targets, n_resamples=1)
    expected = {name: metrics["per_target"]["t0"][name] for name in REGRESSION_SCORES}
    assert made.scores() == pytest.approx(expected)


def test_numbers__of_several_targets_have_means_of_what_has_no_unit() -> None:
    made = numbers(1, 2)
    metrics = regression_metrics(made.true, made.predicted, made.targets, n_resamples=1)
    scores = made.scores()
    for name in ("pearson", "spearman", "r2"):
        of_targets = [metrics["per_target"][target][name] for target in made.targets]
        assert scores[name] == pytest.approx(np.mean(of_targets))
    assert (scores["rmse"], scores["mae"]) == (None, None)
    by_target = made.scorer()(np.ones((1, N)))
    assert by_target["t1", "rmse"] == pytest.approx(metrics["per_target"]["t1"]["rmse"])


def test_numbers__that_are_all_the_same_explain_no_variance() -> None:
    true = np.arange(10.0)[:, None]
    scores = ScoredNumbers(["t"], true, np.full((10, 1), true.mean())).scores()
    assert scores["pearson"] is None
    assert scores["r2"] == pytest.approx(0)


def test_labels__have_the_scores_of_the_command() -> None:
    made = labels(1)
    metrics = multilabel_metrics(made.true, made.proba, made.labels, n_resamples=1)
    assert made.scores() == {name: metrics[name] for name in MULTILABEL_SCORES}
    by_label = made.scorer()(np.ones((1, N)))
    assert by_label["b", "roc_auc"][0] == metrics["per_label"]["b"]["roc_auc"]


def test_tags__have_the_scores_of_the_command() -> None:
    made = tags(1)
    metrics = tagging_metrics(made.true, made.predicted, made.classes, n_resamples=1)
    assert made.scores() == {name: metrics[name] for name in ("accuracy", "f1_macro", "sov")}
    assert made.confusion.tolist() == metrics["confusion_matrix"]
    by_class = made.scorer()(np.ones((1, N)))
    assert by_class["E", "sov"][0] == metrics["per_class"]["E"]["sov"]


def test_likelihoods__have_the_scores_of_the_command() -> None:
    made = likelihoods(1)
    metrics = language_scores(made.nats, made.n_predicted, {}, n_resamples=1)
    expected = {name: metrics[name] for name in ("bits_per_letter", "perplexity")}
    assert made.scores() == pytest.approx(expected)


def test_tokens__have_the_scores_of_the_command() -> None:
    made = tokens(1)
    scored = ScoredTranslations(
        made.n_tokens, made.log_likelihoods, made.n_right, made.n_right_written, None
    )
    metrics = translation_scores(scored, exact=made.exact, n_resamples=1)
    assert made.scores() == {name: metrics[name] for name in TRANSLATION_SCORES}
