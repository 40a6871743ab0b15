from __future__ import annotations

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import AlphabetError, ConfigurationError, LabelError
from fastgru.estimators.inputs import encode_labels, encode_sequences, label_array, only_column

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
        ([2.0, -1.0, 2.0], [-1, 2], [1, 0, 1]),
        ([2, -1.0, 2], [-1, 2], [1, 0, 1]),
        (np.array([2, -1, 2], np.float32), [-1, 2], [1, 0, 1]),
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
        (None, "^y: this estimator requires y to be passed, but the target y is None.*3 sequen"),
        ([0.0, 1.0, 1e300], "Unknown label type: float, "),
        ([0.0, 1.0, float("inf")], "Unknown label type: float, "),
        (
            [0.5, 1.0, 2.0],
            r"^labels: Unknown label type: float, expected all strings or all integers\. Co",
        ),
        (["a", float("nan"), "b"], "Unknown label type: float and strings, expected all"),
        (["a", 1, "b"], "Unknown label type: integers and strings, expected"),
        (np.array(["a", None, "b"], object), "Unknown label type: NoneType and strings, expected"),
    ],
)
def test_label_array__explains_what_are_no_labels(labels, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        label_array(labels, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            ["a", "a"],
            r"^labels: only one class, 'a', among 2 sequences, expected at least 2 classes",
        ),
        ([7], r"^labels: only one class, '7', among 1 sequence, .* Add sequences of another class"),
        ([], "^labels: no class among 0 sequences"),
    ],
)
def test_encode_labels__wants_two_classes(labels, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        encode_labels(labels, len(labels))


def test_only_column__takes_a_table_of_one() -> None:
    column = np.array([["AC"], ["G"]], object)
    assert only_column(column) == ["AC", "G"]
    assert encode_sequences(DNA, column)[1].tolist() == encode_sequences(DNA, ["G"])[0].tolist()
    assert only_column(["AC"]) == ["AC"]


def test_only_column__takes_a_column_of_a_data_frame() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"sequence": ["AC", "G"], "gene": ["a", "b"]})
    assert only_column(frame[["sequence"]]) == ["AC", "G"]
    assert list(only_column(frame["sequence"])) == ["AC", "G"]
    with pytest.raises(
        ConfigurationError, match=r"^sequences: have the shape \(2, 2\), expected on"
    ):
        only_column(frame)
