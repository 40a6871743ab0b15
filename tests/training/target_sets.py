"""What the losses of several targets have to satisfy, whichever they are."""

from __future__ import annotations

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet
from fastgru.training.objective import Objective
from tests.architectures import small_architecture
from tests.gradients import assert_slopes_of_store

DNA = get_alphabet("dna")
SEQUENCES = ["ACGTAC", "GGR", "TTTACGAA", "C"]


def make_network(n_outputs: int) -> SequenceNetwork:
    """A small network in double precision, away from where it begins."""
    sizes = small_architecture(
        n_outputs=n_outputs, hidden_size=4, bidirectional=True, pooling=("last", "mean", "max")
    )
    network = SequenceNetwork(sizes, DNA.mixture, 0)
    values = network.parameters.values
    values += 0.3 * np.random.default_rng(5).standard_normal(values.shape)
    return network


def make_set(targets: np.ndarray, weights: np.ndarray) -> LabelledSet:
    """The sequences with targets."""
    return LabelledSet([DNA.encode(letters) for letters in SEQUENCES], targets, weights)


def assert_slope_of_whole_network(objective: Objective, data: LabelledSet) -> None:
    """Compare the gradient of all parameters with central differences, each along a direction."""
    network = make_network(data.targets.shape[1])
    everything = np.arange(len(data.encoded))
    objective.write_gradients(network, data, everything)
    assert_slopes_of_store(
        lambda: objective.write_gradients(network, data, everything), network.parameters
    )
