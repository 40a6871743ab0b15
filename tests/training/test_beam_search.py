from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.training.beam_search import Translated, translate
from fastgru.training.translation import score_tokens
from tests.models.test_encoder_decoder import make_network, reference_logits
from tests.training.test_translation import make_set

DNA, RNA = get_alphabet("dna"), get_alphabet("rna")
SOURCES = ("ACGTTGCA", "RNA", "T", "GGC")


def search(
    network: EncoderDecoder, *sources: str, limit: int = 4, **how: float
) -> list[Translated]:
    encoded = [DNA.encode(letters) for letters in sources]
    return translate(network, encoded, np.full(len(sources), limit), **how)


def letters_of(found: Translated) -> str:
    return "".join(RNA.letters[code] for code in found.codes)


def all_translations(network: EncoderDecoder, source: str, limit: int) -> dict[str, float]:
    """The log-probability of everything that a search with this limit may return."""
    ended = [
        "".join(letters)
        for length in range(limit)
        for letters in product(RNA.letters, repeat=length)
    ]
    data = make_set((source,) * len(ended), tuple(ended))
    scores = dict(zip(ended, score_tokens(network, data).log_likelihoods.tolist(), strict=True))
    for letters in map("".join, product(RNA.letters, repeat=limit)):
        logits = reference_logits(network, source, letters[:-1])
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        places = np.arange(limit), [RNA.letters.index(letter) for letter in letters]
        scores[letters] = float(logs[places].sum())
    return scores


def test_translate__by_one_takes_the_likeliest_token_each_time() -> None:
    network = make_network(seed=4, bidirectional=True)
    for source, found in zip(SOURCES, search(network, *SOURCES, limit=9), strict=True):
        letters, total = "", 0.0
        for _ in range(9):
            logits = reference_logits(network, source, letters)[-1]
            best = int(logits.argmax())
            total += logits[best] - np.log(np.exp(logits).sum())
            if best == 4:
                break
            letters += RNA.letters[best]
        assert letters_of(found) == letters
        assert found.log_probability == pytest.approx(total)
        assert found.ended == (best == 4)


@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_translate__with_a_beam_for_all_finds_the_best(seed: int, length_penalty: float) -> None:
    network, limit = make_network(seed=seed), 3
    (found,) = search(
        network, "ACG", limit=limit, beam_size=5**limit, length_penalty=length_penalty
    )

    def penalised(letters: str, score: float) -> float:
        n = min(len(letters) + 1, limit)
        return score / ((5 + n) / 6) ** length_penalty

    scores = all_translations(network, "ACG", limit)
    best = max(scores, key=lambda letters: penalised(letters, scores[letters]))
    assert letters_of(found) == best
    assert found.log_probability == pytest.approx(scores[best])
    assert found.ended == (len(best) < limit)


def test_translate__finds_no_less_with_a_wider_beam() -> None:
    narrow, wide = (
        search(make_network(seed=seed), "ACGT", beam_size=size)[0].log_probability
        for seed in (5,)
        for size in (1, 5**4)
    )
    assert wide >= narrow


@pytest.mark.parametrize("beam_size", [1, 3])
def test_translate__of_a_sequence_does_not_depend_on_the_others(beam_size: int) -> None:
    network = make_network(seed=6, dtype="float32", hidden_size=17, bidirectional=True)
    rng = np.random.default_rng(2)
    sources = ["".join(rng.choice(list("ACGR"), size)) for size in rng.integers(1, 40, 30)]
    encoded = [DNA.encode(letters) for letters in sources]
    limits = rng.integers(1, 12, 30)
    together = translate(network, encoded, limits, beam_size=beam_size)
    assert {found.ended for found in together} == {True, False}
    for k, found in enumerate(together):
        (alone,) = translate(network, [encoded[k]], limits[k : k + 1], beam_size=beam_size)
        np.testing.assert_array_equal(alone.codes, found.codes)
        assert alone[1:] == found[1:]
        assert len(found.codes) <= limits[k]


def test_translate__of_nothing_is_nothing() -> None:
    assert search(make_network()) == []


def test_translate__holds_no_more_than_what_it_has_found() -> None:
    network = make_network(seed=4)
    found = search(network, *SOURCES, limit=6, beam_size=2)
    assert [one.codes.base for one in found] == [None] * 4


def test_translate__takes_memory_by_what_it_writes_and_not_by_the_limit() -> None:
    network = make_network(seed=4)
    network.parameters.views()["head.bias"][network.end] = 50.0
    assert [one.ended for one in search(network, *SOURCES, limit=10**15)] == [True] * 4
