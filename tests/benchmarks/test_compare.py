"""Two runs side by side: losses that show in every repeat, never by absolute time."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compare import changes, main, report
from benchmarks.results import load, save

STORED = Path(__file__).parent / "stored.json"
STEP = "test_layer[PyTorch-wide-step]"


@pytest.fixture
def old() -> dict[str, Any]:
    return copy.deepcopy(dict(load(STORED)))


def slowed(document: dict[str, Any], *factors: float, name: str = STEP) -> dict[str, Any]:
    """The run with our times of one row multiplied, a factor for each repeat."""
    changed = copy.deepcopy(document)
    (entry,) = (entry for entry in changed["benchmarks"] if entry["name"] == name)
    turns = entry["extra_info"]["turns"]
    per_turn = [factor for factor, n in zip(factors, turns, strict=True) for _ in range(n)]
    entry["stats"]["data"] = [
        seconds * factor for seconds, factor in zip(entry["stats"]["data"], per_turn, strict=True)
    ]
    return changed


def test_report__the_same_run_has_lost_nothing(old: dict[str, Any]) -> None:
    lines, code = report(old, [old])
    assert code == 0
    assert lines[-1] == "None of 7 rows lost more than 10% in every repeat."


def test_report__a_slower_machine_has_lost_nothing(old: dict[str, Any]) -> None:
    new = copy.deepcopy(old)
    for entry in new["benchmarks"]:
        entry["stats"]["data"] = [3 * seconds for seconds in entry["stats"]["data"]]
        entry["extra_info"]["theirs"] = [3 * seconds for seconds in entry["extra_info"]["theirs"]]
    assert report(old, [new])[1] == 0


def test_report__a_loss_in_every_repeat_counts(old: dict[str, Any]) -> None:
    lines, code = report(old, [slowed(old, 1.4, 1.3)])
    assert code == 1
    (lost,) = (line for line in lines if line.startswith("LOST"))
    assert lost.endswith("step, B 64, T 100, H 256, tokens against PyTorch")
    assert lines[-1] == "1 of 7 rows lost more than 10% in every repeat."


@pytest.mark.parametrize("factors", [(1.4, 1.0), (1.05, 1.02)])
def test_report__one_bad_repeat_or_a_small_loss_does_not(
    old: dict[str, Any], factors: tuple[float, float]
) -> None:
    assert report(old, [slowed(old, *factors)])[1] == 0


def test_report__more_new_runs_are_more_repeats(old: dict[str, Any]) -> None:
    name = "test_layer[rectangular-step]"  # of one repeat in each run
    slow = slowed(old, 1.5, name=name)
    assert report(old, [slow])[1] == 0
    assert report(old, [slow, slow])[1] == 1
    assert report(old, [slow, old])[1] == 0


def test_report__more_memory_is_a_loss(old: dict[str, Any]) -> None:
    new = copy.deepcopy(old)
    new["benchmarks"][-1]["extra_info"]["amount"] *= 1.3
    new["benchmarks"][-1]["extra_info"]["turns"] = [1, 1]
    lines, code = report(old, [new])
    assert code == 1
    assert any(line.startswith("LOST") and "memory" in line for line in lines)


def test_report__names_rows_that_are_gone(old: dict[str, Any]) -> None:
    new = copy.deepcopy(old)
    new["benchmarks"] = [entry for entry in new["benchmarks"] if entry["name"] != STEP]
    lines, code = report(old, [new])
    assert code == 0
    assert lines[-2] == f"Not compared, for want of a rival or of the row: {STEP}."


def test_report__without_rivals_nothing_can_be_said(old: dict[str, Any]) -> None:
    new = copy.deepcopy(old)
    new["benchmarks"] = []
    assert report(old, [new]) == (["The runs have no row in common that has a rival."], 2)


def test_report__asks_for_a_second_repeat(old: dict[str, Any]) -> None:
    new = copy.deepcopy(old)
    for entry in new["benchmarks"]:
        entry["extra_info"]["turns"] = [len(entry["stats"]["data"])]
    lines, code = report(old, [new])
    assert code == 2
    assert lines[0].startswith("The new run holds one repeat, and a loss has to show in two.")


def test_changes__hold_a_share_for_each_repeat(old: dict[str, Any]) -> None:
    (change,) = (
        change for change in changes(old, [slowed(old, 2.0, 1.0)]) if change.row.name == STEP
    )
    assert change.shares == pytest.approx([0.5 * 2.0 / 1.9, 1.8 / 1.9])
    assert not change.lost


def test_main__exits_by_the_result(
    old: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.json"
    save(slowed(old, 1.4, 1.4), new)
    assert main([str(STORED), str(STORED)]) == 0
    assert main([str(STORED), str(new)]) == 1
    assert "LOST" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main([str(STORED), str(tmp_path / "none.json")])
    assert stop.value.code == 2
    assert "no such file" in capsys.readouterr().err
