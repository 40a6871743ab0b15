from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import AlphabetError, ConfigurationError, LabelError
from fastgru.estimators.inputs import encode_sequences
from fastgru.estimators.training_sets import (
    GivenSets,
    check_sample_weight,
    class_weights,
    given_validation,
    hold_out,
    weighted_set,
)
from fastgru.training.batches import LabelledSet
from fastgru.training.classification import Classification

encode = partial(encode_sequences, get_alphabet("dna"))
CLASSES = np.array(["x", "y"])


def test_class_weights__balanced_are_those_of_scikit_learn() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    targets = np.array([0, 0, 0, 1])
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=targets)
    np.testing.assert_allclose(class_weights("balanced", CLASSES, targets), expected)


def test_class_weights__come_from_a_mapping() -> None:
    targets = np.array([0, 1])
    assert class_weights({"y": 3, "x": 0.5, "z": 9}, CLASSES, targets).tolist() == [0.5, 3.0]
    assert class_weights({1: 3, 0: 0.5}, np.array([0, 1]), targets).tolist() == [0.5, 3.0]
    assert class_weights(None, CLASSES, targets).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"x": 1}, r"class_weight has no weight for 'y', expected one for each class\. Add it; 1 "),
        ({"x": 1, "y": -1}, "class_weight of 'y' must be a number of at least 0, got -1"),
        ({"x": "2", "y": 1}, "class_weight of 'x' must be a number of at least 0, got '2'"),
        ({"x": float("inf"), "y": 1}, "class_weight of 'x' must be a number"),
    ],
)
def test_class_weights__explains_a_bad_mapping(weights, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        class_weights(weights, CLASSES, np.array([0, 1]))


@pytest.mark.parametrize(
    "weights", [[1, 2], [1, 2, -1], [0, 0, 0], [1, np.nan, 1], [[1], [2], [3]], ["a", "b", "c"], 5]
)
def test_check_sample_weight__explains_bad_weights(weights) -> None:
    message = "sample_weight must hold 3 finite numbers, none negative and not all zero, got "
    with pytest.raises(ConfigurationError, match=message):
        check_sample_weight(weights, 3)


def test_weighted_set__multiplies_both_weights_and_drops_zeros() -> None:
    encoded = [np.array([k], np.uint8) for k in range(4)]
    targets = np.array([0, 1, 0, 1])
    made = weighted_set(encoded, targets, CLASSES, {"x": 2, "y": 5}, np.array([1.0, 3.0, 0.0, 1.0]))
    assert [codes[0] for codes in made.encoded] == [0, 1, 3]
    assert made.targets.tolist() == [0, 1, 1]
    assert made.weights.tolist() == [2, 15, 5]


def test_weighted_set__balances_what_is_there() -> None:
    encoded = [np.array([k], np.uint8) for k in range(5)]
    targets = np.array([0, 0, 0, 1, 1])
    made = weighted_set(encoded, targets, CLASSES, "balanced", np.array([1.0, 0, 0, 1.0, 0]))
    assert made.weights.tolist() == [1, 1]


def test_weighted_set__needs_a_weight() -> None:
    message = "class_weight and sample_weight leave no sequence with a weight"
    with pytest.raises(ConfigurationError, match=message):
        weighted_set([np.zeros(1)], np.array([0]), CLASSES, {"x": 0, "y": 1}, np.ones(1))


def test_given_validation__has_the_targets_and_weights_of_its_classes() -> None:
    made = given_validation(encode, CLASSES, {"x": 2, "y": 5}, (["A", "c"], ["y", "x"]))
    assert [codes.tolist() for codes in made.encoded] == [[0], [1]]
    assert made.targets.tolist() == [1, 0]
    assert made.weights.tolist() == [5, 2]


@pytest.mark.parametrize(
    ("given_data", "error", "message"),
    [
        (
            (["A"], ["z"]),
            LabelError,
            r"^validation set: has the class 'z', expected .* set, 'x', 'y'\. Move some of them",
        ),
        (([], []), LabelError, "^validation set: is empty, expected"),
        ((["A"], ["x", "y"]), LabelError, "must be one for each of 1 sequence, got"),
        ((["E"], ["x"]), AlphabetError, "^validation sequence 0: letter 'E' at position 1"),
    ],
)
def test_given_validation__explains_what_it_cannot_use(given_data, error, message: str) -> None:
    with pytest.raises(error, match=message):
        given_validation(encode, CLASSES, None, given_data)


def labelled(counts: list[int]) -> GivenSets:
    targets = np.repeat(np.arange(len(counts)), counts)
    encoded = [np.array([k % 256], np.uint8) for k in range(len(targets))]
    whole = LabelledSet(encoded, targets, np.arange(len(targets), dtype=float))
    classes = np.array([f"c{k}" for k in range(len(counts))])
    return GivenSets(classes, Classification(), whole, None, stratified=True)


@given(
    counts=st.lists(st.integers(2, 60), min_size=2, max_size=5),
    fraction=st.floats(0.01, 0.9),
    seed=st.integers(0, 99),
)
def test_hold_out__leaves_every_class_on_both_sides(
    counts: list[int], fraction: float, seed: int
) -> None:
    whole = labelled(counts)
    kept, held_out = hold_out(whole, fraction, seed)
    assert sorted([*kept.weights, *held_out.weights]) == whole.training.weights.tolist()
    in_both = [np.bincount(part.targets, minlength=len(counts)) for part in (kept, held_out)]
    assert min(map(min, in_both)) >= 1
    for count, n_held_out in zip(counts, in_both[1], strict=True):
        assert abs(n_held_out - fraction * count) <= 1
    again = hold_out(whole, fraction, seed)[1]
    assert again.weights.tolist() == held_out.weights.tolist()


def test_hold_out__needs_two_sequences_of_every_class() -> None:
    message = (
        r"class 'c1' has 1 sequence to learn from, expected at least 2: one to train on, and one "
        r"to hold out to stop by\. Add sequences, remove the class, or switch early_stopping off\."
    )
    with pytest.raises(LabelError, match=message):
        hold_out(labelled([9, 1]), 0.1, 0)


def test_hold_out__needs_two_sequences_where_there_are_no_classes() -> None:
    whole = replace(labelled([9]), stratified=False)
    kept, held_out = hold_out(whole, 0.3, 0)
    assert (len(kept.encoded), len(held_out.encoded)) == (6, 3)
    with pytest.raises(LabelError, match=r"^the training set has 1 sequence to learn from"):
        hold_out(replace(labelled([1]), stratified=False), 0.3, 0)
