"""Training that is interrupted, and goes on: what is left, what is refused, what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru import SequenceClassifier
from fastgru.estimators import checkpoints

CHECKPOINT = "m.safetensors.checkpoint"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def command(work: Any, quick: list[str], tmp_path: Path, monkeypatch) -> list[object]:
    """The arguments of a training in an empty folder, two epochs, with a history."""
    monkeypatch.chdir(tmp_path)
    inputs = ["train", work.fasta, "--labels", work.labels, "--split", work.split]
    return [*inputs, *quick, "-o", "m.safetensors", "--history", "h.tsv"]


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch, run_cli) -> Callable[..., Any]:
    """Run a command that is interrupted when the checkpoint of an epoch has been written."""

    def run(arguments: list[object], *, after: int, by: BaseException | None = None) -> Any:
        write = checkpoints.write_checkpoint

        def write_and_stop(path: str, training: Any, state: Any) -> None:
            write(path, training, state)
            if len(state.history) == after:
                raise by or KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(checkpoints, "write_checkpoint", write_and_stop)
            return run_cli(arguments)

    return run


def test_train__goes_on_after_an_interruption(command, work, interrupt, run_cli) -> None:
    code, _, err = interrupt(command, after=1)
    assert code == 130
    assert err.endswith(
        f"{CHECKPOINT}: the same command with --resume goes on\nfastgru train: interrupted\n"
    )
    assert names_in(Path()) == [CHECKPOINT]
    code, _, err = run_cli([*command, "--resume"])
    assert code == 0, err
    assert f"{CHECKPOINT}: training goes on after 1 epoch\n" in err
    assert "training: 1/2" not in err
    assert "training: 2/2, loss 0." in err
    assert names_in(Path()) == ["h.tsv", "m.safetensors"]
    assert Path("m.safetensors").read_bytes() == work.model.read_bytes()
    rows = Path("h.tsv").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[0] for row in rows] == ["epoch", "1", "2"]


def test_train__leaves_the_rows_of_finished_epochs(command, interrupt, run_cli) -> None:
    interrupt(command, after=2)
    rows = Path("h.tsv").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[0] for row in rows] == ["epoch", "1"]
    # the history of the interrupted training is no reason to refuse
    assert run_cli([*command, "--resume"]).code == 0
    rows = Path("h.tsv").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[0] for row in rows] == ["epoch", "1", "2"]


def test_train__that_is_terminated_leaves_its_start(command, work, interrupt, run_cli) -> None:
    code, _, err = interrupt(command, after=0, by=SystemExit(143))
    assert code == 143
    assert err.endswith(f"{CHECKPOINT}: the same command with --resume goes on\n")
    assert names_in(Path()) == [CHECKPOINT]
    code, _, err = run_cli([*command, "--resume"])
    assert code == 0
    assert f"{CHECKPOINT}: training goes on from the beginning\n" in err
    assert Path("m.safetensors").read_bytes() == work.model.read_bytes()


def test_train__resumes_nothing_and_says_so(command, work, run_cli) -> None:
    code, _, err = run_cli([*command, "--resume"])
    assert code == 0
    assert f"{CHECKPOINT}: no checkpoint is there, so training starts anew\n" in err
    assert names_in(Path()) == ["h.tsv", "m.safetensors"]
    assert Path("m.safetensors").read_bytes() == work.model.read_bytes()


def test_train__says_what_is_left_of_another_training(command, work, interrupt, run_cli) -> None:
    interrupt(command, after=1)
    content = Path(CHECKPOINT).read_bytes()
    code, _, err = run_cli(command)
    assert code == 1
    assert (
        f"error: {CHECKPOINT}: holds a training that was interrupted. Use --resume to go on with "
        "it, or --force to start again.\n"
    ) in err
    assert Path(CHECKPOINT).read_bytes() == content
    code, _, err = run_cli([*command, "--force"])
    assert code == 0
    assert "training: 1/2" in err
    assert Path("m.safetensors").read_bytes() == work.model.read_bytes()


def test_train__refuses_a_checkpoint_that_does_not_fit(command, interrupt, run_cli) -> None:
    interrupt(command, after=1)
    content = Path(CHECKPOINT).read_bytes()
    other = [*command, "--dropout", "0.3", "--resume"]
    code, _, err = run_cli(other)
    assert code == 1
    assert f"error: {CHECKPOINT}: was made with dropout 0.1, expected 0.3. Go on with the" in err
    assert names_in(Path()) == [CHECKPOINT]
    assert Path(CHECKPOINT).read_bytes() == content
    # what a workflow wants: an old checkpoint is no reason to be stuck
    code, _, err = run_cli([*other, "--force"])
    assert code == 0
    assert f"warning: {CHECKPOINT}: was made with dropout 0.1" in err
    assert "With --force, training starts anew." in err
    assert names_in(Path()) == ["h.tsv", "m.safetensors"]
    model = SequenceClassifier.load("m.safetensors")
    assert (model.dropout, model.n_iter_) == (0.3, 2)


def test_train__refuses_a_damaged_checkpoint(command, interrupt, run_cli) -> None:
    interrupt(command, after=1)
    Path(CHECKPOINT).write_bytes(Path(CHECKPOINT).read_bytes()[:-1])
    code, _, err = run_cli([*command, "--resume"])
    assert code == 1
    assert f"error: {CHECKPOINT}: not a readable checkpoint (" in err
    assert "Delete it to start again.\n" in err
    assert "Traceback" not in err


def test_train__keeps_the_checkpoint_where_it_is_told(command, interrupt, run_cli) -> None:
    interrupt([*command, "--checkpoint", "elsewhere"], after=1)
    assert names_in(Path()) == ["elsewhere"]
    assert run_cli([*command, "--checkpoint", "elsewhere", "--resume"]).code == 0
    assert names_in(Path()) == ["h.tsv", "m.safetensors"]


def test_train__keeps_no_checkpoint_if_told_so(command, monkeypatch, run_cli) -> None:
    monkeypatch.setattr(checkpoints, "write_checkpoint", None)
    assert run_cli([*command, "--no-checkpoint"]).code == 0
    assert names_in(Path()) == ["h.tsv", "m.safetensors"]


@pytest.mark.parametrize("output", ["-", "/dev/null"])
def test_train__keeps_no_checkpoint_beside_what_is_no_file(
    output: str, command, monkeypatch, run_cli
) -> None:
    monkeypatch.setattr(checkpoints, "write_checkpoint", None)
    if output == "-":
        monkeypatch.setattr(SequenceClassifier, "save", lambda *_, **__: None)
    assert run_cli([*command, "-o", output]).code == 0
    assert names_in(Path()) == ["h.tsv"]


def test_train__leaves_nothing_of_what_diverged(command, run_cli) -> None:
    with np.errstate(all="ignore"):
        code, _, err = run_cli([*command, "--learning-rate", "1e30", "--weight-decay", "1"])
    assert code == 1
    assert "expected a finite number. Lower learning_rate" in err
    assert names_in(Path()) == []


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--checkpoint", "-"], 2, "--checkpoint: is standard output, expected the name of a f"),
        (["--checkpoint", ""], 1, "output: the name is empty, expected the name of a file"),
        (["--checkpoint", "c.gz"], 2, "c.gz: checkpoints are not compressed, expected a name su"),
        (["--checkpoint", "missing/c"], 1, "missing/c: there is no folder 'missing'. Create it"),
        (["--checkpoint", "h.tsv"], 2, "h.tsv: given for two outputs, expected a file for each"),
        (["--checkpoint", "."], 1, ".: is a folder, expected the name of a file to write."),
        (["--no-checkpoint", "--resume"], 2, "--resume: there is no checkpoint to go on from, ex"),
        (["-o", "-", "--resume"], 2, "expected the name of a file. Give it with --checkpoint."),
        (["--no-checkpoint", "--checkpoint", "c"], 2, "not allowed with argument --no-checkpoint"),
    ],
)
def test_train__refuses_a_checkpoint_that_cannot_be(
    options: list[str], code: int, message: str, command, run_cli
) -> None:
    found = run_cli([*command, *options])
    assert found.code == code
    assert message in found.err
    assert names_in(Path()) == []


def test_train__never_puts_the_checkpoint_in_the_place_of_an_input(
    command, work, quick, run_cli
) -> None:
    Path(CHECKPOINT).write_bytes(work.fasta.read_bytes())
    options = ["--label-field", "label", *quick, "-o", "m.safetensors", "--force"]
    code, _, err = run_cli(["train", CHECKPOINT, *options])
    assert code == 2
    assert f"{CHECKPOINT}: is an input and would be overwritten" in err
    assert Path(CHECKPOINT).read_bytes() == work.fasta.read_bytes()


def test_train__keeps_the_checkpoint_if_the_model_cannot_be_written(
    command, work, monkeypatch: pytest.MonkeyPatch, run_cli
) -> None:
    def disk_full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "m.safetensors")

    with monkeypatch.context() as patch:
        patch.setattr(SequenceClassifier, "save", disk_full)
        code, _, err = run_cli(command)
    assert code == 1
    assert "fastgru train: error: m.safetensors: No space left on device" in err
    assert names_in(Path()) == ["h.tsv", CHECKPOINT]
    code, _, err = run_cli([*command, "--resume"])
    assert code == 0
    assert "training: " not in err.replace(f"{CHECKPOINT}: training: ", "")
    assert Path("m.safetensors").read_bytes() == work.model.read_bytes()
