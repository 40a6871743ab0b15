from __future__ import annotations

import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru.data.strands import reverse_complement
from fastgru.models.network import SequenceNetwork
from fastgru.models.tied_strands import complement_rows
from fastgru.training.optimizer import AdamW
from tests.comparing import assert_same_bits
from tests.models.test_network import DNA, POOLINGS, TIED, batch, make_network, spread

ROUNDING = 200
"""Units in the last place of the largest output, or of 1, that two strands may differ by."""

SEQUENCES = ["ACGTTGCATTAG", "RNA", "TTYGA", "GATTACA"]


def other_strand(letters: str) -> str:
    return reverse_complement(letters, DNA)


def outputs_of(network: SequenceNetwork, sequences: list[str], *, turned: bool) -> np.ndarray:
    """Outputs of a batch, or of the other strands put in the order of these."""
    given = [other_strand(letters) for letters in sequences] if turned else sequences
    rows = network.forward(*batch(*given))
    if network.architecture.pooling:
        return rows
    steps = [row[: len(letters)] for row, letters in zip(rows, sequences, strict=True)]
    return np.concatenate([row[::-1] if turned else row for row in steps])


def difference(network: SequenceNetwork, sequences: list[str]) -> float:
    """How far apart both strands are; the bound is 1."""
    ahead, back = (outputs_of(network, sequences, turned=turned) for turned in (False, True))
    unit = np.finfo(ahead.dtype).eps * max(1.0, float(np.abs(ahead).max()))
    return float(np.abs(ahead - back).max()) / (ROUNDING * unit)


def small_steps(network: SequenceNetwork, n_steps: int = 3) -> None:
    """Train a little: weights, moments and running statistics move."""
    rng, optimizer = (
        np.random.default_rng(5),
        AdamW(network.parameters, weight_decay=0.1, clip_norm=1.0),
    )
    tokens, lengths = batch(*SEQUENCES)
    for _ in range(n_steps):
        shape = network.forward(tokens, lengths, training=True).shape
        network.backward(rng.standard_normal(shape).astype(network.dtype))
        optimizer.step(0.1)


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    changes=st.sampled_from(TIED),
    pooling=st.sampled_from([(), *POOLINGS]),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_outputs__are_those_of_the_other_strand_up_to_rounding(
    data: st.DataObject, changes: dict[str, object], pooling: tuple[str, ...], dtype: str
) -> None:
    size = changes.get("kmer_size", 1)
    pooling = pooling if size == 1 else pooling or ("mean",)
    letters = st.text("ACGTRYSWKMBDHVNX", min_size=size, max_size=12)
    sequences = data.draw(st.lists(letters, min_size=1, max_size=12))
    network = make_network(**{**changes, "pooling": pooling, "hidden_size": 19, "dtype": dtype})
    spread(network)
    assert difference(network, sequences) < 1


@pytest.mark.parametrize("changes", TIED)
def test_outputs__stay_the_same_for_both_strands_in_training(changes: dict[str, object]) -> None:
    network = make_network(**changes, dropout=0.25)
    before = outputs_of(network, SEQUENCES, turned=False)
    small_steps(network)
    assert np.abs(outputs_of(network, SEQUENCES, turned=False) - before).max() > 0.1
    assert difference(network, SEQUENCES) < 1


def test_outputs__of_free_weights_tell_strands_apart() -> None:
    network = make_network(embedding_size=4)
    spread(network)
    assert difference(network, SEQUENCES) > 1e6


@pytest.mark.parametrize("changes", TIED)
def test_parameters__are_half_of_the_weights(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    whole, n_outputs = network.architecture.n_weights, network.architecture.n_outputs
    assert network.weights.n_learned == whole
    assert network.parameters.n_learned - n_outputs == (whole - n_outputs) / 2


def whole_weights(**changes: object) -> tuple[SequenceNetwork, dict[str, np.ndarray]]:
    network = make_network(
        **{"reverse_complement": "equivariant", "embedding_size": 4, "hidden_size": 3, **changes}
    )
    spread(network)
    network.forward(*batch(*SEQUENCES))
    return network, network.weights.views()


@pytest.mark.parametrize("kmer_size", [1, 2, 3])
def test_embedding__of_a_complement_has_its_features_in_reverse(kmer_size: int) -> None:
    _, arrays = whole_weights(kmer_size=kmer_size)
    words = ["".join(word) for word in product("ACGT", repeat=kmer_size)]
    rows = dict(zip(words, arrays["embedding.letters"], strict=True))
    for word, row in rows.items():
        np.testing.assert_array_equal(rows[other_strand(word)], row[::-1])
    assert [words[row] for row in complement_rows(kmer_size)] == [*map(other_strand, words)]


def test_convolution__has_its_filters_in_pairs() -> None:
    _, arrays = whole_weights(conv_channels=(6,), conv_width=(3,), conv_norm="layer")
    weight = arrays["stem.weight_l0"]
    assert weight.shape == (6, 4, 3)
    for c, i, k in product(range(6), range(4), range(3)):
        assert weight[5 - c, 3 - i, 2 - k] == weight[c, i, k]
    for name in ("bias_l0", "norm_weight_l0", "norm_bias_l0"):
        np.testing.assert_array_equal(arrays[f"stem.{name}"], arrays[f"stem.{name}"][::-1])


@pytest.mark.parametrize(("cell", "n_gates"), [("gru", 3), ("lstm", 4), ("rnn", 1)])
def test_direction_back__is_the_one_ahead_in_reverse(cell: str, n_gates: int) -> None:
    _, arrays = whole_weights(cell=cell, num_layers=2)
    for layer, n_inputs in ((0, 4), (1, 6)):
        for name, n_columns in (("weight_ih", n_inputs), ("weight_hh", 3)):
            ahead = arrays[f"{cell}.{name}_l{layer}"]
            back = arrays[f"{cell}.{name}_l{layer}_reverse"]
            for gate, h, i in product(range(n_gates), range(3), range(n_columns)):
                assert back[gate * 3 + 2 - h, n_columns - 1 - i] == ahead[gate * 3 + h, i]
        for name in ("bias_ih", "bias_hh"):
            ahead = arrays[f"{cell}.{name}_l{layer}"]
            back = arrays[f"{cell}.{name}_l{layer}_reverse"]
            for gate, h in product(range(n_gates), range(3)):
                assert back[gate * 3 + 2 - h] == ahead[gate * 3 + h]


def test_outputs__read_both_of_a_pair_alike() -> None:
    _, arrays = whole_weights(pooling=("attention", "max"))
    score = arrays["attention.weight"]
    np.testing.assert_array_equal(score, score[::-1])
    for features in np.split(arrays["head.weight"], 2, axis=1):
        assert features.shape == (3, 6)
        np.testing.assert_array_equal(features, features[:, ::-1])


def test_running_statistics__are_those_of_both_strands() -> None:
    network, arrays = whole_weights(conv_channels=(6,), conv_width=(3,), conv_norm="batch")
    network.forward(*batch(*SEQUENCES), training=True)
    kept = network.parameters.views()
    for name in ("stem.running_mean_l0", "stem.running_var_l0"):
        assert_same_bits(arrays[name], arrays[name][::-1])
        assert_same_bits(arrays[name][:3], kept[name])


def test_attention__of_the_other_strand_is_turned_round() -> None:
    network, _ = whole_weights(pooling=("attention",))
    for letters in SEQUENCES:
        ahead, back = (network.attention(*batch(s))[0] for s in (letters, other_strand(letters)))
        np.testing.assert_allclose(back[::-1], ahead, rtol=0, atol=1e-14)
        assert len(letters) < 5 or np.ptp(ahead) > 1e-3


def test_pickle__brings_the_stored_weights_back() -> None:
    network = make_network(**TIED[-1])
    small_steps(network)
    twin = pickle.loads(pickle.dumps(network))
    assert_same_bits(twin.forward(*batch(*SEQUENCES)), network.forward(*batch(*SEQUENCES)))
