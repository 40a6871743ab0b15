from __future__ import annotations

import pytest

from fastgru.report.chance import is_above_chance


@pytest.mark.parametrize(
    ("roc_auc", "interval", "expected"),
    [
        (0.6, [0.51, 0.7], True),
        (0.539, [0.428, 0.650], False),
        (0.6, [0.5, 0.7], False),
        (0.3, [0.2, 0.4], False),
        (0.9, None, False),
        (None, None, False),
    ],
)
def test_is_above_chance__asks_for_the_whole_interval(
    roc_auc: float | None, interval: list[float] | None, expected: bool
) -> None:
    assert is_above_chance(roc_auc, interval) is expected
