from __future__ import annotations

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import AlphabetError, ConfigurationError, LabelError
from fastgru.estimators.inputs import encode_labels, encode_sequences, label_array

DNA = get_alphabet("dna")


@pytest.mark.parametrize(
    "sequences",
    [["acgu", "N"], ("ACGT", "n"), np.array(["ACGT", "N"]), np.array(["ACGT", "N"], object)],
)
def test_encode_sequences__takes_any_list_of_strings(sequences) -> None:
    first, second = encode_sequences(DNA, sequences)
    assert first.tolist() == [0, 1, 2, 3]
    assert second.tolist() == [DNA.symbols.index("N")]


@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        ("ACGT", ConfigurationError, r"must be a list of strings, got str\. For one sequence, giv"),
        (b"ACGT", ConfigurationError, "must be a list of strings, got bytes"),
        (["A", 7], ConfigurationError, r"^sequence 1: must be a string, got int\.$"),
        ([["ACGT"]], ConfigurationError, "^sequence 0: must be a string, got list"),
        (["A", "AC-T"], AlphabetError, r"^sequence 1: letter '-' at position 3 .* Remove the gaps"),
        (["A", ""], AlphabetError, r"^sequence 1: is empty, expected at least one letter\. Leave"),
    ],
)
def test_encode_sequences__names_the_sequence(sequences, error, message: str) -> None:
    with pytest.raises(error, match=message):
        encode_sequences(DNA, sequences)


def test_encode_sequences__refuses_those_without_a_kmer() -> None:
    assert len(encode_sequences(DNA, ["ACG"], min_length=3)) == 1
    message = (
        r"^read 1: has 2 letters, expected at least 3, the kmer_size\. Leave it out, or train with "
        r"a smaller kmer_size\.$"
    )
    with pytest.raises(LabelError, match=message):
        encode_sequences(DNA, ["ACG", "AC"], "read", min_length=3)


def test_encode_sequences__keeps_letter_and_position() -> None:
    with pytest.raises(AlphabetError) as caught:
        encode_sequences(DNA, ["A", "ACGEF"])
    assert (caught.value.letter, caught.value.position) == ("E", 4)


@pytest.mark.parametrize(
    ("labels", "classes", "targets"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        ([2, -1, 2], [-1, 2], [1, 0, 1]),
        (np.array([2, 1, 2], np.uint8), [1, 2], [1, 0, 1]),
        (np.array(["y", "x", "y"], object), ["x", "y"], [1, 0, 1]),
        (np.array([3, 2, 3], object), [2, 3], [1, 0, 1]),
        ((True, False, True), [False, True], [1, 0, 1]),
    ],
)
def test_encode_labels__sorts_the_classes(labels, classes: list, targets: list[int]) -> None:
    found, numbers = encode_labels(labels, 3)
    assert found.tolist() == classes
    assert numbers.tolist() == targets
    assert numbers.dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b"], r"must be one for each of 3 sequences, got an array of shape \(2,\)\."),
        ([["a"], ["b"], ["c"]], r"got an array of shape \(3, 1\)"),
        ([["a"], ["b", "c"], []], "must be one for each of 3 sequences"),
        ("abc", r"got an array of shape \(\)"),
        ([0.5, 1.0, 2.0], r"must be all strings or all integers, got float\. Convert them befor"),
        (["a", float("nan"), "b"], "all strings or all integers, got float and strings"),
        (["a", 1, "b"], "all strings or all integers, got integers and strings"),
        (np.array(["a", None, "b"], object), "all strings or all integers, got NoneType and st"),
    ],
)
def test_label_array__explains_what_are_no_labels(labels, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        label_array(labels, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "a"], r"^labels: only the class 'a' among 2 sequences, expected at least 2 classes"),
        ([7], r"^labels: only the class '7' among 1 sequence, .* Add sequences of another class"),
        ([], "^labels: no class among 0 sequences"),
    ],
)
def test_encode_labels__wants_two_classes(labels, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        encode_labels(labels, len(labels))
