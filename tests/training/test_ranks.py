from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import RankError
from fastgru.layers.parts import ALONE, Communicator
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet
from fastgru.training.loop import train
from fastgru.training.objective import Objective
from fastgru.training.ranks import Crew, crew_in_force, trained_by
from fastgru.training.state import Epoch
from fastgru.training.tagging import Tagging
from tests.ranks import ThreadCommunicator, run_ranks
from tests.training.test_loop import CLASSES, DNA, OPTIONS, make_network, make_set

SIZES = [1, 2, 3, 4, 7]

INPUTS = st.sampled_from(
    [
        {},
        {"n_positions": 200},
        {"kmer_size": 3},
        {"kmer_size": 5},  # a table too long for the kernels
        {"conv_channels": (6, 4), "conv_width": (3,), "conv_pool": (1, 2), "conv_norm": "layer"},
        {"conv_channels": (4, 4), "conv_width": (3,), "conv_norm": "batch", "conv_residual": True},
    ]
)
LAYERS = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(["gru", "lstm", "rnn"]),
        "num_layers": st.integers(1, 2),
        "bidirectional": st.booleans(),
        "pooling": st.lists(
            st.sampled_from(["last", "mean", "max", "attention"]), min_size=1, unique=True
        ).map(tuple),
        "dropout": st.sampled_from([0.0, 0.3]),
        "residual": st.booleans(),
    }
)
STRANDS = st.sampled_from(["none", "average", "augment", "equivariant"])


def trained(
    communicator: Communicator, changes: dict[str, object], batch_size: int
) -> tuple[bytes, list[Epoch]]:
    network = make_network(hidden_size=6, **changes)
    options = replace(OPTIONS, batch_size=batch_size, max_epochs=2)
    history, _ = train(
        *(network, make_set(90, 1), make_set(30, 2), CLASSES, options),
        communicator=communicator,
    )
    return network.parameters.values.tobytes(), history


@settings(max_examples=15)
@given(
    inputs=INPUTS,
    layers=LAYERS,
    strands=STRANDS,
    size=st.sampled_from(SIZES),
    batch_size=st.sampled_from([5, 40, 90]),
)
def test_train__has_the_same_bits_for_any_number_of_ranks(
    inputs: dict[str, object],
    layers: dict[str, object],
    strands: str,
    size: int,
    batch_size: int,
) -> None:
    changes = {**inputs, **layers, "reverse_complement": strands}
    if strands == "equivariant":
        changes["bidirectional"] = True
    alone = trained(ALONE, changes, batch_size)
    for rank in run_ranks(size, lambda one: trained(one, changes, batch_size)):
        assert rank == alone
