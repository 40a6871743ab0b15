"""Series in tables: rows of an array or a data frame, as scikit-learn has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_regression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.utils import get_tags

from fastgru import SequenceClassifier, SequenceRegressor
from fastgru.errors import ConfigurationError, LabelError
from tests.estimators.conftest import SMALL, small_classifier

ROWS = np.random.default_rng(0).standard_normal((40, 6)) + np.arange(40)[:, None] % 2
LABELS = np.arange(40) % 2


def fitted_to(series: Any) -> SequenceClassifier:
    return small_classifier(alphabet="series", max_epochs=2).fit(series, LABELS)


@pytest.fixture(scope="module")
def model() -> SequenceClassifier:
    return fitted_to(ROWS)


def test_fit__reads_a_row_as_a_series_of_one_feature(model) -> None:
    as_list = fitted_to([row[:, None] for row in ROWS])
    assert as_list.predict_proba(list(ROWS)).tobytes() == model.predict_proba(ROWS).tobytes()
    assert model.n_features_in_ == 6
    assert not hasattr(as_list, "n_features_in_")


def test_fit__reads_an_array_of_three_axes_as_series_of_several_features() -> None:
    both = np.stack([ROWS, -ROWS], axis=2)
    model = fitted_to(both)
    assert (
        model.predict_proba(both).tobytes() == fitted_to(list(both)).predict_proba(both).tobytes()
    )
    assert not hasattr(model, "n_features_in_")
    assert model.predict(both[:, :2]).shape == (40,)
    with pytest.raises(LabelError, match=r"^sequence 0: has 1 feature, expected 2"):
        model.predict(ROWS)


def test_fit__takes_an_array_of_series_of_any_length() -> None:
    ragged = np.empty(40, object)
    ragged[:] = [row[: 2 + k % 4] for k, row in enumerate(ROWS)]
    model = fitted_to(ragged)
    expected = fitted_to(list(ragged)).predict_proba(list(ragged))
    assert model.predict_proba(ragged).tobytes() == expected.tobytes()
    assert not hasattr(model, "n_features_in_")


def test_fit__takes_lists_of_as_many_numbers_for_rows(model) -> None:
    lists = fitted_to(ROWS.tolist())
    assert lists.predict_proba(ROWS).tobytes() == model.predict_proba(ROWS).tobytes()
    assert lists.n_features_in_ == 6
    lists.fit([row[: 2 + k % 4] for k, row in enumerate(ROWS.tolist())], LABELS)
    assert not hasattr(lists, "n_features_in_")


def test_predict__wants_the_width_of_training_in_tables_alone(model) -> None:
    message = r"^X has 4 features, but SequenceClassifier is expecting 6 features as input"
    for ask in (model.predict, model.predict_proba, model.flag_unusual, model.seen_in_training):
        with pytest.raises(ValueError, match=message):
            ask(ROWS[:, :4])
    assert model.predict_proba(list(ROWS[:, :4])).shape == (40, 2)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (ROWS[0], ValueError, "Expected 2D array, got 1D array instead"),
        (np.where(ROWS > 2, np.nan, ROWS), ValueError, "Input X contains NaN"),
        (np.where(ROWS > 2, np.inf, ROWS), ValueError, "Input X contains infinity"),
        (ROWS + 1j, ValueError, "Complex data not supported"),
        (csr_array(ROWS), TypeError, "[Ss]parse data was passed"),
        (ROWS[:0], ValueError, r"Found array with 0 sample\(s\)"),
        (ROWS[:, :0], ValueError, r"Found array with 0 feature\(s\)"),
    ],
)
def test_fit__refuses_as_scikit_learn_does(given: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        small_classifier(alphabet="series").fit(given, LABELS)


def test_fit__keeps_the_names_of_columns(model) -> None:
    pandas = pytest.importorskip("pandas")
    names = [f"hour_{k}" for k in range(6)]
    frame = pandas.DataFrame(ROWS, columns=names)
    named = fitted_to(frame)
    assert named.feature_names_in_.tolist() == names
    assert named.predict_proba(frame).tobytes() == model.predict_proba(ROWS).tobytes()
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        named.predict(frame[names[::-1]])
    named.fit(list(ROWS), LABELS)
    assert not hasattr(named, "feature_names_in_")


def test_fit__compares_the_table_to_stop_by(model) -> None:
    pandas = pytest.importorskip("pandas")
    learner = small_classifier(alphabet="series", max_epochs=2)
    with pytest.raises(ValueError, match="X has 2 features, but SequenceClassifier is expecting 6"):
        learner.fit(ROWS, LABELS, validation_data=(ROWS[:9, :2], LABELS[:9]))
    frame = pandas.DataFrame(ROWS)
    found = learner.fit(frame, LABELS, validation_data=(frame[:9], LABELS[:9]))
    listed = small_classifier(alphabet="series", max_epochs=2)
    listed.fit(list(ROWS), LABELS, validation_data=(list(ROWS[:9]), LABELS[:9]))
    assert found.predict_proba(ROWS).tobytes() == listed.predict_proba(ROWS).tobytes()


@pytest.mark.parametrize(
    "series",
    [ROWS, np.stack([ROWS, -ROWS], axis=2), [row[: 2 + k % 4] for k, row in enumerate(ROWS)]],
)
def test_cross_val_predict__takes_series_in_every_form(series: Any) -> None:
    model = small_classifier(alphabet="series", max_epochs=1)
    found = cross_val_predict(model, series, LABELS, cv=KFold(2), method="predict_proba")
    expected = model.fit(series[20:], LABELS[20:]).predict_proba(series[:20])
    assert found[:20].tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", ["datetime64[s]", "timedelta64[D]"])
def test_dates__are_refused_in_tables_and_lists(kind: str) -> None:
    pandas = pytest.importorskip("pandas")
    dates = np.arange(40 * 3).reshape(40, 3).astype(kind)
    frame = pandas.DataFrame({"x": np.arange(40.0), "seen": dates[:, 0]})
    cases: list[tuple[Any, str]] = [
        (dates, r"^X: holds dates or spans of time \((datetime|timedelta)64\[.\]\), expected numb"),
        (dates[:, :, None], "^X: holds dates"),
        (frame, "^X: column 'seen' holds dates .* Convert them to the numbers that you mean"),
        (list(dates), "^sequence 0: holds dates"),
    ]
    for rows, message in cases:
        with pytest.raises(ConfigurationError, match=message):
            fitted_to(rows)
    zoned = frame.assign(seen=pandas.Timestamp("2026-01-01", tz="UTC"))
    with pytest.raises(ConfigurationError, match="column 'seen' holds dates"):
        fitted_to(zoned)


def test_load__reads_tables_of_any_width(model, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    model.save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    expected = model.predict_proba(ROWS).tobytes()
    assert twin.predict_proba(pandas.DataFrame(ROWS)).tobytes() == expected
    assert twin.predict(ROWS[:, :3]).shape == (40,)


def test_regressor__reads_tables() -> None:
    model = SequenceRegressor("series", **SMALL).fit(ROWS, ROWS[:, 0])
    with pytest.raises(ValueError, match="X has 5 features, but SequenceRegressor is expecting 6"):
        model.predict_interval(ROWS[:, 1:])
    with pytest.raises(LabelError, match="this estimator requires y to be passed, but the targe"):
        model.fit(ROWS, None)


def test_regressor__learns_the_data_of_scikit_learns_check_in_more_epochs() -> None:
    # which the tag poor_score says it does not with the default ones
    rows, numbers = make_regression(200, 10, n_informative=1, bias=5.0, noise=20, random_state=42)
    options = {**SMALL, "hidden_size": 8, "learning_rate": 4e-2, "max_epochs": 60}
    assert SequenceRegressor("series", **options).fit(rows, numbers).score(rows, numbers) > 0.5
    assert get_tags(SequenceRegressor("series")).regressor_tags.poor_score
    assert not get_tags(SequenceRegressor("dna")).regressor_tags.poor_score


@pytest.mark.parametrize("kind", [SequenceClassifier, SequenceRegressor])
def test_tags__follow_the_alphabet(kind: Any) -> None:
    of_series, of_letters = (get_tags(kind(name)).input_tags for name in ("series", "dna"))
    assert of_series.two_d_array
    assert of_series.three_d_array
    assert not of_series.string
    assert of_letters.string
    assert not of_letters.two_d_array
