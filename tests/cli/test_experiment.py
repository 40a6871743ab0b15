from __future__ import annotations

import json
from pathlib import Path

from tests.report.gathered_files import write_experiment


def test_experiment__is_written_and_concluded(tmp_path: Path, run_cli) -> None:
    folder = write_experiment(tmp_path / "toys")
    options = ["--n-resamples", 50, "-o", folder / "experiment.json"]
    code, out, err = run_cli(["experiment", folder, *options])
    assert (code, out) == (0, "")
    experiment = json.loads((folder / "experiment.json").read_text(encoding="utf-8"))
    assert experiment["schema_version"] == 1
    assert all(sentence in err for sentence in experiment["conclusion"])


def test_experiment__holds_what_is_said_to_belong_to_it(tmp_path: Path, run_cli) -> None:
    folder = write_experiment(tmp_path / "toys", n_folds=4)
    stated = ["--folds", 1, "--repeats", 2, "--models", "small", "--baselines", "majority"]
    options = [*stated, "--variants", "", "--n-resamples", 50, "-o", folder / "experiment.json"]
    assert run_cli(["experiment", folder, *options]).code == 0
    experiment = json.loads((folder / "experiment.json").read_text(encoding="utf-8"))
    assert experiment["n_folds"] == 2
    assert [row["name"] for row in experiment["contenders"]] == ["small", "majority"]


def test_experiment__of_an_empty_folder_says_what_is_missing(tmp_path: Path, run_cli) -> None:
    (tmp_path / "toys").mkdir()
    result = run_cli(["experiment", tmp_path / "toys"])
    assert result.code == 1
    assert "audit.json: cannot be read" in result.err
