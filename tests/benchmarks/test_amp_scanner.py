"""The benchmark on AMP Scanner's data, on made-up peptides in their layout."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import amp_scanner

CONFIG = """\
seeds = [0, 1]
baselines = ["composition"]
published = {accuracy = 0.9}
target = {accuracy = 0.8, roc_auc = 0.9}
model = {alphabet = "protein", hidden_size = 4, max_epochs = 2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = random.Random(1)
    for part, n in (("tr", 30), ("eval", 10), ("te", 12)):
        for name, letters in (("AMP", "KLAW"), ("DECOY", "EDST")):
            records = (f">{name}{k}\n{''.join(rng.choices(letters, k=14))}\n" for k in range(n))
            (tmp_path / f"{name}.{part}.fa").write_text("".join(records), encoding="utf-8")
    (tmp_path / amp_scanner.RELATED).write_text("0\n13\n", encoding="utf-8")
    return tmp_path


def test_amp_scanner__prints_every_contender_with_and_without_relatives(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setattr(amp_scanner, "CONFIG", folder / "config.toml")
    monkeypatch.setattr("sys.argv", ["amp_scanner", str(folder), "-t", "1"])
    amp_scanner.main()
    lines = capsys.readouterr().out.splitlines()
    assert "all 24 records" in lines[0]
    assert "without 2 with relatives" in lines[0]
    assert [line[:28].strip() for line in lines[2:6]] == [
        *("composition", "fastgru, seed 0", "fastgru, seed 1", "fastgru, 2 seeds averaged")
    ]
    assert lines[2].split()[1:] == ["1.0000"] * 4


def test_scores__count_the_chosen_records_alone() -> None:
    proba, truth = np.array([0.9, 0.2, 0.6, 0.1]), np.array([True, True, False, False])
    chosen = np.array([True, False, True, True])
    assert amp_scanner.scores(proba, truth, chosen).split() == ["0.6667", "1.0000"]


def test_config__is_complete() -> None:
    import tomllib

    config = tomllib.loads(amp_scanner.CONFIG.read_text(encoding="utf-8"))
    assert len(config["seeds"]) == 5
    assert config.keys() == {"seeds", "baselines", "published", "target", "model"}
