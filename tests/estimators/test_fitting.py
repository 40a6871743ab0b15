"""Trainings that several ranks share, of every task: the file of one process, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru import (
    Seq2Seq,
    SequenceClassifier,
    SequenceLanguageModel,
    SequenceRegressor,
    SequenceTagger,
)
from fastgru.errors import CheckpointError, ConfigurationError, RankError
from fastgru.training.ranks import trained_by
from tests.estimators.conftest import SMALL, small_classifier
from tests.estimators.test_checkpoints import Interrupted, interrupt_after
from tests.planted import plant
from tests.ranks import ThreadCommunicator, run_ranks

RNG = np.random.default_rng(0)
SEQUENCES, LABELS = plant(60, seed=1)
SEQUENCES = [letters[: 6 + 5 * k % 25] for k, letters in enumerate(SEQUENCES)]
TABLE = RNG.integers(0, 2, (60, 3)).astype(float)
FEATURED = [(letters, RNG.standard_normal((len(letters), 2))) for letters in SEQUENCES]
SERIES = [RNG.exponential(1, (5 + k % 7, 2)).cumsum(axis=0) for k in range(60)]
STEPS = ["".join("01"[letter in "AC"] for letter in letters) for letters in SEQUENCES]

TRAININGS: dict[str, tuple[Any, dict[str, Any], tuple[Any, ...]]] = {
    "classes": (SequenceClassifier, {"class_weight": "balanced"}, (SEQUENCES, LABELS)),
    "labels": (SequenceClassifier, {"dropout": 0.2}, (SEQUENCES, TABLE)),
    "numbers": (SequenceRegressor, {"conv_channels": (6,)}, (SEQUENCES, TABLE)),
    "letters with features": (SequenceClassifier, {}, (FEATURED, LABELS)),
    "series": (
        SequenceClassifier,
        {"alphabet": "series", "time_decay": True, "num_layers": 2},
        (SERIES, LABELS),
    ),
    "labels of letters": (SequenceTagger, {"crf": True, "dropout": 0.2}, (SEQUENCES, STEPS)),
    "next letters": (SequenceLanguageModel, {"bidirectional": True}, (SEQUENCES,)),
}


def bytes_of(model: Any, path: Path) -> bytes:
    model.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("name", TRAININGS)
def test_fit__of_every_task_gives_the_file_of_one_process(name: str, tmp_path: Path) -> None:
    kind, changes, data = TRAININGS[name]

    def fit(path: Path) -> bytes:
        return bytes_of(kind(**{**SMALL, "max_epochs": 2, **changes}).fit(*data), path)

    def rank(one: ThreadCommunicator) -> bytes:
        with trained_by(one):
            return fit(tmp_path / f"{one.rank}.safetensors")

    assert run_ranks(3, rank) == [fit(tmp_path / "alone.safetensors")] * 3


def test_fit__draws_one_seed_for_all_ranks(tmp_path: Path) -> None:
    def rank(one: ThreadCommunicator) -> np.ndarray:
        with trained_by(one):
            model = small_classifier(random_state=None).fit(SEQUENCES, LABELS)
        return model.predict_proba(SEQUENCES)

    first, second = run_ranks(2, rank)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("sizes", [(2, 1), (1, 3), (3, 2)])
def test_fit__goes_on_with_another_number_of_ranks(sizes: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "m.checkpoint"

    def rank(one: ThreadCommunicator, **how: Any) -> bytes:
        # one file for all: only the first rank writes it, and what it reads counts for all
        with trained_by(one):
            model = small_classifier().fit(SEQUENCES, LABELS, checkpoint=path, **how)
        return bytes_of(model, tmp_path / f"{one.rank}.safetensors")

    with pytest.raises(Interrupted):
        run_ranks(sizes[0], lambda one: rank(one, on_epoch=interrupt_after(2)))
    assert path.exists()
    alone = small_classifier().fit(SEQUENCES, LABELS)
    expected = bytes_of(alone, tmp_path / "alone.safetensors")
    assert run_ranks(sizes[1], lambda one: rank(one, resume=True)) == [expected] * sizes[1]


DIFFERENT: dict[str, Callable[[], Any]] = {
    "value of hidden_size": lambda: small_classifier(hidden_size=8).fit(SEQUENCES, LABELS),
    "sequences": lambda: small_classifier().fit([*SEQUENCES[:-1], "ACGTACGT"], LABELS),
    "labels": lambda: small_classifier().fit(SEQUENCES, [*LABELS[1:], LABELS[0]]),
    "weights": lambda: small_classifier().fit(SEQUENCES, LABELS, np.arange(1, 61)),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_fit__refuses_ranks_that_have_something_else(what: str) -> None:
    def rank(one: ThreadCommunicator) -> None:
        fit = DIFFERENT[what] if one.rank else lambda: small_classifier().fit(SEQUENCES, LABELS)
        with trained_by(one), pytest.raises(RankError, match=f"^rank 1: has other {what} than"):
            fit()

    run_ranks(2, rank)


def test_fit__refuses_translations_of_several_ranks() -> None:
    def rank(one: ThreadCommunicator) -> None:
        with (
            trained_by(one),
            pytest.raises(ConfigurationError, match=r"^training by 2 processes: this task cannot"),
        ):
            Seq2Seq(alphabet="dna", target_alphabet="dna").fit(SEQUENCES, SEQUENCES)

    run_ranks(2, rank)


def test_fit__tells_the_others_nothing_of_a_checkpoint_that_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "m.checkpoint"
    small_classifier(hidden_size=8).fit(SEQUENCES, LABELS, checkpoint=path)
    with trained_by(ThreadCommunicator.alone()) as crew:
        with pytest.raises(CheckpointError, match="with hidden_size 8"):
            small_classifier().fit(SEQUENCES, LABELS, checkpoint=path, resume=True)
        # so that the command may begin anew, with --force, while the others wait
        assert not crew.has_met
