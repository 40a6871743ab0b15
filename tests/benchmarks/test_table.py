"""The table of a stored run, on a small one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from benchmarks.results import load, path_for, rows_of, save, tidy
from benchmarks.table import as_markdown, as_text, circumstances, duration

STORED = Path(__file__).parent / "stored.json"


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(dict(load(STORED)))


def test_as_markdown__has_every_row(document: dict[str, Any]) -> None:
    expected = STORED.with_suffix(".md").read_text(encoding="utf-8")
    assert as_markdown(document, whole=True) + "\n" == expected


def test_as_markdown__short_table_keeps_what_is_slower(document: dict[str, Any]) -> None:
    rows = as_markdown(document, whole=False).splitlines()
    assert [row.split(" | ")[1] for row in rows[2:5]] == [
        "B 64, T 200, H 128, tokens",
        "B 1, T 200, H 512, tokens",
        "of a new process, kernel cache empty",
    ]
    assert rows[2].endswith("| 160 ms | 8.0x |")
    assert rows[5] == ""


def test_as_text__is_aligned_and_leaves_no_empty_column(document: dict[str, Any]) -> None:
    for entry in document["benchmarks"]:
        entry["extra_info"]["pytorch"] = []
    document["machine_info"]["libraries"]["torch"] = None
    header, *rows = as_text(document).splitlines()[:5]
    assert header.endswith(" fastgru")
    assert rows[0].startswith("training step  B 64, T 200, H 128, tokens  ")
    assert rows[0].endswith("  20 ms  200 GFLOP/s")
    assert rows[0].index(" ms") + len(" ms") == len(header)
    assert "PyTorch" not in as_text(document)


def test_as_text__says_when_a_promise_is_missed(document: dict[str, Any]) -> None:
    document["benchmarks"][1]["extra_info"]["pytorch"] = [0.01, 0.01, 0.01]
    assert "1x, MISSED" in as_text(document)


def test_circumstances__warns_of_company_and_of_uncommitted_changes(
    document: dict[str, Any],
) -> None:
    document["machine_info"]["cpus_busy_elsewhere"] = 1.5
    document["commit_info"]["dirty"] = True
    text = circumstances(document)
    assert "(0123456789 with changes)" in text
    assert text.endswith("Others kept 1.5 CPUs busy meanwhile: do not trust these figures.")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(12.34, "12.3 s"), (0.5, "500 ms"), (0.9999, "1 s"), (0.00123, "1.23 ms"), (1e-5, "0.01 ms")],
)
def test_duration__has_three_digits(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_path_for__names_version_cpu_and_threads(document: dict[str, Any]) -> None:
    assert path_for(document).name == "0.1.0-some-x1-2.50ghz-2-threads.json"


def test_tidy__keeps_times_and_drops_settings(document: dict[str, Any]) -> None:
    raw = copy.deepcopy(document)
    raw["commit_info"]["branch"] = "somewhere"
    for entry in raw["benchmarks"]:
        entry |= {"options": {}, "fullname": "benchmarks/bench_gru.py", "params": None}
        entry["stats"] |= {"mean": 1.0}
    raw["benchmarks"][0]["stats"]["data"] = [20.00000001]
    assert tidy(raw, "python -m benchmarks") == document


def test_save__puts_the_times_of_a_benchmark_on_one_line(
    document: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "new" / "stored.json"
    save(document, path)
    assert load(path) == document
    assert "[0.2,0.1,0.16]" in path.read_text(encoding="utf-8")


def test_rows_of__takes_quartiles_of_three_turns_or_more(document: dict[str, Any]) -> None:
    start, step, *_ = rows_of(document)
    assert (start.ratio, start.spread, start.speed) == (0.1, None, None)
    assert step.ratio == pytest.approx(8)
    assert step.spread == pytest.approx((5.25, 9.0))
