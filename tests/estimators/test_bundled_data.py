"""The two bundled data sets are learned as well as they can honestly be.

Sequences that occur twice are left out before the split, so that no test sequence is known from
training.  The bars are those of one-hot logistic regression on the splice windows (0.958, less the
spread of a fifth of the data) and of k-mer logistic regression on the peptides (0.934, with
duplicates left in).  Nine epochs are enough for both, with learning rates that fall to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from sklearn.metrics import roc_auc_score

from fastgru import SequenceClassifier
from fastgru.data.random_splits import random_split
from fastgru.datasets import Dataset, load_amp, load_splice

pytestmark = pytest.mark.slow


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a line even where the test passes."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return write


def parts_of(data: Dataset) -> dict[str, tuple[list[str], list[str]]]:
    """Sequences and labels to train on, to stop by and to test with."""
    splits = random_split(data.labels, test_fraction=0.2, validation_fraction=0.1, seed=1)
    parts: dict[str, tuple[list[str], list[str]]] = {}
    for letters, label, name in zip(data.sequences, data.labels, splits, strict=True):
        sequences, labels = parts.setdefault(name, ([], []))
        sequences.append(letters)
        labels.append(label)
    known = {*parts["train"][0], *parts["validation"][0]}
    assert known.isdisjoint(parts["test"][0])
    return parts


def test_splice_junctions__are_told_apart(show) -> None:
    data = load_splice(resolve=True)
    parts = parts_of(data)
    assert len(data) == 3004
    assert len(parts["test"][0]) >= 600
    model = SequenceClassifier("dna", position_embedding=True, max_epochs=9, random_state=1)
    model.fit(*parts["train"], validation_data=parts["validation"])
    accuracy = model.score(*parts["test"])
    show(f"splice junctions: accuracy {accuracy:.4f} after {model.n_iter_} epochs")
    assert accuracy >= 0.950


def test_antimicrobial_peptides__are_told_apart(show) -> None:
    data = load_amp(resolve=True)
    parts = parts_of(data)
    assert len(data) == 4620
    assert len(parts["test"][0]) >= 920
    model = SequenceClassifier("protein", max_epochs=9, random_state=1)
    model.fit(*parts["train"], validation_data=parts["validation"])
    sequences, labels = parts["test"]
    is_positive = [label == model.classes_[1] for label in labels]
    auc = roc_auc_score(is_positive, model.predict_proba(sequences)[:, 1])
    show(f"antimicrobial peptides: ROC AUC {auc:.4f} after {model.n_iter_} epochs")
    assert auc >= 0.93
