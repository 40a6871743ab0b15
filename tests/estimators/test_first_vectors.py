"""Where the learned vectors of letters begin, before anything is learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru import SequenceClassifier
from fastgru.data.alphabets import get_alphabet
from fastgru.data.residues import residue_properties
from tests.estimators.conftest import SMALL

SEQUENCES = ["MKLVINGAAD", "GGHWYFCPRE", "STQNDEKRHA", "AVILMFYWKC"] * 4
LABELS = ["short", "long"] * 8
PROPERTIES = residue_properties(get_alphabet("protein").letters)
NOTHING_LEARNED: dict[str, Any] = {
    **SMALL,
    "alphabet": "protein",
    "max_epochs": 1,
    "learning_rate": 1e-30,
}


def first_vectors(model: Any, *data: Any) -> np.ndarray:
    fitted = model.fit(*data)
    return fitted._fitted.network.parameters.views()["embedding.letters"]


@pytest.mark.parametrize("size", [4, 12])
@pytest.mark.parametrize("labels", [LABELS, np.eye(16)[:, :3]])
def test_fit__begins_with_the_properties_of_amino_acids(size: int, labels: Any) -> None:
    changes = {"embedding_size": size, "embedding_init": "properties"}
    vectors = first_vectors(SequenceClassifier(**{**NOTHING_LEARNED, **changes}), SEQUENCES, labels)
    np.testing.assert_allclose(vectors[:, :10], PROPERTIES[:, :size], rtol=1e-6)
    assert np.abs(vectors[:, 10:]).min(initial=1) > 0


@pytest.mark.parametrize("recipe", ["peptides", "proteins"])
def test_recipes_of_proteins__begin_with_properties(recipe: str) -> None:
    model = SequenceClassifier.from_recipe(recipe, **NOTHING_LEARNED)
    vectors = first_vectors(model, SEQUENCES, LABELS)
    np.testing.assert_allclose(vectors, PROPERTIES[:, :4], rtol=1e-6)


def test_fit__begins_at_random_by_default() -> None:
    both = [
        first_vectors(
            SequenceClassifier(**{**NOTHING_LEARNED, "random_state": seed}), SEQUENCES, LABELS
        )
        for seed in (0, 1)
    ]
    assert not np.isclose(*both).any()
