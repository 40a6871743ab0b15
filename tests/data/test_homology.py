from __future__ import annotations

import random

import numpy as np
import pytest

from fastgru.data import homology, mmseqs
from fastgru.data.alphabets import get_alphabet
from fastgru.data.homology import (
    Threshold,
    divide_apart,
    find_pairs,
    group_homologues,
    join,
    pairs_across,
)
from fastgru.data.mmseqs import Hits
from fastgru.errors import ToolError
from tests.data.relatives import collected, families, mutated

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")


def test_threshold__default_depends_on_the_alphabet() -> None:
    assert Threshold.default(PROTEIN) == Threshold(0.4, 0.8)
    assert Threshold.default(DNA) == Threshold(0.8, 0.8)


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=["dna", "protein"])
def test_group_homologues__finds_the_families(alphabet) -> None:
    data = families(alphabet, n_families=12, size=3, length=60)
    groups = group_homologues(data.sequences, alphabet, Threshold.default(alphabet))
    assert groups.tolist() == [k // 3 for k in range(36)]


def test_group_homologues__joins_through_a_third() -> None:
    # the ends of the chain are not alike, each is like the one in the middle
    rng = random.Random(3)
    middle = "".join(rng.choices(PROTEIN.letters, k=100))
    ends = [mutated(middle[:50], 0.5, PROTEIN.letters, rng) + middle[50:]]
    ends.append(middle[:50] + mutated(middle[50:], 0.5, PROTEIN.letters, rng))
    threshold = Threshold(0.65)
    assert len(collected(find_pairs(ends[:1], ends[1:], PROTEIN, threshold)).query) == 0
    assert group_homologues([*ends, middle], PROTEIN, threshold).tolist() == [0, 0, 0]


def test_group_homologues__leaves_chance_alone() -> None:
    rng = random.Random(4)
    peptides = ["".join(rng.choices(PROTEIN.letters, k=12)) for _ in range(300)]
    groups = group_homologues(peptides, PROTEIN, Threshold(0.4))
    assert len(set(groups.tolist())) > 280


def test_group_homologues__keeps_equal_sequences_together_however_short() -> None:
    peptides = ["ACD", "EFG", "ACD", "HIK"]
    assert group_homologues(peptides, PROTEIN, Threshold(0.9)).tolist() == [0, 1, 0, 2]
    # the other strand of the first, too short to be found by MMseqs2
    assert group_homologues(["AACC", "TTTT", "GGTT"], DNA, Threshold(0.9)).tolist() == [0, 1, 0]


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=["dna", "protein"])
def test_find_pairs__loses_nothing_to_the_limit_of_the_search(
    alphabet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(9)
    parents = ["".join(rng.choices(alphabet.letters, k=rng.randint(10, 40))) for _ in range(100)]
    sequences = [*parents, *(mutated(parent, 0.3, alphabet.letters, rng) for parent in parents)]
    pairs = []
    for limit in (mmseqs._MOST_BY_CHANCE, "1000"):
        monkeypatch.setattr(mmseqs, "_MOST_BY_CHANCE", limit)
        hits = collected(find_pairs(sequences, sequences, alphabet, Threshold(0.0, 0.5)))
        pairs.append(list(zip(hits.query.tolist(), hits.target.tolist(), strict=True)))
    assert len(pairs[0]) > 200
    assert pairs[0] == pairs[1]


def test_group_homologues__joins_what_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    data = families(PROTEIN, n_families=12, size=3, length=60)
    monkeypatch.setattr(mmseqs, "_BLOCK_LINES", 4)
    groups = group_homologues(data.sequences, PROTEIN, Threshold(0.4))
    assert groups.tolist() == [k // 3 for k in range(36)]


def test_join__numbers_groups_by_their_first_member() -> None:
    groups = join(np.array([0, 1, 2, 2, 3]), np.array([4, 1]), np.array([0, 1]))
    assert groups.tolist() == [0, 1, 2, 2, 0]
    assert join(np.array([0, 1]), np.array([], np.int64), np.array([], np.int64)).tolist() == [0, 1]


def test_pairs_across__names_the_places() -> None:
    data = families(PROTEIN, n_families=5, size=2, length=40)
    parts = ["test", "train"] * 4 + ["train", "train"]
    hits = collected(pairs_across(data.sequences, parts, PROTEIN, Threshold(0.5)))
    assert hits.query.tolist() == [0, 2, 4, 6]
    assert hits.target.tolist() == [1, 3, 5, 7]
    assert (hits.identity > 0.7).all()
    assert (
        len(collected(pairs_across(data.sequences, ["train"] * 10, PROTEIN, Threshold(0.5))).query)
        == 0
    )


def halves(groups: np.ndarray) -> list[list[str]]:
    return [["test" if group % 2 else "train" for group in groups]]


def test_divide_apart__joins_what_the_search_across_the_split_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = families(PROTEIN, n_families=10, size=2, length=50)
    monkeypatch.setattr(
        homology, "group_homologues", lambda sequences, *_, **__: np.arange(len(sequences))
    )
    groups, (parts,) = divide_apart(data.sequences, PROTEIN, Threshold(0.4), halves)
    assert groups.tolist() == [k // 2 for k in range(20)]
    assert len(collected(pairs_across(data.sequences, parts, PROTEIN, Threshold(0.4))).query) == 0


def distant_pairs() -> tuple[list[str], int]:
    """Windows of 60 in pairs with nine differences, and the letters of all of them."""
    rng = random.Random(8)
    sequences = []
    for _ in range(150):
        parent = "".join(rng.choices("ACGT", k=60))
        sequences += [parent, mutated(parent, 0.15, "ACGT", rng)]
    return sequences, 300 * 60


def test_divide_apart__searches_parts_as_it_has_searched_the_whole(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sequences, n_letters = distant_pairs()
    n_drawn = []

    def draw(groups: np.ndarray) -> list[list[str]]:
        n_drawn.append(len(set(groups.tolist())))
        return halves(groups)

    counts = {}
    # between the whole and its parts, where the parts alone would be searched thoroughly
    for limit in (n_letters, n_letters - 1):
        monkeypatch.setattr(mmseqs, "_SHORT_WORDS_UP_TO", limit)
        n_drawn.clear()
        caplog.clear()
        groups, _ = divide_apart(sequences, DNA, Threshold(0.8), draw)
        counts[limit] = len(set(groups.tolist()))
        assert len(n_drawn) == 1
        warned = [record.getMessage() for record in caplog.records]
        assert (limit < n_letters) == any("no word of 15 letters in common" in w for w in warned)
    assert 150 <= counts[n_letters] < counts[n_letters - 1] - 15


def test_divide_apart__gives_up_where_the_search_always_finds_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = families(PROTEIN, n_families=10, size=2, length=50)
    one = np.zeros(1, np.int64)
    hit = Hits(one, one, np.ones(1), np.ones(1))
    monkeypatch.setattr(homology, "pairs_across", lambda *_, **__: iter([hit]))
    with pytest.raises(ToolError, match="found homologous sequences across the split after 10 div"):
        divide_apart(data.sequences, PROTEIN, Threshold(0.4), halves)
