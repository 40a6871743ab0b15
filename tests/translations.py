"""Proteins with genes whose codons are known: small translations to learn."""

from __future__ import annotations

import numpy as np
from Bio.Data import CodonTable

CODE = CodonTable.unambiguous_dna_by_id[11]
PREFERRED = {residue: min(c for c, r in CODE.forward_table.items() if r == residue) for residue in
             "ACDEFGHIKLMNPQRSTVWY"}  # fmt: skip


def draw_genes(n: int, seed: int, letters: str = "ACDEK") -> tuple[list[str], list[str]]:
    """Proteins of 3 to 12 residues, and the preferred codon of each with a stop behind."""
    rng = np.random.default_rng(seed)
    proteins = ["".join(rng.choice(list(letters), rng.integers(3, 13))) for _ in range(n)]
    return proteins, ["".join(PREFERRED[r] for r in protein) + "TAA" for protein in proteins]
