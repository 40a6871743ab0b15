"""The loss of translations, and the scores of given ones."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.training.batches import LabelledSet
from fastgru.training.translation import Translation, as_targets, score_tokens
from tests.architectures import small_architecture
from tests.comparing import assert_same_bits
from tests.gradients import assert_slopes_of_store
from tests.models.test_encoder_decoder import SOURCES, TARGETS, make_network, reference_logits

DNA, RNA = get_alphabet("dna"), get_alphabet("rna")


def make_set(sources: tuple[str, ...], targets: tuple[str, ...], *weights: float) -> LabelledSet:
    return LabelledSet(
        [DNA.encode(letters) for letters in sources],
        as_targets([RNA.encode(letters) for letters in targets]),
        np.array(weights or [1.0] * len(sources)),
    )


def reference_logs(network: EncoderDecoder, source: str, target: str) -> list[np.ndarray]:
    """The log-probabilities of all tokens at each step whose true token is known."""
    logits = reference_logits(network, source, target)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return [row for row, letter in zip(logs, [*target, "end"], strict=True) if letter != "N"]


def known(target: str) -> list[int]:
    return [*(RNA.letters.index(letter) for letter in target if letter != "N"), 4]


def test_score_tokens__are_the_equations() -> None:
    network = make_network(bidirectional=True)
    scores = score_tokens(network, make_set(SOURCES, TARGETS))
    assert scores.n_tokens.tolist() == [3, 7, 1]
    for k, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        logs, numbers = reference_logs(network, source, target), known(target)
        pairs = list(zip(logs, numbers, strict=True))
        assert scores.log_likelihoods[k] == pytest.approx(sum(row[n] for row, n in pairs))
        assert scores.n_right[k] == sum(row.argmax() == n for row, n in pairs)


def test_score_tokens__are_of_a_proper_distribution() -> None:
    network, longest = make_network(), 3
    all_short = [
        "".join(letters)
        for length in range(longest + 1)
        for letters in product(RNA.letters, repeat=length)
    ]
    data = make_set(("ACG",) * len(all_short), tuple(all_short))
    total = np.exp(score_tokens(network, data).log_likelihoods).sum()
    # what is left is the probability that a translation goes on behind the last letter
    longer = 0.0
    for letters in all_short:
        if len(letters) == longest:
            logs = reference_logs(network, "ACG", letters)
            first = sum(row[n] for row, n in zip(logs[:-1], known(letters)[:-1], strict=True))
            longer += np.exp(first) * (1 - np.exp(logs[-1][4]))
    assert total + longer == pytest.approx(1, abs=1e-12)


def test_score_tokens__of_a_pair_do_not_depend_on_the_batch() -> None:
    network = make_network(dtype="float32", bidirectional=True, hidden_size=17)
    rng = np.random.default_rng(3)
    pairs = [
        tuple("".join(rng.choice(list("ACGR"), size)) for size in rng.integers(1, 40, 2))
        for _ in range(30)
    ]
    sources, targets = zip(*pairs, strict=True)
    together = score_tokens(network, make_set(sources, targets))
    for k, (source, target) in enumerate(pairs):
        alone = score_tokens(network, make_set((source,), (target,)))
        for found, wanted in zip(alone, together, strict=True):
            assert_same_bits(found, wanted[k : k + 1])


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_write_gradients__are_central_differences_of_the_loss(label_smoothing: float) -> None:
    objective = Translation(RNA.mixture, 0.5, label_smoothing)
    network = make_network(embedding_size=2, hidden_size=3, letters_per_token=0.5)
    data, chosen = make_set(SOURCES, TARGETS, 1.0, 0.5, 2.0), np.array([1, 2, 0])
    loss = objective.write_gradients(network, data, chosen)
    total, weight = 0.0, 0.0
    for source, target, share in zip(SOURCES, TARGETS, data.weights, strict=True):
        for row, n in zip(reference_logs(network, source, target), known(target), strict=True):
            total -= share * ((1 - label_smoothing) * row[n] + label_smoothing * row.mean())
            weight += share
    assert loss == pytest.approx(total / weight)
    assert_slopes_of_store(
        lambda: objective.write_gradients(network, data, chosen), network.parameters
    )


def test_validate__is_the_mean_of_tokens() -> None:
    network, data = make_network(), make_set(SOURCES, TARGETS)
    loss, accuracy = Translation(RNA.mixture, 1.0).validate(network, data)
    scores = score_tokens(network, data)
    assert loss == pytest.approx(-scores.log_likelihoods.sum() / 11)
    assert accuracy == scores.n_right.sum() / 11


def test_new_network__writes_as_many_tokens_as_the_objective_says() -> None:
    sizes = small_architecture(
        n_outputs=5,
        embedding_size=2,
        hidden_size=3,
        bidirectional=True,
        pooling=(),
        dtype="float32",
    )
    network = Translation(RNA.mixture, 3.0).new_network(sizes, DNA.mixture, 0)
    assert network.architecture.letters_per_token == 3.0
    assert (network.end, network.start) == (4, len(RNA.symbols))
