from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.annotations import (
    CodingSegment,
    codon_places,
    cut_labelled_windows,
    read_coding,
)
from fastgru.errors import LabelError

GFF = """\
##gff-version 3
chr1\tsrc\tgene\t1\t90\t.\t+\t.\tID=g
chr1\tsrc\tCDS\t4\t9\t.\t+\t0\tParent=g
chr1\tsrc\tCDS\t20\t21\t1.000\t-\t2\ttranscript_id "t"

chr2\tsrc\tCDS\t1\t1\t.\t-\t1\tParent=h
##FASTA
>chr1
"""


@st.composite
def segments(draw: st.DrawFn) -> list[CodingSegment]:
    """Segments of one sequence that do not overlap."""
    ends = sorted(draw(st.sets(st.integers(0, 60), max_size=8)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return [
        CodingSegment(a, b, draw(st.sampled_from("+-")), draw(st.integers(0, 2))) for a, b in pairs
    ]


def test_read_coding__has_segments_from_0_half_open(tmp_path: Path) -> None:
    path = tmp_path / "genes.gff.gz"
    path.write_bytes(gzip.compress(GFF.encode()))
    assert read_coding(path) == {
        "chr1": [CodingSegment(3, 9, "+", 0), CodingSegment(19, 21, "-", 2)],
        "chr2": [CodingSegment(0, 1, "-", 1)],
    }


@pytest.mark.parametrize(
    "cells",
    [
        ["4", "9", ".", "+", ".", "x"],
        ["4", "9", ".", ".", "0", "x"],
        ["9", "4", ".", "+", "0", "x"],
        ["0", "4", ".", "+", "0", "x"],
        ["a", "4", ".", "+", "0", "x"],
        ["4", "9", ".", "+", "0"],
    ],
)
def test_read_coding__refuses_lines_that_are_no_segments(cells, tmp_path: Path) -> None:
    path = tmp_path / "genes.gff"
    line = "\t".join(["chr1", "src", "CDS", *cells])
    path.write_text(f"{GFF.split('##FASTA')[0]}{line}\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"line 7: found 'chr1.*expected nine columns.*Correct"):
        read_coding(path)


def test_read_coding__refuses_a_file_without_coding_sequences(tmp_path: Path) -> None:
    path = tmp_path / "genes.bed"
    path.write_text("chr1\t3\t9\n", encoding="utf-8")
    with pytest.raises(LabelError, match="holds no line of type CDS, expected an annotation"):
        read_coding(path)


@given(found=segments(), start=st.integers(0, 30), size=st.integers(1, 30))
def test_codon_places__count_codons_in_the_direction_of_reading(found, start, size) -> None:
    for strand in "+-":
        expected = [0] * 60
        for segment in found:
            if segment.strand == strand:
                letters = list(range(segment.start, segment.end))[:: 1 if strand == "+" else -1]
                # a codon begins behind the letters of the phase, and every third one from there
                for number, letter in enumerate(letters):
                    expected[letter] = (number + 3 - segment.phase) % 3 + 1
        places = codon_places(found, start, start + size, strand)
        assert places.tolist() == expected[start : start + size]


@given(found=segments(), window=st.integers(1, 30))
def test_cut_labelled_windows__label_both_strands(found, window) -> None:
    letters = "".join(np.random.default_rng(1).choice(list("ACGTacgtn"), 60))
    pairs = list(cut_labelled_windows(letters, found, 5, 57, window))
    assert len(pairs) == 52 // window * 2
    for number, (text, labels) in enumerate(pairs):
        start = 5 + number // 2 * window
        strand = "+-"[number % 2]
        piece = letters[start : start + window].upper()
        places = codon_places(found, start, start + window, strand)
        expected = ["N123"[place] for place in places]
        if strand == "-":
            piece = piece[::-1].translate(str.maketrans("ACGT", "TGCA"))
            expected.reverse()
        assert (text, labels) == (piece, "".join(expected))


@given(found=segments(), window=st.integers(1, 30), at_once=st.integers(1, 40))
def test_cut_labelled_windows__are_the_same_whatever_is_looked_at_at_once(
    found, window, at_once
) -> None:
    letters = "".join(np.random.default_rng(1).choice(list("ACGTacgtn"), 60))
    found = [*found, *found[:1]]  # the last of those that overlap counts
    expected = list(cut_labelled_windows(letters, found, 5, 57, window))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastgru.data.annotations._AT_ONCE", at_once)
        assert list(cut_labelled_windows(letters, found, 5, 57, window)) == expected


def test_labels__spell_the_codons_of_a_gene_on_either_strand() -> None:
    letters = "CC" + "ATGGC" + "GTAG" + "ATAA" + "C"
    ahead = [CodingSegment(2, 7, "+", 0), CodingSegment(11, 15, "+", 1)]
    other = letters[::-1].translate(str.maketrans("ACGT", "TGCA"))
    back = [CodingSegment(9, 14, "-", 0), CodingSegment(1, 5, "-", 1)]
    expected = [(letters, "NN" + "12312" + "NNNN" + "3123" + "N"), (other, "N" * 16)]
    assert list(cut_labelled_windows(letters, ahead, 0, 16, 16)) == expected
    assert list(cut_labelled_windows(other, back, 0, 16, 16)) == expected[::-1]
