"""Reads cut from a made-up genome, and their errors."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy.long_reads import add_errors, cut_reads, longest_runs, parts_by_block
from fastgru.data.alphabets import get_alphabet
from fastgru.data.strands import reverse_complement

DNA = get_alphabet("dna")


def test_add_errors__changes_nothing_without_errors(rng: np.random.Generator) -> None:
    assert add_errors("ACGTTGCA", 0.0, rng) == "ACGTTGCA"


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_add_errors__has_a_third_of_each_kind(rate: float, rng: np.random.Generator) -> None:
    n = 60_000
    plain = add_errors("A" * n, rate, rng)
    others = len(plain) - plain.count("A")
    assert abs(len(plain) - n) < 5 * np.sqrt(n * rate)  # as many inserted as deleted
    assert others / n == pytest.approx(2 * rate / 3 * 0.75, rel=0.1)


def test_longest_runs__counts_what_lies_inside() -> None:
    wanted = np.array(list("..###.#####...##"), "U1") == "#"
    longest = longest_runs(wanted)
    places = range(len(wanted) + 1)
    for start in places:
        for end in places[start + 1 :]:
            text = "".join("#" if one else "." for one in wanted[start:end])
            assert longest(start, end) == max(map(len, text.split(".")))


def test_parts_by_block__gives_three_of_five_to_learn_from() -> None:
    parts = parts_by_block(100, 725, 100)
    assert parts == {
        "train": [(100, 200), (200, 300), (300, 400), (600, 700)],
        "validation": [(400, 500)],
        "test": [(500, 600)],
    }


def test_cut_reads__has_as_many_of_each_class_from_either_strand(
    rng: np.random.Generator,
) -> None:
    genome = "".join(rng.choice(list("acgt"), 3000))
    genome = genome[:500] + "N" * 20 + genome[520:]
    config = {"classes": ["left", "right"], "lengths": [50, 100], "errors": [0.0, 0.0]}
    reads, labels = cut_reads(
        genome,
        [(0, 1500), (1500, 3000)],
        lambda start, end: "left" if end <= 1200 else "right" if start >= 1500 else None,
        30,
        config,
        rng,
    )
    assert labels == ["left"] * 30 + ["right"] * 30
    text, turned = genome.upper(), 0
    for letters, label in zip(reads, labels, strict=True):
        assert 50 <= len(letters) <= 100
        ahead = text.find(letters)
        turned += ahead < 0
        place = ahead if ahead >= 0 else text.find(reverse_complement(letters, DNA))
        assert (place + len(letters) <= 1200) if label == "left" else (place >= 1500)
        assert place >= 0
    assert 15 < turned < 45
