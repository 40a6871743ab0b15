from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from fastgru.models.card_schema import find_fault
from tests.models.model_files import make_card


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
        ("training.history.0.train_loss", [], "history[0].train_loss is [], expected a number or"),
        ("shuffled_labels", 1, "shuffled_labels is 1, expected true or false"),
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
    assert "pooling[0] is 'max'" in str(find_fault(card))
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
