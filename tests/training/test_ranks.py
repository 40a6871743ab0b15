"""Ranks that train together: the bits of one process, and refusals that all of them hear."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru.errors import RankError
from fastgru.kernels.registers import lanes_of
from fastgru.layers.parts import ALONE, Communicator
from fastgru.training.batches import LabelledSet
from fastgru.training.loop import train
from fastgru.training.ranks import Crew, crew_in_force, trained_by
from fastgru.training.state import Epoch
from tests.ranks import ThreadCommunicator, run_ranks
from tests.training.test_loop import CLASSES, OPTIONS, make_network, make_set

INPUTS = [
    {},
    {"n_positions": 200},
    {"kmer_size": 3},
    {"kmer_size": 5},  # too many rows for the tables of the kernels
    {"conv_channels": (6, 4), "conv_width": (3,), "conv_pool": (1, 2), "conv_norm": "layer"},
    {"conv_channels": (4, 4), "conv_width": (3,), "conv_norm": "batch", "conv_residual": True},
]
POOLINGS = st.lists(st.sampled_from(["last", "mean", "max", "attention"]), min_size=1, unique=True)
ARCHITECTURES = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(["gru", "lstm", "rnn"]),
        "num_layers": st.integers(1, 2),
        "bidirectional": st.booleans(),
        "pooling": POOLINGS.map(tuple),
        "dropout": st.sampled_from([0.0, 0.3]),
        "residual": st.booleans(),
        "reverse_complement": st.sampled_from(["none", "average", "augment", "equivariant"]),
    }
)


def ragged(n: int, seed: int) -> LabelledSet:
    """Sequences of all lengths from 5 on, so that parts of a batch are not stretches of it."""
    whole = make_set(n, seed)
    lengths = np.random.default_rng(seed).integers(5, 31, n)
    return replace(
        whole, encoded=[codes[:k] for codes, k in zip(whole.encoded, lengths, strict=True)]
    )


def trained(
    communicator: Communicator, changes: dict[str, Any], batch_size: int
) -> tuple[bytes, list[Epoch]]:
    """The weights and the history after two epochs; the last batch of each is a small one."""
    network = make_network(hidden_size=6, **changes)
    options = replace(OPTIONS, batch_size=batch_size, max_epochs=2)
    history, _ = train(
        *(network, ragged(93, 1), ragged(30, 2), CLASSES, options), communicator=communicator
    )
    assert network.communicator is ALONE
    return network.parameters.values.tobytes(), history


@settings(max_examples=15)
@given(
    inputs=st.sampled_from(INPUTS),
    changes=ARCHITECTURES,
    size=st.sampled_from([1, 2, 3, 4, 7]),
    batch_size=st.sampled_from([5, 40, 90]),
)
def test_train__has_the_same_bits_for_any_number_of_ranks(
    inputs: dict[str, Any], changes: dict[str, Any], size: int, batch_size: int
) -> None:
    changes = {**changes, **inputs}
    if changes["reverse_complement"] == "equivariant":
        changes["bidirectional"] = True
    alone = trained(ALONE, changes, batch_size)
    for found in run_ranks(size, lambda one: trained(one, changes, batch_size)):
        assert found == alone


def test_train__takes_in_sums_of_groups_and_features_of_sequences() -> None:
    def count(one: ThreadCommunicator) -> tuple[int, int]:
        network = make_network(hidden_size=6, pooling=("mean",), bidirectional=False)
        options = replace(OPTIONS, batch_size=32, max_epochs=1, early_stopping=False)
        train(*(network, make_set(32, 1), None, CLASSES, options), communicator=one)
        blocks = network._blocks
        lanes = lanes_of(network.dtype)  # six units fill one vector
        sums = lanes * (3 * lanes + 4 * len(network.reading))
        of_groups = (blocks.part.n_groups - len(blocks.groups) + 1) * sums
        return one.received, 4 * (of_groups + 6 * (32 - blocks.n_sequences))

    for received, expected in run_ranks(3, count):
        assert received == expected


def test_train__fails_on_all_ranks_alike() -> None:
    def fail(one: ThreadCommunicator) -> str:
        data = make_set(20, 1)
        network = make_network()
        network.parameters.values[0] = np.nan
        with pytest.raises(ValueError, match="norm of the gradient is nan") as caught:
            train(network, data, None, CLASSES, OPTIONS, communicator=one)
        assert network.communicator is ALONE
        return str(caught.value)

    first, second = run_ranks(2, fail)
    assert first == second


def test_crew_in_force__is_this_process_unless_others_were_named() -> None:
    assert crew_in_force().communicator is ALONE
    other = ThreadCommunicator.alone()
    with trained_by(other) as crew:
        assert crew_in_force() is crew
        assert crew.communicator is other
    assert crew_in_force().communicator is ALONE


def test_require_same__names_the_rank_and_what_differs() -> None:
    def differ(one: ThreadCommunicator) -> None:
        crew = Crew(one)
        facts = {"seed": 1, "sequences": "ab"}
        crew.require_same(facts)
        message = (
            "^rank 2: has other sequences than rank 0, expected the same on all ranks. Start all "
            "with the same files"
        )
        with pytest.raises(RankError, match=message):
            crew.require_same({**facts, "sequences": "ba" if one.rank == 2 else "ab"})
        with pytest.raises(RankError, match=r"^rank 2: has other sequences than"):
            crew.require_same({"seed": 1} if one.rank == 2 else facts)
        with pytest.raises(RankError, match=r"^rank 2: has other precision than"):
            crew.require_same({**facts, "precision": "bf16"} if one.rank == 2 else facts)

    run_ranks(3, differ)


def test_give_up__ends_the_others_with_the_same_message() -> None:
    def meet(one: ThreadCommunicator) -> None:
        crew = Crew(one)
        assert not crew.has_met
        if one.rank == 1:
            crew.give_up("reads.fa: cannot be read")
        else:
            with pytest.raises(RankError, match=r"^rank 1: reads\.fa: cannot be read$"):
                crew.require_same({"seed": 1})
        assert crew.has_met

    run_ranks(3, meet)


def test_from_leader__gives_all_what_rank_0_has() -> None:
    found = run_ranks(3, lambda one: Crew(one).from_leader(["seed", one.rank]))
    assert found == [["seed", 0]] * 3
