"""Letters with features beside them, such as their quality: pairs of a string and an array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import cross_val_predict

from fastgru import SequenceClassifier, SequenceRegressor, average_models
from fastgru.errors import ConfigurationError, LabelError
from tests.estimators.conftest import count_refused, small_classifier

Pairs = list[tuple[str, np.ndarray]]


def make_pairs(n: int, seed: int) -> tuple[Pairs, list[str]]:
    """Letters at random; of class up the first feature is high where the letter is A."""
    rng = np.random.default_rng(seed)
    pairs, labels = [], []
    for number in range(n):
        letters = rng.choice(list("ACGT"), int(rng.integers(8, 25)))
        features = rng.standard_normal((len(letters), 2)) * [5, 1e-3] + [1e6, 0]
        features[letters == ("A" if number % 2 else "C"), 0] += 40
        pairs.append(("".join(letters), features))
        labels.append("up" if number % 2 else "flat")
    return pairs, labels


PAIRS, LABELS = make_pairs(100, seed=1)


@pytest.fixture(scope="module")
def model() -> SequenceClassifier:
    return small_classifier(max_epochs=15).fit(PAIRS, LABELS)


def test_fit__learns_from_letters_and_features_together(model) -> None:
    others, truth = make_pairs(60, seed=2)
    assert model.score(others, truth) > 0.9
    # neither alone says anything
    swapped = [(letters[::-1], features) for letters, features in others]
    assert model.score(swapped, truth) < 0.8


@pytest.mark.parametrize("threads", [1, 2])
def test_fit__does_not_depend_on_threads_and_units(model, threads: int) -> None:
    scaled = [(letters, features * 4) for letters, features in PAIRS]
    other = small_classifier(max_epochs=15, threads=threads).fit(scaled, LABELS)
    assert other.predict_proba(scaled).tobytes() == model.predict_proba(PAIRS).tobytes()


def test_predict_proba__of_pairs_does_not_depend_on_the_neighbours(model) -> None:
    together = model.predict_proba(PAIRS)
    for number in (0, 7):
        assert together[number].tobytes() == model.predict_proba([PAIRS[number]])[0].tobytes()


@pytest.mark.parametrize(
    "changes",
    [{}, {"position_embedding": True}, {"conv_channels": (5,), "pooling": ("attention",)}],
)
def test_load__brings_features_back(changes: dict[str, Any], tmp_path: Path) -> None:
    model = small_classifier(max_epochs=1, **changes).fit(PAIRS, LABELS)
    model.save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    short = [pair for pair in PAIRS if len(pair[0]) < 20]
    assert twin.predict_proba(short).tobytes() == model.predict_proba(short).tobytes()
    twin.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_load__of_features_survives_damaged_cards(model, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    assert count_refused(tmp_path / "m", 60, PAIRS[:3]) > 20


def test_cross_val_predict__divides_pairs() -> None:
    found = cross_val_predict(small_classifier(max_epochs=8), PAIRS, LABELS, cv=2)
    assert np.mean(found == np.array(LABELS)) > 0.6


def test_model__knows_features_it_has_seen(model) -> None:
    letters, features = PAIRS[0]
    given = [PAIRS[0], (letters, features + 1)]
    assert model.seen_in_training(given).tolist() == [True, False]
    assert model.flag_unusual([PAIRS[0], ("A" * 50, np.zeros((50, 2)))])[1] != ()


def test_regressor__takes_pairs() -> None:
    targets = [float(label == "up") for label in LABELS]
    model = SequenceRegressor(max_epochs=2, hidden_size=6, threads=1, random_state=0)
    model.fit(PAIRS, targets, validation_data=(PAIRS[:9], targets[:9]))
    assert np.isfinite(model.predict(PAIRS)).all()


def test_average_models__compares_features(model) -> None:
    plain = small_classifier(max_epochs=1).fit([letters for letters, _ in PAIRS], LABELS)
    with pytest.raises(LabelError, match=r"reads .* of 0 features, expected 2 as"):
        average_models([model, plain])


@pytest.mark.parametrize(
    ("pair", "error", "message"),
    [
        (("ACG", np.zeros((2, 2))), LabelError, "1: are those of 2 letters, expected one row for"),
        (("ACG", np.zeros((3, 1))), LabelError, "features of sequence 1: has 1 feature, expected"),
        (("ACG", np.full((3, 2), np.nan)), LabelError, "feature 0 of step 0 is nan, expected a nu"),
        ("ACG", ConfigurationError, "^sequence 1: must be a pair of a string and an array of feat"),
    ],
)
def test_predict__names_the_pair_that_does_not_fit(pair, error, message: str, model) -> None:
    with pytest.raises(error, match=message):
        model.predict([PAIRS[0], pair])
    with pytest.raises(error, match=message):
        small_classifier().fit([PAIRS[0], pair], ["a", "b"])


def test_predict__without_features_in_training_takes_none() -> None:
    plain = small_classifier(max_epochs=1).fit([letters for letters, _ in PAIRS], LABELS)
    with pytest.raises(ConfigurationError, match=r"^sequence 0: must be a string, got tuple"):
        plain.predict(PAIRS)
    with pytest.raises(ConfigurationError, match=r"^validation sequence 0: must be a pair of a"):
        small_classifier().fit(PAIRS, LABELS, validation_data=(["ACGT"], ["up"]))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("kmer_size", 2, "^kmer_size must be 1 where sequences have features, got 2; features are"),
        ("reverse_complement", "average", "^reverse_complement must be 'none' where sequences hav"),
    ],
)
def test_fit__refuses_what_does_not_go_with_features(name: str, value, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        small_classifier(**{name: value}).fit(PAIRS, LABELS)
