"""The benchmark of codons, on a made-up genome."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from Bio.Seq import Seq
from Bio.SeqFeature import SeqFeature, SimpleLocation
from Bio.SeqIO import write
from Bio.SeqRecord import SeqRecord

from benchmarks.accuracy.codons import Gene, codes_for, read_genes, share_kept


def genome(folder: Path, *genes: tuple[str, str, int]) -> Path:
    """A genome with genes: what is annotated, its codons, and its strand."""
    record = SeqRecord(Seq(""), "g", annotations={"molecule_type": "DNA"})
    for protein, codons, strand in genes:
        start = len(record.seq)
        record.seq += Seq(codons) if strand == 1 else Seq(codons).reverse_complement()
        feature = SeqFeature(SimpleLocation(start, len(record.seq), strand), type="CDS")
        feature.qualifiers["translation"] = [protein]
        record.features.append(feature)
    path = folder / "genome.gb"
    write([record], path, "genbank")
    return path


def test_read_genes__takes_those_whose_codons_give_their_protein(tmp_path: Path) -> None:
    path = genome(
        tmp_path,
        ("MAC", "ATGGCATGTTAA", 1),
        ("MC", "GTGTGTTAG", -1),  # starts with another codon of methionine
        ("MAC", "ATGGCATGTTAG", 1),  # the protein once more
        ("MAD", "ATGGCATGTTAA", 1),  # not its codons
        ("MACD", "ATGGCATGTTAA", 1),  # not as many
    )
    expected = [Gene("MAC", "ATGGCATGTTAG"), Gene("MC", "GTGTGTTAG")]
    assert read_genes(path) == expected
    packed = tmp_path / "genome.gb.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_genes(packed) == expected


@pytest.mark.parametrize(
    ("codons", "right", "share"),
    [
        ("ATGGCATGTTAA", True, 1.0),
        ("ATGGCTTGCTGA", True, 1.0),
        ("ATGGCATGT", False, 0.75),
        ("ATGGCATGGTAA", False, 0.75),
        ("ATGTGTTAA", False, 0.25),
        ("", False, 0.0),
    ],
)
def test_codes_for__needs_every_residue_and_a_stop(codons, right, share) -> None:
    assert codes_for(codons, "MAC") == right
    assert share_kept(codons, "MAC") == share
