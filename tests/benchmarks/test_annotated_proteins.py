"""Proteins and terms, from a made-up database."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from benchmarks.accuracy.annotated_proteins import (
    draw_unrelated,
    label_by_terms,
    read_blast_proteins,
    read_terms_below,
)

LETTERS = "-ABCDEFGHIKLMNPQRSTVWXYZU*OJ"


def write_blast(index: Path, sequences: list[str]) -> None:
    """Write a BLAST database of proteins, version 4, as formatdb lays it out."""
    body, starts = b"\0", [1]
    for letters in sequences:
        body += bytes(LETTERS.index(letter) for letter in letters) + b"\0"
        starts.append(len(body))
    n = len(sequences)
    index.with_suffix(".psq").write_bytes(body)
    words = [struct.pack(">i", len(word)) + word for word in (b"a title", b"Jan 20, 2022")]
    counts = struct.pack(">i", n) + struct.pack("<q", len(body)) + struct.pack(">i", 99)
    places = struct.pack(f">{n + 1}I", *range(n + 1)) + struct.pack(f">{n + 1}I", *starts)
    index.write_bytes(struct.pack(">ii", 4, 1) + b"".join(words) + counts + places)


def test_read_blast_proteins__finds_every_letter(tmp_path: Path) -> None:
    sequences = ["MKLV", LETTERS[1:], "W"]
    write_blast(tmp_path / "some.fasta.pin", sequences)
    assert read_blast_proteins(tmp_path / "some.fasta.pin") == sequences


def test_labels__are_the_one_name_that_the_terms_lie_below(tmp_path: Path) -> None:
    (tmp_path / "closure.txt").write_text(
        "GO:3\tOBO_REL:is_a\tGO:1\t1\nGO:4\tOBO_REL:part_of\tGO:2\t2\n"
        "GO:5\tOBO_REL:regulates\tGO:1\t1\n",
        encoding="utf-8",
    )
    below = read_terms_below(tmp_path / "closure.txt", {"one": "GO:1", "two": "GO:2"})
    assert below == {"one": {"GO:1", "GO:3"}, "two": {"GO:2", "GO:4"}}
    lines = ["a\tGO:3\tGO:1", "b\tGO:4\tGO:9", "c\tGO:3\tGO:4", "d\tGO:5"]
    (tmp_path / "annotation.dat").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert label_by_terms(tmp_path / "annotation.dat", below) == ["one", "two", None, None]


def test_draw_unrelated__keeps_one_of_relatives(rng: np.random.Generator) -> None:
    made = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 80)) for _ in range(8)]
    relative = made[0][:70] + made[1][:10]
    sequences = [*made, relative, "MK"]
    labels = ["a", "a", "b", "b", None, "a", "b", "b", "a", "a"]
    how = {"identity": 0.5, "coverage": 0.5, "threads": 1}
    found, names = draw_unrelated(sequences, labels, lengths=(10, 100), n_drawn=9, n_kept=3, **how)
    assert names == ["a"] * 3 + ["b"] * 3
    assert set(found) <= {*made, relative}
    assert not {made[0], relative} <= set(found)
    few, _ = draw_unrelated(sequences, labels, lengths=(10, 100), n_drawn=1, n_kept=3, **how)
    assert len(few) == 2
