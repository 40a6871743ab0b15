from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fastgru import SequenceClassifier
from fastgru.cli.best import _MODEL_NAME, _TAKEN_NAMES, _yaml
from fastgru.estimators.search_journal import create_study

FIXED = {"alphabet": "dna", "max_epochs": 2, "random_state": 7}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.log"


def add_trial(journal: Path, state: str, losses: list[float], rate: float = 1e-3) -> None:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.trial import TrialState, create_trial

    params: dict[str, Any] = {"learning_rate": rate, "hidden_size": 8, "pooling": "mean,max"}
    trial = create_trial(
        state=TrialState[state],
        params=params,
        distributions={
            "learning_rate": FloatDistribution(1e-6, 1.0, log=True),
            "hidden_size": IntDistribution(4, 8),
            "pooling": CategoricalDistribution(["last", "mean,max"]),
        },
        intermediate_values=dict(enumerate(losses, start=1)),
        value=min(losses) if state == "COMPLETE" else None,
    )
    create_study(str(journal), "search", {"fixed_options": FIXED}).add_trial(trial)


def test_best__writes_a_configuration_of_the_workflow(journal: Path, run_cli, tmp_path) -> None:
    add_trial(journal, "COMPLETE", [0.5, 0.4])
    add_trial(journal, "COMPLETE", [0.3, 0.35], rate=2e-5)
    add_trial(journal, "PRUNED", [0.1])
    add_trial(journal, "FAIL", [])
    code, out, err = run_cli(
        ["best", "--journal", journal, "--name", "a_best", "--dataset", "a", "-o", tmp_path / "b"]
    )
    assert (code, out) == (0, "")
    text = (tmp_path / "b").read_text()
    said = (
        'Best of 4 trials of the study "search" (2 complete, 1 failed, 1 pruned): trial 1, '
        "complete, validation loss 0.3 in epoch 1 of 2."
    )
    assert text.splitlines()[0] == f"# {said}"
    assert said in err
    assert yaml.safe_load(text) == {
        "models": {
            "a_best": {
                "datasets": ["a"],
                "hidden_size": 8,
                "learning_rate": 2e-5,
                "max_epochs": 2,
                "pooling": ["mean", "max"],
                "random_state": 7,
            }
        }
    }


def test_best__takes_the_first_of_equals(journal: Path, run_cli) -> None:
    add_trial(journal, "COMPLETE", [0.5], rate=0.25)
    add_trial(journal, "COMPLETE", [0.5], rate=0.5)
    out = run_cli(["best", "--journal", journal]).out
    assert yaml.safe_load(out)["models"]["best"]["learning_rate"] == 0.25


def test_best__takes_what_was_ended_early_if_nothing_else_is_there(journal, run_cli) -> None:
    add_trial(journal, "PRUNED", [0.5], rate=0.25)
    add_trial(journal, "PRUNED", [0.4], rate=0.5)
    out = run_cli(["best", "--journal", journal]).out
    assert "trial 1, pruned, validation loss 0.4 in epoch 1 of 1." in out
    assert yaml.safe_load(out)["models"]["best"]["learning_rate"] == 0.5


def test_best__needs_a_trial_that_has_ended(journal: Path, run_cli, tmp_path: Path) -> None:
    add_trial(journal, "RUNNING", [0.5])
    add_trial(journal, "FAIL", [])
    code, _, err = run_cli(["best", "--journal", journal, "-o", tmp_path / "b"])
    assert code == 1
    assert f"{journal}: no trial of the study 'search' has ended with a validation loss, exp" in err
    assert not (tmp_path / "b").exists()


def test_best__explains_a_journal_that_is_none(journal: Path, run_cli, work) -> None:
    code, _, err = run_cli(["best", "--journal", journal])
    assert (code, f"{journal}: does not exist, expected a journal" in err) == (1, True)
    code, _, err = run_cli(["best", "--journal", work.fasta])
    assert (code, f"{work.fasta}: is no readable journal" in err) == (1, True)
    assert "Name that file, or a new one to begin another search." in err
    assert "Delete" not in err  # it may be any file of the user
    add_trial(journal, "COMPLETE", [0.5])
    code, _, err = run_cli(["best", "--journal", journal, "--study", "x"])
    assert (code, "has the studies 'search', expected 'x'. Choose one with --st" in err) == (
        1,
        True,
    )
    code, _, err = run_cli(["best", "--journal", journal, "--force", "-o", journal])
    assert (code, "is an input and would be overwritten" in err) == (2, True)


@pytest.mark.parametrize("value", [1e-5, 1.5e-7, 0.1, 3, "a b", "no", True, ["a"], 1e20])
def test_yaml__is_read_as_it_was(value: object) -> None:
    assert yaml.safe_load(f"x: {_yaml(value)}") == {"x": value}


def test_best__of_a_search_can_be_trained_with_the_same_loss(work, run_cli, tmp_path: Path) -> None:
    words = [work.fasta, "--label-field", "label", "--split", work.split, "-t", 1]
    search = ["--journal", tmp_path / "j", "--max-epochs", 2, "--space", "hidden_size=4,6"]
    assert run_cli(["search", *words, *search, "--trials", 2, "--seed", 4]).code == 0
    text = run_cli(["best", "--journal", tmp_path / "j"]).out
    options = yaml.safe_load(text)["models"]["best"]
    flags: list[object] = []
    for name, value in options.items():
        flags += [f"--{name.replace('_', '-')}"]
        flags += [",".join(value) if isinstance(value, list) else value]
    assert run_cli(["train", *words, *flags, "-o", tmp_path / "m"]).code == 0
    model = SequenceClassifier.load(tmp_path / "m")
    loss = model.history_[model.best_epoch_ - 1]["validation_loss"]
    assert f"validation loss {loss:.6g} in epoch {model.best_epoch_} of 2." in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a b", "expected letters, digits, _, - and . after a letter or digit, got 'a b'"),
        ("_a", "after a letter or digit, got '_a'"),
        ("searched", "expected another name than baselines and searched, which the workflow uses"),
    ],
)
def test_best__refuses_names_that_the_workflow_refuses(name: str, message: str, run_cli) -> None:
    code, out, err = run_cli(["best", "--journal", "j", "--name", name])
    assert (code, out) == (2, "")
    assert message in err


def test_model_name__is_that_of_the_configuration() -> None:
    path = Path(__file__).parents[2] / "workflows/schemas/config.schema.yaml"
    names = yaml.safe_load(path.read_text(encoding="utf-8"))["properties"]["models"][
        "propertyNames"
    ]
    assert names["pattern"] == f"^{_MODEL_NAME}$"
    assert names["not"]["enum"] == list(_TAKEN_NAMES)
