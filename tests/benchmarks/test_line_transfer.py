from __future__ import annotations

import os

import numpy as np
import pytest

from benchmarks import line_transfer as module
from benchmarks.line_transfer import line_transfer
from fastgru._numba import jit_disabled

pytestmark = pytest.mark.skipif(jit_disabled, reason="about compiled threads")


def test_line_transfer__is_a_time_between_two_cpus_of_which_the_caller_keeps_both() -> None:
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("about two CPUs")
    assert 1e-9 < line_transfer() < 1e-3
    assert os.sched_getaffinity(0) == before


def test_line_transfer__is_unknown_on_one_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3})
    assert line_transfer() is None


def test_take_turns__counts_to_the_end() -> None:
    flag = np.zeros(1, np.int64)
    module._take_turns(flag, 0, 1)
    module._take_turns(flag, 1, 1)
    assert flag[0] == 2
