"""A classifier of any number of labels for each sequence."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.utils import get_tags

from fastgru import SequenceClassifier, average_models
from fastgru.errors import ConfigurationError, LabelError, ModelFileError
from fastgru.models.model_file import read_model
from tests.estimators.conftest import count_refused, small_classifier
from tests.models.model_files import put_together, take_apart
from tests.planted import plant_counts


def indicators(counts: np.ndarray) -> np.ndarray:
    """Two labels that follow from how often there is the motif."""
    return np.stack([counts >= 1, counts >= 3], axis=1).astype(np.float64)


@pytest.fixture(scope="module")
def learned() -> SequenceClassifier:
    """A classifier that has learned both labels from parts of them; to be left as it is."""
    sequences, counts = plant_counts(900, seed=2)
    holes = np.random.default_rng(0).random((900, 2)) < 0.3
    labels = np.where(holes, math.nan, indicators(counts))
    model = small_classifier(conv_channels=(16,), hidden_size=16, max_epochs=12)
    return model.fit(sequences, labels, label_names=["some", "many"])


def test_classifier__learns_several_labels(learned) -> None:
    sequences, counts = plant_counts(200, seed=3)
    probabilities = learned.predict_proba(sequences)
    assert probabilities.shape == (200, 2)
    for k in range(2):
        assert roc_auc_score(indicators(counts)[:, k], probabilities[:, k]) > 0.9
    predicted = learned.predict(sequences)
    np.testing.assert_array_equal(predicted, probabilities > 0.5)
    assert predicted.dtype == np.int64
    right = (predicted == indicators(counts)).all(axis=1)
    assert learned.score(sequences, indicators(counts)) == right.mean()
    assert learned.classes_.tolist() == ["some", "many"]
    assert learned.thresholds_ == []


def test_temperature__makes_the_probabilities_fit_better(learned) -> None:
    calibration = learned._fitted.calibration
    assert learned.temperature_ != 1
    assert calibration.n_sequences == learned.n_validation_
    assert calibration.after["log_loss"] <= calibration.before["log_loss"]


def test_prevalence__is_the_share_of_each_label(make_classifier, counted) -> None:
    labels = indicators(counted[1])
    labels[:5, 0] = math.nan
    model = make_classifier(early_stopping=False, max_epochs=1).fit(counted[0], labels)
    expected = [np.nanmean(labels[:, 0]), labels[:, 1].mean()]
    assert model._fitted.calibration.prevalence == pytest.approx(expected, rel=1e-14)


def test_balanced__weighs_both_answers_of_each_label_alike(make_classifier, counted) -> None:
    model = make_classifier(early_stopping=False, max_epochs=1, class_weight="balanced")
    model.fit(counted[0], indicators(counted[1]))
    assert model._fitted.calibration.prevalence == pytest.approx([0.5, 0.5], rel=1e-14)


@pytest.mark.parametrize(
    "changes", [{}, {"label_smoothing": 0.1}, {"focal_gamma": 2.0}, {"class_weight": "balanced"}]
)
def test_load__undoes_save(changes, make_classifier, counted, tmp_path: Path) -> None:
    model = make_classifier(**changes).fit(counted[0], indicators(counted[1]))
    model.save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    assert twin.predict_proba(counted[0]).tobytes() == model.predict_proba(counted[0]).tobytes()
    assert twin.predict(counted[0]).tobytes() == model.predict(counted[0]).tobytes()
    assert twin.get_params() == {**model.get_params(), "threads": None}
    assert twin.classes_.tolist() == model.classes_.tolist() == ["label_0", "label_1"]
    assert twin.temperature_ == model.temperature_
    twin.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_parameters__change_what_is_learned(make_classifier, counted) -> None:
    found = set()
    for changes in (
        {},
        {"label_smoothing": 0.2},
        {"focal_gamma": 2.0},
        {"class_weight": "balanced"},
    ):
        model = make_classifier(max_epochs=1, **changes).fit(counted[0], indicators(counted[1]))
        found.add(model.predict_proba(counted[0]).tobytes())
    assert len(found) == 4


def test_card__says_what_the_file_format_page_says(learned, tmp_path: Path) -> None:
    learned.save(tmp_path / "m")
    card = read_model(tmp_path / "m").card
    assert (card["task"], card["labels"]) == ("multilabel", ["some", "many"])
    assert "classes" not in card
    assert len(card["prevalence"]) == 2
    assert card["thresholds"] == {"rows": [], "reason": "the model has several labels"}


def test_load__refuses_damaged_cards(make_classifier, counted, tmp_path: Path) -> None:
    path = tmp_path / "m"
    make_classifier(max_epochs=1).fit(counted[0], indicators(counted[1])).save(path)
    assert count_refused(path, 200, counted[0][:2]) > 100


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["labels"], ["a"], "labels has 1 entries for a network with 2 outputs"),
        (["prevalence"], [0.5], "prevalence has 1 entries"),
        (["training", "parameters", "class_weight"], {"a": 1.0}, "class_weight is a mapping"),
    ],
)
def test_load__refuses_contradictions(
    place, value, message: str, make_classifier, counted, tmp_path: Path
) -> None:
    path = tmp_path / "m"
    make_classifier(max_epochs=1).fit(counted[0], indicators(counted[1])).save(path)
    header, card, weights = take_apart(path.read_bytes())
    *parents, name = place
    inner = card
    for parent in parents:
        inner = inner[parent]
    inner[name] = value
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match=message):
        SequenceClassifier.load(path)


def test_fit__leaves_out_sequences_of_which_nothing_is_known(make_classifier, counted) -> None:
    labels = indicators(counted[1])
    expected = make_classifier(max_epochs=1).fit(counted[0], labels).predict_proba(counted[0])
    more = np.vstack([labels, [math.nan, math.nan]])
    model = make_classifier(max_epochs=1).fit([*counted[0], "GATTACA" * 4], more)
    assert model.predict_proba(counted[0]).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda labels: labels + 1, "labels: that of sequence 0, column 0, is .*, expected 0, 1,"),
        (
            lambda labels: labels * 0,
            "label 'label_0': there is only 0 among the sequences to learn",
        ),
        (lambda labels: labels * 0 + 1, "label 'label_0': there is only 1 among the sequences"),
        (
            lambda labels: np.stack([labels[:, 0], np.full(60, math.nan)], axis=1),
            "label 'label_1': there is no answer among the sequences",
        ),
        (lambda labels: labels.astype(str), "labels: must be numbers"),
    ],
)
def test_fit__refuses_labels(change, message: str, make_classifier, counted) -> None:
    with pytest.raises(LabelError, match=message):
        make_classifier().fit(counted[0], change(indicators(counted[1])))


def test_fit__refuses_answers_of_the_validation_set(make_classifier, counted) -> None:
    with pytest.raises(LabelError, match="labels of the validation set: that of sequence 0"):
        make_classifier().fit(
            *(counted[0], indicators(counted[1])), validation_data=(["ACGT"], [[0.5, 1.0]])
        )


def test_fit__refuses_weights_of_classes_and_names_of_no_columns(
    make_classifier, counted, planted
) -> None:
    with pytest.raises(ConfigurationError, match="class_weight must be 'balanced' or None for sev"):
        make_classifier(class_weight={"a": 1.0}).fit(counted[0], indicators(counted[1]))
    with pytest.raises(ConfigurationError, match="label_names: are for labels"):
        make_classifier().fit(*planted, label_names=["no", "yes"])
    with pytest.raises(ConfigurationError, match="label_names must be 2 different texts"):
        make_classifier().fit(counted[0], indicators(counted[1]), label_names=["a"])


def test_average_models__refuses_several_labels(learned, fitted) -> None:
    with pytest.raises(ConfigurationError, match="model 0: is a model of the task multilabel, exp"):
        average_models([learned, learned])


def test_scikit_learn__takes_an_indicator_matrix(make_classifier, counted) -> None:
    tags = get_tags(SequenceClassifier())
    assert tags.classifier_tags.multi_label
    assert tags.target_tags.multi_output
    labels = indicators(counted[1]).astype(int)
    model = make_classifier(max_epochs=1)
    probabilities = cross_val_predict(model, counted[0], labels, cv=3, method="predict_proba")
    assert probabilities.shape == (60, 2)
    search = GridSearchCV(model, {"hidden_size": [2, 4]}, cv=2, scoring="f1_macro")
    search.fit(counted[0], labels)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
