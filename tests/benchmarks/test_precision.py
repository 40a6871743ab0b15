"""The stored figures of bfloat16 against float32, and how they are made."""

from __future__ import annotations

import csv
import tomllib

import numpy as np
import pytest

from benchmarks.accuracy import precision
from fastgru._numba import cpu_features, jit_disabled
from fastgru.datasets import load_amp, load_splice

CONFIG = tomllib.loads(precision.CONFIG.read_text(encoding="utf-8"))
SMALL = {"seeds": [0, 1], "test_fraction": 0.02, "model": {"hidden_size": 2, "max_epochs": 1}}

on_such_a_cpu = pytest.mark.skipif(
    jit_disabled or not {"avx512f", "avx512bw", "avx512bf16"} <= set(cpu_features()),
    reason="this CPU has no AVX512-BF16 instructions",
)


def stored_rows() -> list[dict[str, str]]:
    with precision.STORED.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_stored_figures__are_those_of_the_configuration() -> None:
    rows = stored_rows()
    kinds = [*CONFIG["precisions"], precision.DIFFERENCE]
    expected = [(name, kind) for name in CONFIG["recipes"] for kind in kinds]
    assert [(row["data"], row["precision"]) for row in rows] == expected
    assert {row["seeds"] for row in rows} == {str(len(CONFIG["seeds"]))}
    assert tuple(rows[0]) == precision.COLUMNS


@pytest.mark.parametrize("score", precision.SCORES)
def test_stored_figures__differ_by_less_than_another_seed_does(score: str) -> None:
    rows = stored_rows()
    for plain, lower, difference in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        found = float(lower[score]) - float(plain[score])
        assert found == pytest.approx(float(difference[score]), abs=2e-5)
        assert abs(found) < float(plain[f"{score}_deviation"])


def test_summarise__has_means_deviations_and_the_difference_of_pairs() -> None:
    scores = {
        "float32": np.array([[0.5, 0.6], [0.7, 0.8]]),
        "bf16": np.array([[0.6, 0.5], [0.9, 0.7]]),
    }
    rows = [list(row.values()) for row in precision.summarise("splice", scores, [0, 1], 9)]
    assert rows == [
        ["splice", "float32", 2, 9, "0.60000", "0.14142", "0.70000", "0.14142"],
        ["splice", "bf16", 2, 9, "0.75000", "0.21213", "0.60000", "0.14142"],
        ["splice", "bf16 - float32", 2, 9, "0.15000", "0.07071", "-0.10000", "0.00000"],
    ]


@pytest.mark.parametrize(("load", "recipe", "n"), [(load_splice, "aligned_windows", 61),
                                                   (load_amp, "peptides", 93)])  # fmt: skip
def test_measure__has_scores_of_each_seed(load, recipe: str, n: int) -> None:
    scores, n_test = precision.measure(load(resolve=True), recipe, "float32", SMALL, 1)
    assert n_test == n
    assert scores.shape == (2, 2)
    assert ((scores > 0) & (scores <= 1)).all()


@on_such_a_cpu
def test_main__stores_the_figures(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "STORED", tmp_path / "precision.tsv")
    monkeypatch.setattr(precision, "CONFIG", tmp_path / "config.toml")
    monkeypatch.setattr("sys.argv", ["precision", "-t", "1"])
    precision.CONFIG.write_text(
        'precisions = ["float32", "bf16"]\nseeds = [0, 1]\ntest_fraction = 0.02\n'
        '[recipes]\nsplice = "aligned_windows"\n[model]\nhidden_size = 2\nmax_epochs = 1\n',
        encoding="utf-8",
    )
    precision.main()
    assert [row["precision"] for row in stored_rows()] == ["float32", "bf16", "bf16 - float32"]
