"""A real chromosome with its genes, where Debian's package augustus-doc is there.

``FASTGRU_FLY`` names its folder ``tutorial`` where the package is unpacked elsewhere
(docs/genome-scan.md).
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy import genes
from benchmarks.accuracy.hexamers import HexamerBaseline
from fastgru import SequenceTagger
from fastgru.data.annotations import CODING, codon_places

FOLDER = Path(os.environ.get("FASTGRU_FLY", "/usr/share/doc/augustus/tutorial"))
CONFIG: dict[str, Any] = tomllib.loads(genes.CONFIG.read_text(encoding="utf-8"))
TRAIN, TEST = (3_000_000, 4_200_000), (6_000_000, 6_400_000)
FLOOR = 0.93

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not (FOLDER / CONFIG["data"]["fasta"]).exists(),
        reason=f"no fly chromosome in {FOLDER}: see docs/genome-scan.md",
    ),
]


@pytest.fixture(scope="module")
def chromosome() -> genes.Chromosome:
    return genes.read_chromosome(FOLDER, CONFIG["data"])


@pytest.fixture(scope="module")
def tagger(chromosome: genes.Chromosome) -> SequenceTagger:
    """A tagger that has learned for some minutes."""
    parts = {"train": TRAIN, "validation": (4_210_000, 4_300_000)}
    model = {**CONFIG["model"], "max_epochs": 8}
    return genes.train(chromosome, {**CONFIG, "parts": parts, "model": model}, 2)[0]


def test_annotation__fits_the_letters(chromosome: genes.Chromosome) -> None:
    assert len(chromosome.letters) == 21_146_708
    stops = dict.fromkeys("+-", 0)
    for strand, stop in (("+", {"TAA", "TAG", "TGA"}), ("-", {"TTA", "CTA", "TCA"})):
        places = codon_places(chromosome.segments, *TEST, strand)
        triplets = [(1, 2, 3), (3, 2, 1)][strand == "-"]
        runs = np.lib.stride_tricks.sliding_window_view(places, 3)
        starts = TEST[0] + np.flatnonzero((runs == triplets).all(axis=1))
        codons = [chromosome.letters[k : k + 3].upper() for k in starts.tolist()]
        assert len(codons) > 10_000
        stops[strand] = sum(codon in stop for codon in codons)
        # a gene has one; three of 64 would be stops by chance
        assert stops[strand] < 0.01 * len(codons)


def test_tagger__finds_coding_letters_that_it_has_not_seen(chromosome, tagger) -> None:
    truth = np.concatenate([*chromosome.truth(TEST).values()])
    scores = genes.scan(tagger, chromosome, TEST, CONFIG["scan"])
    auc = roc_auc_score(truth, np.concatenate([*scores.values()]))
    assert auc > FLOOR
    # and of the strands that are coding, it knows which
    places = {strand: codon_places(chromosome.segments, *TRAIN, strand) for strand in "+-"}
    baseline = HexamerBaseline(**CONFIG["baseline"])
    baseline.fit(chromosome.letters[slice(*TRAIN)], places)
    by_composition = baseline.predict_proba(chromosome.letters[slice(*TEST)])
    assert 0.9 < roc_auc_score(truth, np.concatenate([*by_composition.values()])) < 0.99
    either = chromosome.truth(TEST)
    coding = either["+"] != either["-"]
    assert ((scores["+"] > scores["-"]) == either["+"])[coding].mean() > FLOOR


def test_scan__is_the_same_in_parts_and_threads(chromosome, tagger) -> None:
    how: dict[str, Any] = {"strands": "both", "sums": {"coding": list(CODING)}, "context": 1000}
    letters = {"chr2R": chromosome.letters}

    def rows_of(*regions: tuple[int, int]) -> np.ndarray:
        found = tagger.scan(letters, regions={"chr2R": list(regions)}, **how)
        return np.concatenate([np.column_stack([p.starts, p.ends, p.values]) for p in found])

    whole = rows_of((6_000_000, 6_040_000))
    parts = rows_of((6_000_000, 6_011_110)), rows_of((6_011_110, 6_040_000))
    assert np.array_equal(np.concatenate(parts), whole)
    tagger.threads = 1
    assert np.array_equal(rows_of((6_000_000, 6_040_000)), whole)
