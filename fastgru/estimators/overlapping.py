"""Work that goes on in a thread of its own beside that of the caller, a few pieces ahead or behind.

Both generators run what they are given one piece after the other, and in the caller's thread if
they are told to: what comes out never depends on threads.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["run_ahead", "run_behind"]

AHEAD = 2
"""Finished pieces that wait for whoever takes them; it bounds the memory."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _End:
    error: BaseException | None


def run_ahead(items: Iterable[T], *, threaded: bool = True) -> Generator[T, None, None]:
    """Yield items that a thread makes while the caller works on those before.

    Parameters
    ----------
    items
        Errors on the way are raised where the next item would have come.
    threaded
        Whether to use a thread; else the items are made when they are asked for.
    """
    if not threaded:
        yield from items
        return
    ready: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    room, stopped = threading.Semaphore(AHEAD), threading.Event()

    def make() -> None:
        try:
            iterator = iter(items)
            while room.acquire() and not stopped.is_set():
                ready.put(next(iterator))
        except StopIteration:
            ready.put(_End(None))
        except BaseException as error:  # to be raised in the caller's thread
            ready.put(_End(error))

    # a daemon, and never joined: it may wait for standard input for ever
    threading.Thread(target=make, name="fastgru-ahead", daemon=True).start()
    try:
        while not isinstance(item := ready.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        room.release()


def run_behind(
    items: Iterable[T], function: Callable[[T], R], *, threaded: bool = True
) -> Iterator[tuple[T, R]]:
    """Yield each item and what a function makes of it, while the next items are being made.

    Parameters
    ----------
    items
        Made in the caller's thread.
    function
        Runs in a thread; what it raises is raised where its result would have come.
    threaded
        Whether to use a thread; else the function runs in that of the caller.
    """
    return _run_behind(items, function) if threaded else ((one, function(one)) for one in items)


def _run_behind(items: Iterable[T], function: Callable[[T], R]) -> Iterator[tuple[T, R]]:
    waiting: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(1, "fastgru-behind") as thread:
        for item in items:
            waiting.append((item, thread.submit(function, item)))
            if len(waiting) > 1:
                first, result = waiting.popleft()
                yield first, result.result()
        for first, result in waiting:
            yield first, result.result()
