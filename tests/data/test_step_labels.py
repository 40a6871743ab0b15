from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.labelled import LabelledSequences, read_labelled
from fastgru.data.step_labels import read_step_labels, shuffle_step_labels
from fastgru.errors import FastaFormatError, LabelError

SEQUENCES = ">a first\nACGT\nAC\n>b\nGG\n"


@pytest.fixture
def data(tmp_path: Path) -> LabelledSequences:
    (tmp_path / "s.fa").write_text(SEQUENCES, encoding="utf-8")
    return read_labelled("dna", fasta=tmp_path / "s.fa", unlabelled=True)


def read(path: Path, text: str, data: LabelledSequences):
    path.write_text(text, encoding="utf-8")
    return read_step_labels(path, data)


def test_read_step_labels__takes_letters_as_they_are_written(tmp_path: Path, data) -> None:
    labels, file = read(tmp_path / "l.fa", ">b\n?h\n>a\nHh-\n-EE\n", data)
    assert labels == {"a": "Hh--EE", "b": "?h"}
    assert (file.name, file.n_records, len(file.sha256)) == ("l.fa", 2, 64)


def test_read_step_labels__takes_a_record_twice(tmp_path: Path, data) -> None:
    labels, _ = read(tmp_path / "l.fa", ">a\nHHHHHH\n>b\nEE\n>a\nHHHHHH\n", data)
    assert labels["a"] == "HHHHHH"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ">a\nHHHHH\n>b\nEE\n",
            "there are 5 labels for a sequence of 6 letters (s.fa, line 1), expected one for each",
        ),
        (
            ">a\nHHHHHH\n",
            "l.fa, record 'b': there are no labels for this sequence (s.fa, line 4). Add",
        ),
        (
            ">a\nHHHHHH\n>b\nEE\n>c\nEE\n",
            "l.fa, line 5, record 'c': there is no sequence with this id. Remove the record",
        ),
        (
            ">a\nHHHHHH\n>b\nEE\n>b\nEH\n",
            "l.fa, line 5, record 'b': line 3 has other labels for the same id. Give every",
        ),
        (
            ">a\nH\n>b\nE\n",
            "l.fa: 2 problems:\n  line 1, record 'a': there are 1 label for a sequence of 6",
        ),
    ],
)
def test_read_step_labels__names_what_does_not_fit(tmp_path: Path, data, text, message) -> None:
    with pytest.raises(LabelError) as caught:
        read(tmp_path / "l.fa", text, data)
    assert message in str(caught.value).replace(f"{tmp_path}/", "")


def test_read_step_labels__refuses_what_is_no_fasta(tmp_path: Path, data) -> None:
    with pytest.raises(FastaFormatError, match=r"l.fa, line 1"):
        read(tmp_path / "l.fa", "id\tlabel\n", data)


@given(st.lists(st.text(alphabet="HE-?", max_size=12)), st.integers(0, 100))
def test_shuffle_step_labels__keeps_counts_and_masks(labels: list[str], seed: int) -> None:
    shuffled = shuffle_step_labels(labels, seed=seed)
    assert [sorted(row) for row in shuffled] == [sorted(row) for row in labels]
    for row, given_row in zip(shuffled, labels, strict=True):
        assert [letter == "?" for letter in row] == [letter == "?" for letter in given_row]


def test_shuffle_step_labels__shuffles() -> None:
    assert shuffle_step_labels(["HE" * 50]) != ["HE" * 50]
