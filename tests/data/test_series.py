from __future__ import annotations

import json

import numpy as np
import pytest

from fastgru.data.series import SeriesProfile, SeriesScale, describe_series, encode_series
from fastgru.errors import ConfigurationError, LabelError


def test_encode_series__takes_arrays_of_one_or_more_features() -> None:
    one, two = encode_series([[1, 2, 3], [4]]), encode_series([np.ones((5, 2), np.float32)])
    assert [values.shape for values in (*one, *two)] == [(3, 1), (1, 1), (5, 2)]
    assert {values.dtype for values in (*one, *two)} == {np.dtype(np.float64)}


def test_encode_series__leaves_the_arrays_of_the_caller_alone() -> None:
    given = np.zeros((3, 2))
    encode_series([given])[0][:] = 1
    assert not given.any()


@pytest.mark.parametrize(
    ("series", "error", "message"),
    [
        (["ACGT"], ConfigurationError, r"^series 0: must be an array of numbers \(length, fe.*str"),
        ([[1, None]], LabelError, "^series 0: feature 0 of step 1 is nan, expected a number of at"),
        ([[[1, 2], [3]]], ConfigurationError, "^series 0: must be an array of numbers"),
        ([np.zeros((2, 3, 4))], LabelError, r"^series 0: has the shape \(2, 3, 4\), expected"),
        ([[1.0], []], LabelError, r"^series 1: has the shape \(0,\), expected \(length, fe"),
        ([3.0], LabelError, r"^series 0: has the shape \(\), expected"),
        ([[1.0], [[1.0, 2.0]]], LabelError, "^series 1: has 2 features, expected 1 as the series"),
        ([[[0, 1], [2, np.inf]]], LabelError, "^series 0: feature 1 of step 1 is inf, expected"),
        ([np.zeros((2, 0))], LabelError, r"^series 0: has the shape \(2, 0\), expected"),
        ([[0, -1e101]], LabelError, r"step 1 is -1e\+101, expected a number of at most 1e\+100"),
    ],
)
def test_encode_series__names_what_it_cannot_use(series, error, message: str) -> None:
    with pytest.raises(error, match=message):
        encode_series(series)


def test_encode_series__compares_with_the_features_of_a_model() -> None:
    with pytest.raises(LabelError, match=r"^new 0: has 1 feature, expected 3 as the series of tr"):
        encode_series([[1.0]], "new", n_features=3)


def some(n: int = 6) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal((k + 1, 2)) * [1e-3, 50] + [1e6, -3] for k in range(n)]


def test_scale__is_mean_and_deviation_of_all_steps() -> None:
    scale, steps = SeriesScale.of(some(), np.ones(len(some()))), np.concatenate(some())
    np.testing.assert_allclose(scale.mean, steps.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(scale.deviation, steps.std(axis=0), rtol=1e-12)


def test_scale__counts_a_series_of_weight_two_twice() -> None:
    weights = np.array([1.0, 2, 1, 2, 1, 1])
    twice = [
        values for values, weight in zip(some(), weights, strict=True) for _ in range(int(weight))
    ]
    expected, found = SeriesScale.of(twice, np.ones(8)), SeriesScale.of(some(), weights)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-14)
    np.testing.assert_allclose(found.deviation, expected.deviation, rtol=1e-12)


@pytest.mark.parametrize("value", [7.0, 0.1, -1e-30])
def test_scale__of_a_feature_that_never_changes_is_one(value: float) -> None:
    # of three tenths the mean is no tenth
    assert SeriesScale.of([np.full((3, 1), value)], np.ones(1)).deviation.tolist() == [1.0]


def test_scale__and_profile_come_back_from_json() -> None:
    scale, profile = SeriesScale.of(some(), np.ones(len(some()))), describe_series(some())
    twin = SeriesScale.from_dict(json.loads(json.dumps(scale.to_dict())), 2)
    assert twin.to_dict() == scale.to_dict()
    fields = json.loads(json.dumps(profile.to_dict()))
    assert SeriesProfile.from_dict(fields, 2).to_dict() == fields


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mean": [0.0], "deviation": [1.0, 1.0]}, "not one mean and deviation for each of 2"),
        ({"mean": [0.0, 0.0], "deviation": [1.0, 0.0]}, "series.deviation is not positive"),
    ],
)
def test_scale__refuses_what_does_not_fit(fields, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SeriesScale.from_dict(fields, 2)


def test_profile__refuses_another_number_of_features() -> None:
    with pytest.raises(ValueError, match="not one range for each of 3 features"):
        SeriesProfile.from_dict(describe_series(some()).to_dict(), 3)


def test_flags__are_lengths_and_values_beyond_those_of_training() -> None:
    profile = describe_series([np.array([[0.0], [2.0]]), np.array([[1.0]])])
    flags = profile.flags([np.array(rows)[:, None] for rows in ([1.5], [0.0] * 3, [2.1], [-1] * 4)])
    assert flags == [(), ("length",), ("values",), ("length", "values")]


def test_encode_series__puts_gaps_in_the_place_of_times() -> None:
    given = np.array([[3.0, 7], [3, 8], [5.5, 9]])
    (encoded,) = encode_series([given], timed=True)
    np.testing.assert_array_equal(encoded, [[0, 7], [0, 8], [2.5, 9]])
    assert given[0, 0] == 3


@pytest.mark.parametrize("times", [[0, 2, 1.5], [0, -9e99, 9e99]])
def test_encode_series__names_the_step_whose_time_falls_or_leaps(times: list[float]) -> None:
    message = r"^series 1: step \d has the time .* behind .*, expected times \(feature 0\) that nev"
    with pytest.raises(LabelError, match=message):
        encode_series([[1.0, 2, 3], times], timed=True)
