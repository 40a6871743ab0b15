from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import long_fasta
from fastgru.data.alphabets import get_alphabet
from fastgru.data.long_fasta import measure_records, read_in_stretches
from fastgru.data.long_sequences import read_long_sequences
from fastgru.errors import FastaFormatError

DNA = get_alphabet("dna")
line_ends = st.sampled_from(["\n", "\r\n", "\n\n", " \n", "\n; > note\n"])
lines = st.text("ACGTNacgt", max_size=9)


@st.composite
def files(draw: st.DrawFn) -> str:
    """FASTA as it may be, mostly without faults."""
    text = draw(st.sampled_from(["", "\n", "; first\n", "\ufeff"]))
    for number in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from([f"chr{number}"] * 20 + ["", "chr0"]))
        text += f">{name} about > it;" + draw(line_ends)
        for _ in range(draw(st.integers(0, 4))):
            text += draw(lines) + draw(line_ends)
        text += "A\n" if draw(st.integers(0, 9)) else ""
    return text.removesuffix("\n") if draw(st.booleans()) else text


@given(files(), st.integers(1, 12), st.data())
def test_stretches__are_those_of_whole_records(
    tmp_path_factory, text: str, block: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("long") / "a.fa"
    path.write_bytes(text.encode())
    try:
        expected = {one.id: one.letters[:] for one in read_long_sequences([path], DNA)}
    except FastaFormatError:
        expected = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_fasta, "_BLOCK", block)
        lengths = measure_records([path], DNA)
        if not expected:
            assert lengths is None
            return
        assert lengths == {name: len(letters) for name, letters in expected.items()}
        for sequence in read_in_stretches([path], lengths):
            letters, start = expected.pop(sequence.id), 0
            assert sequence.length == len(letters)
            for _ in range(data.draw(st.integers(0, 4))):
                start = data.draw(st.integers(start, len(letters)))
                end = data.draw(st.integers(start, len(letters)))
                assert sequence.letters[start:end] == letters[start:end]
        assert not expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ACGT\n",
        "A\n>a\nAC\n",
        ">a\n>b\nAC\n",
        ">a\nAC\n>b\n",
        ">a\nA-C\n",
        ">a\nA\u00e9C\n",
        ">a\nA>C\n",
        ">\nAC\n",
        ">a\nAC\n>a\nAC\n",
    ],
)
def test_measure_records__leaves_faults_to_others(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.fa"
    path.write_text(text, encoding="utf-8")
    assert measure_records([path], DNA) is None
    with pytest.raises(FastaFormatError):
        list(read_long_sequences([path], DNA))


def test_measure_records__leaves_files_that_cannot_be_read_to_others(tmp_path: Path) -> None:
    assert measure_records([tmp_path / "none.fa"], DNA) is None
    path = tmp_path / "a.fa.gz"
    path.write_bytes(gzip.compress(b">a\n" + b"ACGT\n" * 9)[:-6])
    assert measure_records([path], DNA) is None


def test_records__of_several_files_follow_each_other(tmp_path: Path) -> None:
    paths = [tmp_path / "1.fa.gz", tmp_path / "2.fa"]
    paths[0].write_bytes(gzip.compress(b">a\nACGT\nAC\n>b\nCC"))
    paths[1].write_text(">c\nGGT\n", encoding="utf-8")
    lengths = measure_records(paths, DNA)
    assert lengths == {"a": 6, "b": 2, "c": 3}
    found = [(one.id, one.letters[1 : one.length]) for one in read_in_stretches(paths, lengths)]
    assert found == [("a", "CGTAC"), ("b", "C"), ("c", "GT")]


def test_letters__that_are_gone_are_not_made_up(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(long_fasta, "_BLOCK", 4)
    path = tmp_path / "a.fa"
    path.write_text(">a\nACGTACGTACGT\n", encoding="utf-8")
    (sequence,) = read_in_stretches([path], {"a": 12})
    sequence = next(read_in_stretches([path], {"a": 12}))
    assert sequence.letters[6:12] == "GTACGT"
    with pytest.raises(ValueError, match="letters from 0 on are gone"):
        sequence.letters[0:3]


def test_files__that_change_meanwhile_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fa"
    path.write_text(">a\nACGT\n", encoding="utf-8")
    sequence = next(read_in_stretches([path], {"a": 5}))
    with pytest.raises(FastaFormatError, match=r"a\.fa, record 'a': has changed since it was che"):
        sequence.letters[0:5]
    with pytest.raises(FastaFormatError, match="record 'a': has changed"):
        list(read_in_stretches([path], {"b": 4}))


@pytest.mark.parametrize("width", [60, 4_000_000])
def test_memory__does_not_grow_with_a_record(tmp_path: Path, width: int) -> None:
    path, length = tmp_path / "a.fa", 4_000_000
    path.write_text(">a\n" + ("ACGT" * (width // 4) + "\n") * (length // width), encoding="utf-8")
    length = length // width * width
    tracemalloc.start()
    try:
        assert measure_records([path], DNA) == {"a": length}
        for sequence in read_in_stretches([path], {"a": length}):
            for start in range(0, length - 1000, 500):
                assert len(sequence.letters[start : start + 1000]) == 1000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000
