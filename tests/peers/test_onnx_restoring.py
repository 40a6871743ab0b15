"""Models that were exported come back as they were (``make test-peers``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru.data.series import SeriesScale
from fastgru.data.target_alphabets import get_target_alphabet
from fastgru.errors import ConfigurationError, ModelFileError
from fastgru.estimators.ensemble import make_ensemble
from fastgru.estimators.fitted_language_model import FittedLanguageModel
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.fitted_tagger import FittedTagger
from fastgru.estimators.fitted_translator import FittedTranslator
from fastgru.estimators.loading import load_fitted
from fastgru.estimators.saving import card_of, save_fitted
from fastgru.models.architecture import Architecture
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.models.language_network import LanguageNetwork
from fastgru.models.network import SequenceNetwork
from fastgru.training.regression import Regression
from tests.architectures import small_architecture
from tests.models.test_network import spread
from tests.peers.onnx_edits import EDITS
from tests.peers.onnx_models import (
    DNA,
    LENGTHS,
    UNTRAINED,
    classifier,
    draw_sequences,
    encode,
    new_network,
)
from tests.peers.test_onnx_export import ARCHITECTURES
from tests.peers.test_onnx_export_tasks import LANGUAGE_MODELS, TAGGERS, TRANSLATORS

pytestmark = pytest.mark.peers

BY_STEP: dict[str, Any] = {"pooling": (), "n_outputs": 3}


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


def parameters(task: str, sizes: Architecture) -> dict[str, Any]:
    from fastgru.onnx.new_models import parameters_for

    return parameters_for(task, sizes, "dna" if sizes.n_letters else "series")


def new_classifier(sizes: Architecture, seed: int = 3, temperature: float = 0.7) -> Any:
    fitted = classifier(new_network(sizes, seed), temperature)
    return replace(fitted, parameters=parameters("classification", sizes))


def restored(fitted: FittedModel, folder: Path, extra: dict[str, Any] | None = None) -> FittedModel:
    """The model after export and import; both files are left in the folder."""
    save_fitted(folder / "first.safetensors", fitted, extra)
    fastgru.onnx.export(folder / "first.safetensors", folder / "model.onnx")
    fastgru.onnx.import_model(folder / "model.onnx", folder / "second.safetensors")
    again = load_fitted(folder / "second.safetensors")
    assert card_of(again) == card_of(fitted)
    return again


@pytest.mark.conformance("ONNX", "fastgru export, then import", "{name}")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_classifier__comes_back(name: str, tmp_path: Path) -> None:
    sizes = small_architecture(**ARCHITECTURES[name])
    if not sizes.n_letters:
        sizes = replace(sizes, embedding_size=16)
    fitted = new_classifier(sizes)
    again = restored(fitted, tmp_path)
    sequences = draw_sequences(sizes, LENGTHS)
    expected = fitted.probabilities(encode(fitted, sequences))
    np.testing.assert_allclose(
        again.probabilities(encode(again, sequences)), expected, rtol=0, atol=1e-6
    )


def tagger(changes: dict[str, Any]) -> FittedTagger:
    sizes = small_architecture(**BY_STEP, **changes)
    return FittedTagger(
        **UNTRAINED,
        parameters=parameters("tagging", sizes),
        network=new_network(sizes),
        classes=np.array(["a", "b", "c"]),
        labels_are_lists=True,
    )


def language_model(changes: dict[str, Any]) -> FittedLanguageModel:
    sizes = small_architecture(pooling=(), n_outputs=5, **changes)
    network = LanguageNetwork(sizes, DNA.mixture, 3)
    spread(network)
    return FittedLanguageModel(
        **UNTRAINED, parameters=parameters("language_model", sizes), network=network
    )


def translator(changes: dict[str, Any]) -> FittedTranslator:
    written = get_target_alphabet("codons")
    sizes = small_architecture(pooling=(), n_outputs=len(written.tokens) + 1, **changes)
    network = EncoderDecoder(sizes, DNA.mixture, written.mixture, 3)
    spread(network)
    return FittedTranslator(
        **UNTRAINED,
        parameters=parameters("translation", sizes),
        network=network,
        tokens_per_letter=1.0,
    )


def regressor(changes: dict[str, Any]) -> FittedRegressor:
    sizes = small_architecture(**changes)
    return FittedRegressor(
        **UNTRAINED,
        parameters=parameters("regression", sizes),
        network=new_network(sizes),
        targets=np.array(["dose", "half_life"]),
        objective=Regression(np.array([3.0, 0.0]), np.array([0.1, 1.0])),
        residuals=[np.array([0.1, 0.2]), np.array([0.3, 0.4])],
    )


def multilabel(changes: dict[str, Any]) -> FittedMultilabel:
    sizes = small_architecture(n_outputs=3, **changes)
    one = classifier(new_network(sizes), 1.8)
    known = replace(one.calibration, prevalence=[0.1, 0.2, 0.3])
    fields = vars(one) | {"parameters": parameters("multilabel", sizes), "calibration": known}
    return FittedMultilabel(**fields)


def ensemble(changes: dict[str, Any]) -> FittedModel:
    members = [
        (str(seed), new_classifier(small_architecture(cell=cell, **changes), seed, 0.5 + seed))
        for seed, cell in enumerate(("gru", "lstm"))
    ]
    return make_ensemble(members)


TASKS: dict[str, tuple[Callable[[dict[str, Any]], FittedModel], dict[str, Any]]] = {
    **{name: (tagger, changes) for name, changes in TAGGERS.items()},
    # their estimators have no position_embedding
    **{
        name: (make, changes)
        for make, known in ((language_model, LANGUAGE_MODELS), (translator, TRANSLATORS))
        for name, changes in known.items()
        if "n_positions" not in changes
    },
    "regression": (regressor, {}),
    "multilabel": (multilabel, {}),
    "ensemble": (ensemble, {"pooling": ("mean", "max")}),
}


def answers(fitted: Any, sequences: list[str]) -> list[np.ndarray]:
    if isinstance(fitted, FittedTranslator):
        targets = ["ATGNAACCC", "TAG", "TTT", "ACGTTTAAACGTRYN", "GGGGGG", "ACT"]
        return [fitted.score_targets(sequences, targets, 1).log_likelihoods]
    if isinstance(fitted, FittedLanguageModel):
        return [fitted.score(sequences, threads=1)[0]]
    if isinstance(fitted, FittedTagger):
        return list(fitted.predict_proba(sequences, threads=1))
    if isinstance(fitted, FittedRegressor):
        return [fitted.predict(sequences, threads=1)]
    return [fitted.predict_proba(sequences, threads=1)]


@pytest.mark.conformance("ONNX", "fastgru export, then import", "{name}")
@pytest.mark.parametrize("name", TASKS)
def test_other_tasks__come_back(name: str, tmp_path: Path) -> None:
    make, changes = TASKS[name]
    fitted = make(changes)
    sequences = draw_sequences(small_architecture(), LENGTHS)
    again = restored(fitted, tmp_path)
    for found, expected in zip(answers(again, sequences), answers(fitted, sequences), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_constants__may_look_like_numbers_of_places(tmp_path: Path) -> None:
    sizes = small_architecture(n_letters=0, n_features=2, embedding_size=16)
    scale = SeriesScale(np.array([2.25, 0.5]), np.array([1.25, 2.25]))
    network = SequenceNetwork(sizes, scale, 3)
    spread(network)
    fitted = replace(classifier(network), parameters=parameters("classification", sizes))
    again = restored(fitted, tmp_path)
    series = encode(fitted, draw_sequences(sizes, LENGTHS))
    found, expected = again.probabilities(series), fitted.probabilities(series)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_card__keeps_what_was_added_to_it(tmp_path: Path) -> None:
    fitted = new_classifier(small_architecture())
    again = restored(fitted, tmp_path, {"origin": "a laboratory", "shuffled_labels": True})
    assert again.shuffled_labels
    from fastgru.models.model_file import read_model

    cards = [read_model(tmp_path / f"{name}.safetensors").card for name in ("first", "second")]
    assert cards[1]["origin"] == "a laboratory"
    for card in cards:
        del card["sha256"]  # of single precision
    assert cards[0] == cards[1]


def test_load__returns_the_estimator(tmp_path: Path) -> None:
    fitted = new_classifier(small_architecture())
    restored(fitted, tmp_path)
    found = fastgru.onnx.load(tmp_path / "model.onnx")
    assert isinstance(found, fastgru.SequenceClassifier)
    assert found.classes_.tolist() == fitted.classes.tolist()


def edited(folder: Path, edit: Callable[[Any], None]) -> Path:
    import onnx

    if not (folder / "model.onnx").exists():
        restored(new_classifier(small_architecture(num_layers=2)), folder)
    model = onnx.load(folder / "model.onnx")
    edit(model)
    path = folder / "edited.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.conformance("ONNX", "fastgru import", "files that were changed", refused=True)
@pytest.mark.parametrize(("edit", "message"), EDITS)
def test_file__that_was_changed_is_refused(
    edit: Callable[[Any], None], message: str, tmp_path: Path
) -> None:
    path = edited(tmp_path, edit)
    with pytest.raises(ModelFileError, match=message) as caught:
        fastgru.onnx.import_model(path, tmp_path / "new.safetensors")
    assert str(caught.value).startswith(f"{path}: ")
    assert not (tmp_path / "new.safetensors").exists()


def test_names__of_values_do_not_matter(tmp_path: Path) -> None:
    def rename(model: Any) -> None:
        for node in model.graph.node:
            for names in (node.input, node.output):
                names[:] = [f"{name}'" if name in inner else name for name in names]

    def inner_names(model: Any) -> set[str]:
        known = {one.name for one in (*model.graph.initializer, *model.graph.input)}
        outputs = {one.name for one in model.graph.output}
        return {name for node in model.graph.node for name in node.output} - known - outputs - {""}

    import onnx

    edited(tmp_path, lambda model: None)
    inner = inner_names(onnx.load(tmp_path / "model.onnx"))
    path = edited(tmp_path, rename)
    fastgru.onnx.import_model(path, tmp_path / "new.safetensors")
    assert (tmp_path / "new.safetensors").read_bytes() == (
        tmp_path / "second.safetensors"
    ).read_bytes()


def test_options__are_refused_where_the_card_says_it(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda model: None)
    with pytest.raises(ConfigurationError, match=r"alphabet: .* says this itself"):
        fastgru.onnx.load(path, alphabet="dna")
