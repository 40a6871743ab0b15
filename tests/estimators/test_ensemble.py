"""Networks that are averaged: in memory, in their file, and what cannot be joined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from fastgru import SequenceClassifier, average_models
from fastgru.errors import ConfigurationError, LabelError, ModelFileError
from fastgru.estimators.decisions import decide_by
from fastgru.estimators.ensemble import Ensemble
from fastgru.models.model_file import read_model, write_model
from tests.estimators.conftest import count_refused, small_classifier
from tests.models.model_files import put_together, take_apart
from tests.planted import plant


@pytest.fixture(scope="module")
def members(planted) -> list[SequenceClassifier]:
    """Three that differ in more than their seeds."""
    changes: list[dict[str, Any]] = [
        {"random_state": 1},
        {"random_state": 2, "position_embedding": True, "pooling": ("mean",)},
        {"random_state": 3, "dtype": "float64", "hidden_size": 5, "kmer_size": 2},
    ]
    return [small_classifier(max_epochs=2, **entry).fit(*planted) for entry in changes]


@pytest.fixture(scope="module")
def ensemble(members) -> SequenceClassifier:
    return average_models(members)


@pytest.fixture
def path(ensemble, tmp_path: Path) -> Path:
    ensemble.save(tmp_path / "ensemble.safetensors")
    return tmp_path / "ensemble.safetensors"


def test_average_models__predicts_the_mean_of_the_probabilities(members, ensemble, planted) -> None:
    first, second, third = (member.predict_proba(planted[0]) for member in members)
    expected = (first + second + third) / 3
    assert ensemble.predict_proba(planted[0]).tobytes() == expected.tobytes()
    assert (ensemble.predict(planted[0]) == np.array(["no", "yes"])[expected.argmax(axis=1)]).all()


def test_attention__is_not_that_of_an_ensemble(ensemble, planted) -> None:
    message = (
        "attention: the model is an ensemble of 3 networks, each with weights of its own, expected "
        "a single network. Ask one of the models that it was made of."
    )
    with pytest.raises(ConfigurationError, match=f"^{message}$"):
        ensemble.attention(planted[0])


def test_average_models__scales_each_network_by_its_own_temperature(members, ensemble) -> None:
    assert len({member.temperature_ for member in members}) == 3
    assert ensemble.temperature_ == 1
    temperatures = [member.calibration.temperature for member in ensemble._fitted.members]
    assert temperatures == [member.temperature_ for member in members]


def test_average_models__depends_on_neither_threads_nor_neighbours(ensemble, planted) -> None:
    whole = ensemble.predict_proba(planted[0])
    twin = average_models([ensemble, ensemble]).set_params(threads=2)
    assert twin.predict_proba(planted[0]).shape == whole.shape
    ensemble.set_params(threads=2)
    assert ensemble.predict_proba(planted[0]).tobytes() == whole.tobytes()
    ensemble.set_params(threads=1)
    alone = np.concatenate([ensemble.predict_proba([letters]) for letters in planted[0][:5]])
    assert alone.tobytes() == whole[:5].tobytes()


def test_average_models__keeps_the_attributes_of_a_classifier(members, ensemble) -> None:
    assert ensemble.classes_.tolist() == ["no", "yes"]
    assert ensemble.n_parameters_ == sum(member.n_parameters_ for member in members)
    assert ensemble.n_train_ == members[0].n_train_
    assert (ensemble.history_, ensemble.best_epoch_, ensemble.n_iter_) == ([], 0, 0)
    assert ensemble.thresholds_ == []
    assert ensemble.max_length == 30
    assert ensemble.min_length == 2
    assert ensemble._fitted.calibration.prevalence == pytest.approx([0.5, 0.5])
    with pytest.raises(LabelError, match="has 31 letters, expected at most 30"):
        ensemble.predict_proba(["A" * 31])


def test_average_models__joins_ensembles(members, ensemble, planted) -> None:
    joined = average_models([ensemble, members[0]])
    assert len(joined._fitted.members) == 4
    rows = [member.predict_proba(planted[0]) for member in (*members, members[0])]
    assert np.allclose(joined.predict_proba(planted[0]), np.mean(rows, axis=0), atol=1e-15)


def test_flag_unusual__asks_for_the_agreement_of_all_members(make_classifier) -> None:
    short, long = (
        make_classifier(max_epochs=1).fit(*plant(40, seed=1, length=length)) for length in (20, 40)
    )
    both = average_models([short, long])
    flagged = both.flag_unusual(["A" * 10, "A" * 20, "A" * 30, "A" * 40, "A" * 50])
    assert ["length" in flags for flags in flagged] == [True, False, True, False, True]


def test_flag_unusual__leaves_members_out_that_know_nothing(members, planted) -> None:
    import dataclasses

    known, unknown = members[0], small_classifier()._take(
        dataclasses.replace(members[1]._fitted, inputs=None)
    )  # fmt: skip
    strange = ["A" * 25]
    assert known.flag_unusual(strange) != [()]
    assert average_models([known, unknown]).flag_unusual(strange) == known.flag_unusual(strange)
    assert average_models([unknown, unknown]).flag_unusual(strange) == [()]


def test_seen_in_training__asks_whether_any_member_has_seen_it(make_classifier) -> None:
    import dataclasses

    first, second = (make_classifier(max_epochs=1).fit(*plant(20, seed=k)) for k in (1, 2))
    both = average_models([first, second])
    new = ["A" * 20]
    for k in (1, 2):
        assert both.seen_in_training(plant(20, seed=k)[0]).all()
    assert not both.seen_in_training(new).any()
    old = small_classifier()._take(dataclasses.replace(second._fitted, seen=None))
    assert old.seen_in_training(new) is None
    assert average_models([first, old]).seen_in_training(new) is None


def test_prevalence__is_unknown_if_that_of_a_member_is(members) -> None:
    import dataclasses

    fitted = members[0]._fitted
    calibration = dataclasses.replace(fitted.calibration, prevalence=None)
    unknown = small_classifier()._take(dataclasses.replace(fitted, calibration=calibration))
    assert average_models([members[0], unknown])._fitted.calibration.prevalence is None


def test_prevalence__is_that_of_all_members_or_none(make_classifier) -> None:
    def member(n_yes: int) -> SequenceClassifier:
        labels = ["yes"] * n_yes + ["no"] * (20 - n_yes)
        model = make_classifier(max_epochs=1, early_stopping=False)
        return model.fit(["ACGT"] * 20, labels)

    alike = average_models([member(4), member(4)])
    assert alike._fitted.calibration.prevalence == pytest.approx([0.8, 0.2])
    unlike = average_models([member(4), member(10)])
    assert unlike._fitted.calibration.prevalence is None
    message = "its networks were trained at different ones"
    with pytest.raises(ConfigurationError, match=message):
        decide_by(unlike._fitted.calibration, ["no", "yes"], prevalence=0.01)


def test_average_models__needs_two(members) -> None:
    with pytest.raises(ConfigurationError, match="ensemble: 1 model given, expected two or more"):
        average_models(members[:1])


def test_average_models__needs_trained_models(members) -> None:
    with pytest.raises(NotFittedError):
        average_models([members[0], SequenceClassifier()])


def test_average_models__refuses_other_classes_and_alphabets(members, make_classifier) -> None:
    other = make_classifier(max_epochs=1).fit(["ACGT", "AACC"] * 4, ["a", "b"] * 4)
    message = "model 1: has the classes 'a', 'b', expected 'no', 'yes' as model 0. Average"
    with pytest.raises(LabelError, match=message):
        average_models([members[0], other])
    protein = make_classifier(max_epochs=1, alphabet="protein")
    protein.fit(["MKVL", "AACC"] * 4, ["no", "yes"] * 4)
    message = "model 1: was trained on protein sequences, expected dna as model 0. Average models"
    with pytest.raises(LabelError, match=message):
        average_models([members[0], protein])


def test_load__brings_the_ensemble_back(path: Path, ensemble, planted, tmp_path: Path) -> None:
    twin = SequenceClassifier.load(path)
    assert twin.predict_proba(planted[0]).tobytes() == ensemble.predict_proba(planted[0]).tobytes()
    assert twin.flag_unusual(["A" * 25, "N" * 30]) == ensemble.flag_unusual(["A" * 25, "N" * 30])
    assert isinstance(twin._fitted, Ensemble)
    assert twin.get_params() == {**ensemble.get_params(), "threads": None}
    twin.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_load__brings_integer_labels_back(make_classifier, planted, tmp_path: Path) -> None:
    labels = [10 if label == "yes" else 9 for label in planted[1]]
    models = [
        make_classifier(max_epochs=1, random_state=seed).fit(planted[0], labels) for seed in (1, 2)
    ]
    average_models(models).save(tmp_path / "m")
    assert SequenceClassifier.load(tmp_path / "m").classes_.tolist() == [9, 10]


def test_save__gives_single_networks_the_format_that_they_had(members, path, tmp_path) -> None:
    members[0].save(tmp_path / "single")
    assert read_model(tmp_path / "single").card["format_version"] == 1
    card = read_model(path).card
    assert card["format_version"] == 2
    assert len(card["members"]) == 3
    own = read_model(tmp_path / "single").card
    shared = {"alphabet", "classes", "classes_are_integers", "symbols", "task"}
    shared |= {"fastgru_version", "versions"}
    assert card["members"][0] == {
        name: own[name] for name in own.keys() - shared - {"format_version", "sha256"}
    }
    assert {name: card[name] for name in shared} == {name: own[name] for name in shared}


def test_save__reserves_the_name_of_the_members(members, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="extra: 'members' are entries of every card"):
        members[0].save(tmp_path / "m", extra={"members": 3})


def test_load__of_format_1_takes_an_entry_members_for_one_of_somebody_else(
    members, tmp_path: Path
) -> None:
    members[0].save(tmp_path / "m")
    header, card, weights = take_apart((tmp_path / "m").read_bytes())
    (tmp_path / "m").write_bytes(put_together(header, {**card, "members": "me"}, weights))
    assert SequenceClassifier.load(tmp_path / "m").classes_.tolist() == ["no", "yes"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card["members"].pop(), "no network of its card has the weights 'members.2."),
        (lambda card: card["members"].clear(), "members is no list of at least 2 entries"),
        (lambda card: card["members"][1].pop("training"), "members[1].training is missing"),
        (lambda card: card["members"][1].update(alphabet="rna"), "members[1].'alphabet' is unkn"),
        (lambda card: card["members"].append(card["members"][0]), "its weights are not those of"),
        (lambda card: card.update(classes=["a", "b", "c"]), "are 3 classes for a network with 2"),
    ],
)
def test_load__refuses_a_damaged_ensemble(change, message: str, path: Path) -> None:
    header, card, weights = take_apart(path.read_bytes())
    change(card)
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError) as caught:
        SequenceClassifier.load(path)
    assert message in str(caught.value)
    assert "The file is damaged." in str(caught.value)


def test_load__survives_any_card_with_the_right_checksum(path: Path, planted) -> None:
    assert count_refused(path, 100, planted[0][:2]) > 50


def test_write_model__refuses_a_single_member(path: Path, tmp_path: Path) -> None:
    card = json.loads(json.dumps(read_model(path).card))
    card["members"] = card["members"][:1]
    with pytest.raises(ConfigurationError, match="members is no list of at least 2 entries"):
        write_model(tmp_path / "m", card, {})
