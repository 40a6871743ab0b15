"""Fitted estimators of every task, exported, against what they predict (``make test-peers``)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru import (
    Seq2Seq,
    SequenceClassifier,
    SequenceLanguageModel,
    SequenceRegressor,
    SequenceTagger,
)
from fastgru.data.alphabets import get_alphabet
from fastgru.data.target_alphabets import get_target_alphabet
from fastgru.training.batches import pad
from tests.planted import plant, plant_counts, plant_segments
from tests.translations import draw_genes

pytestmark = pytest.mark.peers

SMALL: dict[str, Any] = {
    "embedding_size": 4,
    "hidden_size": 6,
    "max_epochs": 2,
    "threads": 1,
    "random_state": 0,
}
Inputs = dict[str, np.ndarray]
Case = tuple[Any, Inputs, str, np.ndarray]


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")


def letters(sequences: list[str], alphabet: str = "dna") -> Inputs:
    tokens, lengths = pad([get_alphabet(alphabet).encode(letters) for letters in sequences])
    return {"tokens": tokens.astype(np.int64), "lengths": lengths}


def classification() -> Case:
    sequences, labels = plant(60, seed=1)
    model = SequenceClassifier(**SMALL).fit(sequences, labels)
    return model, letters(sequences), "probabilities", model.predict_proba(sequences)


def multilabel() -> Case:
    sequences, counts = plant_counts(60, seed=1)
    model = SequenceClassifier(**SMALL).fit(sequences, np.stack([counts > 0, counts > 1], axis=1))
    return model, letters(sequences), "probabilities", model.predict_proba(sequences)


def regression() -> Case:
    sequences, counts = plant_counts(60, seed=1)
    model = SequenceRegressor(**SMALL).fit(sequences, 100.0 * counts)
    return model, letters(sequences), "predictions", model.predict(sequences)[:, None]


def series_at_irregular_times() -> Case:
    rng = np.random.default_rng(0)
    series = [np.cumsum(rng.random((n, 2)), axis=0) for n in rng.integers(2, 9, 40)]
    model = SequenceClassifier(**SMALL, alphabet="series", time_decay=True)
    model.fit(series, ["a", "b"] * 20)
    features, lengths = pad(series)
    given = {"features": features, "lengths": lengths}
    return model, given, "probabilities", model.predict_proba(series)


def tagging() -> Case:
    sequences, labels = plant_segments(40, seed=1)
    model = SequenceTagger(**SMALL, crf=True).fit(sequences, labels)
    rows = [np.searchsorted(model.classes_, list(found)) for found in model.predict(sequences)]
    width = max(map(len, rows))
    expected = [np.pad(row, (0, width - len(row)), constant_values=-1) for row in rows]
    return model, letters(sequences), "labels", np.stack(expected)


def language_model() -> Case:
    sequences, _ = plant(60, seed=1)
    model = SequenceLanguageModel(**SMALL).fit(sequences)
    return model, letters(sequences), "log_likelihood", model.score_samples(sequences)


def translation() -> Case:
    proteins, genes = draw_genes(60, seed=1)
    model = Seq2Seq(**SMALL, alphabet="protein", target_alphabet="codons").fit(proteins, genes)
    tokens, lengths = pad([get_target_alphabet("codons").encode(gene) for gene in genes])
    given = {"target_tokens": tokens.astype(np.int64), "target_lengths": lengths}
    given["max_length"] = np.array(0)
    scores = model.score_samples(proteins, genes)
    return model, letters(proteins, "protein") | given, "log_likelihood", scores


CASES = [
    *(classification, multilabel, regression, series_at_irregular_times),
    *(tagging, language_model, translation),
]


@pytest.mark.conformance("ONNX Runtime", "fastgru export", "fitted estimators")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_exported_estimator__says_what_it_predicts(
    case: Callable[[], Case], tmp_path: Path
) -> None:
    import onnxruntime

    model, given, output, expected = case()
    model.save(tmp_path / "model.safetensors")
    fastgru.onnx.export(tmp_path / "model.safetensors", tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (found,) = session.run([output], given)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
