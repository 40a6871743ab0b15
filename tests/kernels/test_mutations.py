"""Each deliberate fault of ``mutations.py`` is caught by the test that is meant to."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.kernels.mutations import MUTATIONS, NO_FAULT, ROOT

pytestmark = pytest.mark.exhaustive

# A wrong number, or without compilation one that is too large or a place that no array has; not a
# fault of the mutation.
CAUGHT = {"AssertionError", "IndexError", "OverflowError", "ValueError"}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    result = subprocess.run(
        [sys.executable, "-m", "tests.kernels.mutations"],
        check=False,
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", [mutation.name for mutation in MUTATIONS])
def test_fault__is_caught(name: str, outcomes: dict[str, str]) -> None:
    if name.startswith(NO_FAULT):
        assert outcomes[name] == "passed"
    else:
        assert outcomes[name] in CAUGHT
