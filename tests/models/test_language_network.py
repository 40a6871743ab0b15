from __future__ import annotations

import pickle

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.models.language_network import LanguageNetwork
from fastgru.training.batches import pad
from tests.architectures import small_architecture
from tests.comparing import assert_same_bits
from tests.models.test_network import spread
from tests.reference import cells, layers

DNA = get_alphabet("dna")
CELLS = {"gru": cells.GRU, "lstm": cells.LSTM, "rnn": cells.RNN_TANH}
VARIANTS = [
    {},
    {"bidirectional": True},
    {"num_layers": 2},
    {"cell": "lstm", "bidirectional": True},
    {"cell": "lstm", "num_layers": 2},
    {"cell": "rnn"},
]


def make_network(seed: int = 1, **changes: object) -> LanguageNetwork:
    sizes: dict[str, object] = {"n_outputs": 5, "hidden_size": 6, "pooling": ()}
    network = LanguageNetwork(small_architecture(**{**sizes, **changes}), DNA.mixture, seed)
    spread(network)
    return network


def reference_logits(network: LanguageNetwork, tokens: np.ndarray) -> np.ndarray:
    """The equations of the module, in NumPy, for one sequence: (T, D, K)."""
    arrays, sizes = network.parameters.views(), network.architecture
    symbols = np.concatenate([DNA.mixture @ arrays["embedding.letters"], np.zeros((1, 3))])
    start = f"{sizes.cell}."
    parameters = {
        name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)
    }
    cell, n_directions = CELLS[sizes.cell], 1 + sizes.bidirectional
    shape = (len(cell.states), sizes.num_layers * n_directions, 1, sizes.hidden_size)
    x, lengths = symbols[tokens][None], np.array([len(tokens)])
    outputs, _ = layers.run(cell, parameters, x, lengths, np.zeros(shape))
    states = outputs[-1][0].reshape(len(tokens), n_directions, sizes.hidden_size)
    weight = arrays["head.weight"].reshape(5, n_directions, sizes.hidden_size)
    return np.einsum("tdh,kdh->tdk", states, weight) + arrays["head.bias"]


@pytest.mark.parametrize("changes", VARIANTS)
def test_forward__is_the_equations(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    codes = [np.array([network.start, *DNA.encode(text)]) for text in ("ACGTNA", "TR", "G")]
    tokens, lengths = pad(codes)
    outputs = network.forward(tokens, lengths).reshape(*tokens.shape, -1, 5)
    for row, one in zip(outputs, codes, strict=True):
        expected = reference_logits(network, one)
        np.testing.assert_allclose(row[: len(one)], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("changes", VARIANTS)
def test_step__goes_the_way_ahead(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    tokens = np.array([[network.start, *DNA.encode(text)] for text in ("ACGTNA", "TRCCGA")])
    outputs = network.forward(tokens, np.array([7, 7])).reshape(2, 7, -1, 5)
    states = network.first_states(2)
    for at in range(7):
        logits, states = network.step(tokens[:, at], states)
        np.testing.assert_allclose(logits, outputs[:, at, 0], rtol=0, atol=1e-12)


def test_start__is_no_parameter() -> None:
    network = make_network()
    assert network.start == len(DNA.symbols)
    assert network.parameters.views()["embedding.letters"].shape == (4, 3)


def test_network__comes_back_from_another_process() -> None:
    network = make_network(bidirectional=True)
    twin = pickle.loads(pickle.dumps(network))
    tokens, lengths = np.array([[network.start, 0, 1, 2]]), np.array([4])
    assert_same_bits(twin.forward(tokens, lengths), network.forward(tokens, lengths))
    assert twin.start == network.start
