from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fastgru.models.card_schema import find_fault, json_schema
from fastgru.models.model_file import read_model
from tests.models.damage import damage_json
from tests.models.model_files import METRICS, SAVED, make_card, saved_name


def test_find_fault__finds_none_in_a_good_card() -> None:
    assert find_fault(make_card()) is None


CALIBRATION = {
    "calibration": {
        "temperature": 1.5,
        "n_sequences": 20,
        "before": {"log_loss": 0.5, "brier": 0.3, "ece": 0.1},
        "after": None,
    },
    "prevalence": [0.25, 0.75],
    "thresholds": {
        "rows": [
            {
                "name": "f1",
                "threshold": 0.5,
                "reason": None,
                "sensitivity": 1.0,
                "specificity": 0.5,
                "precision": None,
                "f1": 0.75,
                "mcc": -0.25,
            }
        ],
        "reason": None,
    },
    "inputs": {
        "shortest": 30,
        "longest": 30,
        "letters": "ACGT",
        "max_ambiguous": 0.05,
        "k": 1,
        "kmers": "Dw==",
        "max_novel": 0.0,
    },
}


def test_find_fault__finds_none_in_a_calibrated_card() -> None:
    assert find_fault(make_card(**CALIBRATION)) is None
    assert find_fault(make_card(prevalence=None)) is None


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (
            "calibration.temperature",
            0,
            "calibration.temperature is 0, expected a number from 1e-06",
        ),
        ("calibration.temperature", KeyError, "calibration.temperature is missing"),
        ("calibration.temperature", True, "calibration.temperature is True, expected a number"),
        ("calibration.temperature", 10**400, "calibration.temperature is int, expected a number"),
        ("calibration.scale", 1, "calibration.'scale' is unknown"),
        ("calibration.before.ece", "x", "calibration.before.ece is 'x', expected a number or null"),
        ("calibration.after", [], "calibration.after is no object"),
        ("prevalence", [0.5], "prevalence is no list of at least 2 entries"),
        ("prevalence.1", 1.5, "prevalence[1] is 1.5, expected a number from 0 to 1"),
        ("thresholds.rows.0.threshold", 2, "rows[0].threshold is 2, expected a number from 0 to 1"),
        ("thresholds.rows.0.mcc", -2, "rows[0].mcc is -2, expected a number from -1 to 1"),
        ("thresholds.rows.0.name", None, "thresholds.rows[0].name is None, expected text"),
        ("thresholds.reason", KeyError, "thresholds.reason is missing"),
        ("inputs.k", 0, "inputs.k is 0, expected a whole number of at least 1"),
        ("inputs.kmers", KeyError, "inputs.kmers is missing"),
    ],
)
def test_find_fault__sees_what_is_wrong_with_a_calibration(
    place: str, value: object, fault: str
) -> None:
    card = copy.deepcopy(make_card(**CALIBRATION))
    change(place, value)(card)
    found = find_fault(card)
    assert found is not None
    assert fault in found


def test_find_fault__does_not_ask_for_what_may_be_missing() -> None:
    card = make_card()
    for name in ("fastgru_version", "symbols", "classes_are_integers", "data"):
        del card[name]
    for name in ("history", "n_train", "n_validation"):
        del card["training"][name]
    assert find_fault(card) is None


def test_find_fault__leaves_entries_of_others_alone() -> None:
    assert find_fault(make_card(notes={"by": ["me", 1.5, None]})) is None


def saved_card(task: str) -> dict[str, Any]:
    (path,) = (path for path in SAVED if path.parent.name == "0.1.0" and path.stem == task)
    return read_model(path).card


@pytest.mark.parametrize(
    ("task", "entries", "fault"),
    [
        (
            "regression",
            {"targets": ["a", "b", "c"]},
            "lists differ in length (targets 3, target_mean 1, target_deviation 1, residuals 1)",
        ),
        (
            "multilabel",
            {"thresholds": CALIBRATION["thresholds"]},
            "thresholds.rows has 1 entries, expected at most 0",
        ),
        # what would be shown or used without having been checked
        ("regression", {"classes": 5}, "classes is no entry of such a model"),
        ("language_model", {"thresholds": 5}, "thresholds is no entry of such a model"),
    ],
)
def test_find_fault__sees_what_does_not_belong_together(
    task: str, entries: dict[str, Any], fault: str
) -> None:
    card = saved_card(task)
    assert find_fault(card) is None
    assert str(find_fault({**card, **entries})).startswith(fault)


def change(place: str, value: object) -> Callable[[dict[str, Any]], None]:
    *path, last = place.split(".")

    def make(card: dict[str, Any]) -> None:
        for name in path:
            card = card[int(name)] if isinstance(card, list) else card[name]
        if value is KeyError:
            del card[last]
        else:
            card[int(last) if isinstance(card, list) else last] = value

    return make


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("classes", KeyError, "classes is missing"),
        ("training.best_epoch", KeyError, "training.best_epoch is missing"),
        ("training", [], "training is no object"),
        ("alphabet", "DNA", "alphabet is 'DNA', expected one of dna, rna, protein"),
        ("alphabet", ["dna"], "alphabet is ['dna'], expected one of dna, rna, protein"),
        ("classes", "no", "classes is no list of at least 2 entries"),
        ("classes", ["no"], "classes is no list of at least 2 entries"),
        ("classes", ["no", "no"], "classes has an entry twice"),
        ("classes.1", 7, "classes[1] is 7, expected text"),
        ("architecture.hidden_size", 0, "hidden_size is 0, expected a whole number of at least 1"),
        ("architecture.hidden_size", True, "architecture.hidden_size is True, expected a whole"),
        ("architecture.hidden_size", 5.0, "architecture.hidden_size is 5.0, expected a whole"),
        ("architecture.hidden_size", 1 << 31, "architecture.hidden_size is 2147483648, expected"),
        ("architecture.hidden_size", 10**99, "architecture.hidden_size is int, expected a whole"),
        (
            "architecture.kmer_size",
            7,
            "kmer_size is 7, expected a whole number of at least 1 and at most 6",
        ),
        ("architecture.n_positions", -1, "n_positions is -1, expected a whole number of at least"),
        ("architecture.bidirectional", 1, "bidirectional is 1, expected true or false"),
        ("architecture.pooling", [], "pooling is no list of at least 1 entries"),
        ("architecture.pooling", ["max", "max"], "architecture.pooling has an entry twice"),
        (
            "architecture.pooling.0",
            "sum",
            "pooling[0] is 'sum', expected one of last, mean, max, attention",
        ),
        ("architecture.dropout", "0.1", "architecture.dropout is '0.1', expected a number"),
        ("architecture.dtype", "float16", "dtype is 'float16', expected one of float32, float64"),
        ("architecture.conv_norm", 1, "conv_norm is 1, expected one of none, layer, batch"),
        ("architecture.stem", "cnn", "architecture.'stem' is unknown"),
        ("training.history.0.epoch", "x", "training.history[0].epoch is 'x', expected a whole"),
        ("training.history.0.train_loss", 10**400, "history[0].train_loss is int, expected a num"),
        ("training.history.0.train_loss", [], "history[0].train_loss is [], expected a number or"),
        ("shuffled_labels", 1, "shuffled_labels is 1, expected true or false"),
        ("license", 1, "license is 1, expected text"),
        ("intended_use", [], "intended_use is [], expected text"),
        ("versions", {"python": "3"}, "versions.numpy is missing"),
        ("data.split", {}, "data.split.name is missing"),
        ("metrics", {}, "metrics.n_test is missing"),
        ("data.files", {}, "data.files is no list of at least 0 entries"),
        ("data.files.0.sha256", None, "data.files[0].sha256 is None, expected text"),
    ],
)
def test_find_fault__names_place_found_and_expected(place: str, value: object, fault: str) -> None:
    card = copy.deepcopy(make_card())
    change(place, value)(card)
    found = find_fault(card)
    assert found is not None
    assert fault in found


@pytest.mark.parametrize("card", [None, [], "text", 5, {}])
def test_find_fault__is_not_confused_by_other_json(card: object) -> None:
    assert find_fault(card)


def make_language_card() -> dict[str, Any]:
    card = make_card(task="language_model", pretrained={"sha256": "0" * 64, "freeze_epochs": 2})
    for name in ("classes", "classes_are_integers"):
        del card[name]
    card["architecture"]["pooling"] = []
    history = [{**epoch, "validation_bits": None} for epoch in card["training"]["history"]]
    card["training"] = {**card["training"], "history": history}
    return card


def test_find_fault__knows_the_card_of_a_language_model() -> None:
    card = make_language_card()
    assert find_fault(card) is None
    card["architecture"]["pooling"] = ["max"]
    assert "architecture.pooling has 1 entries, expected at most 0" in str(find_fault(card))
    card = make_language_card()
    del card["training"]["history"][0]["validation_bits"]
    assert "training.history[0].validation_bits is missing" in str(find_fault(card))


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (7, "pretrained is no object"),
        ({"sha256": "0"}, "pretrained.freeze_epochs is missing"),
        ({"sha256": 0, "freeze_epochs": 1}, "pretrained.sha256 is 0, expected text"),
        ({"sha256": "0", "freeze_epochs": -1}, "pretrained.freeze_epochs is -1, expected a whole"),
    ],
)
def test_find_fault__checks_what_a_network_began_with(value: object, fault: str) -> None:
    assert fault in str(find_fault(make_card(pretrained=value)))


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("n_test", -1, "metrics.n_test is -1, expected a whole number of at least 0"),
        ("data.subset", 1, "metrics.data.subset is 1, expected text"),
        ("bootstrap.confidence", 95, "metrics.bootstrap.confidence is 95, expected a number from"),
        ("scores.0.value", "x", "metrics.scores[0].value is 'x', expected a number or null"),
        ("scores.0.interval", [1], "metrics.scores[0].interval is no list of at least 2 entries"),
        ("scores.0.interval", [0, 1, 2], "scores[0].interval has 3 entries, expected at most 2"),
        ("scores.0.interval.1", None, "scores[0].interval[1] is None, expected a number from"),
        ("more", 1, "metrics.'more' is unknown"),
    ],
)
def test_find_fault__checks_scores(place: str, value: object, fault: str) -> None:
    card = make_card(metrics=copy.deepcopy(METRICS))
    assert find_fault(card) is None
    change(f"metrics.{place}", value)(card)
    assert fault in str(find_fault(card))


def test_find_fault__shows_no_more_of_a_name_than_fits_a_line() -> None:
    card = copy.deepcopy(make_card())
    card["architecture"]["x" * 1000] = 1
    assert find_fault(card) == f"architecture.'{'x' * 40}' is unknown"


SPLIT = {"name": "s", "sha256": "0", "n_train": 3, "n_validation": 2, "n_test": 1, "n_groups": None}
COMPLETE = {
    **CALIBRATION,
    "task": "classification",
    "format_version": 1,
    "sha256": "0" * 64,
    "versions": {"python": "3.11.7", "numpy": "2.4.6", "numba": "0.68.1"},
    "data": {
        "files": [],
        "n_records": 6,
        "split": {**SPLIT, "method": "random", "seed": 1},
        "train_fraction": 0.5,
    },
    "metrics": METRICS,
    "license": "CC0-1.0",
    "intended_use": "Tests.",
    "notes": {"by": "somebody else"},
}


def complete_card() -> dict[str, Any]:
    return copy.deepcopy(make_card(**COMPLETE))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(json_schema())
    return Draft202012Validator(json_schema())


@pytest.mark.parametrize("path", SAVED, ids=saved_name)
def test_json_schema__holds_for_every_card(path: Path, validator) -> None:
    validator.validate(read_model(path).card)


def test_json_schema__holds_for_a_card_with_every_entry(validator) -> None:
    assert find_fault(complete_card()) is None
    validator.validate(complete_card())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("sha256", "0"),
        ("format_version", 3),
        ("format_version", 2),
        ("format_version", KeyError),
        ("task", "guess"),
        ("task", "regression"),
        ("alphabet", "DNA"),
        ("classes", ["no", "no"]),
        ("classes", ["no"]),
        ("architecture.hidden_size", 0),
        ("architecture.hidden_size", True),
        ("architecture.stem", "cnn"),
        ("architecture.n_outputs", KeyError),
        ("architecture.n_classes", 2),
        ("calibration.temperature", 0),
        ("thresholds.rows.0.mcc", "x"),
        ("inputs.kmers", KeyError),
        ("data.split.n_test", -1),
        ("metrics.scores.0.interval", [1, 2, 3]),
        ("license", 1),
    ],
)
def test_json_schema__refuses_what_the_reader_refuses(place: str, value: object, validator) -> None:
    card = complete_card()
    change(place, value)(card)
    assert not validator.is_valid(card)


def test_json_schema__knows_the_name_that_outputs_had(validator) -> None:
    card = complete_card()
    sizes = card["architecture"]
    sizes["n_classes"] = sizes.pop("n_outputs")
    validator.validate(card)


def test_json_schema__has_no_choice_of_nothing() -> None:
    # which some validators refuse
    assert '"enum": []' not in json.dumps(json_schema())


def test_json_schema__is_never_stricter_than_the_reader(validator) -> None:
    cards = [read_model(path).card for path in SAVED] + [complete_card()]
    rng = random.Random(3)
    refused = agreed = 0
    for _ in range(600):
        original = rng.choice(cards)
        card = copy.deepcopy(original)
        damage_json(card, rng)
        # which are checked before the card is
        card |= {name: original[name] for name in ("format_version", "sha256")}
        if find_fault(card) is None:
            assert validator.is_valid(card)
        else:
            refused += 1
            agreed += not validator.is_valid(card)
    assert refused > 200
    assert agreed > 0.95 * refused
