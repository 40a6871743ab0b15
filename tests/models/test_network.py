from __future__ import annotations

import copy
import pickle
import threading
from dataclasses import replace
from functools import partial, reduce
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.data.letter_features import FeaturedReading, join_features
from fastgru.data.series import SeriesScale
from fastgru.data.strands import reverse_complement
from fastgru.layers import embedding
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import pad
from tests.architectures import small_architecture
from tests.comparing import assert_same_bits, poisoned_memory
from tests.gradients import assert_slopes_of_store
from tests.reference import around, cells, layers

DNA = get_alphabet("dna")
POOLINGS = [
    *(chosen for size in (1, 2, 3) for chosen in combinations(("last", "mean", "max"), size)),
    ("attention",),
    ("attention", "last", "mean", "max"),
]


def make_network(seed: int = 1, **changes: object) -> SequenceNetwork:
    sizes: dict[str, object] = {
        "n_outputs": 3,
        "bidirectional": True,
        "pooling": ("last", "mean", "max", "attention"),
    }
    return SequenceNetwork(small_architecture(**{**sizes, **changes}), DNA.mixture, seed)


def spread(network: SequenceNetwork, seed: int = 2) -> None:
    """Give every parameter a value of its own: biases start at zero."""
    values = network.parameters.values[: network.parameters.size]
    values += 0.3 * np.random.default_rng(seed).standard_normal(values.shape)


def batch(*sequences: str) -> tuple[np.ndarray, np.ndarray]:
    return pad([DNA.encode(letters) for letters in sequences])


SEQUENCES = ("ACGTTGCA", "RNA", "TTYGA")


def reference_logits(network: SequenceNetwork, codes: np.ndarray) -> np.ndarray:
    """The equations of the module, in NumPy, for one sequence."""
    if network.architecture.reverse_complement != "average":
        return logits_of_a_strand(network, codes)
    letters = "".join(DNA.symbols[code] for code in codes)
    other = DNA.encode(reverse_complement(letters, DNA))
    back = logits_of_a_strand(network, other)
    if not network.architecture.pooling:
        back = back[::-1]
    return (logits_of_a_strand(network, codes) + back) / 2


def logits_of_a_strand(network: SequenceNetwork, codes: np.ndarray) -> np.ndarray:
    arrays, sizes = network.weights.views(), network.architecture
    x = words_of(codes, sizes.kmer_size, sizes.kmer_stride) @ arrays["embedding.letters"]
    if sizes.n_positions:
        x = x + arrays["embedding.positions"][: len(x)]
    return logits_of_steps(network, x)


def logits_of_steps(network: SequenceNetwork, x: np.ndarray) -> np.ndarray:
    arrays, sizes = network.weights.views(), network.architecture
    for number, layer in enumerate(sizes.convolutions):
        weights = (arrays[f"stem.{name}_l{number}"] for name in ("weight", "bias"))
        how = {"dilation": layer.dilation, "stride": layer.stride, "pool": layer.pool}
        norm = partial(normalised, arrays, f"_l{number}", sizes.conv_norm)
        y = around.convolve(x, *weights, **how, norm=norm)
        keeps_shape = y.shape[1] == x.shape[1] and layer.stride == layer.pool == 1
        x = x + y if sizes.conv_residual and keeps_shape else y
    start = f"{sizes.cell}."
    parameters = {
        name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)
    }
    directions = 2 if sizes.bidirectional else 1
    lengths = np.array([len(x)])
    cell = {"gru": cells.GRU, "lstm": cells.LSTM, "rnn": cells.RNN_TANH}[sizes.cell]
    initial = np.zeros((len(cell.states), sizes.num_layers * directions, 1, sizes.hidden_size))
    outputs, final = layers.run(
        cell, parameters, x[None], lengths, initial, residual=sizes.residual
    )
    if not sizes.pooling:
        return outputs[-1][0] @ arrays["head.weight"].T + arrays["head.bias"]
    (mean,), (maximum,) = around.pool(outputs[-1], lengths)
    pooled = {"last": final[0, -directions:].ravel(), "mean": mean, "max": maximum}
    if sizes.residual:
        (y,), hidden = outputs[-1], sizes.hidden_size
        pooled["last"] = np.concatenate([y[-1, :hidden], y[0, hidden:]])
    if "attention" in sizes.pooling:
        _, pooled["attention"] = around.attend(outputs[-1][0], arrays["attention.weight"])
    features = np.concatenate([pooled[name] for name in sizes.pooling])
    return arrays["head.weight"] @ features + arrays["head.bias"]


def words_of(codes: np.ndarray, size: int, stride: int) -> np.ndarray:
    """The share of each word of some letters in each k-mer, (T', V^k)."""
    starts = range(0, len(codes) - size + 1, stride)
    return np.array([reduce(np.kron, DNA.mixture[codes[at : at + size]]) for at in starts])


def normalised(arrays: dict[str, np.ndarray], suffix: str, norm: str, z: np.ndarray) -> np.ndarray:
    """What prediction does behind a convolution."""
    if norm == "none":
        return z
    weight, bias = (arrays[f"stem.norm_{name}{suffix}"] for name in ("weight", "bias"))
    if norm == "layer":
        return around.normalise(z, weight, bias, axis=1)[0]
    mean, variance = (arrays[f"stem.running_{name}{suffix}"] for name in ("mean", "var"))
    return (z - mean) / np.sqrt(variance + 1e-5) * weight + bias


VARIANTS = [
    pytest.param(
        {"pooling": pooling, "num_layers": layers, "bidirectional": both, "n_positions": positions},
        id=f"{'+'.join(pooling)}, {layers} layers, {1 + both} directions, {positions} positions",
    )
    for pooling, layers, both, positions in product(POOLINGS, (1, 2), (False, True), (0, 9))
]
STEMS = [
    {"conv_channels": (6,), "conv_width": (3,)},
    {"conv_channels": (6, 4), "conv_width": (3, 2), "conv_pool": (1, 2)},
    {"conv_channels": (4,), "conv_width": (4,), "conv_stride": (2,), "n_positions": 9},
    {"conv_channels": (4, 4), "conv_width": (2,), "conv_dilation": (1, 2), "num_layers": 2},
]
NORMS = [{**stem, "conv_norm": norm} for stem in STEMS[1:3] for norm in ("layer", "batch")]
RESIDUAL = [
    {"conv_channels": (3, 3, 5, 5), "conv_width": (3,), "conv_pool": (1, 1, 2, 1)},
    {"conv_channels": (3,), "conv_norm": "batch", "n_positions": 9},
    {"conv_channels": (6, 6), "conv_norm": "layer", "reverse_complement": "average"},
]
RESIDUAL = [{"conv_residual": True, **changes} for changes in RESIDUAL]
TRUNKS = [
    {"num_layers": 2},
    {"num_layers": 3, "bidirectional": False, "pooling": ("last",)},
    {"num_layers": 2, "pooling": ("last",), "cell": "lstm"},
    {"num_layers": 3, "pooling": ("mean", "last"), "cell": "rnn", **STEMS[1]},
]
TRUNKS = [{"residual": True, **changes} for changes in TRUNKS]
CELLS = [{"cell": cell, "num_layers": layers} for cell in ("lstm", "rnn") for layers in (1, 2)]
STRANDS = [{"reverse_complement": "average", **stem} for stem in ({}, *STEMS[:3], NORMS[1])]
AUGMENTED = [{"reverse_complement": "augment"}, {"reverse_complement": "augment", "pooling": ()}]
KMERS = [
    {"kmer_size": 3},
    {"kmer_size": 2, "kmer_stride": 2, "n_positions": 9, "num_layers": 2},
    {"kmer_size": 3, "kmer_stride": 2, **STEMS[1]},
    {"kmer_size": 2, "reverse_complement": "average", "pooling": ("attention", "last")},
]
TIED = [
    {},
    {"cell": "lstm"},
    {"cell": "rnn", "num_layers": 2},
    {"num_layers": 2, "residual": True, "pooling": ("max", "last")},
    {"conv_channels": (6, 4), "conv_width": (3, 2), "conv_dilation": (1, 2), "conv_norm": "layer"},
    {"kmer_size": 2},
    {"kmer_size": 3, "pooling": ("mean",)},
    {"conv_channels": (4, 4), "conv_width": (3,), "conv_norm": "batch", "conv_residual": True},
]
TIED = [{"reverse_complement": "equivariant", "embedding_size": 4, **changes} for changes in TIED]
CHANGES = (*STEMS, *NORMS, *RESIDUAL, *TRUNKS, *CELLS, *STRANDS, *KMERS, *TIED)
VARIANTS += [pytest.param(changes, id=str(changes)) for changes in CHANGES]


@pytest.mark.parametrize("variant", VARIANTS)
def test_forward__is_the_equations(variant: dict[str, object]) -> None:
    network = make_network(**variant)
    spread(network)
    actual = network.forward(*batch(*SEQUENCES))
    expected = [reference_logits(network, DNA.encode(letters)) for letters in SEQUENCES]
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


STEPWISE = [
    {**changes, "pooling": ()}
    for changes in (
        {},
        {"num_layers": 2, "n_positions": 9},
        STEMS[0],
        *STRANDS[:2],
        CELLS[0],
        TRUNKS[0],
        *TIED[:5],
    )
]


@pytest.mark.parametrize("variant", STEPWISE)
def test_forward__without_pooling_has_outputs_for_each_step(variant: dict[str, object]) -> None:
    network = make_network(**variant)
    spread(network)
    outputs = network.forward(*batch(*SEQUENCES))
    assert outputs.shape == (3, 8, 3)
    for letters, rows in zip(SEQUENCES, outputs, strict=True):
        expected = reference_logits(network, DNA.encode(letters))
        np.testing.assert_allclose(rows[: len(letters)], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", [*VARIANTS, *STEPWISE])
def test_backward__is_the_slope_of_forward(variant: dict[str, object]) -> None:
    network = make_network(**variant)
    spread(network)
    assert_network_slopes(lambda: network, *batch(*SEQUENCES))


@pytest.mark.parametrize("changes", [{}, {"num_layers": 2}, *CHANGES, *AUGMENTED, *STEPWISE])
def test_backward__is_the_slope_of_forward_with_dropout(changes: dict[str, object]) -> None:
    start = make_network(dropout=0.5, **changes)
    spread(start)
    values = start.parameters.values.copy()
    made: list[SequenceNetwork] = []

    def same_masks() -> SequenceNetwork:
        # a new network of the same seed drops the same units in its first pass
        network = make_network(dropout=0.5, **changes)
        network.parameters.values[:] = made[0].parameters.values if made else values
        made.append(network)
        return network

    assert_network_slopes(same_masks, *batch(*SEQUENCES))


def assert_network_slopes(next_network, tokens: np.ndarray, lengths: np.ndarray) -> None:
    """Compare the gradient of each parameter with central differences, along one direction."""
    rng = np.random.default_rng(3)
    network = next_network()
    outputs = network.forward(tokens, lengths, training=True)
    weights = rng.standard_normal(outputs.shape)
    if not network.architecture.pooling:
        weights[np.arange(outputs.shape[1]) >= lengths[:, None]] = 0
    network.backward(weights)

    def loss() -> float:
        return float((next_network().forward(tokens, lengths, training=True) * weights).sum())

    assert_slopes_of_store(loss, network.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_attention__begins_as_the_mean(dtype: str) -> None:
    attention, mean = (make_network(pooling=(name,), dtype=dtype) for name in ("attention", "mean"))
    expected = mean.forward(*batch(*SEQUENCES))
    allowed = 20 * np.finfo(dtype).eps
    actual = attention.forward(*batch(*SEQUENCES))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=allowed)


def test_attention__are_the_weights_of_the_pooling() -> None:
    network = make_network(pooling=("last", "attention"))
    spread(network)
    tokens, lengths = batch(*SEQUENCES)
    attention = network.attention(tokens, lengths)
    assert [len(weights) for weights in attention] == lengths.tolist()
    for weights in attention:
        assert weights.sum() == pytest.approx(1, abs=1e-14)
        assert (weights > 0).all()
    assert np.ptp(attention[0]) > 0.01


def test_attention__has_a_weight_for_each_kmer() -> None:
    network = make_network(pooling=("attention",), kmer_size=3, kmer_stride=2)
    attention = network.attention(*batch(*SEQUENCES))
    assert [len(weights) for weights in attention] == [3, 1, 2]


def test_attention__has_a_weight_for_each_step_behind_the_stem() -> None:
    network = make_network(pooling=("attention",), **STEMS[1])
    tokens, lengths = batch(*SEQUENCES)
    attention = network.attention(tokens, lengths)
    assert [len(weights) for weights in attention] == [4, 2, 3]


def test_backward__starts_afresh_each_time() -> None:
    network = make_network()
    tokens, lengths = batch(*SEQUENCES)
    gradients = []
    for _ in range(2):
        network.forward(tokens, lengths, training=True)
        network.backward(np.ones((3, 3)))
        gradients.append(network.parameters.grads.copy())
    np.testing.assert_array_equal(gradients[0], gradients[1])


@pytest.mark.parametrize(("code", "letters"), [("R", "AG"), ("B", "CGT"), ("N", "ACGT")])
def test_ambiguity_code__is_the_average_of_its_letters(code: str, letters: str) -> None:
    network = make_network()
    expected = network.forward(*batch(code))
    table = network.parameters.views()["embedding.letters"]
    table[0] = table[[DNA.letters.index(letter) for letter in letters]].mean(axis=0)
    np.testing.assert_allclose(network.forward(*batch("A")), expected, rtol=0, atol=1e-15)


def test_letters__that_do_not_occur_have_no_gradient() -> None:
    network = make_network()
    network.forward(*batch("AAC", "CA"), training=True)
    network.backward(np.ones((2, 3)))
    place = network.parameters.places()["embedding.letters"]
    by_letter = network.parameters.grads[place].reshape(4, 3)
    assert np.abs(by_letter[:2]).min() > 0
    assert not by_letter[2:].any()


def test_positions__past_the_longest_sequence_have_no_gradient() -> None:
    network = make_network(n_positions=6)
    network.forward(*batch("AACG", "CA"), training=True)
    network.backward(np.ones((2, 3)))
    place = network.parameters.places()["embedding.positions"]
    by_position = network.parameters.grads[place].reshape(6, 3)
    assert np.abs(by_position[:4]).min() > 0
    assert not by_position[4:].any()


def test_dropout__keeps_the_mean_and_drops_its_share() -> None:
    n = 4000
    network = make_network(dropout=0.25, n_outputs=2)
    head = network.parameters.views()["head.weight"]
    head[:] = 0
    head[0, 0] = 1  # the first class is then one feature, seen through the mask
    tokens, lengths = batch(*["ACGTA"] * n)
    plain = network.forward(tokens, lengths)[0, 0]
    logits = network.forward(tokens, lengths, training=True)[:, 0]
    kept = logits != 0
    assert np.ptp(logits[kept]) == 0
    np.testing.assert_allclose(logits[kept][0], plain / 0.75, rtol=1e-12)
    assert abs(kept.mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / n)


def test_dropout__is_off_outside_training() -> None:
    network = make_network(dropout=0.9, num_layers=2)
    first, second = (network.forward(*batch(*SEQUENCES)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_dropout__between_layers_changes_the_states() -> None:
    network = make_network(dropout=0.5, num_layers=2)
    head = network.parameters.views()["head.weight"]
    head[:] = 0
    head[0, 0] = 1
    logits = network.forward(*batch(*["ACGTA"] * 200), training=True)[:, 0]
    # with dropout at the head alone there would be two values
    assert len(np.unique(logits)) > 50


@settings(max_examples=25)
@given(
    data=st.data(),
    stem=st.sampled_from([{}, *STEMS[:2], *NORMS[:2], *RESIDUAL[:1], *TRUNKS[:2], *KMERS[:3]]),
)
def test_forward__of_a_sequence_does_not_depend_on_its_batch(
    data: st.DataObject, stem: dict[str, object]
) -> None:
    letters = st.text("ACGTRYN", min_size=3, max_size=40)
    sequences = data.draw(st.lists(letters, min_size=1, max_size=40))
    network = make_network(**{"hidden_size": 19, "num_layers": 2, "dtype": "float32", **stem})
    together = network.forward(*batch(*sequences))
    number = data.draw(st.integers(0, len(sequences) - 1))
    alone = network.forward(*batch(sequences[number]))
    assert together[number].tobytes() == alone[0].tobytes()


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    changes=st.sampled_from([*STRANDS, KMERS[3]]),
    dtype=st.sampled_from(["float32"]),
)
def test_average_over_strands__is_the_same_for_both_to_the_last_bit(
    data: st.DataObject, changes: dict[str, object], dtype: str
) -> None:
    letters = st.text("ACGTRYSWKMBDHVNX", min_size=2, max_size=9)
    sequences = data.draw(st.lists(letters, min_size=1, max_size=12))
    network = make_network(hidden_size=19, dtype=dtype, **changes)
    spread(network)
    others = [reverse_complement(sequence, DNA) for sequence in sequences]
    ahead, back = (network.forward(*batch(*strand)) for strand in (sequences, others))
    assert ahead.tobytes() == back.tobytes()
    mixed = network.forward(*batch(others[0], *sequences[1:]))
    assert mixed.tobytes() == ahead.tobytes()


@pytest.mark.parametrize("changes", AUGMENTED)
def test_augmented_training__reads_either_strand(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    spread(network)
    ahead, back = "ACGTTGCAAC", reverse_complement("ACGTTGCAAC", DNA)
    given, turned = network.forward(*batch(ahead, back))
    if not network.architecture.pooling:
        turned = turned[::-1]
    found = network.forward(*batch(*[ahead] * 200), training=True)
    is_given, is_turned = (
        (found == expected).reshape(200, -1).all(axis=1) for expected in (given, turned)
    )
    assert (is_given ^ is_turned).all()
    assert 60 < is_turned.sum() < 140
    np.testing.assert_array_equal(network.forward(*batch(ahead))[0], given)


def test_attention__of_both_strands_is_mirrored() -> None:
    network = make_network(pooling=("attention",), reverse_complement="average")
    spread(network)
    (ahead,), (back,) = (network.attention(*batch(letters)) for letters in ("AACGTT", "AACGTT"))
    np.testing.assert_array_equal(ahead, back[::-1])  # its own reverse complement
    assert ahead.sum() == pytest.approx(1)


def test_forward__ignores_what_stands_past_the_end() -> None:
    network = make_network()
    tokens, lengths = batch(*SEQUENCES)
    expected = network.forward(tokens, lengths)
    for row, length in zip(tokens, lengths, strict=True):
        row[length:] = 3
    np.testing.assert_array_equal(network.forward(tokens, lengths), expected)


def test_forward__of_no_sequences_has_no_rows() -> None:
    tokens, lengths = pad([])
    assert make_network().forward(tokens, lengths).shape == (0, 3)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_network__can_be_copied(duplicate) -> None:
    network = make_network()
    spread(network)
    network.forward(*batch("ACGT" * 500))  # fills the scratch memory, which stays behind
    twin = duplicate(network)
    assert len(pickle.dumps(network)) < 20_000
    tokens, lengths = batch(*SEQUENCES)
    np.testing.assert_array_equal(twin.forward(tokens, lengths), network.forward(tokens, lengths))
    # its flat values are those that the layers use
    twin.parameters.values.fill(0)
    assert not twin.forward(tokens, lengths).any()
    assert network.forward(tokens, lengths).any()


def test_network__can_be_shared_by_threads() -> None:
    network = make_network(hidden_size=16)
    rng = np.random.default_rng(4)
    texts = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(60)]
    expected = network.forward(*batch(*texts))
    wrong: list[int] = []

    def work(start: int) -> None:
        for _ in range(10):
            actual = network.forward(*batch(*texts[start : start + 20]))
            if not np.array_equal(actual, expected[start : start + 20]):
                wrong.append(start)

    workers = [threading.Thread(target=work, args=(start,)) for start in (0, 20, 40)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "changes", [{}, {"num_layers": 2}, *STEMS[1:], *NORMS, *RESIDUAL, *TRUNKS, *KMERS]
)
def test_network__never_reads_memory_it_has_not_written(
    changes: dict[str, object], value: float
) -> None:
    def work() -> list[np.ndarray]:
        network = make_network(**{"dropout": 0.5, "n_positions": 9, **changes})
        logits = network.forward(*batch(*SEQUENCES), training=True)
        network.backward(logits)
        return [logits, network.parameters.values, network.parameters.grads]

    expected = work()
    with poisoned_memory(value):
        actual = work()
    for found, wanted in zip(actual, expected, strict=True):
        assert_same_bits(found, wanted)


@pytest.mark.parametrize("changes", CHANGES)
def test_network__has_the_same_bits_for_any_threads(changes: dict[str, object]) -> None:
    rng = np.random.default_rng(7)
    texts = ["".join(rng.choice(list("ACGTN"), n)) for n in rng.integers(3, 9, 40)]
    results = []
    for threads in (1, 2):
        with threads_limited_to(threads):
            network = make_network(**{"dtype": "float32", "n_positions": 9, **changes})
            logits = network.forward(*batch(*texts), training=True)
            network.backward(logits)
            # with the running statistics that the pass in training has left
            predicted = network.forward(*batch(*texts))
            views = network.parameters.views()
            results.append([logits, network.parameters.grads, predicted, *views.values()])
    for one, other in zip(*results, strict=True):
        assert_same_bits(one, other)


def test_kmers__of_another_sequence_do_not_choose_the_way_through_a_stem() -> None:
    # 64 words have tables of their own, and one more with an ambiguity code would be too many
    network = make_network(kmer_size=3, dtype="float32", **STEMS[0])
    spread(network)
    alone = network.forward(*batch("ACGTTGCA"))
    beside = network.forward(*batch("ACGTTGCA", "ACNNRYACGT"))
    assert beside[0].tobytes() == alone[0].tobytes()


def test_kmers__that_do_not_occur_have_no_gradient() -> None:
    network = make_network(kmer_size=2)
    network.forward(*batch("AAC", "CR"), training=True)
    network.backward(np.ones((2, 3)))
    place = network.parameters.places()["embedding.letters"]
    by_word = network.parameters.grads[place].reshape(16, 3)
    used = [0, 1, 4, 6]  # AA, AC, and CA and CG of CR
    assert np.abs(by_word[used]).min() > 0
    assert not np.delete(by_word, used, axis=0).any()


@pytest.mark.parametrize("changes", [KMERS[0], {**KMERS[1], "reverse_complement": "average"}])
def test_kmers__of_a_large_table_are_looked_up_before_the_layers(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for most_rows in (64, 15):
        monkeypatch.setattr(embedding, "MAX_TABLE_ROWS", most_rows)
        network = make_network(**changes)
        spread(network)
        given, _, _ = network.read(*batch(*SEQUENCES))
        assert (given.x is None) == (most_rows == 64)
        outputs = network.forward(*batch(*SEQUENCES), training=True)
        network.backward(np.ones((3, 3)))
        found.append((outputs, network.parameters.grads))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
        assert np.abs(one).max() > 0.1


SCALE = SeriesScale(np.array([1e6, -1.0]), np.array([30.0, 0.01]))


def make_series_network(**changes: object) -> SequenceNetwork:
    sizes = replace(make_network(**changes).architecture, n_letters=0, n_features=2)
    network = SequenceNetwork(sizes, SCALE, 1)
    spread(network)
    return network


def batch_of_series() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    shapes = [(8, 2), (3, 2), (5, 2)]
    series = [rng.standard_normal(shape) * SCALE.deviation + SCALE.mean for shape in shapes]
    return series, *pad(series)


OF_SERIES = [
    {},
    *STEMS[:2],
    NORMS[0],
    {"conv_channels": (2, 2), "conv_residual": True},
    *TRUNKS[:1],
]


@pytest.mark.parametrize("changes", [*OF_SERIES, *CELLS[:1], {"pooling": ()}])
def test_series__are_standardised_and_read(changes: dict[str, object]) -> None:
    network = make_series_network(**changes)
    series, padded, lengths = batch_of_series()
    outputs = network.forward(padded, lengths)
    for values, row in zip(series, outputs, strict=True):
        expected = logits_of_steps(network, (values - SCALE.mean) / SCALE.deviation)
        found = row if network.architecture.pooling else row[: len(values)]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    shapes = {name: view.shape for name, view in network.parameters.views().items()}
    sizes = network.architecture
    assert sizes.parameter_shapes() | sizes.buffer_shapes() == shapes
    assert_network_slopes(lambda: network, padded, lengths)


@pytest.mark.parametrize("changes", [{}, {"num_layers": 2, "residual": True}, *CELLS[:1]])
def test_series__with_states_that_decay(changes: dict[str, object]) -> None:
    network = make_series_network(time_decay=True, **changes)
    spread(network)  # some units then never decay
    _, padded, lengths = batch_of_series()
    assert_network_slopes(lambda: network, padded, lengths)
    outputs, views = network.forward(padded, lengths), network.parameters.views()
    for name, value in views.items():
        if "decay" in name:
            value[:] = -1
    assert not np.allclose(network.forward(padded, lengths), outputs, atol=1e-3)


@pytest.mark.parametrize("changes", [{}, STEMS[0], {"n_positions": 9}, {"num_layers": 2}])
def test_letters__with_features_are_embedded_beside_them(changes: dict[str, object]) -> None:
    sizes = replace(make_network(**changes).architecture, n_features=2)
    network = SequenceNetwork(sizes, FeaturedReading(DNA.mixture, SCALE), 1)
    spread(network)
    features, _, lengths = batch_of_series()
    codes = [DNA.encode(letters) for letters in SEQUENCES]
    features = [np.resize(rows, (len(row), 2)) for rows, row in zip(features, codes, strict=True)]
    joined, lengths = pad(list(map(join_features, codes, features)))
    outputs, views = network.forward(joined, lengths), network.parameters.views()
    for row, values, found in zip(codes, features, outputs, strict=True):
        embedded = DNA.mixture[row] @ views["embedding.letters"]
        if sizes.n_positions:
            embedded = embedded + views["embedding.positions"][: len(row)]
        scaled = (values - SCALE.mean) / SCALE.deviation
        expected = logits_of_steps(network, np.column_stack([embedded, scaled]))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    shapes = {name: view.shape for name, view in views.items()}
    assert sizes.parameter_shapes() | sizes.buffer_shapes() == shapes
    assert_network_slopes(lambda: network, joined, lengths)


def test_series__past_their_end_count_for_nothing() -> None:
    network = make_series_network(**STEMS[0])
    _, padded, lengths = batch_of_series()
    expected = network.forward(padded, lengths)
    padded[1, 3:] = 7e9
    np.testing.assert_array_equal(network.forward(padded, lengths), expected)


def test_series__of_a_network_that_was_copied() -> None:
    network = make_series_network()
    _, padded, lengths = batch_of_series()
    twin = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(twin.forward(padded, lengths), network.forward(padded, lengths))


def what_is_read(network: SequenceNetwork) -> list[np.ndarray]:
    """Return a list to which each pass from now on adds the tokens that it reads."""
    given: list[np.ndarray] = []
    read = network.read

    def watch(tokens: np.ndarray, *rest: Any, **options: Any) -> Any:
        given.append(tokens)
        return read(tokens, *rest, **options)

    network.read = watch  # type: ignore[method-assign]
    return given


def test_letter_dropout__reads_letters_as_unknown_in_training() -> None:
    network = make_network(letter_dropout=0.4, embedding_size=4)
    plain = make_network(embedding_size=4)
    plain.parameters.values[:] = network.parameters.values
    tokens, lengths = batch(*["ACGTTGCA" * 40] * 20)
    given = what_is_read(network)
    outputs = network.forward(tokens, lengths, training=True)
    unknown = given[0] == DNA.symbols.index("N")
    assert np.mean(unknown) == pytest.approx(0.4, abs=0.02)
    assert_same_bits(given[0][~unknown], tokens[~unknown])
    assert_same_bits(plain.forward(given[0], lengths, training=True), outputs)
    assert_same_bits(network.forward(tokens, lengths), plain.forward(tokens, lengths))


def test_letter_dropout__leaves_features_beside_letters() -> None:
    rng = np.random.default_rng(0)
    scale = SeriesScale(np.zeros(2), np.ones(2))
    sizes = small_architecture(n_features=2, letter_dropout=0.5)
    network = SequenceNetwork(sizes, FeaturedReading(DNA.mixture, scale), 0)
    features = rng.standard_normal((8, 2))
    tokens = join_features(DNA.encode("ACGTTGCA"), features)[None]
    given = what_is_read(network)
    network.forward(tokens, np.array([8]), training=True)
    assert_same_bits(given[0][:, :, 1:], tokens[:, :, 1:])
    assert set(given[0][0, :, 0]) > {DNA.symbols.index("N")}
