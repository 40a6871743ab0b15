"""One epoch of training on a bundled data set, with all that belongs to it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from benchmarks import baselines
from benchmarks.agreement import differences
from benchmarks.cases import SEED, EpochOptions
from benchmarks.networks import gradients, network_of
from benchmarks.recording import describe, refuse_disagreement
from benchmarks.rivals import Setting
from benchmarks.timing import Task, time_in_turns
from fastgru import SequenceClassifier
from fastgru.data.alphabets import get_alphabet
from fastgru.datasets import load_splice

ALPHABET = get_alphabet("dna")
OPTIONS = EpochOptions()
ROUNDS = 2


class Epoch:
    """The data, and PyTorch's network once it has given fastgru's gradients."""

    def __init__(self) -> None:
        data = load_splice()
        self.sequences, self.labels = data.sequences, data.labels
        self.tokens = np.stack([ALPHABET.encode(letters) for letters in data.sequences]).astype(int)
        classes, self.targets = np.unique(data.labels, return_inverse=True)
        self.rival: baselines.TorchClassifier | None = None
        self.differences: dict[str, float] = {}
        if baselines.has_torch:
            self._compare(len(classes))

    def _compare(self, n_classes: int) -> None:
        # that which SequenceClassifier trains below
        network = network_of(
            ALPHABET.mixture,
            n_outputs=n_classes,
            n_positions=self.tokens.shape[1],
            embedding_size=OPTIONS.embedding_size,
            hidden_size=OPTIONS.hidden_size,
        )
        self.rival = baselines.TorchClassifier(network.parameters.views(), ALPHABET.mixture)
        batch = slice(None, None, len(self.tokens) // OPTIONS.batch_size)  # of every class
        tokens, targets = self.tokens[batch], self.targets[batch]
        self.differences = differences(
            gradients(network, tokens, targets), self.rival.gradients(tokens, targets)
        )


@pytest.fixture(scope="module")
def epoch(setting: Setting) -> Epoch:
    made = Epoch()
    refuse_disagreement(made.differences, "the epoch")
    return made


def test_epoch(epoch: Epoch, benchmark: Any, setting: Setting) -> None:
    model = SequenceClassifier(
        **asdict(OPTIONS),
        position_embedding=True,
        early_stopping=False,
        max_epochs=1,
        threads=setting.threads,
        random_state=SEED,
    )
    model.fit(epoch.sequences[::40], epoch.labels[::40])  # compiles
    describe(
        benchmark,
        what="epoch",
        label=f"{len(epoch.tokens)} splice junctions, BiGRU {OPTIONS.hidden_size}",
        rival="PyTorch" if epoch.rival else None,
        work=len(epoch.tokens),
        unit="sequences/s",
        differences=epoch.differences,
    )
    ours, theirs = Task(lambda: model.fit(epoch.sequences, epoch.labels), repeated=False), None
    if epoch.rival is not None:
        train = epoch.rival.train_epoch
        theirs = Task(lambda: train(epoch.tokens, epoch.targets, OPTIONS), repeated=False)
    time_in_turns(benchmark, ours, theirs, rounds=ROUNDS)
