from __future__ import annotations

import pytest

from fastgru.report.design import describe_choice, describe_folds, describe_independence, was_chosen

TWO = [{"kind": "model"}, {"kind": "model"}, {"kind": "baseline"}]


@pytest.mark.parametrize(
    ("folds", "repeats", "expected"),
    [
        (1, 1, "one test set"),
        (1, 3, "3 test sets, drawn anew each time"),
        (5, 1, "5 folds that test every sequence once"),
        (2, 2, "2 folds, divided anew 2 times, that test every sequence 2 times"),
    ],
)
def test_describe_folds__says_how_often_a_sequence_is_tested(
    folds: int, repeats: int, expected: str
) -> None:
    assert describe_folds({"folds": folds, "repeats": repeats}) == expected


def test_describe_choice__names_what_chose() -> None:
    both = {"contenders": TWO, "chosen_by": "validation_loss"}
    assert describe_choice(both) == "chosen of 2 models by validation loss"
    neither = {"contenders": TWO, "chosen_by": None}
    assert describe_choice(neither).startswith("the first of 2 models by name, as not all have a ")
    only = {"contenders": TWO[1:], "chosen_by": None}
    assert describe_choice(only) == "the only model"
    assert [was_chosen(experiment) for experiment in (both, neither, only)] == [True, False, True]


@pytest.mark.parametrize(
    ("chosen_by", "n_folds", "expected"),
    [
        (None, 5, "No score chose the model."),
        ("validation_loss", 1, "validation sequences, which are not tested."),
        ("validation_loss", 5, "the choice is not wholly independent of the test sequences."),
    ],
)
def test_describe_independence__claims_no_more_than_is_true(
    chosen_by: str | None, n_folds: int, expected: str
) -> None:
    said = describe_independence({"chosen_by": chosen_by, "n_folds": n_folds})
    assert said.endswith(expected)
