from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import AlphabetError, ConfigurationError, LabelError
from fastgru.estimators.inputs import encode_sequences
from fastgru.estimators.training_sets import (
    check_sample_weight,
    class_weights,
    given_validation,
    weighted_set,
)

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
