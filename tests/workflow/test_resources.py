"""Memory and run time of the rules, by the size of their input."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.peak_memory import STATUS, peak_megabytes
from tests.cli.conftest import work
from tests.workflow.running import ROOT
from tests.workflow.test_rules import RULES

__all__ = ["work"]


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    """What resources.smk defines; it holds Python only."""
    path = ROOT / "workflows/rules/resources.smk"
    return runpy.run_path(str(path), init_globals={"Path": Path})


def test_sized__grows_with_the_input_and_with_each_attempt(functions, tmp_path: Path) -> None:
    for name in ("a.fa", "b.fa.gz"):
        (tmp_path / name).write_bytes(bytes(1_000_000))
    plain, packed, gone = (str(tmp_path / name) for name in ("a.fa", "b.fa.gz", "gone.fa"))
    sized, job = functions["sized"], SimpleNamespace(number="3")
    assert sized(100)(job, [plain], 1) == 100
    assert sized(100, 10)(job, [plain, gone], 1) == 110
    assert sized(100, 10)(job, [plain, packed], 1) == 160  # compressed text counts five times
    assert sized(100, 10)(job, [plain, packed], 2) == 320
    assert sized(100, 10, sharing=True)(job, [plain, packed], 1) == 120
    assert sized(100, 10, of=lambda wildcards: [packed])(job, [plain], 1) == 150
    assert sized(100, lambda wildcards: 7)(job, [plain], 1) == 107


class Stored(str):
    """A file of Snakemake's that is in a storage, under another name than its job will have."""

    def __init__(self, name: str) -> None:
        there = name != "gone"
        storage = SimpleNamespace(exists=lambda: there, size=lambda: 1_000_000)
        self.flags = {"storage_object": storage}


def test_sized__asks_a_storage(functions) -> None:
    sized = functions["sized"](100, 10)
    assert sized(None, [Stored("a.fa"), Stored("gone")], 1) == 110


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="needs /proc")
@pytest.mark.parametrize("name", ["predict", "scan"])
def test_rule__asks_for_more_memory_than_the_command_takes(
    name: str, functions, work, tmp_path: Path
) -> None:
    letters = "".join(np.random.default_rng(1).choice(list("ACGT"), 300_000))
    fasta = tmp_path / "a.fa"
    fasta.write_text(
        "".join(f">r{at}\n{letters[at : at + 500]}\n" for at in range(0, 300_000, 500))
    )
    more = {"scan": ["--window", "100", "--step", "50"], "predict": []}[name]
    command = [name, work.model, fasta, *more, "--threads", "1", "-q", "-o", tmp_path / "out"]
    peak = peak_megabytes([*map(str, command)])
    base, slope = map(float, re.search(r"mem_mb=sized\((\d+), ([\d.]+)", RULES[name]).groups())
    asked = functions["sized"](base, slope, sharing=True)(SimpleNamespace(number="1"), [fasta], 1)
    assert peak < asked
