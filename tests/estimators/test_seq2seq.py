from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from fastgru import Seq2Seq, SequenceClassifier
from fastgru.errors import (
    AlphabetError,
    CheckpointError,
    ConfigurationError,
    LabelError,
    ModelFileError,
)
from fastgru.models.model_file import read_model
from tests.estimators.conftest import SMALL, count_refused
from tests.estimators.test_checkpoints import Interrupted, bytes_of, interrupt_after
from tests.models.model_files import put_together, take_apart
from tests.translations import draw_genes

PROTEINS, GENES = draw_genes(60, seed=1)


def make_model(**changes: Any) -> Seq2Seq:
    """A translator that trains in a fraction of a second."""
    return Seq2Seq(**{**SMALL, "alphabet": "protein", **changes})


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    """To be left as it is."""
    return make_model().fit(PROTEINS, GENES)


@pytest.mark.slow
def test_fit__learns_the_codons_of_proteins() -> None:
    model = make_model(hidden_size=32, embedding_size=16, max_epochs=18, learning_rate=2e-2)
    model.fit(*draw_genes(400, seed=2))
    proteins, genes = draw_genes(50, seed=3)
    assert model.score(proteins, genes) > 0.98
    # longer than any in training
    proteins, genes = draw_genes(20, seed=4)
    proteins, genes = [p + p for p in proteins], [g[:-3] + g for g in genes]
    right = [own == gene for own, gene in zip(model.predict(proteins), genes, strict=True)]
    assert np.mean(right) > 0.5
    kept = model.history_[model.best_epoch_ - 1]
    assert kept["validation_token_accuracy"] > 0.98
    (found,) = model.translate(proteins[:1], beam_size=3)
    expected = model.score_samples(proteins[:1], [found.sequence])[0]
    assert found.log_probability == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("target_alphabet", ["dna", "rna", "protein"])
def test_fit__writes_letters(target_alphabet: str) -> None:
    proteins = ["ACD", "CA", "DDAC"] * 5
    model = make_model(target_alphabet=target_alphabet, max_epochs=1)
    written = model.fit(proteins, proteins if target_alphabet == "protein" else GENES[:15])
    letters = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}[target_alphabet]
    assert {*"".join(written.predict(proteins))} <= {*letters}


def test_fit__learns_by_how_much_a_translation_is_longer(model: Seq2Seq, tmp_path: Path) -> None:
    def letters_per_token(model: Seq2Seq) -> float:
        model.save(tmp_path / "m")
        return read_model(tmp_path / "m").card["architecture"]["letters_per_token"]

    assert letters_per_token(model) == 1.0  # the stop codon counts for nothing
    one_length = make_model(max_epochs=1, target_alphabet="dna").fit(["AC", "CD"], ["ACGT", "TTTT"])
    assert letters_per_token(one_length) == 0.5


def test_fit__takes_the_validation_set_that_it_is_given() -> None:
    held_out = PROTEINS[50:], GENES[50:]
    model = make_model(max_epochs=1).fit(PROTEINS[:50], GENES[:50], validation_data=held_out)
    assert (model.n_train_, model.n_validation_) == (50, 10)
    (epoch,) = model.history_
    assert epoch["validation_token_accuracy"] == pytest.approx(model.score(*held_out))
    tokens = sum(len(gene) // 3 + 1 for gene in held_out[1])
    loss = -model.score_samples(*held_out).sum() / tokens
    assert epoch["validation_loss"] == pytest.approx(loss, rel=1e-12)
    assert model.seen_in_training(PROTEINS).all()
    assert "length" in model.flag_unusual(["A" * 999])[0]
    assert model.max_length is None


def test_fit__gives_the_same_bytes_for_any_number_of_threads(model, tmp_path: Path) -> None:
    assert bytes_of(make_model(threads=2).fit(PROTEINS, GENES), tmp_path) == bytes_of(
        model, tmp_path
    )
    other = make_model(random_state=1).fit(PROTEINS, GENES)
    assert bytes_of(other, tmp_path) != bytes_of(model, tmp_path)


def test_fit__goes_on_as_if_it_was_never_interrupted(model, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        make_model().fit(PROTEINS, GENES, checkpoint=path, on_epoch=interrupt_after(2))
    resumed = make_model().fit(PROTEINS, GENES, checkpoint=path, resume=True)
    assert bytes_of(resumed, tmp_path) == bytes_of(model, tmp_path)
    with pytest.raises(CheckpointError, match="was made with other labels"):
        make_model().fit(PROTEINS, GENES[::-1], checkpoint=path, resume=True)
    # the same letters one after the other, of which a codon is another translation's
    moved = [GENES[0] + GENES[1][:3], GENES[1][3:], *GENES[2:]]
    with pytest.raises(CheckpointError, match="was made with other labels"):
        make_model().fit(PROTEINS, moved, checkpoint=path, resume=True)


@pytest.mark.parametrize(
    ("targets", "error", "message"),
    [
        (["GCA"], LabelError, "targets: must be one string for each of 2 sequences, got 1"),
        ("GCA", LabelError, "for each of 2 sequences, got one string"),
        (["GCA", "GC"], AlphabetError, "target 1: has 2 letters, expected a multiple of 3"),
        (["GCA", ""], AlphabetError, "training target 1: is empty, expected at least one letter"),
        (["GCA", "GC!"], AlphabetError, "target 1: letter '!' at position 3"),
        (["GCA", 3], ConfigurationError, "target 1: must be a string, got int"),
    ],
)
def test_fit__refuses_what_is_no_translation(targets, error, message: str) -> None:
    with pytest.raises(error, match=message):
        make_model().fit(["A", "C"], targets)


def test_fit__refuses_nothing_to_learn_from() -> None:
    with pytest.raises(LabelError, match="the training set is empty, expected at least one"):
        make_model().fit([], [])
    with pytest.raises(LabelError, match="the validation set is empty, expected at least one"):
        make_model().fit(PROTEINS, GENES, validation_data=([], []))


def test_predict__does_not_depend_on_the_others(model: Seq2Seq) -> None:
    for beam_size in (1, 2):
        together = model.translate(PROTEINS[:20], beam_size=beam_size)
        alone = [model.translate([p], beam_size=beam_size)[0] for p in PROTEINS[:20]]
        assert alone == together
    assert model.predict(PROTEINS[:20], beam_size=2) == [found.sequence for found in together]
    assert model.predict([]) == []


def test_translate__keeps_to_the_largest_length(model: Seq2Seq) -> None:
    for found in model.translate(PROTEINS[:20], max_length=2):
        assert len(found.sequence) <= 3 * (2 - found.ended)
    # twelve residues and a stop, half as many again, and ten
    longest = max(len(found) for found in model.predict(["A" * 12]))
    assert longest <= 3 * (2 * 12 + 10)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"beam_size": 0}, "beam_size must be an integer of at least 1, got 0"),
        ({"beam_size": 1.5}, "beam_size must be an integer of at least 1, got 1.5"),
        ({"max_length": -1}, "max_length must be an integer of at least 1, got -1"),
        ({"max_length": 0}, "max_length must be an integer of at least 1, got 0"),
        ({"length_penalty": -1.0}, "length_penalty must be a finite number of at least 0"),
    ],
)
def test_translate__refuses_values_out_of_range(model, how, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        model.translate(PROTEINS, **how)


def test_score__refuses_nothing(model: Seq2Seq) -> None:
    with pytest.raises(LabelError, match="sequences: there are none, expected at least one"):
        model.score([], [])


def test_load__gives_back_what_was_saved(model: Seq2Seq, tmp_path: Path) -> None:
    model.save(tmp_path / "m", extra={"note": "x"})
    loaded = Seq2Seq.load(tmp_path / "m")
    assert loaded.translate(PROTEINS) == model.translate(PROTEINS)
    assert loaded.get_params() == {**model.get_params(), "threads": None}
    assert (loaded.history_, loaded.best_epoch_) == (model.history_, model.best_epoch_)
    assert read_model(tmp_path / "m").card["note"] == "x"
    with pytest.raises(ModelFileError, match="is a model of translation, expected one of class"):
        SequenceClassifier.load(tmp_path / "m")


def test_load__refuses_or_reads_damaged_cards(model: Seq2Seq, tmp_path: Path) -> None:
    path = tmp_path / "m"
    model.save(path)
    assert count_refused(path, 60, PROTEINS[:3], GENES[:3], estimator=Seq2Seq) > 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target_alphabet": "dna"}, "there are 65 outputs for 4 tokens and the end"),
        ({"architecture.letters_per_token": 0.0}, "letters_per_token is 0.0, expected a number"),
        ({"tokens_per_letter": -1}, "tokens_per_letter is -1, expected a number from 0"),
        ({"training.parameters.target_alphabet": "rna"}, "target_alphabet is not that of training"),
    ],
)
def test_load__says_what_contradicts_itself(model, change, message, tmp_path: Path) -> None:
    path = tmp_path / "m"
    model.save(path)
    header, card, weights = take_apart(path.read_bytes())
    for place, value in change.items():
        *outer, name = place.split(".")
        entry = card
        for key in outer:
            entry = entry[key]
        entry[name] = value
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match=message):
        Seq2Seq.load(path)


def test_clone__is_not_fitted(model: Seq2Seq) -> None:
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        twin.predict(PROTEINS)
