from __future__ import annotations

from collections.abc import Iterator

import pytest

from fastgru._numba import threads_limited_to


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks: on a busy machine, waiting for threads would take most of the time."""
    with threads_limited_to(1):
        yield
