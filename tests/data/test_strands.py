from __future__ import annotations

import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.alphabets import get_alphabet
from fastgru.data.strands import canonical, reverse_complement

DNA, RNA, PROTEIN = (get_alphabet(name) for name in ("dna", "rna", "protein"))


@pytest.mark.parametrize("alphabet", [DNA, RNA], ids=["dna", "rna"])
@given(data=st.data())
def test_reverse_complement__is_biopythons(alphabet, data: st.DataObject) -> None:
    sequence = data.draw(st.text(alphabet.symbols, max_size=20))
    seq = Seq(sequence)
    expected = seq.reverse_complement_rna() if alphabet is RNA else seq.reverse_complement()
    assert reverse_complement(sequence, alphabet) == str(expected)
    assert reverse_complement(reverse_complement(sequence, alphabet), alphabet) == sequence


@pytest.mark.parametrize("alphabet", [DNA, RNA], ids=["dna", "rna"])
def test_reverse_complement__pairs_what_each_code_stands_for(alphabet) -> None:
    # A and T, C and G change places, whichever letters a code is a mixture of
    for symbol in alphabet.symbols:
        other = reverse_complement(symbol, alphabet)
        rows = (alphabet.mixture[alphabet.symbols.index(letter)] for letter in (symbol, other))
        first, second = rows
        assert np.array_equal(first, second[::-1])


@given(sequence=st.text("ACGTN", max_size=20))
def test_canonical__is_the_same_for_both_strands(sequence: str) -> None:
    assert canonical(sequence, DNA) == canonical(reverse_complement(sequence, DNA), DNA)
    assert canonical(sequence, DNA) in (sequence, reverse_complement(sequence, DNA))
    assert canonical("MKV", PROTEIN) == "MKV"
    assert canonical("GU", RNA) == "GU"
