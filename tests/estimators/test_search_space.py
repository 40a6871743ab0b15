from __future__ import annotations

import math

import pytest

from fastgru.errors import ConfigurationError
from fastgru.estimators.parameters import parameters_of
from fastgru.estimators.search_space import SPACE, Choice, Range, make_space, parse_dimension


def test_space__is_one_that_the_classifier_accepts_and_holds_its_defaults() -> None:
    assert make_space({}, {}) == dict(sorted(SPACE.items()))
    defaults = {parameter.name: parameter.default for parameter in parameters_of("classification")}
    for name, entry in SPACE.items():
        if isinstance(entry, Choice):
            assert defaults[name] in entry.values
        else:
            assert entry.low <= defaults[name] <= entry.high


def test_make_space__replaces_adds_and_leaves_out_what_is_fixed() -> None:
    changes = {"hidden_size": Choice((4, 8)), "bidirectional": Choice((True, False))}
    space = make_space(changes, {"dropout": 0.2, "max_epochs": 3})
    assert space["hidden_size"] == Choice((4, 8))
    assert space.keys() == (SPACE.keys() | {"bidirectional"}) - {"dropout"}
    assert list(space) == sorted(space)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("hidden_size", "32,64", Choice((32, 64))),
        ("hidden_size", "32", Choice((32,))),
        ("hidden_size", "32:128", Range(32, 128, step=1)),
        ("hidden_size", "32:128:32", Range(32, 128, step=32)),
        ("hidden_size", "32:128:log", Range(32, 128, log=True)),
        ("dropout", "0:0.5", Range(0.0, 0.5)),
        ("dropout", "0:0.5:0.1", Range(0.0, 0.5, step=0.1)),
        ("learning_rate", "0.001:0.01:log", Range(0.001, 0.01, log=True)),
        ("pooling", "last,mean+max", Choice((("last",), ("mean", "max")))),
        ("bidirectional", "true,False", Choice((True, False))),
    ],
)
def test_parse_dimension__reads_choices_and_ranges(name: str, text: str, expected: object) -> None:
    assert parse_dimension(name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hidden_size", "many"),
        ("hidden_size", "4,,8"),
        ("hidden_size", "4:8:2:log"),
        ("hidden_size", "4.5:8"),
        ("learning_rate", "0.1:0.2:linear"),
        ("pooling", "last:max"),
        ("bidirectional", "true:false"),
    ],
)
def test_parse_dimension__refuses_other_texts(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no choice of values, expected A,B") as caught:
        parse_dimension(name, text)
    assert str(caught.value).startswith(f"--space {name}={text}: ")


@pytest.mark.parametrize("name", ["alphabet", "max_epochs", "class_weight", "hiden_size"])
def test_parse_dimension__refuses_what_is_not_searched(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{name}' cannot be searched, expected one of e"):
        parse_dimension(name, "1,2")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Choice((0, 4)), "search space: hidden_size must be an integer of at least 1, got 0"),
        (Choice((4, 4)), "hidden_size has a value twice, expected each once"),
        (Range(0, 4), "hidden_size must be an integer of at least 1, got 0"),
        (Range(8, 4), "hidden_size goes from 8 to 4, expected finite numbers in rising order"),
        (Range(1, math.inf), "expected finite numbers in rising order"),
        (Range(1, 8, step=0), "hidden_size goes in steps of 0, expected steps above 0"),
        (Range(0, 8, log=True), "from 0 on a logarithmic scale, expected a start above 0"),
        (Range(1, 8, step=2, log=True), "both logarithmic and in steps, expected one of these"),
    ],
)
def test_make_space__refuses_values_that_cannot_be(entry: Choice | Range, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_space({"hidden_size": entry}, {})
    assert message in str(caught.value)


def test_make_space__refuses_what_is_both_fixed_and_searched() -> None:
    with pytest.raises(ConfigurationError, match="'dropout' is both fixed and searched, expected"):
        make_space({"dropout": Choice((0.1,))}, {"dropout": 0.2})


def test_make_space__needs_something_to_search() -> None:
    with pytest.raises(ConfigurationError, match="all parameters are fixed, expected some to sea"):
        make_space({}, dict.fromkeys(SPACE, 1))


def test_to_json__gives_plain_values() -> None:
    assert SPACE["pooling"].to_json()[1] == ["mean", "max"]
    assert SPACE["hidden_size"].to_json() == {"low": 32, "high": 128, "step": 32, "log": False}
