"""Codons of an organism for its proteins: ``python -m benchmarks.accuracy.codons GENBANK``.

The file is an annotated genome, perhaps compressed with gzip.  Genes whose translation is the
annotated one are divided into parts without homologues between them, by the rule of ``fastgru
split``.  Printed with 95 % intervals over groups of homologues: the share of codons, stop and end
included, that the model expects behind the true ones, and of its own translations; the same of the
most frequent codon of each residue in training; and how many of its translations code for the
protein that they were asked for.
"""

from __future__ import annotations

import argparse
import gzip
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from Bio import SeqIO
from Bio.Seq import Seq

from fastgru import Seq2Seq
from fastgru.data.alphabets import get_alphabet
from fastgru.data.homology import Threshold, group_homologues
from fastgru.data.labelled import UNLABELLED
from fastgru.data.random_splits import random_split
from fastgru.estimators.fitted_translator import FittedTranslator
from fastgru.estimators.loading import load_fitted
from fastgru.estimators.translation_evaluation import score_translations
from fastgru.evaluation import wilson_interval
from fastgru.evaluation.translation_scores import translation_scores
from fastgru.training.state import Epoch

CONFIG = Path(__file__).with_suffix(".toml")
GENETIC_CODE = 11
"""NCBI's table of bacteria, archaea and plant plastids."""

PROTEIN = get_alphabet("protein")
GZIP = b"\x1f\x8b"


class Gene(NamedTuple):
    """A protein without its stop, and the codons that it is made from, stop included."""

    protein: str
    codons: str
    group: str = ""


def read_genes(path: Path) -> list[Gene]:
    """Return the genes of an annotated genome whose codons give their protein, each protein once.

    Parameters
    ----------
    path
        GenBank file.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
    stream: IO[str]
    with gzip.open(path, "rt") if packed else path.open(encoding="utf-8") as stream:
        genes = {gene.protein: gene for gene in _genes_of(stream)}
    return list(genes.values())


def _genes_of(stream: IO[str]) -> Iterator[Gene]:
    for record in SeqIO.parse(stream, "genbank"):
        for feature in record.features:
            protein = feature.qualifiers.get("translation", [""])[0]
            if feature.type != "CDS" or not protein:
                continue
            codons = str(feature.extract(record.seq)).upper()
            if set(codons) <= set("ACGT") and codes_for(codons, protein):
                yield Gene(protein, codons)


def codes_for(codons: str, protein: str) -> bool:
    """Whether codons and a stop give a protein; whatever starts it, it starts with methionine."""
    if len(codons) != 3 * len(protein) + 3:
        return False
    found = str(Seq(codons).translate(table=GENETIC_CODE))
    return found[1:] == f"{protein[1:]}*"


def share_kept(codons: str, protein: str) -> float:
    """Return the share of residues, and the stop, that codons have at their place."""
    whole = codons[: len(codons) // 3 * 3]
    found, wanted = str(Seq(whole).translate(table=GENETIC_CODE)), f"{protein}*"
    return sum(a == b for a, b in zip(found, wanted, strict=False)) / len(wanted)


def with_groups(genes: Sequence[Gene], threads: int) -> list[Gene]:
    """Return genes with their groups of homologous proteins."""
    found = group_homologues(
        [gene.protein for gene in genes],
        PROTEIN,
        Threshold.default(PROTEIN),
        threads=threads,
    )
    return [gene._replace(group=str(group)) for gene, group in zip(genes, found, strict=True)]


def main() -> None:
    """Train, test and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("genbank", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="model file to write")
    parser.add_argument("-t", "--threads", type=int, default=1)
    args = parser.parse_args()
    config: dict[str, Any] = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    genes = [gene for gene in read_genes(args.genbank) if len(gene.protein) <= config["longest"]]
    genes = with_groups(genes, args.threads)
    names = random_split([UNLABELLED] * len(genes), groups=[gene.group for gene in genes])
    parts = {
        part: [gene for gene, name in zip(genes, names, strict=True) if name == part]
        for part in ("train", "validation", "test")
    }
    print({part: len(chosen) for part, chosen in parts.items()})
    model = Seq2Seq(**config["model"], threads=args.threads, random_state=0)
    pairs = {
        part: ([gene.protein for gene in chosen], [gene.codons for gene in chosen])
        for part, chosen in parts.items()
    }
    model.fit(*pairs["train"], validation_data=pairs["validation"], on_epoch=show_epoch)
    model.save(args.output)
    report(load_translator(args.output), parts["test"], pairs, args.threads)


def show_epoch(epoch: Epoch) -> None:
    """Print how far training is."""
    loss, score = epoch.validation_loss, epoch.validation_score
    print(
        f"epoch {epoch.epoch}: validation loss {loss:.4f}, token accuracy {score:.4f}", flush=True
    )


def load_translator(path: Path) -> FittedTranslator:
    """Return the model of a file."""
    fitted = load_fitted(path, "translation")
    assert isinstance(fitted, FittedTranslator)
    return fitted


def report(
    fitted: FittedTranslator,
    genes: Sequence[Gene],
    pairs: dict[str, tuple[list[str], list[str]]],
    threads: int,
) -> None:
    """Print the scores on the genes of the test part, greedy and with a beam.

    Parameters
    ----------
    fitted
    genes
    pairs
        Proteins and codons of all parts.
    threads
    """
    proteins, codons = (pairs["train"][side] + pairs["validation"][side] for side in (0, 1))
    for beam_size in (1, 4):
        how = {"length_penalty": 0.0, "max_length": None, "threads": threads}
        found = fitted.translate(pairs["test"][0], beam_size=beam_size, **how)
        written = [one.sequence for one in found]
        scored, exact = score_translations(
            fitted, pairs["test"], found, (proteins, codons), threads
        )
        scores = translation_scores(scored, exact=exact, groups=[gene.group for gene in genes])
        print(f"beam of {beam_size}, {scores['n_tokens']} codons and ends")
        for name in ("token_accuracy", "written_token_accuracy", "log_likelihood_per_token"):
            print(f"  {name:28} {_shown(scores, name)}")
        for name in ("token_accuracy", "gain"):
            print(f"  most frequent codon: {name:12} {_shown(scores['baseline'], name)}")
        right = [codes_for(own, g.protein) for own, g in zip(written, genes, strict=True)]
        low, high = wilson_interval(sum(right), len(right))
        print(f"  code for their protein: {sum(right)} of {len(right)} ({low:.3f} to {high:.3f})")
        kept = [share_kept(own, g.protein) for own, g in zip(written, genes, strict=True)]
        print(f"  residues that are kept, mean of genes: {np.mean(kept):.4f}", flush=True)


def _shown(scores: dict[str, Any], name: str) -> str:
    low, high = scores["intervals"][name]
    return f"{scores[name]:.4f} ({low:.4f} to {high:.4f})"


if __name__ == "__main__":
    main()
