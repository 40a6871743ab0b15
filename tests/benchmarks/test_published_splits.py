"""The benchmarks on published splits, on made-up sequences in their layout."""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import amp_scanner, gue_mouse, pretraining, splice
from benchmarks.accuracy.published_split import describe_mean, scores
from fastgru.datasets import load_splice

CONFIG = """\
seeds = [0, 1]
folds = 2
recipe = "{recipe}"
baselines = ["composition"]
published = {{accuracy = 0.9}}
target = {{accuracy = 0.8, roc_auc = 0.9}}
model = {{alphabet = "{alphabet}", hidden_size = 4, max_epochs = 2}}
"""
CONTENDERS = ["composition", "fastgru, seed 0", "fastgru, seed 1", "fastgru, 2 seeds averaged"]
PARTS = {"train": 30, "dev": 10, "test": 12}


def run(module, folder: Path, alphabet: str, monkeypatch: pytest.MonkeyPatch, capsys) -> list[str]:
    recipe = "peptides" if alphabet == "protein" else "aligned_windows"
    config = CONFIG.format(alphabet=alphabet, recipe=recipe)
    (folder / "config.toml").write_text(config, encoding="utf-8")
    monkeypatch.setattr(module, "CONFIG", folder / "config.toml")
    given = [] if module is splice else [str(folder)]
    monkeypatch.setattr("sys.argv", ["benchmark", *given, "-t", "1"])
    module.main()
    lines: list[str] = capsys.readouterr().out.splitlines()
    return lines


def write_amp(folder: Path, parts: dict[str, int]) -> None:
    rng = random.Random(1)
    for part, n in parts.items():
        for name, letters in (("AMP", "KLAW"), ("DECOY", "EDST")):
            records = (f">{name}{k}\n{''.join(rng.choices(letters, k=14))}\n" for k in range(n))
            (folder / f"{name}.{part}.fa").write_text("".join(records), encoding="utf-8")


def write_gue(folder: Path, parts: dict[str, int]) -> None:
    rng = random.Random(1)
    for part, n in parts.items():
        rows = [f"{''.join(rng.choices(('AT', 'CG')[k % 2], k=14))},{k % 2}\n" for k in range(n)]
        (folder / f"{part}.csv").write_text("sequence,label\n" + "".join(rows), encoding="utf-8")


def test_amp_scanner__prints_every_contender_with_and_without_relatives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_amp(tmp_path, dict(zip(("tr", "eval", "te"), PARTS.values(), strict=True)))
    (tmp_path / amp_scanner.RELATED).write_text("0\n13\n", encoding="utf-8")
    lines = run(amp_scanner, tmp_path, "protein", monkeypatch, capsys)
    assert "all 24 records" in lines[0]
    assert "without 2 with relatives" in lines[0]
    assert [line[:28].strip() for line in lines[2:6]] == CONTENDERS
    assert lines[2].split()[1:] == ["1.0000"] * 4
    assert lines[6].startswith("mean of 2 seeds: ")


def test_gue_mouse__prints_every_contender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_gue(tmp_path, PARTS)
    lines = run(gue_mouse, tmp_path, "dna", monkeypatch, capsys)
    assert lines[0].split() == ["12", "records"]
    assert [line[:28].strip() for line in lines[2:6]] == CONTENDERS
    assert lines[2].split()[1:] == ["1.0000"] * 2
    assert lines[7] == "target: accuracy 0.8, ROC AUC 0.9"


def test_scores__count_the_chosen_records_alone() -> None:
    proba, truth = np.array([0.9, 0.2, 0.6, 0.1]), np.array([True, True, False, False])
    assert scores(proba, truth) == (0.5, 0.75)
    chosen = np.array([True, False, True, True])
    assert scores(proba, truth, chosen) == (pytest.approx(2 / 3), 1.0)


def test_describe_mean__looks_at_single_seeds_alone() -> None:
    rows = {"majority": (0.0,), "fastgru, seed 0": (0.5,), "fastgru, seed 1": (0.7,)}
    said = describe_mean({**rows, "fastgru, 2 seeds averaged": (0.9,)})
    assert said == "mean of 2 seeds: 0.6000 +- 0.1414"


@pytest.mark.parametrize("module", [amp_scanner, gue_mouse, splice])
def test_config__is_complete(module) -> None:
    from fastgru import SequenceClassifier

    config = tomllib.loads(module.CONFIG.read_text(encoding="utf-8"))
    assert len(config["seeds"]) == 5
    assert {"seeds", "baselines", "recipe", "target", "model"} <= config.keys()
    assert config["model"].keys() <= SequenceClassifier().get_params().keys()


PRETRAINING = """\
seeds = [0, 1]
n_labelled = [20]
language_model = {max_epochs = 2, hidden_size = 4, random_state = 0}
model = {max_epochs = 2, hidden_size = 4}
[contenders]
"random weights" = {}
"pre-trained" = {pretrained = true, freeze_epochs = 1}
"""


@pytest.mark.parametrize("kind", ["gue_mouse", "amp_scanner"])
def test_pretraining__prints_every_contender(
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if kind == "gue_mouse":
        write_gue(tmp_path, {"train": 40, "dev": 12})
    else:
        write_amp(tmp_path, {"tr": 20, "eval": 6})
    (tmp_path / "config.toml").write_text(PRETRAINING, encoding="utf-8")
    monkeypatch.setattr(pretraining, "CONFIG", tmp_path / "config.toml")
    monkeypatch.setattr("sys.argv", ["benchmark", str(tmp_path), "-t", "1"])
    pretraining.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "40 sequences without labels, tested on 12"
    assert "bits per letter; Markov model of order" in lines[1]
    assert [line[:38].split(maxsplit=1) for line in lines[3:]] == [
        ["20", "random weights".ljust(28)],
        ["20", "pre-trained".ljust(28)],
    ]


def test_splice__tests_every_sequence_in_its_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = load_splice(resolve=True)
    few = replace(whole, sequences=whole.sequences[::40], labels=whole.labels[::40])
    monkeypatch.setattr(splice, "load_splice", lambda *, resolve: few)
    lines = run(splice, tmp_path, "dna", monkeypatch, capsys)
    assert lines[0].split() == [str(len(few.sequences)), "records", "in", "2", "folds"]
    assert [line[:28].strip() for line in lines[2:6]] == CONTENDERS
    assert all(0 < float(cell) < 1 for line in lines[2:6] for cell in line[28:].split())
    assert lines[6].startswith("mean of 2 seeds: ")
