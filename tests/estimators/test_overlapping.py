from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from fastgru.estimators.overlapping import AHEAD, run_ahead, run_behind

THREADED = pytest.mark.parametrize("threaded", [False, True])


def thread_named(prefix: str) -> threading.Thread | None:
    return next((one for one in threading.enumerate() if one.name.startswith(prefix)), None)


class Items:
    """Counts what is made of it, and notices its end."""

    def __init__(self, n: int, error: BaseException | None = None) -> None:
        self.n, self.error, self.made, self.closed_by = n, error, 0, ""

    def __iter__(self) -> Iterator[int]:
        try:
            while self.made < self.n:
                self.made += 1
                yield self.made
            if self.error is not None:
                raise self.error
        finally:
            self.closed_by = threading.current_thread().name


@THREADED
@pytest.mark.parametrize("n", [0, 1, 100])
def test_run_ahead__yields_the_items_in_order(n: int, threaded: bool) -> None:
    assert list(run_ahead(Items(n), threaded=threaded)) == [*range(1, n + 1)]


@THREADED
def test_run_ahead__raises_an_error_where_it_happened(threaded: bool) -> None:
    for error in (ValueError("bad item"), KeyboardInterrupt()):
        found: list[int] = []
        with pytest.raises(type(error)):
            found.extend(run_ahead(Items(5, error), threaded=threaded))
        assert found == [1, 2, 3, 4, 5]


def test_run_ahead__makes_no_more_than_a_few_items_ahead() -> None:
    items = Items(1000)
    most = max(items.made - taken for taken, _ in enumerate(run_ahead(items)))
    assert most <= AHEAD + 1  # and the one in hand


def test_run_ahead__works_in_a_thread_only_if_told_to() -> None:
    for threaded in (False, True):
        list(run_ahead(items := Items(3), threaded=threaded))
        own = threading.current_thread().name
        assert items.closed_by == ("fastgru-ahead" if threaded else own)


def test_run_ahead__ends_its_thread_when_it_is_closed() -> None:
    made = run_ahead(Items(1000))
    assert next(made) == 1
    thread = thread_named("fastgru-ahead")
    assert thread is not None
    made.close()
    thread.join(60)
    assert not thread.is_alive()


def test_run_ahead__does_not_wait_for_a_source_that_hangs() -> None:
    answer = threading.Event()

    def hanging() -> Iterator[int]:
        yield 1
        answer.wait(60)
        yield 2

    made = run_ahead(hanging())
    assert next(made) == 1
    thread = thread_named("fastgru-ahead")
    made.close()
    assert thread is not None
    assert thread.is_alive()
    answer.set()
    thread.join(60)
    assert not thread.is_alive()


@THREADED
@pytest.mark.parametrize("n", [0, 1, 100])
def test_run_behind__pairs_items_with_results(n: int, threaded: bool) -> None:
    pairs = run_behind(
        range(n), lambda item: (item**2, threading.current_thread()), threaded=threaded
    )
    for item, (square, thread) in pairs:
        assert square == item**2
        assert (thread is threading.current_thread()) == (not threaded)
        n -= 1
    assert n == 0


@THREADED
def test_run_behind__raises_an_error_where_it_happened(threaded: bool) -> None:
    found: list[tuple[int, float]] = []
    with pytest.raises(ZeroDivisionError):
        found.extend(run_behind(range(-3, 5), lambda item: 1 / item, threaded=threaded))
    assert [item for item, _ in found] == [-3, -2, -1]
    assert thread_named("fastgru-behind") is None


def test_run_behind__makes_the_next_item_while_the_function_runs() -> None:
    made, done = threading.Event(), []

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    def wait_for_next(item: int) -> int:
        done.append(made.wait(60))
        return item

    assert [result for _, result in run_behind(items(), wait_for_next)] == [1, 2]
    assert done == [True, True]
