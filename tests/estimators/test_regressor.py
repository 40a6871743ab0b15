from __future__ import annotations

import inspect
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone, is_regressor
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.utils import get_tags

from fastgru import SequenceClassifier, SequenceRegressor
from fastgru.errors import ConfigurationError, LabelError, ModelFileError
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.parameters import parameters_of
from fastgru.models.model_file import read_model
from tests.estimators.conftest import count_refused, small_regressor
from tests.models.model_files import put_together, take_apart
from tests.planted import plant_counts

LEARNING = {"conv_channels": (16,), "hidden_size": 16, "max_epochs": 15}


@pytest.fixture(scope="module")
def learned() -> SequenceRegressor:
    """A regressor that has learned to count, in units of its own; to be left as it is."""
    sequences, counts = plant_counts(800, seed=2)
    targets = np.stack([100 * counts + 1000, -counts], axis=1)
    return small_regressor(**LEARNING).fit(sequences, targets, target_names=["big", "minus"])


def test_regressor__learns_to_count_motifs(learned) -> None:
    sequences, counts = plant_counts(200, seed=3)
    targets = np.stack([100 * counts + 1000, -counts], axis=1)
    assert learned.score(sequences, targets) > 0.9
    history = learned.history_[learned.best_epoch_ - 1]
    assert history["validation_r2"] > 0.9
    assert learned.targets_.tolist() == ["big", "minus"]


def test_regressor__learns_from_targets_of_which_most_are_missing() -> None:
    sequences, counts = plant_counts(1200, seed=4)
    holes = np.random.default_rng(0).random((1200, 2)) < 0.6
    targets = np.where(holes, math.nan, np.stack([counts, 5 - counts], axis=1))
    model = small_regressor(**LEARNING).fit(sequences, targets)
    assert model.n_train_ + model.n_validation_ == (~holes.all(axis=1)).sum()
    sequences, counts = plant_counts(200, seed=3)
    assert model.score(sequences, np.stack([counts, 5 - counts], axis=1)) > 0.8


def test_predict_interval__holds_the_targets_as_often_as_it_says(learned) -> None:
    sequences, counts = plant_counts(400, seed=5)
    ends = learned.predict_interval(sequences, coverage=0.8)
    assert ends.shape == (400, 2, 2)
    inside = (ends[:, 0, 0] <= 100 * counts + 1000) & (100 * counts + 1000 <= ends[:, 0, 1])
    # four deviations of a binomial of 400 draws, and of the 80 residuals
    assert abs(inside.mean() - 0.8) < 4 * math.sqrt(0.16 * (1 / 400 + 1 / 80))


@pytest.mark.parametrize(
    ("coverage", "expected"), [(0.5, 5.0), (0.7, 7.0), (0.9, 9.0), (0.91, math.inf), (0.01, 1.0)]
)
def test_half_widths__are_residuals_of_the_rank_for_one_sequence_more(
    coverage: float, expected: float, learned
) -> None:
    fields = {**vars(learned._fitted), "residuals": [np.arange(1.0, 10.0), np.empty(0)]}
    widths = FittedRegressor(**fields).half_widths(coverage)
    assert widths.tolist() == [expected, math.inf]


def test_predict_interval__is_infinite_without_a_validation_set(make_regressor, counted) -> None:
    model = make_regressor(early_stopping=False, max_epochs=1).fit(*counted)
    assert np.isinf(model.predict_interval(counted[0])).all()


def test_residuals__are_those_of_the_validation_set(make_regressor, counted) -> None:
    others = plant_counts(15, seed=9)
    model = make_regressor(max_epochs=1).fit(*counted, validation_data=others)
    expected = np.sort(np.abs(others[1] - model.predict(others[0])))
    np.testing.assert_allclose(model._fitted.residuals[0], expected, rtol=1e-12)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, math.nan, "0.9", None])
def test_predict_interval__refuses_other_coverages(coverage: object, learned) -> None:
    with pytest.raises(ConfigurationError, match="coverage must be a number above 0 and below 1"):
        learned.predict_interval(["ACGT"], coverage)


def test_targets__are_standardised_by_what_is_learned_from(make_regressor, counted) -> None:
    model = make_regressor(max_epochs=1).fit(*counted, validation_data=plant_counts(9, seed=9))
    objective = model._fitted.objective
    assert objective.mean[0] == pytest.approx(counted[1].mean(), rel=1e-14)
    assert objective.deviation[0] == pytest.approx(counted[1].std(), rel=1e-14)


@pytest.mark.parametrize("sample_weight", ["zero", "missing"])
def test_fit__leaves_out_what_counts_for_nothing(
    sample_weight: str, make_regressor, counted, tmp_path: Path
) -> None:
    sequences, targets = counted
    more = [*sequences, "GATTACA" * 4]
    model = make_regressor(max_epochs=1)
    if sample_weight == "zero":
        model.fit(more, [*targets, 1e9], np.append(np.ones(60), 0.0))
    else:
        model.fit(more, [*targets, math.nan])
    model.save(tmp_path / "a")
    make_regressor(max_epochs=1).fit(*counted).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_fit__takes_columns_of_one_target_as_rows(make_regressor, counted) -> None:
    rows = make_regressor(max_epochs=1).fit(*counted).predict(counted[0])
    column = make_regressor(max_epochs=1).fit(counted[0], counted[1][:, None]).predict(counted[0])
    assert rows.shape == (60,)
    assert rows.tobytes() == column.tobytes()


@pytest.mark.parametrize("threads", [1, 2])
def test_load__undoes_save(threads: int, make_regressor, counted, tmp_path: Path) -> None:
    targets = np.stack([counted[1], np.where(counted[1] > 2, math.nan, 1.0)], axis=1)
    model = make_regressor(threads=threads).fit(counted[0], targets, target_names=["a", "b"])
    model.save(tmp_path / "m", extra={"notes": 1})
    twin = SequenceRegressor.load(tmp_path / "m")
    assert twin.predict(counted[0]).tobytes() == model.predict(counted[0]).tobytes()
    ends = model.predict_interval(counted[0], 0.5)
    assert twin.predict_interval(counted[0], 0.5).tobytes() == ends.tobytes()
    assert twin.get_params() == {**model.get_params(), "threads": None}
    assert twin.targets_.tolist() == ["a", "b"]
    assert twin.history_ == model.history_
    assert twin.flag_unusual(counted[0]) == model.flag_unusual(counted[0])
    assert twin.seen_in_training([counted[0][0], "ACGT"]).tolist() == [True, False]
    twin.save(tmp_path / "again", extra={"notes": 1})
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_save__gives_the_same_bytes_for_any_number_of_threads(
    make_regressor, counted, tmp_path: Path
) -> None:
    for threads in (1, 2):
        make_regressor(threads=threads).fit(*counted).save(tmp_path / str(threads))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_card__says_what_the_file_format_page_says(make_regressor, counted, tmp_path) -> None:
    make_regressor(max_epochs=1).fit(*counted, target_names=["dose"]).save(tmp_path / "m")
    card = read_model(tmp_path / "m").card
    assert (card["task"], card["targets"]) == ("regression", ["dose"])
    assert len(card["target_mean"]) == len(card["target_deviation"]) == 1
    assert len(card["residuals"][0]) == card["training"]["n_validation"] == 6
    assert "validation_r2" in card["training"]["history"][0]
    assert "class_weight" not in card["training"]["parameters"]


def test_load__refuses_damaged_cards(make_regressor, counted, tmp_path: Path) -> None:
    path = tmp_path / "m"
    make_regressor(max_epochs=1).fit(*counted).save(path)
    assert count_refused(path, 200, counted[0][:2], estimator=SequenceRegressor) > 100


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"targets": ["a", "b"]}, r"lists differ in length \(targets 2, target_mean 1, "),
        ({"target_mean": []}, r"lists differ in length \(targets 1, target_mean 0, "),
        (
            {
                "targets": ["a", "b"],
                "target_mean": [0.0, 0.0],
                "target_deviation": [1.0, 1.0],
                "residuals": [[], []],
            },
            "targets has 2 entries for a network with 1 outputs",
        ),
        (
            {"target_deviation": [0.0]},
            r"target_deviation\[0\] is 0.0, expected a number from 1e-300",
        ),
        ({"residuals": [[2.0, 1.0]]}, "residuals do not rise"),
        ({"format_version": 2}, "format_version is that of an ensemble"),
    ],
)
def test_load__refuses_contradictions(
    entries: dict, message: str, make_regressor, counted, tmp_path: Path
) -> None:
    path = tmp_path / "m"
    make_regressor(max_epochs=1).fit(*counted).save(path)
    header, card, weights = take_apart(path.read_bytes())
    path.write_bytes(put_together(header, card | entries, weights))
    with pytest.raises(ModelFileError, match=message):
        SequenceRegressor.load(path)


def test_load__refuses_models_of_other_tasks(fitted, make_regressor, counted, tmp_path) -> None:
    fitted.save(tmp_path / "c")
    with pytest.raises(ModelFileError, match="is a model of classification, expected one of regr"):
        SequenceRegressor.load(tmp_path / "c")
    make_regressor(max_epochs=1).fit(*counted).save(tmp_path / "r")
    message = "is a model of regression, expected one of classification or multilabel. Give another"
    with pytest.raises(ModelFileError, match=message):
        SequenceClassifier.load(tmp_path / "r")


BAD_TARGETS = [
    (["a"] * 60, "targets: must be numbers, one row for each sequence"),
    ([1.0] * 59, r"must be one or several for each of 60 sequences, got an array of shape \(59,\)"),
    (np.zeros((60, 0)), r"got an array of shape \(60, 0\)"),
    (np.zeros((60, 1, 1)), r"got an array of shape \(60, 1, 1\)"),
    ([math.nan] * 60, "training set: no sequence has a weight and a known target"),
    ([[1.0, math.nan]] * 60, "target 'target_1': is missing for every sequence to learn from"),
    ([0.0] * 59 + [math.inf], "that of sequence 59, column 0, is inf, expected a number of at"),
    ([0.0] * 59 + [-1e101], "that of sequence 59, column 0, is -1e"),
    ([[1.0], [1.0, 2.0]] * 30, "targets: must be numbers"),
]


@pytest.mark.parametrize(("targets", "message"), BAD_TARGETS)
def test_fit__refuses_targets(targets, message: str, make_regressor, counted) -> None:
    with pytest.raises(LabelError, match=message):
        make_regressor().fit(counted[0], targets)


@pytest.mark.parametrize("names", ["ab", ["a"], ["a", "a"], ["a", ""], ["a", "b", "c"]])
def test_fit__refuses_names(names, make_regressor, counted) -> None:
    targets = np.stack([counted[1], counted[1]], axis=1)
    with pytest.raises(ConfigurationError, match="target_names must be 2 different texts"):
        make_regressor().fit(counted[0], targets, target_names=names)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ((["ACGT"], [[1.0, 2.0]]), "targets of the validation set: are 2 for each sequence"),
        ((["ACGT"], [math.nan]), "validation set: no sequence has a weight and a known target"),
        ((["ACGT"], ["x"]), "targets of the validation set: must be numbers"),
        (([], []), "validation set: no sequence has a weight"),
    ],
)
def test_fit__refuses_validation_sets(validation, message, make_regressor, counted) -> None:
    with pytest.raises(LabelError, match=message):
        make_regressor().fit(*counted, validation_data=validation)


def test_fit__has_no_parameters_of_classes(make_regressor) -> None:
    names = list(make_regressor().get_params())
    assert sorted(names) == sorted(parameter.name for parameter in parameters_of("regression"))
    signature = list(inspect.signature(SequenceRegressor).parameters)
    of_classifier = list(inspect.signature(SequenceClassifier).parameters)
    assert signature == [name for name in of_classifier if name in names]
    defaults = SequenceRegressor().get_params()
    assert {name: SequenceClassifier().get_params()[name] for name in defaults} == defaults


def test_fit__goes_on_from_a_checkpoint(make_regressor, counted, tmp_path: Path) -> None:
    def stop(epoch) -> None:
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    path = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        make_regressor().fit(*counted, checkpoint=path, on_epoch=stop)
    resumed = make_regressor().fit(*counted, checkpoint=path, resume=True)
    whole = make_regressor().fit(*counted)
    assert resumed.predict(counted[0]).tobytes() == whole.predict(counted[0]).tobytes()


def test_tags__are_those_of_a_regressor_of_strings() -> None:
    tags = get_tags(SequenceRegressor())
    assert is_regressor(SequenceRegressor())
    assert tags.input_tags.string
    assert tags.target_tags.multi_output


def test_cross_val_predict__works_on_a_list_of_strings(make_regressor, counted) -> None:
    predicted = cross_val_predict(make_regressor(max_epochs=1), *counted, cv=3)
    learned, unseen = next(iter(KFold(3).split(counted[0])))
    model = clone(make_regressor(max_epochs=1))
    model.fit([counted[0][k] for k in learned], counted[1][learned])
    np.testing.assert_array_equal(predicted[unseen], model.predict([counted[0][k] for k in unseen]))


def test_grid_search__finds_parameters(make_regressor, counted) -> None:
    search = GridSearchCV(make_regressor(max_epochs=1), {"hidden_size": [2, 4]}, cv=2)
    search.fit(*counted)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(counted[0]).shape == (60,)
