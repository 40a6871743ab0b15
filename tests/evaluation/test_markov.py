from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.evaluation.markov import MAX_ORDER, MarkovModel
from tests.letters import draw_chains

DNA = get_alphabet("dna")


def encode(texts: list[str]) -> list[np.ndarray]:
    return [DNA.encode(text) for text in texts]


def reference(training: list[str], order: int, alpha: float, text: str) -> float:
    """The equation of the module, with words as strings; ^ is the start and $ the end."""
    words: Counter[str] = Counter()
    contexts: Counter[str] = Counter()
    for letters in training:
        full = "^" * order + letters + "$"
        for at in range(order, len(full)):
            if full[at] in "ACGT$":
                words[full[at - order : at + 1]] += 1
                contexts[full[at - order : at]] += 1
    full, total = "^" * order + text + "$", 0.0
    for at in range(order, len(full)):
        if full[at] in "ACGT$":
            count = words[full[at - order : at + 1]] + alpha
            total += np.log(count / (contexts[full[at - order : at]] + 5 * alpha))
    return total


@pytest.mark.parametrize("order", range(MAX_ORDER + 1))
@pytest.mark.parametrize("alpha", [0.5, 2.0])
def test_log_likelihoods__are_the_equation(order: int, alpha: float) -> None:
    training = ["ACGTTGCANACG", "TTTTGACNNA", "ACACACAC", "G"]
    texts = ["ACGT", "NACG", "A", "TTTTTTTTNT", "GATTACA"]
    found = MarkovModel(encode(training), order, 4, alpha=alpha).log_likelihoods(encode(texts))
    expected = [reference(training, order, alpha, text) for text in texts]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_log_likelihoods__are_of_a_proper_distribution(order: int) -> None:
    model = MarkovModel(encode(["ACGTT", "AC", "T"]), order, 4)
    sums = []
    for longest in (6, 7):
        sequences = [
            np.array(codes, np.uint8)
            for length in range(longest + 1)
            for codes in product(range(4), repeat=length)
        ]
        sums.append(np.exp(model.log_likelihoods(sequences)).sum())
    assert 0.5 < sums[0] < sums[1] < 1


def test_log_likelihoods__come_near_the_source_with_its_order() -> None:
    training, held_out = (encode(draw_chains(n, seed)[0]) for n, seed in ((500, 1), (100, 2)))
    _, entropy = draw_chains(100, seed=2)
    n_predicted = sum(len(codes) + 1 for codes in held_out)
    bits = [
        -MarkovModel(training, order, 4).log_likelihoods(held_out).sum() / n_predicted / np.log(2)
        for order in range(MAX_ORDER + 1)
    ]
    assert entropy < bits[2] < entropy + 0.02
    assert bits.index(min(bits)) == 2


def test_log_likelihoods__of_nothing() -> None:
    model = MarkovModel([], 2, 4)
    assert model.log_likelihoods([]).shape == (0,)
    np.testing.assert_allclose(model.log_likelihoods(encode(["AC"])), 3 * np.log(1 / 5))
