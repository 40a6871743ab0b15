"""Pooled states as features: those that the network has, the same whatever stands beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import get_tags

from fastgru import (
    Seq2Seq,
    SequenceClassifier,
    SequenceEncoder,
    SequenceLanguageModel,
    SequenceRegressor,
    SequenceTagger,
    average_models,
)
from fastgru.errors import AlphabetError, ConfigurationError
from fastgru.training.batches import pad
from tests.estimators.conftest import SMALL, small_classifier
from tests.planted import plant, plant_segments

SEQUENCES, LABELS = plant(60, seed=1)
NUMBERS = [float(label == "yes") for label in LABELS]
LETTERS = dict(zip("ACGT", "TGCA", strict=True))


def encoder_of(model: Any) -> SequenceEncoder:
    """An encoder by a model that is fitted."""
    return SequenceEncoder(FrozenEstimator(model)).fit(SEQUENCES)


@pytest.fixture(scope="module")
def language_model() -> SequenceLanguageModel:
    return SequenceLanguageModel(**{**SMALL, "max_epochs": 1}).fit(SEQUENCES)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"pooling": ("last",), "bidirectional": False},
        {"pooling": ("attention", "mean"), "conv_channels": (5,), "conv_pool": 2},
        {"kmer_size": 3, "num_layers": 2, "residual": True},
        {"dtype": "float64"},
    ],
)
def test_transform__gives_what_the_outputs_are_made_of(changes: dict[str, Any]) -> None:
    model = small_classifier(max_epochs=1, **changes).fit(SEQUENCES, LABELS)
    encoder = encoder_of(model)
    features = encoder.transform(SEQUENCES)
    assert features.shape == (60, len(encoder.get_feature_names_out()))
    weights = model._fitted.network.weights.views()
    logits = features.astype(np.float64) @ weights["head.weight"].T + weights["head.bias"]
    exponents = np.exp(logits / model.temperature_)
    expected = exponents / exponents.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(SEQUENCES), expected, rtol=1e-5)
    assert features.dtype == model.dtype


@pytest.mark.parametrize("threads", [1, 2])
def test_transform__does_not_depend_on_threads_and_neighbours(fitted, threads: int) -> None:
    encoder = SequenceEncoder(FrozenEstimator(fitted), threads=threads).fit(SEQUENCES)
    together = encoder.transform(SEQUENCES)
    assert together.tobytes() == encoder_of(fitted).transform(SEQUENCES).tobytes()
    for number in (0, 7):
        alone = encoder.transform([SEQUENCES[number], "ACGT" * 9])[0]
        assert alone.tobytes() == together[number].tobytes()
    assert encoder.transform([]).shape == (0, 3 * 2 * 12)


def other_strand(sequences: list[str]) -> list[str]:
    return ["".join(LETTERS[letter] for letter in letters[::-1]) for letters in sequences]


def test_transform__of_both_strands_cannot_tell_them_apart() -> None:
    model = small_classifier(max_epochs=1, reverse_complement="average").fit(SEQUENCES, LABELS)
    encoder = encoder_of(model)
    expected = encoder.transform(SEQUENCES).tobytes()
    assert encoder.transform(other_strand(SEQUENCES)).tobytes() == expected


def test_transform__of_tied_strands_has_the_features_of_the_other_turned_round() -> None:
    model = small_classifier(max_epochs=1, reverse_complement="equivariant")
    encoder = encoder_of(model.fit(SEQUENCES, LABELS))
    here, there = encoder.transform(SEQUENCES), encoder.transform(other_strand(SEQUENCES))
    # within each of three poolings
    turned = there.reshape(60, 3, -1)[:, :, ::-1].reshape(60, -1)
    np.testing.assert_allclose(here, turned, rtol=1e-4, atol=1e-6)


def test_transform__of_a_language_model_is_the_mean_of_its_states(language_model) -> None:
    network = language_model._fitted.network
    (codes,) = language_model._fitted.encode_readable(SEQUENCES[:1])
    tokens, lengths = pad([np.concatenate([codes[:0], network.framed(codes)])])
    states, _ = network._states(*network.read(tokens, lengths), training=False)
    expected = states[0, : lengths[0]].astype(np.float64).mean(axis=0)
    (found,) = encoder_of(language_model).transform(SEQUENCES[:1])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", [SequenceClassifier, SequenceRegressor])
def test_fit__trains_a_clone(kind: Any) -> None:
    y = LABELS if kind is SequenceClassifier else NUMBERS
    model = kind(**{**SMALL, "max_epochs": 1})
    encoder = SequenceEncoder(model)
    features = encoder.fit_transform(SEQUENCES, y, sample_weight=np.arange(60) + 1)
    assert not hasattr(model, "n_iter_")
    expected = clone(model).fit(SEQUENCES, y, sample_weight=np.arange(60) + 1)
    assert features.tobytes() == encoder_of(expected).transform(SEQUENCES).tobytes()
    groups = [k // 4 for k in range(60)]
    encoder.fit(SEQUENCES, y, groups=groups)
    expected.fit(SEQUENCES, y, groups=groups)
    again = encoder.transform(SEQUENCES)
    assert again.tobytes() == encoder_of(expected).transform(SEQUENCES).tobytes()


def test_fit__of_none_trains_a_classifier() -> None:
    encoder = SequenceEncoder()
    assert isinstance(encoder._to_train(), SequenceClassifier)
    assert get_tags(encoder).target_tags.required


def test_fit__reads_a_model_file(fitted, language_model, tmp_path: Path) -> None:
    tagger = SequenceTagger(**{**SMALL, "max_epochs": 1}).fit(*plant_segments(20, seed=0))
    for name, model in {"c": fitted, "lm": language_model, "t": tagger}.items():
        model.save(tmp_path / name)
        encoder = SequenceEncoder(tmp_path / name).fit(SEQUENCES)
        expected = encoder_of(model).transform(SEQUENCES)
        assert encoder.transform(SEQUENCES).tobytes() == expected.tobytes()
        assert isinstance(encoder.model_, type(model))
        assert expected.shape[1] == len(encoder.get_feature_names_out())
    assert not get_tags(encoder).target_tags.required


def test_names__say_pooling_direction_and_unit(fitted, language_model) -> None:
    names = encoder_of(fitted).get_feature_names_out()
    assert len(names) == len(set(names)) == 72
    assert names[[0, 12, 71]].tolist() == ["last_forward_0", "last_backward_0", "max_backward_11"]
    features = encoder_of(fitted).transform(SEQUENCES)
    # the states of a recurrent layer: no mean is above the largest
    mean, largest = (features[:, [name.startswith(p) for name in names]] for p in ("mean", "max"))
    assert (mean <= largest + 1e-6).all()
    assert encoder_of(language_model).get_feature_names_out([])[-1] == "mean_backward_11"


@pytest.mark.conformance("scikit-learn", "SequenceEncoder", "set_output")
def test_set_output__makes_a_data_frame(fitted) -> None:
    pandas = pytest.importorskip("pandas")
    encoder = encoder_of(fitted).set_output(transform="pandas")
    series = pandas.Series(SEQUENCES, index=[f"s{k}" for k in range(60)], dtype=object)
    frame = encoder.transform(series)
    assert frame.columns.tolist() == encoder.get_feature_names_out().tolist()
    assert frame.index.tolist() == series.index.tolist()
    expected = encoder_of(fitted).transform(SEQUENCES)
    assert np.ascontiguousarray(frame).tobytes() == expected.tobytes()


@pytest.mark.conformance("scikit-learn", "SequenceEncoder", "Pipeline, RandomForestClassifier")
def test_pipeline__feeds_a_random_forest() -> None:
    encoder = SequenceEncoder(small_classifier(max_epochs=12))
    forest = RandomForestClassifier(50, random_state=0)
    pipeline = make_pipeline(encoder, forest).fit(*plant(200, seed=3))
    assert pipeline.score(*plant(100, seed=4)) > 0.85
    assert forest.n_features_in_ == 72


@pytest.mark.conformance("scikit-learn", "SequenceEncoder", "GridSearchCV")
def test_grid_search__changes_the_model_inside() -> None:
    encoder = SequenceEncoder(small_classifier(max_epochs=1))
    pipeline = Pipeline([("encode", encoder), ("forest", RandomForestClassifier(5))])
    search = GridSearchCV(pipeline, {"encode__model__hidden_size": [2, 3]}, cv=2)
    search.fit(SEQUENCES, LABELS)
    assert search.best_estimator_["encode"].transform(SEQUENCES).shape[1] in (12, 18)


@pytest.mark.conformance("scikit-learn", "SequenceEncoder", "ColumnTransformer")
@pytest.mark.conformance("scikit-learn", "SequenceEncoder", "permutation_importance")
def test_columns__stand_beside_others(language_model) -> None:
    pandas = pytest.importorskip("pandas")
    known = np.array(NUMBERS)
    frame = pandas.DataFrame({"sequence": SEQUENCES, "known": known, "noise": known[::-1] * 0})
    encoder = SequenceEncoder(FrozenEstimator(language_model))
    columns = ColumnTransformer([("dna", encoder, "sequence")], remainder="passthrough")
    pipeline = make_pipeline(columns, RandomForestClassifier(20, random_state=0))
    pipeline.fit(frame, LABELS)
    names = columns.get_feature_names_out()
    assert names[[0, -2, -1]].tolist() == [
        "dna__mean_forward_0",
        "remainder__known",
        "remainder__noise",
    ]
    found = permutation_importance(pipeline, frame, LABELS, n_repeats=2, random_state=0)
    assert found.importances_mean.argmax() == 1
    assert found.importances_mean[2] == 0


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Seq2Seq(), "^model: is a Seq2Seq, expected a model file or one of SequenceClassifier, Se"),
        (FrozenEstimator(RandomForestClassifier()), "^model: is a RandomForestClassifier, expect"),
    ],
)
def test_fit__refuses_other_models(model: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        SequenceEncoder(model).fit(SEQUENCES, LABELS)


def test_fit__refuses_an_ensemble(fitted) -> None:
    other = small_classifier(random_state=5, max_epochs=1).fit(SEQUENCES, LABELS)
    with pytest.raises(ConfigurationError, match=r"^model: is an ensemble of networks, each with"):
        encoder_of(average_models([fitted, other]))


def test_transform__refuses_what_the_model_cannot_read(fitted) -> None:
    with pytest.raises(AlphabetError, match=r"^sequence 1: letter 'E' at position 2"):
        encoder_of(fitted).transform(["ACGT", "AE"])
