"""The tables of a stored run, on a small one."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.results import load, path_for, rows_of, save, tidy
from benchmarks.table import as_markdown, as_text, circumstances, duration, slower
from benchmarks.targets import TARGETS
from benchmarks.verdicts import verdicts

STORED = Path(__file__).parent / "stored.json"


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(dict(load(STORED)))


def verdict_of(document: dict[str, Any], name: str) -> Any:
    (found,) = (found for found in verdicts(document) if found.target is TARGETS[name])
    return found


def test_as_markdown__has_every_target_and_row(document: dict[str, Any]) -> None:
    expected = STORED.with_suffix(".md").read_text(encoding="utf-8")
    assert as_markdown(document, whole=True) + "\n" == expected


def test_as_markdown__short_table_shows_what_was_measured(document: dict[str, Any]) -> None:
    rows = as_markdown(document, whole=False).splitlines()
    assert [row.split(" | ")[1:] for row in rows[2:4]] == [
        ["at least 8x", "3.9x (1.9x to 8.0x)", f"missed: {TARGETS['pytorch-mean'].if_missed} |"],
        ["at least 1.9x", "1.9x", "held |"],
    ]
    assert rows[4] == ""
    assert rows[5].startswith("Slower than another library: inference B 1, T 200, H 512, tokens")


def test_as_text__is_aligned_and_says_what_is_missed(document: dict[str, Any]) -> None:
    header, *rows = as_text(document).splitlines()[:8]
    assert "fastgru" in header
    limit, rival = rows[0], rows[1]
    assert limit.split() == [
        *("training", "step", "B", "64,", "T", "100,", "H", "128,", "tokens", "20", "ms"),
        *("160", "GFLOP/s", "FMA", "limit", "200", "GFLOP/s", "80", "%", "76", "%", "to"),
        *("80", "%", "77", "%,", "held"),
    ]
    assert limit.index("GFLOP/s") == rival.index("GFLOP/s")
    assert rows[-1].endswith("15 s, missed")


def test_slower__is_silent_where_no_library_is_faster(document: dict[str, Any]) -> None:
    assert "(0.50x against PyTorch)" in slower(document)
    document["benchmarks"] = document["benchmarks"][1:4]
    assert slower(document) == ""


def test_verdicts__take_the_worst_or_the_mean(document: dict[str, Any]) -> None:
    mean = verdict_of(document, "pytorch-mean")
    assert mean.value == pytest.approx((8 * 1.9) ** 0.5)
    assert not mean.held
    document["benchmarks"][3]["extra_info"]["targets"] = ["pytorch-128"]
    worst = verdict_of(document, "pytorch-128")
    assert worst.value == pytest.approx(1.9)
    assert worst.cells()[2:] == ["1.9x (1.9x to 8.0x)", "missed"]


def test_verdicts__say_why_a_target_is_missed(document: dict[str, Any]) -> None:
    verdict = verdict_of(document, "pytorch-mean")
    known = replace(verdict.target, if_missed="the tape leaves the cache")
    assert replace(verdict, target=known).cells()[-1] == "missed: the tape leaves the cache"


def test_verdicts__say_why_something_was_not_measured(document: dict[str, Any]) -> None:
    verdict = verdict_of(document, "bf16")
    assert not verdict.held
    assert verdict.cells()[-1] == "not measured: this CPU has no AVX512-BF16"
    assert verdict_of(document, "threads").cells()[-1] == "not measured: not part of this run"


def test_circumstances__warns_of_company_and_of_uncommitted_changes(
    document: dict[str, Any],
) -> None:
    document["machine_info"]["cpus_busy_elsewhere"] = 1.5
    document["commit_info"]["dirty"] = True
    text = circumstances(document)
    assert "(0123456789 with changes)" in text
    assert text.endswith("Others kept 1.5 CPUs busy meanwhile: do not trust these figures.")


def test_circumstances__says_how_near_the_cpus_were(document: dict[str, Any]) -> None:
    assert circumstances(document).endswith(". A line took 50 ns (40 to 320) between two CPUs.")
    document["machine_info"]["line_transfer_ns"] = []
    assert "A line" not in circumstances(document)
    del document["machine_info"]["line_transfer_ns"]  # as stored by earlier versions
    assert "A line" not in circumstances(document)


def test_circumstances__names_the_rivals_there_were(document: dict[str, Any]) -> None:
    assert "and PyTorch 2.13.0 (denormals flushed to zero), taken" in circumstances(document)
    document["machine_info"]["libraries"] = {"onnxruntime": "1.20", "onednn-cpu-gomp": "2023.2"}
    assert "and oneDNN 2023.2, ONNX Runtime 1.20 (" in circumstances(document)
    document["machine_info"]["libraries"] = {}
    assert "denormals" not in circumstances(document)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(12.34, "12.3 s"), (0.5, "500 ms"), (0.9999, "1 s"), (0.00123, "1.23 ms"), (1e-5, "0.01 ms")],
)
def test_duration__has_three_digits(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_path_for__names_version_cpu_and_threads(document: dict[str, Any]) -> None:
    assert path_for(document).name == "0.1.0-some-x1-2.50ghz-x1v2-2-threads.json"


def raw_of(document: dict[str, Any], repeat: int) -> dict[str, Any]:
    """What pytest-benchmark wrote of one repeat; a row with fewer repeats is in the first."""
    raw = copy.deepcopy(document)
    raw["commit_info"]["branch"] = "somewhere"
    raw["machine_info"]["not_measured"] = raw.pop("not_measured")
    times = raw["machine_info"]["line_transfer_ns"]
    raw["machine_info"]["line_transfer_ns"] = times[:2] if repeat == 0 else times[2:]
    entries = []
    for entry in raw["benchmarks"]:
        extra = entry["extra_info"]
        turns = extra.pop("turns")
        if repeat >= len(turns):
            continue
        part = slice(sum(turns[:repeat]), sum(turns[: repeat + 1]))
        entry["stats"] = {"data": entry["stats"]["data"][part], "mean": 1.0}
        extra["theirs"] = extra["theirs"][part]
        entries.append(entry | {"options": {}, "fullname": "benchmarks/x.py", "params": None})
    return raw | {"benchmarks": entries}


def test_tidy__joins_repeats_and_drops_settings(document: dict[str, Any]) -> None:
    raws = [raw_of(document, repeat) for repeat in (0, 1)]
    raws[0]["benchmarks"][0]["stats"]["data"] = [20.00000001]
    assert tidy(raws, "python -m benchmarks") == document


def test_tidy__brings_a_rival_s_times_to_the_same_work(document: dict[str, Any]) -> None:
    raws = [raw_of(document, repeat) for repeat in (0, 1)]
    limit = raws[1]["benchmarks"][0]["extra_info"]
    limit["rival_work"] /= 2
    limit["theirs"] = [seconds / 2 for seconds in limit["theirs"]]
    assert tidy(raws, "python -m benchmarks") == document


def test_tidy__keeps_the_worse_company(document: dict[str, Any]) -> None:
    raws = [raw_of(document, repeat) for repeat in (0, 1)]
    raws[1]["machine_info"]["cpus_busy_elsewhere"] = 0.7
    assert tidy(raws, "")["machine_info"]["cpus_busy_elsewhere"] == 0.7


def test_save__puts_the_times_of_a_benchmark_on_one_line(
    document: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "new" / "stored.json"
    save(document, path)
    assert load(path) == document
    assert "[0.2,0.1,0.16,0.16]" in path.read_text(encoding="utf-8")


def test_rows_of__reads_what_the_measure_says(document: dict[str, Any]) -> None:
    start, limit, step, _, ragged, _, memory = rows_of(document)
    assert (start.value, start.ratio, start.spread, start.speed) == (20.0, 0.1, None, None)
    assert (limit.value, limit.rival_speed) == (pytest.approx(0.8), pytest.approx(200))
    assert step.value == step.ratio == pytest.approx(8)
    assert step.spread == pytest.approx((6.625, 8.5))
    assert ragged.value == pytest.approx(1.1)
    assert memory.value == 4.125
    assert memory.ratio is None


def test_repeats__share_out_the_turns(document: dict[str, Any]) -> None:
    parts = list(rows_of(document)[2].repeats())
    assert [part.ours for part in parts] == [[0.02, 0.04], [0.02, 0.02]]
    assert [part.ratio for part in parts] == pytest.approx([5, 8])
