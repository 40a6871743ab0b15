"""Classifiers that begin with the weights of a language model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru import SequenceClassifier, SequenceLanguageModel, average_models
from fastgru.errors import CheckpointError, ConfigurationError, ModelFileError
from fastgru.models.model_file import read_model
from tests.estimators.test_checkpoints import Interrupted, bytes_of, interrupt_after
from tests.estimators.test_language_model import make_model

NO_STEP = {"learning_rate": 1e-30, "weight_decay": 0.0, "max_epochs": 1}


@pytest.fixture(scope="module")
def path(planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a language model in both directions."""
    file = tmp_path_factory.mktemp("pretrained") / "lm.safetensors"
    make_model().fit(planted[0]).save(file)
    return file


def weights_of(model: Any) -> dict[str, np.ndarray]:
    return model._fitted.network.parameters.views()


@pytest.mark.parametrize("changes", [{}, {"num_layers": 2}, {"reverse_complement": "average"}])
def test_fit__begins_with_the_weights_that_the_network_has(
    changes, path: Path, make_classifier, planted
) -> None:
    given = weights_of(SequenceLanguageModel.load(path))
    model = make_classifier(**changes, **NO_STEP)
    found = {k: v.copy() for k, v in weights_of(model.fit(*planted, pretrained=path)).items()}
    plain = weights_of(model.fit(*planted))
    shared = {name for name in found if name in given and not name.startswith("head.")}
    assert {"embedding.letters", "gru.weight_hh_l0", "gru.bias_ih_l0_reverse"} <= shared
    for name, value in found.items():
        # steps too small to change anything but a zero
        expected = (given if name in shared else plain)[name]
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-20)
    assert not np.array_equal(found["gru.weight_hh_l0"], plain["gru.weight_hh_l0"])


@pytest.mark.parametrize(
    ("theirs", "ours", "n_shared"),
    [
        ({"bidirectional": False}, {}, 5),
        ({"bidirectional": False, "num_layers": 2}, {"bidirectional": False, "num_layers": 2}, 9),
        ({"bidirectional": False, "num_layers": 2}, {"bidirectional": False}, 5),
        ({"dtype": "float64", "cell": "lstm"}, {"cell": "lstm"}, 9),
    ],
)
def test_fit__takes_what_both_have(theirs, ours, n_shared: int, make_classifier, planted) -> None:
    language_model = make_model(max_epochs=1, **theirs).fit(planted[0])
    model = make_classifier(**ours, **NO_STEP).fit(*planted, pretrained=language_model)
    given = weights_of(language_model)
    equal = [
        name
        for name, value in weights_of(model).items()
        if name in given
        and value.shape == given[name].shape
        and np.array_equal(value, given[name].astype(value.dtype))
    ]
    assert len(equal) == n_shared


def test_fit__records_what_it_began_with(path: Path, make_classifier, planted, tmp_path) -> None:
    model = make_classifier(max_epochs=1).fit(*planted, pretrained=path, freeze_epochs=1)
    model.save(tmp_path / "m")
    expected = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "freeze_epochs": 1}
    assert read_model(tmp_path / "m").card["pretrained"] == expected
    # of a model in memory the file that it would be saved in
    other = make_classifier(max_epochs=1)
    other.fit(*planted, pretrained=SequenceLanguageModel.load(path), freeze_epochs=1)
    assert bytes_of(other, tmp_path) == bytes_of(model, tmp_path)
    again = SequenceClassifier.load(tmp_path / "m")
    assert bytes_of(again, tmp_path) == (tmp_path / "m").read_bytes()
    average_models([model, again]).save(tmp_path / "ensemble")
    members = read_model(tmp_path / "ensemble").card["members"]
    assert [member["pretrained"] for member in members] == [expected] * 2


def test_fit__freezes_and_thaws(path: Path, make_classifier, planted) -> None:
    given = weights_of(SequenceLanguageModel.load(path))
    equal = []
    for max_epochs in (1, 2, 3, 4, 5):
        model = make_classifier(max_epochs=max_epochs, early_stopping=False)
        found = weights_of(model.fit(*planted, pretrained=path, freeze_epochs=2))
        names = ("embedding.letters", "gru.weight_hh_l0", "gru.bias_ih_l0_reverse")
        equal.append([found[name].tobytes() == given[name].tobytes() for name in names])
    assert equal == [[True] * 3] * 2 + [[True, False, False]] * 2 + [[False] * 3]


@pytest.mark.parametrize("n_epochs", [1, 2])
def test_fit__goes_on_while_parts_are_frozen(
    n_epochs: int, path: Path, make_classifier, planted, tmp_path: Path
) -> None:
    how, checkpoint = {"pretrained": path, "freeze_epochs": 1}, tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        make_classifier().fit(
            *planted, **how, checkpoint=checkpoint, on_epoch=interrupt_after(n_epochs)
        )
    for other in ({}, {**how, "freeze_epochs": 2}):
        with pytest.raises(CheckpointError, match="was made with other pre-trained weights"):
            make_classifier().fit(*planted, **other, checkpoint=checkpoint, resume=True)
    resumed = make_classifier().fit(*planted, **how, checkpoint=checkpoint, resume=True)
    whole = make_classifier().fit(*planted, **how)
    assert bytes_of(resumed, tmp_path) == bytes_of(whole, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 8}, "pretrained: the language model has hidden_size 12, expected 8"),
        ({"cell": "lstm"}, "pretrained: the language model has cell 'gru', expected 'lstm'"),
        (
            {"alphabet": "rna", "embedding_size": 8},
            "has alphabet 'dna', expected 'rna'; embedding_size 4, expected 8",
        ),
        (
            {"reverse_complement": "equivariant"},
            "pretrained: reverse_complement is 'equivariant', expected another: the strands of a",
        ),
        ({"conv_channels": (4,)}, r"pretrained: conv_channels is \(4,\), expected none"),
        (
            {"kmer_size": 2},
            "pretrained: kmer_size is 2, expected 1: a language model",
        ),
    ],
)
def test_fit__refuses_a_model_that_does_not_fit(
    changes, message: str, path: Path, make_classifier, planted
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make_classifier(**changes).fit(*planted, pretrained=path)


def test_fit__refuses_other_directions_above_the_first_layer(make_classifier, planted) -> None:
    model = make_model(max_epochs=1, bidirectional=False, num_layers=2).fit(planted[0])
    message = (
        r"gru.weight_ih_l1 of the language model has the shape \(36, 12\), expected \(36, 24\)"
    )
    with pytest.raises(ConfigurationError, match=message):
        make_classifier(num_layers=2).fit(*planted, pretrained=model)


def test_fit__refuses_a_way_around_layers_that_one_of_both_lacks(make_classifier, planted) -> None:
    how = {"max_epochs": 1, "bidirectional": False, "num_layers": 2}
    model = make_model(**how, residual=True).fit(planted[0])
    message = "pretrained: the language model has residual True, expected False, as the network"
    with pytest.raises(ConfigurationError, match=message):
        make_classifier(**how).fit(*planted, pretrained=model)
    # the first layer has no way around it
    how["num_layers"] = 1
    assert make_classifier(**how).fit(*planted, pretrained=model).n_iter_ == 1


@pytest.mark.parametrize("value", [-1, 1.5, True, None])
def test_fit__refuses_other_freeze_epochs(value, path: Path, make_classifier, planted) -> None:
    message = "freeze_epochs must be an integer of at least 0"
    with pytest.raises(ConfigurationError, match=message):
        make_classifier().fit(*planted, pretrained=path, freeze_epochs=value)


def test_fit__refuses_to_freeze_nothing(make_classifier, planted) -> None:
    with pytest.raises(ConfigurationError, match="freeze_epochs is 2 without pre-trained weights"):
        make_classifier().fit(*planted, freeze_epochs=2)


def test_fit__refuses_a_classifier_to_begin_with(make_classifier, planted, fitted, tmp_path):
    fitted.save(tmp_path / "m")
    with pytest.raises(ModelFileError, match="is a model of classification, expected one of lang"):
        make_classifier().fit(*planted, pretrained=tmp_path / "m")
