"""One thread for all tests of layers: those that are about threads ask for more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    from fastgru._numba import threads_limited_to

    with threads_limited_to(1):
        yield
