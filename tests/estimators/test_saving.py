"""The model file of a classifier: everything comes back, and nothing that does not fit."""

from __future__ import annotations

import json
import math
import platform
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import fastgru
from fastgru import SequenceClassifier
from fastgru.errors import ConfigurationError, LabelError, ModelFileError
from fastgru.models.model_file import read_model
from tests.estimators.conftest import count_refused
from tests.models.model_files import put_together, take_apart
from tests.planted import plant


@pytest.fixture
def path(fitted, tmp_path: Path) -> Path:
    fitted.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def same_history(first: list[dict[str, float]], second: list[dict[str, float]]) -> bool:
    def comparable(history: list[dict[str, float]]) -> list[dict[str, float | None]]:
        return [{k: None if math.isnan(v) else v for k, v in row.items()} for row in history]

    return comparable(first) == comparable(second)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dtype": "float64", "num_layers": 2},
        {"bidirectional": False, "pooling": ("mean",), "early_stopping": False},
        {"position_embedding": True, "class_weight": "balanced"},
        {"pooling": ("attention", "max")},
        {"conv_channels": (5, 3), "conv_norm": "layer"},
        {"kmer_size": 3, "kmer_stride": 2, "position_embedding": True},
        {"conv_channels": (5, 3), "conv_norm": "batch", "reverse_complement": "average"},
        {
            "reverse_complement": "equivariant",
            "conv_channels": (6, 4),
            "conv_width": (3,),
            "conv_norm": "batch",
            "pooling": ("last", "attention"),
        },
        {"class_weight": {"no": 1, "yes": 2.5}, "random_state": None, "threads": 2},
    ],
)
def test_load__undoes_save(changes, make_classifier, planted, tmp_path: Path) -> None:
    model = make_classifier(**changes).fit(*planted)
    model.save(tmp_path / "model.safetensors")
    twin = SequenceClassifier.load(tmp_path / "model.safetensors")
    assert twin.predict_proba(planted[0]).tobytes() == model.predict_proba(planted[0]).tobytes()
    assert twin.get_params() == {**model.get_params(), "threads": None}
    assert twin.classes_.tolist() == model.classes_.tolist()
    assert same_history(twin.history_, model.history_)
    for name in ("n_iter_", "best_epoch_", "n_parameters_", "n_train_", "n_validation_"):
        assert getattr(twin, name) == getattr(model, name)
    assert twin.max_length == model.max_length
    assert twin.min_length == model.min_length


def test_save__of_a_loaded_model_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    SequenceClassifier.load(path).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("threads", [1, 2])
def test_save__gives_the_same_bytes_for_the_same_seed(
    threads, path: Path, make_classifier, planted, tmp_path: Path
) -> None:
    make_classifier(threads=threads).fit(*planted).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_load__can_be_trained_again(path: Path, planted, fitted) -> None:
    twin = SequenceClassifier.load(path).fit(*planted)
    assert twin.predict_proba(planted[0]).tobytes() == fitted.predict_proba(planted[0]).tobytes()


def test_load__brings_integer_labels_back(make_classifier, planted, tmp_path: Path) -> None:
    labels = [10 if label == "yes" else 9 for label in planted[1]]
    model = make_classifier(class_weight={9: 1.0, 10: 2.0}, max_epochs=1)
    model.fit(planted[0], labels).save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    assert twin.classes_.tolist() == [9, 10]
    assert twin.classes_.dtype == np.int64
    assert twin.class_weight == {9: 1.0, 10: 2.0}
    twin.fit(planted[0], labels)


def test_card__says_what_the_file_format_page_says(path: Path) -> None:
    card = read_model(path).card
    assert card["fastgru_version"] == fastgru.__version__
    assert card["versions"] == {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": metadata.version("numba"),
    }
    assert card["alphabet"] == "dna"
    assert card["symbols"].startswith("ACGT")
    assert card["classes"] == ["no", "yes"]
    training = card["training"]
    assert (training["n_train"], training["n_validation"]) == (54, 6)
    assert len(training["history"]) == 3
    assert "threads" not in training["parameters"]
    assert training["parameters"]["hidden_size"] == card["architecture"]["hidden_size"] == 12


def test_card__keeps_extra_entries(fitted, tmp_path: Path) -> None:
    extra = {"notes": {"by": "me"}, "license": "MIT", "intended_use": "Tests."}
    fitted.save(tmp_path / "m", extra=extra)
    assert extra.items() <= read_model(tmp_path / "m").card.items()


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"classes": [], "alphabet": "dna"}, "extra: 'alphabet', 'classes' are entries of every"),
        ({"sha256": "", "format_version": 9}, "extra: 'format_version', 'sha256' are entries"),
        ({"notes": object()}, "model card: cannot be written as JSON"),
        ({"data": 7}, "model card: data is no object. Correct the extra entries"),
        ({"license": 4}, "model card: license is 4, expected text. Correct the extra entries"),
        ({"versions": {}}, "extra: 'versions' are entries of every card. Use other names"),
        ({"notes": json.loads("[" * 40 + "]" * 40)}, "as JSON .nested deeper than 32 levels"),
    ],
)
def test_save__refuses_extra_entries_that_cannot_be_read(
    extra, message: str, fitted, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        fitted.save(tmp_path / "m", extra=extra)
    assert list(tmp_path.iterdir()) == []


def test_save__refuses_labels_that_have_no_place_in_the_card(make_classifier, tmp_path) -> None:
    sequences, labels = plant(20, seed=1)
    model = make_classifier(max_epochs=1).fit(sequences, [label == "yes" for label in labels])
    message = r"class labels are bool, expected strings or integers, .* Convert them before fit"
    with pytest.raises(LabelError, match=message):
        model.save(tmp_path / "m")


def test_save__writes_what_was_trained_not_what_was_set_since(
    make_classifier, planted, tmp_path: Path
) -> None:
    model = make_classifier(max_epochs=1).fit(*planted)
    model.set_params(hidden_size=99, alphabet="protein").save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    assert (twin.hidden_size, twin.alphabet) == (12, "dna")


CONTRADICTIONS = [
    (["training", "parameters", "hidden_size"], 13, "hidden_size is both 12 and 13"),
    (["training", "parameters", "hidden_size"], -1, "hidden_size must be an integer of at leas"),
    (["training", "parameters", "alphabet"], "rna", "alphabet is both 'dna' and 'rna'"),
    (["training", "parameters", "pooling"], ["max"], "pooling is both"),
    (["training", "parameters", "position_embedding"], True, "contradicts n_positions"),
    (["training", "parameters", "stem"], "cnn", "training.parameters are not those of class"),
    (["prevalence"], [0.2, 0.3, 0.5], "prevalence has not one share for each class"),
    (["inputs", "k"], 9, "inputs.kmers has not one bit for each word of 9 letters"),
    (["seen"], "?", "seen is not base64"),
    (["symbols"], "TGCA", "the letters are not ACGT"),
    (["classes_are_integers"], True, "invalid literal for int"),
]


@pytest.mark.parametrize(("place", "value", "message"), CONTRADICTIONS)
def test_load__refuses_a_card_that_contradicts_itself(
    place: list[str], value: object, message: str, path: Path
) -> None:
    header, card, weights = take_apart(path.read_bytes())
    parent = card
    for name in place[:-1]:
        parent = parent[name]
    parent[place[-1]] = value
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError) as caught:
        SequenceClassifier.load(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: in its card, ")
    assert str(caught.value).endswith(". The file is damaged. Copy it again.")


def test_load__refuses_weights_for_another_alphabet(make_classifier, tmp_path: Path) -> None:
    sequences = ["MKV", "LLA", "MAV", "LKL"]
    model = make_classifier(alphabet="protein", max_epochs=1).fit(sequences, list("xxyy"))
    model.save(tmp_path / "m")
    header, card, weights = take_apart((tmp_path / "m").read_bytes())
    card["alphabet"] = card["training"]["parameters"]["alphabet"] = "dna"
    del card["symbols"]
    (tmp_path / "m").write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match="the letters are not ACGT"):
        SequenceClassifier.load(tmp_path / "m")


def test_load__survives_any_card_with_the_right_checksum(path: Path, planted) -> None:
    assert count_refused(path, 200, planted[0][:2]) > 100


def test_load__refuses_a_model_without_training_parameters(path: Path) -> None:
    header, card, weights = take_apart(path.read_bytes())
    card["training"]["parameters"] = {}
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match="are not those of classification"):
        SequenceClassifier.load(path)
