from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.models.architecture import REACH
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.training.batches import pad
from tests.architectures import small_architecture
from tests.comparing import assert_same_bits, poisoned_memory
from tests.gradients import assert_slopes_of_store
from tests.models.test_network import spread
from tests.reference import cells, layers

DNA, RNA = get_alphabet("dna"), get_alphabet("rna")
VARIANTS = [
    {},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True},
    {"hidden_size": 16, "letters_per_token": 0.4},
    {"num_layers": 2, "letters_per_token": 3.0},
]
SOURCES, TARGETS = ("ACGTTGCA", "RNA", "T"), ("UU", "ACGNUAC", "")


def make_network(seed: int = 1, **changes: object) -> EncoderDecoder:
    sizes: dict[str, object] = {
        "n_outputs": 5,
        "hidden_size": 6,
        "pooling": (),
        "letters_per_token": 1.0,
    }
    architecture = small_architecture(**{**sizes, **changes})
    network = EncoderDecoder(architecture, DNA.mixture, RNA.mixture, seed)
    spread(network)
    return network


Batch = tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]


def batch(sources: tuple[str, ...], targets: tuple[str, ...]) -> Batch:
    return (
        *pad([DNA.encode(letters) for letters in sources]),
        pad([RNA.encode(letters) for letters in targets]),
    )


def run_layers(
    arrays: dict[str, np.ndarray], prefix: str, x: np.ndarray, initial: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    parameters = {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
    outputs, final = layers.run(cells.GRU, parameters, x[None], np.array([len(x)]), initial[None])
    return outputs[-1][0], final[0]


def reference_logits(network: EncoderDecoder, source: str, target: str) -> np.ndarray:
    """The equations of the module, in NumPy, for one pair: (T + 1, K)."""
    arrays, sizes = network.parameters.views(), network.architecture
    n_directions, n_layers = 1 + sizes.bidirectional, sizes.num_layers
    x = DNA.mixture[DNA.encode(source)] @ arrays["embedding.letters"]
    zero = np.zeros((n_layers * n_directions, 1, sizes.hidden_size))
    s, final = run_layers(arrays, "gru.", x, zero)
    initial = np.stack(
        [
            np.tanh(arrays[f"bridge.weight_l{k}"] @ features.ravel() + arrays[f"bridge.bias_l{k}"])
            for k, features in enumerate(np.split(final, n_layers))
        ]
    )
    tokens = arrays["decoder_embedding.tokens"]
    fed = np.concatenate([tokens[-1:], RNA.mixture[RNA.encode(target)] @ tokens[:-1]])
    h, _ = run_layers(arrays, "decoder.", fed, initial[:, None])
    expected_letter = np.floor(np.arange(len(h)) * sizes.letters_per_token + 0.5).astype(int)
    distance = np.arange(len(s)) - expected_letter[:, None]
    bias = arrays["cross_attention.offset_bias"][REACH + np.clip(distance, -REACH, REACH)]
    odds = np.exp(h @ arrays["cross_attention.weight_query"].T @ s.T + bias)
    z = odds / odds.sum(axis=1, keepdims=True) @ s
    v = np.tanh(np.concatenate([z, h], axis=1) @ arrays["cross_attention.weight_out"].T)
    return v @ arrays["head.weight"].T + arrays["head.bias"]


@pytest.mark.parametrize("changes", VARIANTS)
def test_forward__is_the_equations(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    outputs = network.forward(*batch(SOURCES, TARGETS))
    assert outputs.shape == (3, 8, 5)
    for row, source, target in zip(outputs, SOURCES, TARGETS, strict=True):
        expected = reference_logits(network, source, target)
        np.testing.assert_allclose(row[: len(expected)], expected, rtol=0, atol=1e-12)


def test_forward__without_translations_is_of_the_first_token() -> None:
    network = make_network()
    tokens, lengths, _ = batch(SOURCES, TARGETS)
    first = network.forward(tokens, lengths)
    assert first.shape == (3, 1, 5)
    written = network.forward(*batch(SOURCES, TARGETS))
    np.testing.assert_allclose(first[:, 0], written[:, 0], rtol=0, atol=1e-14)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("changes", VARIANTS)
def test_backward__is_the_slope_of_forward(changes: dict[str, object], dropout: float) -> None:
    given = batch(SOURCES, TARGETS)
    network = make_network(dropout=dropout, **changes)
    outputs = network.forward(*given, training=True)
    rng = np.random.default_rng(3)
    weights = rng.standard_normal(outputs.shape)
    weights[np.arange(outputs.shape[1]) > given[2][1][:, None]] = 0
    network.backward(weights)
    store = network.parameters
    assert all(store.grads[place].any() for place in store.places().values())

    def loss() -> float:
        # a new network of the same seed drops the same units in its first pass
        twin = make_network(dropout=dropout, **changes)
        twin.parameters.values[:] = store.values
        return float((twin.forward(*given, training=True) * weights).sum())

    assert_slopes_of_store(loss, store)


LETTERS = st.text("ACGTRYN", min_size=1, max_size=40)
PAIRS = st.lists(st.tuples(LETTERS, LETTERS), min_size=1, max_size=12)


@settings(max_examples=25)
@given(pairs=PAIRS, data=st.data())
def test_forward__of_a_pair_does_not_depend_on_its_batch(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    network = make_network(hidden_size=19, num_layers=2, bidirectional=True, dtype="float32")
    sources, targets = zip(*pairs, strict=True)
    together = network.forward(*batch(sources, targets))
    number = data.draw(st.integers(0, len(pairs) - 1))
    alone = network.forward(*batch(sources[number : number + 1], targets[number : number + 1]))
    length = alone.shape[1]
    assert_same_bits(together[number, :length].copy(), alone[0])


def test_forward_and_backward__do_not_depend_on_threads_or_old_memory() -> None:
    network = make_network(hidden_size=19, num_layers=2, bidirectional=True, dtype="float32")
    given = batch(SOURCES * 9, TARGETS * 9)
    found = []
    for threads in (1, 2):
        with threads_limited_to(threads), poisoned_memory(np.nan):
            outputs = network.forward(*given, training=True)
            past = np.arange(outputs.shape[1]) > given[2][1][:, None]
            weights = np.where(past[..., None], 0, np.float32(0.5)) * np.ones_like(outputs)
            network.backward(weights)
        found.append((outputs[~past], network.parameters.grads.copy()))
    for first, second in zip(*found, strict=True):
        assert_same_bits(first, second)
        assert np.isfinite(first).all()


@pytest.mark.parametrize("changes", VARIANTS)
def test_step__is_forward_one_token_at_a_time(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    tokens, lengths, written = batch(SOURCES, ("UUACG", "ACGNU", "AAAAA"))
    expected = network.forward(tokens, lengths, written)
    state, codes = network.begin(tokens, lengths), np.full(3, network.start)
    for at in range(6):
        logits, state = network.step(state, codes)
        np.testing.assert_allclose(logits, expected[:, at], rtol=0, atol=1e-12)
        codes = written[0][:, min(at, 4)]


def test_step__writes_several_translations_of_each_sequence() -> None:
    network = make_network(dtype="float32", bidirectional=True)
    tokens, lengths, _ = batch(SOURCES, TARGETS)
    begun = network.begin(tokens, lengths)
    single, after = network.step(begun, np.full(3, network.start))
    # the last two sequences, and two translations of each
    state = after.take(np.array([1, 2]), np.array([1, 1, 2, 2]))
    several, _ = network.step(state, np.array([0, 1, 0, 1]))
    for token in (0, 1):
        alone, _ = network.step(after, np.full(3, token))
        assert_same_bits(several[token::2].copy(), alone[1:].copy())
    assert single.shape == (3, 5)


def test_ambiguity_code__is_fed_as_the_average_of_its_tokens() -> None:
    network = make_network()
    tokens = network.parameters.views()["decoder_embedding.tokens"]
    expected = network.forward(*batch(("ACG",), ("N",)))
    tokens[0] = tokens[:4].mean(axis=0)
    actual = network.forward(*batch(("ACG",), ("A",)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-14)


def test_network__comes_back_from_another_process() -> None:
    network = make_network(bidirectional=True)
    twin = pickle.loads(pickle.dumps(network))
    given = batch(SOURCES[:1], TARGETS[:1])
    assert_same_bits(twin.forward(*given), network.forward(*given))
    assert (twin.start, twin.end) == (network.start, network.end)


def test_set_precision__is_that_of_encoder_and_decoder() -> None:
    network = make_network()
    network.set_precision("bf16")
    stacks = (network.trunk.stack, network.decoder.stack)
    found = [side.precision for stack in stacks for layer in stack.layers for side in layer]
    assert set(found) == {"bf16"}
    network.set_precision(None)
    assert {side.precision for stack in stacks for side in stack.layers[0]} == {None}


def test_weights__are_those_of_the_architecture() -> None:
    network = make_network(num_layers=2, bidirectional=True)
    found = {name: view.shape for name, view in network.parameters.views().items()}
    assert found == network.architecture.parameter_shapes()
