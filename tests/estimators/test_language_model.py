from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from fastgru import SequenceClassifier, SequenceLanguageModel
from fastgru.errors import (
    AlphabetError,
    CheckpointError,
    ConfigurationError,
    LabelError,
    ModelFileError,
)
from fastgru.estimators.parameters import check_parameters
from fastgru.models.model_file import read_model
from tests.estimators.conftest import SMALL, count_refused
from tests.estimators.test_checkpoints import Interrupted, bytes_of, interrupt_after
from tests.letters import draw_chains

SEQUENCES, _ = draw_chains(60, seed=1)


def make_model(**changes: Any) -> SequenceLanguageModel:
    """A language model that trains in a fraction of a second."""
    return SequenceLanguageModel(**{**SMALL, **changes})


@pytest.fixture(scope="module")
def model() -> SequenceLanguageModel:
    """To be left as it is."""
    return make_model().fit(SEQUENCES)


def test_check_parameters__refuses_two_directions_above_one_layer() -> None:
    values = SequenceLanguageModel(num_layers=2).get_params()
    with pytest.raises(ConfigurationError, match="bidirectional must be False for 2 layers"):
        check_parameters(values, "language_model")
    check_parameters({**values, "bidirectional": False}, "language_model")


def test_fit__learns_a_source_to_near_its_entropy() -> None:
    training, _ = draw_chains(500, seed=1)
    held_out, entropy = draw_chains(100, seed=2)
    model = make_model(hidden_size=24, max_epochs=20, learning_rate=2e-2, bidirectional=False)
    model.fit(training)
    found = model.bits_per_letter(held_out)
    # letters alone have 1.9 bits, pairs 1.4
    assert entropy < found < entropy + 0.06
    kept = model.history_[model.best_epoch_ - 1]
    assert abs(kept["validation_bits"] - found) < 0.15
    assert model.perplexity(held_out) == 2**found
    assert model.score(held_out) == -found


def test_fit__takes_the_validation_set_that_it_is_given() -> None:
    model = make_model(max_epochs=1).fit(SEQUENCES[:50], validation_data=SEQUENCES[50:])
    assert (model.n_train_, model.n_validation_) == (50, 10)
    (epoch,) = model.history_
    bits = model.bits_per_letter(SEQUENCES[50:])
    assert epoch["validation_bits"] == pytest.approx(bits, rel=1e-14)
    assert model.seen_in_training(SEQUENCES).all()
    assert not model.seen_in_training(["ACGTACGT"]).any()
    assert "length" in model.flag_unusual(["A" * 999])[0]
    assert model.max_length is None


def test_fit__gives_the_same_bytes_for_any_number_of_threads(model, tmp_path: Path) -> None:
    assert bytes_of(make_model(threads=2).fit(SEQUENCES), tmp_path) == bytes_of(model, tmp_path)
    other = make_model(random_state=1).fit(SEQUENCES)
    assert bytes_of(other, tmp_path) != bytes_of(model, tmp_path)


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_fit__goes_on_as_if_it_was_never_interrupted(n_epochs, model, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        make_model().fit(SEQUENCES, checkpoint=path, on_epoch=interrupt_after(n_epochs))
    resumed = make_model().fit(SEQUENCES, checkpoint=path, resume=True)
    assert bytes_of(resumed, tmp_path) == bytes_of(model, tmp_path)
    with pytest.raises(CheckpointError, match="was made with other sequences"):
        make_model().fit(SEQUENCES[1:], checkpoint=path, resume=True)


@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        ([], LabelError, "the training set is empty, expected at least one sequence"),
        (["ACGT"], LabelError, "the training set has 1 sequence to learn from, expected at least"),
        (["ACGT", "AC!"], AlphabetError, "sequence 1: letter '!' at position 3"),
        ("ACGT", ConfigurationError, "sequences must be a list of strings, got str"),
    ],
)
def test_fit__refuses_what_cannot_be_learned(sequences, error, message: str) -> None:
    with pytest.raises(error, match=message):
        make_model().fit(sequences)


def test_fit__refuses_an_empty_validation_set() -> None:
    with pytest.raises(LabelError, match="the validation set is empty"):
        make_model().fit(SEQUENCES, validation_data=[])


def test_score_samples__does_not_depend_on_the_batch(model) -> None:
    together = model.score_samples(SEQUENCES)
    alone = np.concatenate([model.score_samples([sequence]) for sequence in SEQUENCES])
    assert alone.tobytes() == together.tobytes()
    assert (together < 0).all()


def test_score_samples__reads_any_spelling(model) -> None:
    plain, respelled = model.score_samples(["ACGTT", "acguu"])
    assert plain == respelled


def test_bits_per_letter__counts_letters_and_ends(model) -> None:
    nats = model.score_samples(["ACGNT", "A"])
    expected = -nats.sum() / 7 / np.log(2)
    assert model.bits_per_letter(["ACGNT", "A"]) == pytest.approx(expected, rel=1e-14)
    with pytest.raises(LabelError, match="sequences: there are none, expected at least one"):
        model.bits_per_letter([])


def test_score_variants__are_ratios_of_likelihoods(model) -> None:
    variants = ["A1C", "t4g", "G3G"]
    found = model.score_variants("ACGTTA", variants)
    nats = model.score_samples(["CCGTTA", "ACGGTA", "ACGTTA"])
    np.testing.assert_array_equal(found, nats - nats[2])
    assert found[2] == 0
    assert model.score_variants("ACGT", []).shape == (0,)
    with pytest.raises(LabelError, match="record 'C1A': the reference has 'A' there"):
        model.score_variants("ACGT", ["C1A"])
    with pytest.raises(ConfigurationError, match="variants must be a list of strings, got str"):
        model.score_variants("ACGT", "A1C")


def test_generate__gives_sequences_that_can_be_read(model) -> None:
    made = model.generate(20, max_length=30, prefix="acn", random_state=3)
    assert made == model.generate(20, max_length=30, prefix="ACN", random_state=3)
    assert {letters[:3] for letters in made} == {"ACN"}
    assert max(map(len, made)) <= 30
    assert np.isfinite(model.score_samples(made)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1}, "n must be an integer of at least 0, got -1"),
        ({"n": 2.0}, "n must be an integer of at least 0, got 2.0"),
        ({"max_length": 1e3}, "max_length must be an integer of at least 1, got 1000.0"),
        ({"temperature": -0.5}, "temperature must be a finite number of at least 0, got -0.5"),
        ({"temperature": np.nan}, "temperature must be a finite number of at least 0, got nan"),
        ({"prefix": "ACG", "max_length": 3}, "max_length must be above 3, the letters of the"),
    ],
)
def test_generate__refuses_what_it_cannot_do(arguments, message: str, model) -> None:
    with pytest.raises(ConfigurationError, match=message):
        model.generate(**{"n": 1, **arguments})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dtype": "float64", "num_layers": 2, "bidirectional": False},
        {"cell": "lstm", "early_stopping": False},
    ],
)
def test_load__undoes_save(changes, tmp_path: Path) -> None:
    model = make_model(**changes).fit(SEQUENCES)
    model.save(tmp_path / "m", extra={"notes": "mine"})
    twin = SequenceLanguageModel.load(tmp_path / "m")
    assert twin.score_samples(SEQUENCES).tobytes() == model.score_samples(SEQUENCES).tobytes()
    assert twin.generate(3, random_state=0) == model.generate(3, random_state=0)
    assert twin.get_params() == {**model.get_params(), "threads": None}
    assert twin.n_iter_ == 3
    assert twin.n_parameters_ == model.n_parameters_
    card = read_model(tmp_path / "m").card
    assert (card["task"], card["notes"]) == ("language_model", "mine")
    assert bytes_of(twin, tmp_path) == bytes_of(model, tmp_path)


def test_load__refuses_models_of_another_task(model, fitted, tmp_path: Path) -> None:
    model.save(tmp_path / "lm")
    fitted.save(tmp_path / "classifier")
    with pytest.raises(ModelFileError, match="is a model of language_model, expected one of class"):
        SequenceClassifier.load(tmp_path / "lm")
    with pytest.raises(ModelFileError, match="is a model of classification, expected one of lang"):
        SequenceLanguageModel.load(tmp_path / "classifier")


def test_load__refuses_damaged_cards(model, tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    model.save(path)
    assert count_refused(path, 150, SEQUENCES[:3], estimator=SequenceLanguageModel) > 50


@pytest.mark.conformance("scikit-learn", "SequenceLanguageModel", "GridSearchCV")
def test_estimator__keeps_to_scikit_learn(model) -> None:
    assert clone(model).get_params() == model.get_params()
    assert model.__sklearn_tags__().input_tags.string
    search = GridSearchCV(make_model(max_epochs=1), {"hidden_size": [4, 8]}, cv=2)
    assert search.fit(SEQUENCES).best_params_["hidden_size"] in (4, 8)
    for call in ("score_samples", "flag_unusual", "seen_in_training"):
        with pytest.raises(NotFittedError):
            getattr(make_model(), call)(SEQUENCES)
    for call in (lambda m: m.generate(1), lambda m: m.save("m"), lambda m: m.max_length):
        with pytest.raises(NotFittedError):
            call(make_model())
