from __future__ import annotations

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.data.strands import reverse_complement
from fastgru.layers.strands import average_strands, both_strands, complement_codes

DNA = get_alphabet("dna")


@pytest.mark.parametrize("symbol", DNA.symbols)
def test_complement_codes__are_those_of_the_letters(symbol: str) -> None:
    code = complement_codes(DNA.mixture)[DNA.symbols.index(symbol)]
    assert DNA.symbols[code] == reverse_complement(symbol, DNA)


def test_both_strands__reverses_each_within_its_length() -> None:
    tokens = np.array([DNA.encode("AACGR"), DNA.encode("GTAAA")])
    both, lengths = both_strands(tokens, np.array([5, 2]), complement_codes(DNA.mixture))
    assert lengths.tolist() == [5, 2, 5, 2]
    assert both.dtype == tokens.dtype
    spelled = ["".join(DNA.symbols[code] for code in row) for row in both]
    assert spelled == ["AACGR", "GTAAA", "YCGTT", "ACTTT"]


def test_average_strands__does_not_depend_on_their_order() -> None:
    rows = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)
    swapped = np.concatenate([rows[5:], rows[:5]])
    assert average_strands(rows).tobytes() == average_strands(swapped).tobytes()
    np.testing.assert_allclose(average_strands(rows), (rows[:5] + rows[5:]) / 2, rtol=1e-6)
