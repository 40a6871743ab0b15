"""Scikit-learn's own tools work with the classifier, over plain lists of strings."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from fastgru import Seq2Seq, SequenceClassifier, SequenceTagger
from tests.estimators.conftest import SMALL
from tests.planted import plant, plant_segments


def test_clone__has_the_parameters_and_nothing_else(fitted) -> None:
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    assert vars(twin).keys() == set(fitted.get_params())


def test_set_params__goes_where_get_params_looks() -> None:
    model = SequenceClassifier().set_params(hidden_size=7, pooling=["max"])
    assert model.get_params()["hidden_size"] == 7
    assert model.get_params()["pooling"] == ["max"]
    with pytest.raises(ValueError, match="Invalid parameter 'hiden_size'"):
        model.set_params(hiden_size=7)


def test_repr__names_what_differs_from_the_default() -> None:
    assert repr(SequenceClassifier("rna", hidden_size=8)) == (
        "SequenceClassifier(alphabet='rna', hidden_size=8)"
    )


def test_tags__ask_for_strings() -> None:
    tags = get_tags(SequenceClassifier())
    assert is_classifier(SequenceClassifier())
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.target_tags.required
    assert tags.classifier_tags.multi_class


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "cross_val_predict")
def test_cross_val_predict__works_on_a_list_of_strings(make_classifier, planted) -> None:
    sequences, labels = planted
    probabilities = cross_val_predict(
        make_classifier(max_epochs=1), sequences, labels, cv=3, method="predict_proba"
    )
    assert probabilities.shape == (60, 2)
    folds = StratifiedKFold(3).split(sequences, labels)
    learned, unseen = next(iter(folds))
    model = make_classifier(max_epochs=1)
    model.fit([sequences[k] for k in learned], [labels[k] for k in learned])
    np.testing.assert_array_equal(
        probabilities[unseen], model.predict_proba([sequences[k] for k in unseen])
    )


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "cross_validate")
def test_cross_validate__works_in_worker_processes(make_classifier, planted) -> None:
    results = [
        cross_validate(
            make_classifier(max_epochs=1), *planted, cv=2, n_jobs=n_jobs, return_estimator=True
        )
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(results[0]["test_score"], results[1]["test_score"])
    here, there = (result["estimator"][0].predict_proba(planted[0]) for result in results)
    assert here.tobytes() == there.tobytes()


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "GridSearchCV")
def test_grid_search__finds_parameters_of_every_kind(make_classifier, planted) -> None:
    grid = {
        "hidden_size": np.array([4, 8]),
        "bidirectional": np.array([True, False]),
        "class_weight": [None, "balanced"],
    }
    search = GridSearchCV(make_classifier(max_epochs=1), grid, cv=2, scoring="roc_auc")
    search.fit(*planted)
    assert search.best_params_.keys() == grid.keys()
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(planted[0]).shape == (60,)


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "Pipeline")
def test_pipeline__passes_strings_through(make_classifier, planted) -> None:
    def reverse(sequences: list[str]) -> list[str]:
        return [letters[::-1] for letters in sequences]

    steps = [("reverse", FunctionTransformer(reverse)), ("classify", make_classifier())]
    pipeline = Pipeline(steps).fit(*planted, classify__sample_weight=np.ones(60))
    expected = make_classifier().fit(reverse(planted[0]), planted[1])
    np.testing.assert_array_equal(
        pipeline.predict_proba(planted[0]), expected.predict_proba(reverse(planted[0]))
    )
    assert pipeline.set_params(classify__hidden_size=3)["classify"].hidden_size == 3


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "CalibratedClassifierCV")
@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration__wraps_the_classifier(method: str, make_classifier, planted) -> None:
    calibrated = CalibratedClassifierCV(make_classifier(max_epochs=1), method=method, cv=2)
    probabilities = calibrated.fit(*planted).predict_proba(planted[0])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert calibrated.classes_.tolist() == ["no", "yes"]


def test_score__takes_sample_weights(fitted, planted) -> None:
    right = fitted.predict(planted[0]) == np.array(planted[1])
    weights = np.where(right, 1.0, 0.0)
    assert fitted.score(*planted, sample_weight=weights) == 1.0


@pytest.mark.parametrize("container", [list, tuple, np.array, lambda v: np.array(v, object)])
def test_fit__takes_sequences_in_any_container(container, make_classifier, planted, fitted) -> None:
    model = make_classifier().fit(container(planted[0]), container(planted[1]))
    expected = fitted.predict_proba(planted[0])
    assert model.predict_proba(container(planted[0])).tobytes() == expected.tobytes()
    assert model.classes_.tolist() == ["no", "yes"]


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "VotingClassifier")
@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_voting__counts_the_classifiers(voting: str, make_classifier, planted) -> None:
    members = [(f"m{seed}", make_classifier(max_epochs=1, random_state=seed)) for seed in (1, 2)]
    joined = VotingClassifier(members, voting=voting).fit(*planted)
    assert joined.classes_.tolist() == ["no", "yes"]
    assert set(joined.predict(planted[0])) <= {"no", "yes"}
    if voting == "soft":
        each = [model.fit(*planted).predict_proba(planted[0]) for _, model in members]
        np.testing.assert_array_equal(joined.predict_proba(planted[0]), np.mean(each, axis=0))


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "StackingClassifier")
def test_stacking__learns_from_the_classifier(make_classifier, planted) -> None:
    stack = StackingClassifier([("gru", make_classifier(max_epochs=1))], cv=2).fit(*planted)
    assert stack.predict(planted[0]).shape == (60,)


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "permutation_importance")
def test_permutation_importance__shuffles_a_column_of_strings(make_classifier) -> None:
    model = make_classifier(max_epochs=12).fit(*plant(200, seed=2))
    sequences, labels = plant(100, seed=3)
    column = np.array(sequences, object)[:, None]
    found = permutation_importance(model, column, labels, n_repeats=3, random_state=0)
    assert found.importances_mean.shape == (1,)
    # half of the shuffled sequences meet a label that is not theirs
    assert found.importances_mean[0] == pytest.approx(model.score(column, labels) - 0.5, abs=0.1)


@pytest.mark.conformance("scikit-learn", "SequenceRegressor", "permutation_importance")
def test_permutation_importance__shuffles_a_data_frame(make_regressor, counted) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"sequence": counted[0]})
    model = make_regressor(max_epochs=1).fit(frame, counted[1])
    expected = make_regressor(max_epochs=1).fit(*counted).predict(counted[0])
    assert model.predict(frame).tobytes() == expected.tobytes()
    assert permutation_importance(model, frame, counted[1], n_repeats=2).importances.shape == (1, 2)


@pytest.mark.conformance("scikit-learn", "SequenceClassifier", "one column of a table")
def test_fit__takes_a_column_of_labels_with_a_warning(make_classifier, planted, fitted) -> None:
    column = np.array(planted[0])[:, None], np.array(planted[1])[:, None]
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        model = make_classifier().fit(*column)
    expected = fitted.predict_proba(planted[0])
    assert model.predict_proba(column[0]).tobytes() == expected.tobytes()


@pytest.mark.conformance("scikit-learn", "{kind.__name__}", "GridSearchCV")
@pytest.mark.parametrize("kind", [Seq2Seq, SequenceTagger])
def test_grid_search__knows_the_other_tasks(kind) -> None:
    sequences, labels = plant_segments(20, seed=0)
    y = sequences if kind is Seq2Seq else labels
    options = {**SMALL, "max_epochs": 1}
    options |= {"target_alphabet": "dna"} if kind is Seq2Seq else {}
    search = GridSearchCV(kind(**options), {"hidden_size": [2, 3]}, cv=2).fit(sequences, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.hidden_size in (2, 3)
