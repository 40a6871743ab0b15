from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from fastgru.errors import LabelError
from fastgru.estimators.baseline_classifier import BaselineClassifier
from fastgru.estimators.baselines import BASELINES, BASELINES_OF_TASK, REGRESSION_BASELINES
from fastgru.estimators.target_baselines import _REGRESSIONS, predict_labels, predict_numbers

RNG = np.random.default_rng(0)
SEQUENCES = ["".join(RNG.choice(list("ACGT"), RNG.integers(10, 60))) for _ in range(150)]
LENGTHS = np.array([float(len(letters)) for letters in SEQUENCES])
SHARES = np.array([letters.count("G") / len(letters) for letters in SEQUENCES])
LEARNED, UNSEEN = slice(0, 100), slice(100, 150)


def predict(name: str, targets: np.ndarray, **options) -> np.ndarray:
    learned = SEQUENCES[LEARNED], targets[LEARNED]
    return predict_numbers(name, "dna", learned, SEQUENCES[UNSEEN], **options)


def test_tables__name_the_same_baselines() -> None:
    assert BASELINES_OF_TASK["regression"] == tuple(REGRESSION_BASELINES) == tuple(_REGRESSIONS)
    assert set(BASELINES_OF_TASK["multilabel"]) < set(BASELINES)


def test_predict_numbers__each_baseline_finds_what_it_knows() -> None:
    targets = np.stack([LENGTHS, SHARES], axis=1)
    scores = {
        name: [
            r2_score(targets[UNSEEN, k], column)
            for k, column in enumerate(predict(name, targets).T)
        ]
        for name in REGRESSION_BASELINES
    }
    assert max(scores["mean"]) <= 0
    assert scores["length"][0] > 0.95
    assert scores["length"][1] < 0.2
    assert scores["composition"][1] > 0.95
    assert scores["composition"][0] < 0.2
    assert scores["kmer_ridge"][1] > 0.8


def test_predict_numbers__knows_nothing_of_missing_targets() -> None:
    targets = np.stack([LENGTHS, SHARES], axis=1)
    targets[:50, 0] = math.nan
    both = predict("length", targets)
    kept = SEQUENCES[50:100], targets[50:100, :1]
    alone = predict_numbers("length", "dna", kept, SEQUENCES[UNSEEN])
    assert both[:, :1].tobytes() == alone.tobytes()


@pytest.mark.parametrize("n_groups", [2, 10])
def test_predict_numbers__takes_groups(n_groups: int) -> None:
    groups = [str(k % n_groups) for k in range(100)]
    predicted = predict("length", LENGTHS[:, None], groups=groups)
    assert r2_score(LENGTHS[UNSEEN], predicted[:, 0]) > 0.9


def test_predict_labels__learns_each_label_from_what_is_known_of_it() -> None:
    labels = np.stack([LENGTHS > 35, SHARES > 0.25, np.ones(150)], axis=1).astype(float)
    labels[:20, 0] = math.nan
    model = BaselineClassifier("length", random_state=0)
    groups = [str(k // 2) for k in range(100)]
    predicted = predict_labels(
        *(model, (SEQUENCES[LEARNED], labels[LEARNED]), SEQUENCES[UNSEEN]), groups=groups
    )
    assert roc_auc_score(labels[UNSEEN, 0], predicted[:, 0]) > 0.95
    assert roc_auc_score(labels[UNSEEN, 1], predicted[:, 1]) < 0.75
    assert (predicted[:, 2] == 1).all()


def test_predict__refuses_targets_that_are_never_known() -> None:
    with pytest.raises(LabelError, match="target 0: is missing for every sequence to learn from"):
        predict("mean", np.full((150, 1), math.nan))
    with pytest.raises(LabelError, match="target 'half life': is missing for every sequence to"):
        predict("mean", np.full((150, 1), math.nan), names=["half life"])
