from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru import SequenceClassifier, SequenceRegressor
from fastgru.errors import ModelFileError
from tests.models.damage import with_damaged_cards
from tests.planted import plant, plant_counts

SMALL: dict[str, Any] = {
    "embedding_size": 4,
    "hidden_size": 12,
    "max_epochs": 3,
    "batch_size": 16,
    "learning_rate": 1e-2,
    "threads": 1,
    "random_state": 0,
}


def small_classifier(**changes: Any) -> SequenceClassifier:
    """A classifier that trains in a fraction of a second."""
    return SequenceClassifier(**{**SMALL, **changes})


def small_regressor(**changes: Any) -> SequenceRegressor:
    """A regressor that trains in a fraction of a second."""
    return SequenceRegressor(**{**SMALL, **changes})


def numbers_of(model: Any, *given: Sequence[str]) -> np.ndarray:
    """What a model says of sequences, and of their translations where it has some."""
    for name in ("predict_proba", "score_samples", "predict"):
        if hasattr(model, name):
            return getattr(model, name)(*given)
    raise AssertionError(f"{model} says nothing in numbers")


def count_refused(
    path: Path, n_files: int, *given: Sequence[str], estimator: Any = SequenceClassifier
) -> int:
    """Damage the card of a model, and count what cannot be loaded; the rest has to predict."""
    refused = 0
    for damaged in with_damaged_cards(path.read_bytes(), n_files, seed=7):
        path.write_bytes(damaged)
        try:
            model = estimator.load(path)
        except ModelFileError:
            refused += 1
        else:
            assert np.isfinite(numbers_of(model, *given)).all()
    return refused


@pytest.fixture
def make_classifier() -> Any:
    """Build a small classifier; keywords change its parameters."""
    return small_classifier


@pytest.fixture
def make_regressor() -> Any:
    """Build a small regressor; keywords change its parameters."""
    return small_regressor


@pytest.fixture(scope="session")
def counted() -> tuple[list[str], np.ndarray]:
    """60 sequences and how often each has the motif, to be left as they are."""
    return plant_counts(60, seed=1)


@pytest.fixture(scope="session")
def planted() -> tuple[list[str], list[str]]:
    """60 sequences and their labels, to be left as they are."""
    return plant(60, seed=1)


@pytest.fixture(scope="session")
def fitted(planted: tuple[list[str], list[str]]) -> SequenceClassifier:
    """A classifier that has learned, to be left as it is."""
    return small_classifier().fit(*planted)
