"""The rows of the table and the targets fit together."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from benchmarks import table
from benchmarks.bench_avx2 import TARGETS as AVX2_TARGETS
from benchmarks.bench_hybrid import TARGETS as HYBRID_TARGETS
from benchmarks.bench_torch_loop import TARGETS as LOOP_TARGETS
from benchmarks.cases import PASSES
from benchmarks.rivals import RIVALS, Setting
from benchmarks.rows import ROWS
from benchmarks.table import NAMES
from benchmarks.targets import MEASURES, TARGETS

ELSEWHERE = {
    *("memory", "memory-saved", "start-empty", "start-filled"),
    *("predict", "predict-memory"),
}
"""Targets of benchmarks that do not compare one layer."""


def test_rows__have_names_of_their_own() -> None:
    assert [name for name, n in Counter(row.name for row in ROWS).items() if n > 1] == []


def test_rows__name_what_exists() -> None:
    for row in ROWS:
        assert row.rival in RIVALS
        assert row.what in PASSES
        assert row.what in NAMES
        assert row.measure in MEASURES
        assert all(TARGETS[name].measure == row.measure for name in row.targets)


def test_rows__at_most_one_target_is_about_the_single_row() -> None:
    for row in ROWS:
        assert len([name for name in row.targets if not TARGETS[name].of_mean]) <= 1


def test_targets__each_has_rows() -> None:
    measured = {name for row in ROWS for name in row.targets}
    for others in (AVX2_TARGETS, HYBRID_TARGETS):
        measured |= {name for names in others.values() for name in names}
    measured |= set(LOOP_TARGETS)
    assert measured | ELSEWHERE == set(TARGETS)


def test_targets__of_the_mean_are_about_24_sizes() -> None:
    assert sum("pytorch-mean" in row.targets for row in ROWS) == 24


def test_targets__a_readme_shows_ten_at_most() -> None:
    assert 5 <= sum(target.in_readme for target in TARGETS.values()) <= 10


def test_measures__know_which_side_is_good() -> None:
    assert MEASURES["ratio"].holds(2.0, 1.9)
    assert not MEASURES["share"].holds(0.7, 0.77)
    assert MEASURES["seconds"].holds(14.0, 15.0)
    assert not MEASURES["cost"].holds(1.2, 1.1)
    assert MEASURES["cost"].worst([1.0, 1.2]) == 1.2
    assert MEASURES["ratio"].worst([1.0, 1.2]) == 1.0


def test_rivals__say_what_a_run_cannot_show() -> None:
    one, two = Setting(1), Setting(2)
    assert RIVALS["1 thread"].missing(one) == "the run has one thread only"
    assert RIVALS["1 thread"].missing(two) is None
    assert RIVALS["FMA limit"].missing(one) is None


def test_names__has_every_group_of_a_benchmark() -> None:
    folder = Path(table.__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("bench_*.py")]
    groups = {name for source in sources for name in re.findall(r'\bwhat="([^"]+)"', source)}
    assert "scan" in groups
    assert groups <= NAMES.keys()
