from __future__ import annotations

import re

import numpy as np
import pytest

from fastgru.evaluation import ScoredPredictions, classification_metrics
from fastgru.report.curve_figures import precision_recall_picture, roc_picture
from tests.evaluation.scored import make_predictions

PICTURES = {"roc_auc": roc_picture, "pr_auc": precision_recall_picture}


def scores_of(made):
    true, predicted = ([made.classes[k] for k in codes] for codes in (made.true, made.predicted))
    return classification_metrics(true, predicted, made.proba, made.classes)


def joined(folds):
    parts = (np.concatenate([getattr(f, name) for f in folds]) for name in FIELDS)
    return ScoredPredictions(folds[0].classes, *parts)


FIELDS = ("true", "predicted", "proba")


@pytest.mark.parametrize("score", PICTURES)
def test_pictures__tell_the_areas_of_all_classes(score):
    made = make_predictions(1, n_records=60)
    metrics = scores_of(made)
    picture = PICTURES[score](metrics, made, [made])
    for name in made.classes:
        if score == "roc_auc" and len(made.classes) == 2 and name == made.classes[0]:
            continue
        assert f"{name} ({metrics['per_class'][name][score]:.3f})" in picture.alt
    assert "thin" not in picture.alt
    assert picture.svg.count("<title>") >= 5


@pytest.mark.parametrize("score", PICTURES)
def test_pictures__draw_each_fold_beside_all_together(score):
    folds = [make_predictions(seed, n_records=60) for seed in (1, 2, 3)]
    pooled = joined(folds)
    one, many = (PICTURES[score](scores_of(pooled), pooled, parts) for parts in ([pooled], folds))
    n_thin = len(re.findall(r"stroke-opacity: 0\.5|opacity: 0\.5", many.svg))
    assert not re.search(r"opacity: 0\.5", one.svg)
    assert n_thin == 3 * len(many.legend)
    assert "thin: each fold" in many.legend[0].label


def test_roc_picture__of_many_folds_and_classes_is_not_a_thicket():
    folds = [make_predictions(seed, n_records=60) for seed in range(20)]
    pooled = joined(folds)
    picture = roc_picture(scores_of(pooled), pooled, folds)
    assert not re.search(r"opacity: 0\.5", picture.svg)
    assert "thin" not in picture.legend[0].label


@pytest.mark.parametrize("score", PICTURES)
def test_pictures__of_many_records_stay_small(score):
    rng = np.random.default_rng(1)
    true = rng.integers(2, size=20_000)
    second = 1 / (1 + np.exp(-rng.normal(true)))  # all different, as of a real model
    proba = np.stack([1 - second, second], axis=1)
    made = ScoredPredictions(["a", "b"], true, proba.argmax(axis=1), proba)
    assert len(PICTURES[score](scores_of(made), made, [made]).svg) < 60_000
