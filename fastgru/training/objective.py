"""What training makes small, and how the network is scored on sequences held out."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.models.reading import Reading
from fastgru.training.batches import LabelledSet

__all__ = ["Objective"]


class Objective(ABC):
    """The loss of one kind of task, from the outputs of a network.

    Attributes
    ----------
    score_name : str
        What the score of :meth:`validate` is called: a column of the history is
        ``validation_`` and this name.
    shares_batches : bool
        Whether several processes can share each batch (:mod:`fastgru.training.ranks`).
    """

    score_name: str
    shares_batches = True

    def for_training(self, training: LabelledSet) -> Objective:
        """Return the objective with what it takes from the targets to learn from.

        Parameters
        ----------
        training
            What is left to learn from, without what was held out.
        """
        return self

    def new_network(
        self, architecture: Architecture, reading: Reading, random_state: int
    ) -> SequenceNetwork:
        """Return the network to train, with its initial weights.

        Parameters
        ----------
        architecture, reading, random_state
            As for :class:`SequenceNetwork`.
        """
        return SequenceNetwork(architecture, reading, random_state)

    @abstractmethod
    def write_gradients(
        self, network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray
    ) -> float:
        """Write the gradients of one batch into the network; return its loss.

        Parameters
        ----------
        network
        data
        chosen
            Numbers of the sequences of the batch.
        """

    @abstractmethod
    def validate(self, network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
        """Return the weighted mean loss by which training is stopped, and a plain score.

        Parameters
        ----------
        network
        data
        """
