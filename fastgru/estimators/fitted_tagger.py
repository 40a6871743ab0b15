"""What a trained tagger can do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.model_card import damaged, network_fields
from fastgru.models.model_file import SavedModel
from fastgru.training.tagging import (
    predict_step_labels,
    predict_step_probabilities,
    predict_steps,
)

__all__ = ["FittedTagger", "StepLabels", "read_tagger"]

StepLabels = str | list[str]
"""The labels of one sequence: a letter for each of its letters, or a list of texts."""


@dataclass(frozen=True, kw_only=True)
class FittedTagger(FittedNetwork):
    """A trained network that labels each letter.

    Attributes
    ----------
    classes
        Labels, sorted.
    labels_are_lists
        Whether the labels of a sequence are a list of texts, not a string of letters.
    """

    task = "tagging"
    classes: np.ndarray
    labels_are_lists: bool

    def predict(self, sequences: Sequence[str], threads: int | None) -> list[StepLabels]:
        """Return labels; see :meth:`fastgru.SequenceTagger.predict`.

        Parameters
        ----------
        sequences
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        encoded = self.encode_readable(sequences)
        with threads_limited_to(threads):
            found = predict_step_labels(self.network, encoded)
        lists = (self.classes[numbers].tolist() for numbers in found)
        return [labels if self.labels_are_lists else "".join(labels) for labels in lists]

    def predict_proba(self, sequences: Sequence[str], threads: int | None) -> list[np.ndarray]:
        """Return probabilities; see :meth:`fastgru.SequenceTagger.predict_proba`.

        Parameters
        ----------
        sequences
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        encoded = self.encode_readable(sequences)
        with threads_limited_to(threads):
            return predict_step_probabilities(self.network, encoded)

    def predict_letters(
        self, sequences: Sequence[str], threads: int | None
    ) -> Iterable[tuple[str, list[str], np.ndarray]]:
        """Return letters of each sequence, the label of each, and the probability of each label.

        As :meth:`predict` and :meth:`predict_proba`, at the cost of one of them.

        Parameters
        ----------
        sequences
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        encoded = self.encode_readable(sequences)
        with threads_limited_to(threads):
            found = predict_steps(self.network, encoded)
        symbols = np.array(list(get_alphabet(self.parameters["alphabet"]).symbols))
        return (
            ("".join(symbols[codes]), self.classes[numbers].tolist(), probabilities)
            for codes, (numbers, probabilities) in zip(encoded, found, strict=True)
        )

    def card_entries(self) -> dict[str, Any]:
        """Return the classes, and the form of the labels."""
        return {"classes": self.classes.tolist(), "labels_are_lists": self.labels_are_lists}


def read_tagger(saved: SavedModel, name: str) -> FittedTagger:
    """Return the tagger that a model file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.

    Raises
    ------
    ModelFileError
        If its card contradicts itself.
    """
    (network,) = saved.networks
    fields = network_fields(network, name, "tagging")
    classes, sizes = saved.card["classes"], network.architecture
    if len(classes) != sizes.n_outputs:
        fault = f"there are {len(classes)} classes for a network with {sizes.n_outputs} outputs"
        raise damaged(name, fault)
    if {*sizes.conv_stride, *sizes.conv_pool} != {1}:
        raise damaged(name, "there is not one output for each letter")
    lists = saved.card["labels_are_lists"]
    if not lists and any(len(label) != 1 for label in classes):
        raise damaged(name, "the classes are no letters")
    return FittedTagger(**fields, classes=np.array(classes), labels_are_lists=lists)
