"""Where the learned vectors of letters begin, before anything is learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru import Seq2Seq, SequenceClassifier, SequenceLanguageModel
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


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (SequenceClassifier, (SEQUENCES, LABELS)),
        (SequenceLanguageModel, (SEQUENCES,)),
        (Seq2Seq, (SEQUENCES, ["ATG" * 3] * 16)),
    ],
)
@pytest.mark.parametrize("size", [4, 12])
def test_fit__begins_with_the_properties_of_amino_acids(
    kind: Any, data: tuple[Any, ...], size: int
) -> None:
    vectors = first_vectors(kind(**{**NOTHING_LEARNED, "embedding_size": size}), *data)
    np.testing.assert_allclose(vectors[:, :10], PROPERTIES[:, :size], rtol=1e-6)
    assert np.abs(vectors[:, 10:]).min(initial=1) > 0


@pytest.mark.parametrize("changes", [{"alphabet": "dna"}, {"kmer_size": 2}])
def test_fit__begins_at_random_with_what_has_no_properties(changes: dict[str, Any]) -> None:
    sequences = ["ACGTACGT", "GGTTAACC"] * 8
    both = [
        first_vectors(
            SequenceClassifier(**{**NOTHING_LEARNED, **changes, "random_state": seed}),
            *(sequences, LABELS),
        )
        for seed in (0, 1)
    ]
    assert not np.isclose(*both).any()
