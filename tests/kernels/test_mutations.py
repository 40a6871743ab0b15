"""Each deliberate fault of ``mutations.py`` is caught by the test that is meant to."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.kernels.mutations import MUTATIONS, NO_FAULT, ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(900)]

# A wrong number, or without compilation one that is too large or a place that no array has; not a
# fault of the mutation.
CAUGHT = {"AssertionError", "IndexError", "OverflowError", "ValueError"}


@pytest.mark.parametrize("test", dict.fromkeys(mutation.test for mutation in MUTATIONS))
def test_faults__are_caught(test: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.kernels.mutations", test],
        check=False,
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=880,
    )
    assert result.returncode == 0, result.stderr
    outcomes = json.loads(result.stdout)
    assert outcomes.pop(NO_FAULT) == "passed"
    assert {name: outcome for name, outcome in outcomes.items() if outcome not in CAUGHT} == {}
    assert outcomes.keys() == {mutation.name for mutation in MUTATIONS if mutation.test == test}
    assert outcomes
