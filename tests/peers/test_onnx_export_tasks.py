"""Exported models of each task against fastgru's own predictions (``make test-peers``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from fastgru._numba import threads_limited_to
from fastgru.data.target_alphabets import get_target_alphabet
from fastgru.estimators.ensemble import make_ensemble
from fastgru.estimators.fitted_language_model import FittedLanguageModel
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_multilabel import FittedMultilabel
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.fitted_tagger import FittedTagger
from fastgru.estimators.fitted_translator import FittedTranslator
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.models.language_network import LanguageNetwork
from fastgru.training.batches import pad
from fastgru.training.language_model import log_likelihoods
from fastgru.training.regression import Regression
from tests.architectures import small_architecture
from tests.models.test_network import spread
from tests.peers.onnx_models import (
    DNA,
    LENGTHS,
    UNTRAINED,
    classifier,
    draw_sequences,
    feeds_of,
    new_network,
    run,
    session_of,
)

pytestmark = pytest.mark.peers

LETTERS: dict[str, Any] = {"alphabet": "dna"}
BY_STEP: dict[str, Any] = {"pooling": (), "n_outputs": 3}
TAGGERS: dict[str, dict[str, Any]] = {
    "tagging": {"num_layers": 2, "bidirectional": True, "residual": True},
    "tagging, crf": {"crf": True, "conv_channels": (4,), "conv_width": (4,)},
    "tagging, crf, float32": {"crf": True, "dtype": "float32"},
    "tagging, crf of both strands": {"crf": True, "reverse_complement": "average"},
    "tagging of both strands": {"reverse_complement": "average", "bidirectional": True},
    "tagging of tied strands": {
        "crf": True,
        "reverse_complement": "equivariant",
        "bidirectional": True,
        "embedding_size": 4,
    },
}
LANGUAGE_MODELS: dict[str, dict[str, Any]] = {
    "language_model": {},
    "language_model, bidirectional": {"bidirectional": True},
    "language_model, 3 residual layers": {"num_layers": 3, "residual": True, "cell": "lstm"},
    "language_model, position_embedding": {"n_positions": 20, "dtype": "float32"},
}
TRANSLATORS: dict[str, dict[str, Any]] = {
    "translation": {"letters_per_token": 1.0},
    "translation, bidirectional, 2 layers": {
        "letters_per_token": 2.6,
        "bidirectional": True,
        "num_layers": 2,
    },
    "translation, position_embedding": {"letters_per_token": 0.3, "n_positions": 20},
}


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")


def agree(found: np.ndarray, expected: np.ndarray) -> None:
    """To 1e-5, of numbers above 1 relative to them."""
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def run_letters(fitted: FittedModel) -> tuple[list[str], dict[str, np.ndarray]]:
    sequences = draw_sequences(small_architecture(), LENGTHS)
    return sequences, run(session_of(fitted), feeds_of(sequences))


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "multilabel")
def test_multilabel__equals_fastgru() -> None:
    one = classifier(new_network(small_architecture(n_outputs=3)), temperature=1.8)
    fitted = FittedMultilabel(**vars(one))
    sequences, found = run_letters(fitted)
    agree(found["probabilities"], fitted.probabilities(fitted.encode_readable(sequences)))
    assert not np.allclose(found["probabilities"].sum(axis=1), 1)


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "regression")
@pytest.mark.parametrize("scale", [(0.3, 2.0), (1e6, 1e-3), (-5.0, 1e4)])
def test_regression__equals_fastgru(scale: tuple[float, float]) -> None:
    mean, deviation = scale
    fitted = FittedRegressor(
        **UNTRAINED,
        parameters=LETTERS,
        network=new_network(small_architecture()),
        targets=np.array(["dose", "half_life"]),
        objective=Regression(np.array([mean, 0.0]), np.array([deviation, 1.0])),
        residuals=[],
    )
    sequences, found = run_letters(fitted)
    expected = fitted.predict(sequences, threads=1)
    # what counts is the error beside the deviation, not beside the mean
    agree((found["predictions"] - mean) / deviation, (expected - mean) / deviation)


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "classification, ensemble")
def test_ensemble__equals_fastgru() -> None:
    architectures: list[dict[str, Any]] = [
        {"cell": "lstm", "conv_channels": (3,)},
        {"kmer_size": 2, "reverse_complement": "average", "pooling": ("mean",)},
        {"n_positions": 30},
    ]
    members = [
        (str(seed), classifier(new_network(small_architecture(**changes), seed), 0.5 + seed))
        for seed, changes in enumerate(architectures)
    ]
    fitted = make_ensemble(members)
    sequences = draw_sequences(small_architecture(kmer_size=2), LENGTHS)
    found = run(session_of(fitted), feeds_of(sequences))
    agree(found["probabilities"], fitted.probabilities(fitted.encode_readable(sequences)))


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "{name}")
@pytest.mark.parametrize("name", TAGGERS)
def test_tagger__equals_fastgru(name: str) -> None:
    network = new_network(small_architecture(**BY_STEP, **TAGGERS[name]))
    fitted = FittedTagger(
        **UNTRAINED,
        parameters=LETTERS,
        network=network,
        classes=np.array(["a", "b", "c"]),
        labels_are_lists=True,
    )
    sequences, found = run_letters(fitted)
    expected = fitted.predict_proba(sequences, threads=1)
    labels = fitted.predict(sequences, threads=1)
    for number, length in enumerate(LENGTHS):
        agree(found["probabilities"][number, :length], expected[number])
        numbers = found["labels"][number]
        assert fitted.classes[numbers[:length]].tolist() == labels[number]
        assert (numbers[length:] == -1).all()
        assert (found["probabilities"][number, length:] == 0).all()


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "tagging, crf")
def test_random_field__keeps_its_digits_over_a_long_sequence() -> None:
    network = new_network(small_architecture(**BY_STEP, crf=True, dtype="float32"))
    assert network.crf is not None
    network.crf.parameters["transitions"] *= 30
    fitted = FittedTagger(
        **UNTRAINED,
        parameters=LETTERS,
        network=network,
        classes=np.array(["a", "b", "c"]),
        labels_are_lists=False,
    )
    sequences = draw_sequences(small_architecture(), [1500, 1])
    found = run(session_of(fitted), feeds_of(sequences))
    for number, expected in enumerate(fitted.predict_proba(sequences, threads=1)):
        agree(found["probabilities"][number, : len(expected)], expected)


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "{name}")
@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_language_model__equals_fastgru(name: str) -> None:
    sizes = small_architecture(pooling=(), n_outputs=5, **LANGUAGE_MODELS[name])
    network = LanguageNetwork(sizes, DNA.mixture, 3)
    spread(network)
    fitted = FittedLanguageModel(**UNTRAINED, parameters=LETTERS, network=network)
    sequences, found = run_letters(fitted)
    agree(found["log_likelihood"], fitted.score(sequences, threads=1)[0])
    encoded = fitted.encode_readable(sequences)
    with threads_limited_to(1):
        sums = log_likelihoods(network, encoded)
    directions = ["log_probabilities", "log_probabilities_back"][: network.num_directions]
    assert {*directions, "log_likelihood"} == found.keys()
    for side, output in enumerate(directions):
        for number, codes in enumerate(encoded):
            expected = [(t + side, code) for t, code in enumerate(codes) if code < 4]
            expected.append(((1 - side) * len(codes), 4))
            rows, columns = zip(*expected, strict=True)
            agree(found[output][number, rows, columns].sum(), sums[number, side])


def translator(name: str, **changes: Any) -> FittedTranslator:
    written = get_target_alphabet("codons")
    sizes = {**TRANSLATORS[name], "n_outputs": len(written.tokens) + 1, "pooling": (), **changes}
    network = EncoderDecoder(small_architecture(**sizes), DNA.mixture, written.mixture, 3)
    spread(network)
    return FittedTranslator(
        **UNTRAINED,
        parameters={**LETTERS, "target_alphabet": "codons"},
        network=network,
        tokens_per_letter=1.0,
    )


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "{name}")
@pytest.mark.parametrize("name", TRANSLATORS)
def test_translator__scores_as_fastgru(name: str) -> None:
    fitted = translator(name)
    sequences = draw_sequences(small_architecture(), LENGTHS)
    targets = ["ATGNAACCC", "TAG", "TTT", "ACGTTTAAACGTRYN", "GGGGGG", "ACT"]
    given, lengths = pad([fitted.written.encode(target) for target in targets])
    tokens = np.pad(given.astype(np.int64), ((0, 0), (0, 2)), constant_values=1)
    feeds = feeds_of(sequences) | {"target_tokens": tokens, "target_lengths": lengths}
    found = run(session_of(fitted), feeds | {"max_length": np.array(0)})
    agree(found["log_likelihood"], fitted.score_targets(sequences, targets, 1).log_likelihoods)
    with threads_limited_to(1):
        encoded = fitted.encode_readable(sequences)
        logits = fitted.network.forward(*pad(encoded), (given, lengths))
    for number, length in enumerate(lengths):
        rows = found["log_probabilities"][number, : length + 1]
        agree(rows, log_softmax(logits[number, : length + 1], axis=1))
    assert found["translations"].shape == (len(sequences), 0)


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "{name}")
@pytest.mark.parametrize("name", TRANSLATORS)
def test_translator__writes_as_fastgru(name: str) -> None:
    fitted = translator(name, hidden_size=16)
    fitted.network.parameters.views()["head.bias"][-1] += 1.0  # ends are rare among 65 tokens
    sequences = draw_sequences(small_architecture(), LENGTHS)
    none = {"target_tokens": np.empty((len(sequences), 0), np.int64)}
    none["target_lengths"] = np.zeros(len(sequences), np.int64)
    feeds = feeds_of(sequences) | none
    found = run(session_of(fitted), feeds | {"max_length": np.array(30)})["translations"]
    expected = fitted.translate(
        sequences, beam_size=1, length_penalty=0.0, max_length=30, threads=1
    )
    assert [fitted.written.decode(row[row >= 0]) for row in found] == [
        one.sequence for one in expected
    ]
    assert len({len(one.sequence) for one in expected}) > 1
