import pickle

import pytest

from fastgru import errors


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], ""),
        (["a"], "'a'"),
        (["a", "b"], "'a', 'b'"),
        (list("abcdef"), "'a', 'b', 'c', 'd', 'e' and 1 more"),
    ],
)
def test_shorten__shows_five_and_counts_the_others(items: list[str], expected: str) -> None:
    assert errors.shorten(iter(items)) == expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("reads.fa",), "reads.fa"),
        (("reads.fa", 14, "seq7"), "reads.fa, line 14, record 'seq7'"),
        (("-", 3), "standard input, line 3"),
        ((None, 3), "line 3"),
    ],
)
def test_location__names_what_is_known(place: tuple[object, ...], expected: str) -> None:
    assert errors.location(*place) == expected


def test_display_name__shows_an_empty_name() -> None:
    assert errors.display_name("") == "''"


def test_counted__follows_the_number() -> None:
    assert [errors.counted(number, "record") for number in (0, 1, 2)] == [
        "0 records",
        "1 record",
        "2 records",
    ]


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_errors__survive_pickling(name: str) -> None:
    # Worker processes (GridSearchCV with n_jobs) send their errors that way.
    error = getattr(errors, name)("what was found")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "what was found"


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_errors__have_one_base(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.FastgruError)
    assert name == "FastgruError" or issubclass(error, ValueError | RuntimeError)
