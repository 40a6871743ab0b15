from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fastgru
from fastgru.errors import ModelFileError
from fastgru.estimators.loading import load_fitted
from fastgru.models.architecture import TASKS
from fastgru.models.model_file import read_model
from tests.models.model_files import SAVED, saved_name
from tests.models.record_files import predictions

ESTIMATORS = {
    "classification": fastgru.SequenceClassifier,
    "multilabel": fastgru.SequenceClassifier,
    "regression": fastgru.SequenceRegressor,
    "language_model": fastgru.SequenceLanguageModel,
    "tagging": fastgru.SequenceTagger,
    "translation": fastgru.Seq2Seq,
}


@pytest.mark.parametrize("path", SAVED, ids=saved_name)
def test_load__reads_what_earlier_states_wrote(path: Path) -> None:
    recorded = json.loads((path.parent / "predictions.json").read_text(encoding="utf-8"))
    model = ESTIMATORS[load_fitted(path).task].load(path)
    found = predictions(path.stem, model)
    np.testing.assert_allclose(found, recorded[path.stem], rtol=1e-4, atol=1e-5)


def test_saved_files__are_of_every_task_and_format_and_of_the_first_names() -> None:
    for state in ("first", "0.1.0"):
        cards = [read_model(path).card for path in SAVED if path.parent.name == state]
        assert {card.get("task", "classification") for card in cards} == set(TASKS)
        assert {card["format_version"] for card in cards} == {1, 2}
        assert "series" in {card["alphabet"] for card in cards}
    first = read_model(next(path for path in SAVED if saved_name(path) == "first/classification"))
    assert "n_classes" in first.card["architecture"]
    assert {"task", "versions", "seen", "inputs"}.isdisjoint(first.card)


def test_load_fitted__refuses_a_model_of_another_task() -> None:
    path = next(path for path in SAVED if path.stem == "tagging")
    message = "tagging.safetensors: is a model of tagging, expected one of regression. Give another"
    with pytest.raises(ModelFileError, match=message):
        load_fitted(path, "regression")
