from __future__ import annotations

from typing import Any

import pytest

from fastgru.report.more_data import LastStep, last_step


def experiment(seeds: list[float | None], scores: list[float | None]) -> dict[str, Any]:
    return {
        "seeds": {"m": [{"metrics": {"mcc": value}} for value in seeds]},
        "learning_curve": {
            "m": [
                {"share": share, "n_train": round(100 * share), "metrics": {"mcc": value}}
                for share, value in zip((1.0, 0.25, 0.5), scores, strict=True)
            ]
        },
    }


@pytest.mark.parametrize(
    ("seeds", "verdict"),
    [
        ([0.7, 0.79], ", more than seeds differ: more data would probably help."),
        ([0.7, 0.9], ", no more than seeds differ: whether more data would help is open."),
        ([0.7, None], "; with one seed it cannot be told from chance."),
    ],
)
def test_last_step__goes_by_what_seeds_differ(seeds: list[float | None], verdict: str) -> None:
    found = last_step(experiment(seeds, [0.8, 0.1, 0.7]), "m", "mcc")
    assert found == LastStep(50, 100, 0.7, 0.8, verdict)


def test_last_step__is_none_without_a_curve() -> None:
    assert last_step(experiment([], [0.8, None, None]), "m", "mcc") is None
    assert last_step(experiment([], [0.8, 0.7, 0.6]), "other", "mcc") is None
