from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import long_sequences
from fastgru.data.alphabets import get_alphabet
from fastgru.data.fasta import Record
from fastgru.data.long_sequences import (
    LongSequence,
    check_long_record,
    encode_stretch,
    read_long_sequences,
)
from fastgru.data.problems import Problem, check_record
from fastgru.errors import FastaFormatError

DNA, PROTEIN = get_alphabet("dna"), get_alphabet("protein")


@pytest.fixture(autouse=True)
def _short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_sequences, "_CHECKED_AT_ONCE", 4)


@given(st.text("ACGTNacgtnuRM*-", max_size=14), st.sampled_from([DNA, PROTEIN]))
def test_check_long_record__finds_what_the_check_of_records_finds(letters: str, alphabet) -> None:
    record = Record("a", "", letters, 3)
    checked, expected = check_long_record(record, alphabet), check_record(record, alphabet)
    if isinstance(expected, Problem):
        assert checked == expected
    else:
        assert isinstance(checked, LongSequence)
        assert alphabet.normalise(checked.letters) == expected
        assert checked.length == len(expected)


def test_check_long_record__keeps_the_case() -> None:
    assert check_long_record(Record("a", "", "ACgtNNac"), DNA) == LongSequence("a", "ACgtNNac", 8)
    assert check_long_record(Record("a", "", "mkV*"), PROTEIN) == LongSequence("a", "mkV", 3)


@given(st.text("ACGTNacgtnR", min_size=1, max_size=20), st.integers(0, 9), st.data())
def test_encode_stretch__is_the_part_of_the_whole(letters: str, offset: int, data) -> None:
    sequence = LongSequence("a", letters, offset + len(letters) + 7, offset)
    start = data.draw(st.integers(offset, offset + len(letters) - 1))
    end = data.draw(st.integers(start + 1, offset + len(letters)))
    stretch, part = (
        encode_stretch(sequence, DNA, start, end),
        letters[start - offset : end - offset],
    )
    assert stretch.start == start
    np.testing.assert_array_equal(stretch.codes, DNA.encode(part))
    expected = [sum(letter in "Nn" for letter in part[:place]) for place in range(len(part) + 1)]
    assert stretch.unknown.tolist() == expected
    expected = [sum(map(str.islower, part[:place])) for place in range(len(part) + 1)]
    assert stretch.masked.tolist() == expected


def test_encode_stretch__knows_the_unknown_letter_of_proteins() -> None:
    stretch = encode_stretch(LongSequence("a", "MXBN", 4), PROTEIN, 0, 4)
    assert stretch.unknown.tolist() == [0, 0, 1, 1, 1]


def test_read_long_sequences__lists_all_that_cannot_be_used(tmp_path: Path) -> None:
    first, second = tmp_path / "1.fa", tmp_path / "2.fa"
    first.write_text(">a\nACGT\n>b\nAC-T\n>c\nAC\n", encoding="utf-8")
    second.write_text(">d\nAC\n>a\nAC\n", encoding="utf-8")
    read = read_long_sequences([first, second], DNA)
    assert next(read).id == "a"
    with pytest.raises(FastaFormatError) as caught:
        list(read)
    assert "1.fa, line 4, record 'b': letter '-' at position 3 is not in" in str(caught.value)
    assert (
        "2.fa, line 3, record 'a': an earlier record has the same name, expected a name for each. "
        "Rename one" in str(caught.value)
    )
