"""Coding letters of a fly chromosome: ``python -m benchmarks.accuracy.genes FOLDER``.

The folder is the tutorial of Debian's package augustus-doc: ``data/chr2R.fa`` is chromosome 2R of
Drosophila melanogaster (assembly dm3, 21 Mb), ``results/scipio.gff`` the coding sequences of the
proteins of its letters 2 to 7 million.  A tagger learns from three million of these, is stopped and
gets its threshold by half a million, and scans one and a half million.  Each letter of each strand
is judged; intervals are those of the choice of blocks of the chromosome.  The figures are stored
beside the timings, and their table is put into the page about scans; a test makes it again.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.accuracy.hexamers import HexamerBaseline
from benchmarks.accuracy.published_split import read_command
from benchmarks.accuracy_table import ROOT, renew_table, write_rows
from fastgru import SequenceTagger
from fastgru.data.annotations import (
    CODING,
    CodingSegment,
    codon_places,
    cut_labelled_windows,
    read_coding,
)
from fastgru.data.fasta import read_fasta
from fastgru.evaluation.bootstrap import percentile_interval, resample_weights

CONFIG = Path(__file__).with_suffix(".toml")
STORED = ROOT / "benchmarks" / "results" / "genes.tsv"
PAGE = ROOT / "docs" / "genome-scan.md"
COLUMNS = (
    *("name", "n_letters", "coding", "threshold", "roc_auc", "roc_auc_low", "roc_auc_high"),
    *("f1", "f1_low", "f1_high", "train_seconds", "scan_letters_per_second"),
)
_BINS = 2000
_THRESHOLDS = np.linspace(0.02, 0.98, 49)


class Chromosome(NamedTuple):
    """Letters, and the coding segments that are known, in its own places."""

    letters: str
    segments: list[CodingSegment]

    def truth(self, part: tuple[int, int]) -> dict[str, np.ndarray]:
        """Return which letters of a part are coding, bool (length,), by strand."""
        return {strand: codon_places(self.segments, *part, strand) > 0 for strand in "+-"}


def read_chromosome(folder: Path, data: Mapping[str, Any]) -> Chromosome:
    """Read what the package has.

    Parameters
    ----------
    folder
    data
        ``fasta``, ``annotation``, and ``offset``: the letters before those that it counts.
    """
    (record,) = read_fasta(folder / data["fasta"])
    (segments,) = read_coding(folder / data["annotation"]).values()
    shift = data["offset"]
    placed = [one._replace(start=one.start + shift, end=one.end + shift) for one in segments]
    return Chromosome(record.sequence, placed)


def train(
    chromosome: Chromosome, config: Mapping[str, Any], threads: int | None
) -> tuple[SequenceTagger, float]:
    """Return a tagger that has learned from the training part, and the seconds that it took."""
    sets = []
    for part in ("train", "validation"):
        start, end = config["parts"][part]
        pairs = cut_labelled_windows(*chromosome, start, end, config["window"])
        sets.append(tuple(map(list, zip(*pairs, strict=True))))
    begin = time.perf_counter()
    model = SequenceTagger(**config["model"], threads=threads, random_state=0)
    model.fit(*sets[0], validation_data=sets[1], on_epoch=lambda epoch: print(epoch, flush=True))
    return model, time.perf_counter() - begin


def scan(
    model: SequenceTagger,
    chromosome: Chromosome,
    part: tuple[int, int],
    scan: Mapping[str, int],
) -> dict[str, np.ndarray]:
    """Return the probability that each letter of a part is coding, float64 (length,), by strand."""
    sums = {"coding": list(CODING)}
    found = {strand: np.zeros(part[1] - part[0]) for strand in "+-"}
    regions = {"chr2R": [part]}
    for rows in model.scan(
        {"chr2R": chromosome.letters}, regions=regions, strands="both", sums=sums, **scan
    ):
        for first, last, strand, value in zip(
            rows.starts - part[0], rows.ends - part[0], rows.strands, rows.values[:, 0], strict=True
        ):
            found[str(strand)][max(0, first) : last] = value
    return found


def best_threshold(scores: dict[str, np.ndarray], truth: dict[str, np.ndarray]) -> float:
    """Return the threshold with the highest F1."""
    values, right = _joined(scores), _joined(truth)
    return float(max(_THRESHOLDS, key=lambda limit: f1_score(right, values > limit)))


def judge(
    scores: dict[str, np.ndarray], truth: dict[str, np.ndarray], threshold: float, block: int
) -> dict[str, float]:
    """Return AUC and F1 of the letters of both strands, with intervals over blocks of letters.

    Parameters
    ----------
    scores
        float64 (length,) by strand.
    truth
        bool (length,) by strand.
    threshold
    block
        Letters of a block, both of whose strands are drawn together.
    """
    values, right = _joined(scores), _joined(truth)
    found = {
        "roc_auc": float(roc_auc_score(right, values)),
        "f1": float(f1_score(right, values > threshold)),
    }
    length = len(scores["+"])
    blocks = np.tile(np.arange(length) // block, 2)
    n_blocks = int(blocks[-1]) + 1
    edges = np.unique(np.append(np.quantile(values, np.linspace(0, 1, _BINS)), threshold))
    bins = np.searchsorted(edges, values)
    shape = n_blocks, len(edges) + 1
    counts = [
        np.bincount(blocks[side] * shape[1] + bins[side], minlength=shape[0] * shape[1]).reshape(
            shape
        )
        for side in (right, ~right)
    ]
    above = int(np.searchsorted(edges, threshold)) + 1
    drawn: dict[str, list[np.ndarray]] = {"roc_auc": [], "f1": []}
    for weights in resample_weights(n_blocks, None, 1000, 0):
        positive, negative = (weights @ table for table in counts)
        below = np.cumsum(negative, axis=1) - negative / 2
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        drawn["roc_auc"].append((positive * below).sum(axis=1) / pairs)
        hits, false = positive[:, above:].sum(axis=1), negative[:, above:].sum(axis=1)
        drawn["f1"].append(2 * hits / (positive.sum(axis=1) + hits + false))
    for name, rows in drawn.items():
        low, high = percentile_interval(np.concatenate(rows)) or (np.nan, np.nan)
        found |= {f"{name}_low": low, f"{name}_high": high}
    return found


def _joined(by_strand: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([by_strand["+"], by_strand["-"]])


def measure(
    chromosome: Chromosome, config: Mapping[str, Any], threads: int | None
) -> list[dict[str, Any]]:
    """Return the figures of tagger and baseline."""
    parts = {name: tuple(part) for name, part in config["parts"].items()}
    truth = {name: chromosome.truth(part) for name, part in parts.items()}
    begin = time.perf_counter()
    start, end = parts["train"]
    places = {strand: codon_places(chromosome.segments, start, end, strand) for strand in "+-"}
    baseline = HexamerBaseline(**config["baseline"]).fit(chromosome.letters[start:end], places)
    fitted = {"composition": time.perf_counter() - begin}
    model, fitted["tagger"] = train(chromosome, config, threads)
    say = {
        "tagger": lambda part: scan(model, chromosome, part, config["scan"]),
        "composition": lambda part: baseline.predict_proba(chromosome.letters[part[0] : part[1]]),
    }
    rows = []
    for name, scores_of in say.items():
        scores = scores_of(parts["validation"])
        threshold = best_threshold(scores, truth["validation"])
        found = judge(scores, truth["validation"], threshold, config["block"])
        print(f"{name}, validation part: AUC {found['roc_auc']:.4f}, F1 {found['f1']:.4f}")
        begin = time.perf_counter()
        scores = scores_of(parts["test"])
        seconds = time.perf_counter() - begin
        right = _joined(truth["test"])
        figures = judge(scores, truth["test"], threshold, config["block"])
        figures |= {"n_letters": len(right), "coding": float(right.mean()), "threshold": threshold}
        figures |= {
            "train_seconds": fitted[name],
            "scan_letters_per_second": len(scores["+"]) / seconds,
        }
        rows.append({column: {"name": name, **figures}[column] for column in COLUMNS})
    return rows


def as_markdown(stored: Path) -> str:
    """Return the table of stored figures."""
    with stored.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    header = (
        "| | ROC AUC (95 % interval) | F1 (95 % interval) | trained in | scanned |\n"
        "| --- | --- | --- | --: | --: |\n"
    )
    return header + "".join(_line(row) for row in rows)


def _line(row: dict[str, str]) -> str:
    auc, f1 = (
        "{:.3f} ({:.3f} to {:.3f})".format(
            *(float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
        )
        for name in ("roc_auc", "f1")
    )
    return (
        f"| {row['name']} | {auc} | {f1} | {float(row['train_seconds']) / 60:.1f} min "
        f"| {float(row['scan_letters_per_second']) / 1e6:.2f} Mb/s |\n"
    )


def main() -> None:
    """Train, scan, judge, store and put the table into its page."""
    folder, threads, config = read_command(__doc__, CONFIG)
    rows = measure(read_chromosome(folder, config["data"]), config, threads)
    write_rows(STORED, COLUMNS, rows)
    renew_table(PAGE, as_markdown(STORED), "genes")


if __name__ == "__main__":
    main()
