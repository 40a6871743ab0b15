"""What each choice of strands is worth: ``python -m benchmarks.accuracy.strands``.

Made-up DNA, half of it with a noisy motif on either strand.  Networks of one size learn from few
sequences and are tested on more.  The figures are stored beside the timings, and their table is put
into the decision about strands; a test makes it again.
"""

from __future__ import annotations

import csv
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.published_split import scores
from benchmarks.accuracy_table import ROOT, renew_table, write_rows
from fastgru import SequenceClassifier
from fastgru.data.alphabets import get_alphabet
from fastgru.data.strands import reverse_complement

CONFIG = Path(__file__).with_suffix(".toml")
STORED = ROOT / "benchmarks" / "results" / "strands.tsv"
PAGE = ROOT / "docs" / "decisions" / "0064-strands-share-weights-that-are-stored-once.md"
COLUMNS = ("n_train", "strands", "seed", "n_parameters", "roc_auc", "seconds", "difference")
Row = dict[str, Any]


def plant_on_either_strand(
    n: int, seed: int, *, motif: str, noise: float, shortest: int, longest: int
) -> tuple[list[str], list[str]]:
    """Return random DNA, every other sequence with the motif on either strand, and labels."""
    rng, dna = np.random.default_rng(seed), get_alphabet("dna")
    sequences, labels = [], []
    for number in range(n):
        letters = "".join(rng.choice(list("ACGT"), rng.integers(shortest, longest + 1)))
        if number % 2:
            noisy = rng.random(len(motif)) < noise
            drawn = rng.choice(list("ACGT"), len(motif))
            site = "".join(np.where(noisy, drawn, list(motif)))
            place = int(rng.integers(0, len(letters) - len(site) + 1))
            letters = letters[:place] + site + letters[place + len(site) :]
            if rng.random() < 0.5:
                letters = reverse_complement(letters, dna)
        sequences.append(letters)
        labels.append("yes" if number % 2 else "no")
    return sequences, labels


def measure(strands: str, n_train: int, seed: int, config: Mapping[str, Any]) -> Row:
    """Return the figures of one network."""
    training = plant_on_either_strand(n_train, seed, **config["data"])
    sequences, labels = plant_on_either_strand(config["n_test"], 1000 + seed, **config["data"])
    model = SequenceClassifier(reverse_complement=strands, random_state=seed, **config["model"])
    start = time.process_time()
    model.fit(*training)
    seconds = (time.process_time() - start) / len(model.history_)
    dna = get_alphabet("dna")
    others = [reverse_complement(sequence, dna) for sequence in sequences]
    ahead, back = (model.predict_proba(strand)[:, 1] for strand in (sequences, others))
    _, roc_auc = scores(ahead, np.array(labels) == "yes")
    difference = float(np.abs(ahead - back).max())
    figures = (model.n_parameters_, roc_auc, seconds, difference)
    return dict(zip(COLUMNS, (n_train, strands, seed, *figures), strict=True))


def as_markdown(stored: Path) -> str:
    """Return the table of stored figures."""
    with stored.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault((row["n_train"], row["strands"]), []).append(row)
    n_seeds = len({row["seed"] for row in rows})
    header = (
        f"| trained on | strands | weights | ROC AUC, mean and deviation of {n_seeds} seeds "
        "| processor time of an epoch | strands differ by at most |\n"
        "| --- | --- | --: | --- | --: | --: |\n"
    )
    return header + "".join(_line(*key, group) for key, group in found.items())


def _line(n_train: str, strands: str, rows: list[dict[str, str]]) -> str:
    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in rows])

    auc = column("roc_auc")
    return (
        f"| {n_train} | {strands} | {rows[0]['n_parameters']} "
        f"| {auc.mean():.3f} +- {auc.std(ddof=1):.3f} "
        f"| {np.median(column('seconds')) * 1000:.0f} ms | {column('difference').max():.1g} |\n"
    )


def main() -> None:
    """Train, test, store and put the table into its page."""
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    rows = [
        measure(strands, n_train, seed, config)
        for n_train in config["n_train"]
        for strands in config["strands"]
        for seed in config["seeds"]
    ]
    write_rows(STORED, COLUMNS, rows)
    renew_table(PAGE, as_markdown(STORED), "strands")


if __name__ == "__main__":
    main()
