from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fastgru import SequenceClassifier
from fastgru.estimators.search import TIME_IS_UP
from fastgru.estimators.search_journal import load_study
from tests.cli.commands import ENVIRONMENT


@pytest.fixture
def words(work, tmp_path: Path) -> list[Any]:
    """A search of few, small models, but for its output."""
    return [
        *("search", work.fasta, "--label-field", "label", "--split", work.split),
        *("--journal", tmp_path / "journal.log", "--max-epochs", 2, "-t", 1),
        *("--space", "hidden_size=4,6", "--space", "num_layers=1"),
    ]


def read_trials(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["schema_version"], content["study"]) == (1, "search")
    return list(content["trials"])


def test_search__tries_parameters_and_says_what_they_gave(words, run_cli, tmp_path: Path) -> None:
    code, out, err = run_cli([*words, "--trials", 3, "-o", tmp_path / "t.json"])
    assert (code, out) == (0, "")
    trials = read_trials(tmp_path / "t.json")
    assert [trial["number"] for trial in trials] == [0, 1, 2]
    for trial in trials:
        assert trial["state"] == "complete"
        assert trial["n_epochs"] == 2
        assert trial["parameters"]["hidden_size"] in (4, 6)
        assert f"trial {trial['number']}: complete, validation loss " in err
    assert sorted(os.listdir(tmp_path)) == ["journal.log", "t.json"]


def test_search__is_judged_by_the_loss_of_the_model_that_its_parameters_give(
    words, work, run_cli, tmp_path: Path
) -> None:
    run_cli([*words, "--seed", 5, "-o", tmp_path / "t.json"])
    (trial,) = read_trials(tmp_path / "t.json")
    split = [line.split("\t") for line in work.split.read_text().splitlines()[1:]]
    parts = {
        part: [k for k, row in enumerate(split) if row[2] == part]
        for part in ("train", "validation")
    }
    model = SequenceClassifier(
        **trial["parameters"], max_epochs=2, random_state=5, threads=1
    )  # fmt: skip
    chosen = {
        part: ([work.sequences[k] for k in rows], [work.truth[k] for k in rows])
        for part, rows in parts.items()
    }
    model.fit(*chosen["train"], validation_data=chosen["validation"])
    kept = model.history_[model.best_epoch_ - 1]
    assert trial["validation_loss"] == kept["validation_loss"]
    assert trial["best_epoch"] == model.best_epoch_


def test_search__one_trial_at_a_time_is_the_same_as_several(words, run_cli, tmp_path) -> None:
    run_cli([*words, "--trials", 3, "-o", tmp_path / "all.json"])
    other = [tmp_path / "other.log" if word == tmp_path / "journal.log" else word for word in words]
    single = []
    for number in range(3):
        run_cli([*other, "-o", tmp_path / f"{number}.json"])
        single += read_trials(tmp_path / f"{number}.json")
    assert single == read_trials(tmp_path / "all.json")


def test_search__that_is_repeated_finds_what_it_has_done(words, run_cli, tmp_path: Path) -> None:
    run_cli([*words, "-o", tmp_path / "t.json"])
    first = (tmp_path / "t.json").read_bytes()
    code, _, err = run_cli([*words, "-o", tmp_path / "t.json"])
    assert (code, "exists already" in err or "--force" in err) == (1, True)
    (tmp_path / "t.json").unlink()
    run_cli([*words, "-o", tmp_path / "t.json"])
    assert (tmp_path / "t.json").read_bytes() == first
    assert len(load_study(str(tmp_path / "journal.log"), "search")[0].get_trials()) == 1
    run_cli([*words, "--trials", 2, "--force", "-o", tmp_path / "t.json"])
    assert [trial["number"] for trial in read_trials(tmp_path / "t.json")] == [0, 1]


def test_search__to_a_device_leaves_nothing_beside_it(words, run_cli, tmp_path: Path) -> None:
    assert run_cli([*words, "--force", "-o", "/dev/null"]).code == 0
    assert os.listdir(tmp_path) == ["journal.log"]


def test_search__on_standard_output_begins_a_new_trial_each_time(words, run_cli) -> None:
    numbers = [json.loads(run_cli(words).out)["trials"][0]["number"] for _ in range(2)]
    assert numbers == [0, 1]


def test_search__that_was_killed_goes_on_with_its_trial(words, run_cli, tmp_path: Path) -> None:
    long = [str(word) for word in words]
    long[long.index("--max-epochs") + 1] = "150"
    long += ["--n-iter-no-change", "150"]
    command = [sys.executable, "-m", "fastgru", *long, "-o", str(tmp_path / "t.json")]
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    journal, n_epochs = tmp_path / "journal.log", 0
    while n_epochs < 3:
        assert process.poll() is None
        time.sleep(0.05)
        n_epochs = journal.read_text().count('"op_code":7,') if journal.exists() else 0
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    assert (tmp_path / "t.json.1.checkpoint").exists()
    assert not (tmp_path / "t.json").exists()
    # if it died while it wrote, half a minute is waited before the lock is taken from it
    (tmp_path / "journal.log.lock").unlink(missing_ok=True)
    time.sleep(1.1)  # so that a budget of one second has passed, however fast the machine is
    code, _, err = run_cli([*long, "-o", tmp_path / "other.json", "--time-budget", "1s"])
    assert (code, "no trial was begun" in err) == (0, True)
    code, _, err = run_cli([*long, "-o", tmp_path / "t.json"])
    assert code == 0, err
    (trial,) = read_trials(tmp_path / "t.json")
    assert (trial["number"], trial["state"], trial["n_epochs"]) == (0, "complete", 150)
    steps = [line for line in journal.read_text().splitlines() if '"op_code":7,' in line]
    assert len(steps) == 150  # none was run twice
    assert not (tmp_path / "t.json.1.checkpoint").exists()


def test_search__begins_no_trial_after_its_time(
    words, run_cli, tmp_path: Path, monkeypatch
) -> None:
    from fastgru.estimators import search

    run_cli([*words, "-o", tmp_path / "1.json"])
    two_hours_later = partial(search.seconds_left, clock=lambda: time.time() + 7201)
    monkeypatch.setattr(search, "seconds_left", two_hours_later)
    code, _, err = run_cli([*words, "--time-budget", "2h", "-o", tmp_path / "2.json"])
    assert code == 0
    assert f"no trial was begun: {TIME_IS_UP}" in err
    (trial,) = read_trials(tmp_path / "2.json")
    assert (trial["state"], trial["number"], trial["validation_loss"]) == ("skipped", None, None)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400)]
)
def test_time_span__reads_units(text: str, seconds: float) -> None:
    from fastgru.cli.search import time_span

    assert time_span(text) == seconds


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--time-budget", "soon"], 2, "expected a time such as 90s, 30m or 2h, got 'soon'"),
        (["--time-budget", "0m"], 2, "expected a time such as 90s, 30m or 2h, got '0m'"),
        (["--space", "hidden_size"], 2, "expected NAME=VALUES, got 'hidden_size'"),
        (["--space", "hidden_size=8"], 2, "--space hidden_size=: given twice, expected one for"),
        (["--hidden-size", 8], 2, "'hidden_size' is both fixed and searched"),
        (["--space", "hiden_size=8"], 2, "'hiden_size' cannot be searched"),
        (["--space", "dropout=2"], 2, "search space: dropout must be a number of at least 0"),
        (["--no-early-stopping"], 2, "early_stopping is off, expected it on"),
        (["--batch-size", 0], 2, "batch_size must be an integer of at least 1, got 0"),
        (["--trials", 0], 2, "expected a whole number of at least 1, got '0'"),
    ],
)
def test_search__refuses_bad_options_before_any_work(
    options: list[Any], code: int, message: str, words, run_cli, tmp_path: Path
) -> None:
    found = run_cli([*words, *options, "-o", tmp_path / "t.json"])
    assert (found.code, found.out) == (code, "")
    assert message in found.err
    assert list(tmp_path.iterdir()) == []


def test_search__refuses_another_search_and_another_file(words, work, run_cli, tmp_path) -> None:
    run_cli([*words, "-o", tmp_path / "1.json"])
    code, _, err = run_cli([*words, "--seed", 3, "-o", tmp_path / "2.json"])
    assert code == 1
    assert "the study 'search' was begun with other fixed options, expected those given now" in err
    assert run_cli([*words, "--seed", 3, "--study", "b", "-o", tmp_path / "2.json"]).code == 0
    journal = words.index("--journal") + 1
    code, _, err = run_cli([*words[:journal], work.labels, *words[journal + 1 :], "-o", "-"])
    assert code == 1
    assert f"{work.labels}: is no readable journal (" in err
    code, _, err = run_cli(
        [*words[:journal], tmp_path / "no/j.log", *words[journal + 1 :], "-o", "-"]
    )
    assert code == 1
    assert "there is no folder" in err


def test_search__side_by_side_loses_no_trial(words, tmp_path: Path, run_cli) -> None:
    commands = [
        [sys.executable, "-m", "fastgru", *map(str, words), "-o", str(tmp_path / f"{k}.json")]
        for k in range(2)
    ]
    running = [
        subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE) for command in commands
    ]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    trials = [read_trials(tmp_path / f"{k}.json")[0] for k in range(2)]
    assert sorted(trial["number"] for trial in trials) == [0, 1]
    assert trials[0]["parameters"] != trials[1]["parameters"]
