"""The data sets by which recipes are measured, as their configuration describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.accuracy.annotated_proteins import (
    draw_unrelated,
    label_by_terms,
    read_blast_proteins,
    read_terms_below,
)
from benchmarks.accuracy.genes import read_chromosome
from benchmarks.accuracy.long_reads import LabelOf, cut_reads, longest_runs, parts_by_block
from fastgru.data.fasta import read_fasta
from fastgru.data.random_splits import random_split

__all__ = ["PARTS", "RecipeSet", "read_set"]

PARTS = ("train", "validation", "test")


class RecipeSet(NamedTuple):
    """Sequences and labels of each part."""

    alphabet: str
    parts: Mapping[str, tuple[list[str], list[str]]]


def read_set(folder: Path, config: Mapping[str, Any], threads: int | None) -> RecipeSet:
    """Return a data set.

    Parameters
    ----------
    folder
        Where the packages are unpacked.
    config
        Its table of ``recipes.toml``.
    threads
        Of the search for relatives; None for one.
    """
    if config["kind"] == "proteins":
        return _read_proteins(folder, config, threads)
    return _read_reads(folder, config)


def _read_proteins(folder: Path, config: Mapping[str, Any], threads: int | None) -> RecipeSet:
    annotated = folder / config["annotation"]
    below = read_terms_below(folder / config["closure"], config["terms"])
    sequences, labels = draw_unrelated(
        read_blast_proteins(annotated / "goasp.fasta.pin"),
        label_by_terms(annotated / "goasp_annot.dat", below),
        **config["draw"],
        threads=threads,
    )
    part_of = random_split(labels, **config["parts"], seed=0)
    triples = list(zip(sequences, labels, part_of, strict=True))
    parts = {
        part: (
            [letters for letters, _, found in triples if found == part],
            [label for _, label, found in triples if found == part],
        )
        for part in PARTS
    }
    return RecipeSet("protein", parts)


def _read_reads(folder: Path, config: Mapping[str, Any]) -> RecipeSet:
    letters, label_of = _LABELLED[config["kind"]](folder, config)
    stretches = parts_by_block(*config["span"], config["block"])
    parts = {}
    for number, part in enumerate(PARTS):
        rng, n_each = np.random.default_rng(number), config["n_each"][part]
        parts[part] = cut_reads(letters, stretches[part], label_of, n_each, config["reads"], rng)
    return RecipeSet("dna", parts)


def _label_masked(folder: Path, config: Mapping[str, Any]) -> tuple[str, LabelOf]:
    """Return a chromosome, and whether a long stretch of some letters is in lower case."""
    (record,) = read_fasta(folder / config["fasta"])
    masked = np.frombuffer(record.sequence.encode("ascii"), np.uint8) >= ord("a")
    longest, limits = longest_runs(masked), config["label"]

    def label_of(start: int, end: int) -> str | None:
        found = longest(start, end)
        if found < limits["without"]:
            return "none"
        return "repeat" if found >= limits["with"] else None

    return record.sequence, label_of


def _label_coding(folder: Path, config: Mapping[str, Any]) -> tuple[str, LabelOf]:
    """Return a chromosome, and whether a large share of some letters is coding."""
    chromosome, limits = read_chromosome(folder, config), config["label"]
    coding = np.zeros(len(chromosome.letters), np.int64)
    for segment in chromosome.segments:
        coding[segment.start : segment.end] = 1
    before = np.r_[0, np.cumsum(coding)]

    def label_of(start: int, end: int) -> str | None:
        share = (before[end] - before[start]) / (end - start)
        if share < limits["without"]:
            return "other"
        return "coding" if share >= limits["with"] else None

    return chromosome.letters, label_of


_LABELLED: dict[str, Callable[[Path, Mapping[str, Any]], tuple[str, LabelOf]]] = {
    "masked_reads": _label_masked,
    "coding_reads": _label_coding,
}
