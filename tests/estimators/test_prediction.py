from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from fastgru import SequenceClassifier
from fastgru.errors import AlphabetError, ConfigurationError, LabelError
from tests.comparing import assert_same_bits
from tests.estimators.conftest import small_classifier
from tests.planted import MOTIF, plant


@pytest.fixture(scope="module")
def attending() -> SequenceClassifier:
    """A classifier with attention that has found the motif, to be left as it is."""
    model = small_classifier(hidden_size=24, max_epochs=15, pooling=("attention",))
    return model.fit(*plant(600, seed=1))


def test_attention__is_a_share_of_each_letter(attending) -> None:
    sequences = ["ACGT" * 9, "A", *plant(30, seed=2)[0]]
    weights = attending.attention(sequences)
    assert [row.shape for row in weights] == [(len(letters),) for letters in sequences]
    for row in weights:
        assert row.dtype == np.float64
        assert (row >= 0).all()
        assert row.sum() == pytest.approx(1, abs=1e-6)


def test_attention__looks_where_the_motif_is(attending) -> None:
    sequences, labels = plant(200, seed=3)
    assert attending.score(sequences, labels) > 0.9
    sequences = [letters for letters in sequences if MOTIF in letters]
    near = []
    for letters, weights in zip(sequences, attending.attention(sequences), strict=True):
        at = letters.index(MOTIF)
        near.append(weights[max(0, at - 2) : at + len(MOTIF) + 2].sum())
    # evenly spread, a third of the weights would be there
    assert np.mean(near) > 0.6


@pytest.mark.parametrize("threads", [1, 2])
def test_attention__depends_on_neither_threads_nor_neighbours(threads, attending) -> None:
    sequences = [letters[: 3 + k] for k, letters in enumerate(plant(27, seed=4)[0])]
    expected = [attending.attention([letters])[0] for letters in sequences]
    attending.set_params(threads=threads)
    found = attending.attention(sequences)
    attending.set_params(threads=1)
    for row, alone in zip(found, expected, strict=True):
        assert_same_bits(row, alone)


def test_attention__of_nothing_is_empty(attending) -> None:
    assert attending.attention([]) == []


def test_attention__is_that_of_a_model_read_back(attending, tmp_path: Path) -> None:
    attending.save(tmp_path / "m")
    sequences = plant(10, seed=5)[0]
    twin = SequenceClassifier.load(tmp_path / "m")
    for row, expected in zip(
        twin.attention(sequences), attending.attention(sequences), strict=True
    ):
        assert_same_bits(row, expected)


def test_attention__needs_attention_pooling(fitted, planted) -> None:
    message = (
        "attention: the model has the pooling 'last', 'mean', 'max', expected 'attention' among "
        "it. Train one with 'attention' in pooling."
    )
    with pytest.raises(ConfigurationError, match=f"^{message}$"):
        fitted.attention(planted[0])


def test_seen_in_training__knows_what_was_learned_and_what_stopped_it(
    fitted: SequenceClassifier, planted, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "m")
    for model in (fitted, SequenceClassifier.load(tmp_path / "m")):
        assert model.seen_in_training(planted[0]).all()
        assert model.seen_in_training(["ACGT", planted[0][0].lower()]).tolist() == [False, True]


def test_attention__needs_a_fitted_model() -> None:
    with pytest.raises(NotFittedError):
        small_classifier(pooling=("attention",)).attention(["ACGT"])


def test_attention__refuses_what_predict_proba_refuses(make_classifier: Any, planted) -> None:
    model = make_classifier(position_embedding=True, max_epochs=1, pooling=("attention",))
    model.fit(*planted)
    with pytest.raises(LabelError, match="sequence 1: has 31 letters, expected at most 30"):
        model.attention(["ACG", "A" * 31])
    with pytest.raises(AlphabetError, match="sequence 0: "):
        model.attention(["A?G"])


@pytest.mark.parametrize("threads", [1, 2])
def test_fit__with_attention_gives_the_same_bits_for_any_number_of_threads(threads: int) -> None:
    sequences, labels = plant(150, seed=1)
    changes: dict[str, Any] = {"pooling": ("mean", "attention"), "max_epochs": 2}
    expected, actual = (
        small_classifier(threads=number, **changes).fit(sequences, labels)
        for number in (1, threads)
    )
    assert_same_bits(actual.predict_proba(sequences), expected.predict_proba(sequences))
