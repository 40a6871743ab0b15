"""Scikit-learn's metadata routing brings weights and groups to where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from fastgru import HomologyGroupKFold, SequenceEncoder, SequenceRegressor
from tests.estimators.conftest import SMALL, small_classifier
from tests.planted import plant

SEQUENCES, _ = plant(80, seed=3)
LABELS = ["xy"[k // 4 % 2] for k in range(80)]
GROUPS = [f"g{k // 4}" for k in range(80)]
WEIGHTS = np.random.default_rng(0).uniform(1, 5, 80)


@pytest.fixture(autouse=True)
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def some(values, places) -> list:
    return [values[place] for place in places]


@pytest.mark.conformance(
    "scikit-learn", "SequenceClassifier", "cross_validate, groups, sample_weight"
)
def test_cross_validate__hands_weights_and_groups_on() -> None:
    model = small_classifier(max_epochs=2)
    asking = small_classifier(max_epochs=2).set_fit_request(sample_weight=True, groups=True)
    asking.set_score_request(sample_weight=True)
    found = cross_validate(
        *(asking, SEQUENCES, LABELS),
        cv=GroupKFold(2, shuffle=True, random_state=0),
        params={"sample_weight": WEIGHTS, "groups": GROUPS},
        return_estimator=True,
        return_indices=True,
    )
    learned, tested = (found["indices"][part][0] for part in ("train", "test"))
    assert not set(some(GROUPS, learned)) & set(some(GROUPS, tested))
    given = some(SEQUENCES, learned), some(LABELS, learned), WEIGHTS[learned]
    expected = model.fit(*given, groups=some(GROUPS, learned)).predict_proba(SEQUENCES)
    assert found["estimator"][0].predict_proba(SEQUENCES).tobytes() == expected.tobytes()
    unseen = some(SEQUENCES, tested), some(LABELS, tested), WEIGHTS[tested]
    assert found["test_score"][0] == model.score(*unseen)
    without_groups = model.fit(*given).predict_proba(SEQUENCES)
    assert without_groups.tobytes() != expected.tobytes()


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "GridSearchCV, groups")
def test_grid_search__hands_groups_on() -> None:
    asking = small_classifier(max_epochs=1).set_fit_request(groups=True)
    search = GridSearchCV(
        asking, {"hidden_size": [2, 3]}, cv=GroupKFold(2, shuffle=True, random_state=0)
    )
    search.fit(SEQUENCES, LABELS, groups=GROUPS)
    expected = small_classifier(max_epochs=1, **search.best_params_)
    expected.fit(SEQUENCES, LABELS, groups=GROUPS)
    found = search.best_estimator_.predict_proba(SEQUENCES)
    assert found.tobytes() == expected.predict_proba(SEQUENCES).tobytes()


@pytest.mark.conformance("scikit-learn", "HomologyGroupKFold", "groups")
def test_homology_folds__ask_for_groups() -> None:
    # pairs of groups, which homology alone would not join
    pairs = [f"p{k // 8}" for k in range(80)]
    asking = small_classifier(max_epochs=1).set_fit_request(groups=True)
    found = cross_validate(
        *(asking, SEQUENCES, LABELS),
        cv=HomologyGroupKFold(2, threads=1),
        params={"groups": pairs},
        return_indices=True,
    )
    for learned, tested in zip(*found["indices"].values(), strict=True):
        assert not set(some(pairs, learned)) & set(some(pairs, tested))


@pytest.mark.conformance("scikit-learn", "SequenceRegressor", "Pipeline, sample_weight")
def test_pipeline__hands_weights_on() -> None:
    def reverse(sequences: list[str]) -> list[str]:
        return [letters[::-1] for letters in sequences]

    numbers = np.arange(80.0)
    model = SequenceRegressor(**{**SMALL, "max_epochs": 1})
    asking = SequenceRegressor(**{**SMALL, "max_epochs": 1}).set_fit_request(sample_weight=True)
    pipeline = make_pipeline(FunctionTransformer(reverse), asking)
    pipeline.fit(SEQUENCES, numbers, sample_weight=WEIGHTS)
    expected = model.fit(reverse(SEQUENCES), numbers, WEIGHTS).predict(reverse(SEQUENCES))
    assert pipeline.predict(SEQUENCES).tobytes() == expected.tobytes()


@pytest.mark.conformance("scikit-learn", "SequenceEncoder", "Pipeline, groups, sample_weight")
def test_pipeline__hands_weights_and_groups_to_an_encoder() -> None:
    inner = small_classifier(max_epochs=1)
    asking = SequenceEncoder(inner).set_fit_request(sample_weight=True, groups=True)
    asking.set_transform_request()
    pipeline = make_pipeline(asking, LogisticRegression().set_fit_request(sample_weight=False))
    pipeline.fit(SEQUENCES, LABELS, sample_weight=WEIGHTS, groups=GROUPS)
    expected = SequenceEncoder(inner).fit(SEQUENCES, LABELS, WEIGHTS, groups=GROUPS)
    found = pipeline[0].transform(SEQUENCES)
    assert found.tobytes() == expected.transform(SEQUENCES).tobytes()


def test_weights__that_nobody_asks_for_are_refused() -> None:
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_val_predict(
            *(small_classifier(), SEQUENCES, LABELS), params={"sample_weight": WEIGHTS}, cv=2
        )
