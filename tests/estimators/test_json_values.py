from __future__ import annotations

import json

import numpy as np
import pytest

from fastgru.estimators.json_values import as_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (float("nan"), None),
        (float("inf"), None),
        (("last", "max"), ["last", "max"]),
        ({1: np.float64(2.0), 0: [float("nan")]}, {"1": 2.0, "0": [None]}),
        (True, True),
        ("text", "text"),
        (None, None),
    ],
)
def test_as_json__has_what_json_has(value: object, expected: object) -> None:
    found = as_json(value)
    assert found == expected
    assert type(found) is type(expected)
    assert json.loads(json.dumps(found, allow_nan=False)) == expected
