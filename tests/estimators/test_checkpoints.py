"""Training that goes on from its checkpoint: the same bits, or a refusal that says why."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru.errors import AlphabetError, CheckpointError, ConfigurationError
from fastgru.estimators import checkpoints
from fastgru.training.state import Epoch


class Interrupted(Exception):
    pass


def interrupt_after(n_epochs: int) -> Any:
    def report(epoch: Epoch) -> None:
        if epoch.epoch == n_epochs:
            raise Interrupted

    return report


@pytest.fixture
def interrupted(make_classifier: Any, planted: Any, tmp_path: Path) -> Path:
    """The checkpoint of a training that was interrupted after two of three epochs."""
    path = tmp_path / "m.checkpoint"
    with pytest.raises(Interrupted):
        make_classifier().fit(*planted, checkpoint=path, on_epoch=interrupt_after(2))
    return path


def bytes_of(model: Any, folder: Path) -> bytes:
    path = folder / "model.safetensors"
    model.save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_layers": 2, "dropout": 0.4, "dtype": "float64"},
        {"conv_channels": [5, 4], "conv_norm": "batch", "max_epochs": 3, "learning_rate": 0.1},
        {"position_embedding": True, "early_stopping": False, "class_weight": "balanced"},
    ],
)
@pytest.mark.parametrize("n_epochs", [1, 2, 3])
def test_fit__goes_on_as_if_it_was_never_interrupted(
    n_epochs: int, changes: dict[str, Any], make_classifier, planted, tmp_path: Path
) -> None:
    path = tmp_path / "m.checkpoint"
    with pytest.raises(Interrupted):
        make_classifier(**changes).fit(
            *planted, checkpoint=path, on_epoch=interrupt_after(n_epochs)
        )
    before: list[list[int]] = []
    after: list[int] = []
    resumed = make_classifier(**changes).fit(
        *planted,
        checkpoint=path,
        resume=True,
        on_resume=lambda epochs: before.append([epoch.epoch for epoch in epochs]),
        on_epoch=lambda epoch: after.append(epoch.epoch),
    )
    assert before == [list(range(1, n_epochs + 1))]
    assert after == list(range(n_epochs + 1, 4))
    whole = make_classifier(**changes).fit(*planted)
    assert bytes_of(resumed, tmp_path) == bytes_of(whole, tmp_path)


def test_fit__with_a_checkpoint_gives_the_same_model(
    make_classifier, planted, fitted, tmp_path: Path
) -> None:
    path = tmp_path / "m.checkpoint"
    model = make_classifier().fit(*planted, checkpoint=path, resume=True)
    assert bytes_of(model, tmp_path) == bytes_of(fitted, tmp_path)
    # it stays, for who wants to be sure that the model was saved
    assert path.is_file()
    assert [*tmp_path.glob(".*")] == []


def test_fit__that_had_ended_ends_at_once(make_classifier, planted, fitted, tmp_path: Path) -> None:
    path = tmp_path / "m.checkpoint"
    make_classifier().fit(*planted, checkpoint=path)
    content = path.read_bytes()
    seen: list[Epoch] = []
    again = make_classifier().fit(*planted, checkpoint=path, resume=True, on_epoch=seen.append)
    assert seen == []
    assert path.read_bytes() == content
    assert bytes_of(again, tmp_path) == bytes_of(fitted, tmp_path)


def test_fit__that_had_stopped_early_takes_no_epoch_more(
    make_classifier, planted, tmp_path: Path
) -> None:
    path, changes = tmp_path / "m.checkpoint", {"max_epochs": 40, "n_iter_no_change": 1}
    whole = make_classifier(**changes).fit(*planted, checkpoint=path)
    assert whole.best_epoch_ < whole.n_iter_ < 40
    again = make_classifier(**changes).fit(*planted, checkpoint=path, resume=True)
    assert again.n_iter_ == whole.n_iter_
    assert bytes_of(again, tmp_path) == bytes_of(whole, tmp_path)


def test_fit__without_a_seed_goes_on_with_the_seed_that_was_drawn(
    make_classifier, planted, tmp_path: Path
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    with pytest.raises(Interrupted):
        make_classifier(random_state=None).fit(
            *planted, checkpoint=first, on_epoch=interrupt_after(1)
        )
    shutil.copy(first, second)
    models = [
        make_classifier(random_state=None).fit(*planted, checkpoint=path, resume=True)
        for path in (first, second)
    ]
    assert bytes_of(models[0], tmp_path) == bytes_of(models[1], tmp_path)
    another = make_classifier(random_state=None).fit(*planted)
    assert bytes_of(another, tmp_path) != bytes_of(models[0], tmp_path)


def test_fit__starts_anew_where_there_is_no_checkpoint_or_it_is_not_asked_to_resume(
    make_classifier, planted, fitted, interrupted: Path, tmp_path: Path
) -> None:
    for path, resume in ((tmp_path / "new", True), (interrupted, False)):
        seen: list[int] = []
        model = make_classifier().fit(
            *planted,
            checkpoint=path,
            resume=resume,
            on_epoch=lambda epoch, seen=seen: seen.append(epoch.epoch),
        )
        assert seen == [1, 2, 3]
        assert bytes_of(model, tmp_path) == bytes_of(fitted, tmp_path)


def test_fit__writes_a_checkpoint_before_the_first_epoch(
    make_classifier, planted, fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "m.checkpoint", checkpoints.write_checkpoint

    def write_and_stop(*arguments: Any) -> None:
        write(*arguments)
        raise Interrupted

    monkeypatch.setattr(checkpoints, "write_checkpoint", write_and_stop)
    with pytest.raises(Interrupted):
        make_classifier().fit(*planted, checkpoint=path)
    monkeypatch.undo()
    resumed: list[Any] = []
    model = make_classifier().fit(*planted, checkpoint=path, resume=True, on_resume=resumed.append)
    assert resumed == [[]]
    assert bytes_of(model, tmp_path) == bytes_of(fitted, tmp_path)


def test_fit__refuses_to_resume_from_nowhere(make_classifier, planted) -> None:
    with pytest.raises(ConfigurationError, match=r"resume needs a checkpoint to go on from\. Name"):
        make_classifier().fit(*planted, resume=True)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"hidden_size": 13}, "with hidden_size 12, expected 13"),
        ({"hidden_size": 13, "dropout": 0.2}, "with hidden_size 12, expected 13"),
        ({"max_epochs": 4}, "with max_epochs 3, expected 4"),
        ({"random_state": 1}, "with random_state 0, expected 1"),
        ({"random_state": None}, "with random_state 0, expected None"),
        ({"class_weight": {"no": 1, "yes": 2}}, "with class_weight None, expected {'no': 1, 'yes"),
        ({"pooling": ("last",)}, r"with pooling ['last', 'mean', 'max'], expected ['last']"),
    ],
)
def test_fit__refuses_the_checkpoint_of_other_parameters(
    changes, difference: str, make_classifier, planted, interrupted: Path
) -> None:
    content = interrupted.read_bytes()
    with pytest.raises(CheckpointError) as caught:
        make_classifier(**changes).fit(*planted, checkpoint=interrupted, resume=True)
    assert str(caught.value).startswith(f"{interrupted}: was made {difference}")
    assert str(caught.value).endswith(
        ". Go on with the same data and options, or delete it to start again."
    )
    assert interrupted.read_bytes() == content


def test_fit__takes_another_number_of_threads(
    make_classifier, planted, fitted, interrupted: Path, tmp_path: Path
) -> None:
    model = make_classifier(threads=2).fit(*planted, checkpoint=interrupted, resume=True)
    assert bytes_of(model, tmp_path) == bytes_of(fitted, tmp_path)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda s, y: ((s[::-1], y), {}), "sequences"),
        (lambda s, y: ((s[:-1], y[:-1]), {}), "sequences"),
        (lambda s, y: ((s, y[::-1]), {}), "labels"),
        (lambda s, y: ((s, [f"{label}!" for label in y]), {}), "labels"),
        (lambda s, y: ((s, y), {"sample_weight": np.linspace(1, 2, len(s))}), "weights"),
        (lambda s, y: ((s, y), {"validation_data": (s[:4], y[:4])}), "validation sequences"),
        (lambda s, y: ((s, y), {"groups": [k // 2 for k in range(len(s))]}), "groups"),
    ],
)
def test_fit__refuses_the_checkpoint_of_other_data(
    change, difference: str, make_classifier, planted, interrupted: Path
) -> None:
    arguments, options = change(*planted)
    message = f"was made with other {difference}, expected those given now. Go on with the same"
    with pytest.raises(CheckpointError, match=message):
        make_classifier().fit(*arguments, **options, checkpoint=interrupted, resume=True)


def test_fit__refuses_the_checkpoint_of_other_validation_labels(
    make_classifier, planted, tmp_path: Path
) -> None:
    path, (sequences, labels) = tmp_path / "m.checkpoint", planted
    make_classifier().fit(*planted, validation_data=(sequences[:4], labels[:4]), checkpoint=path)
    with pytest.raises(CheckpointError, match="was made with other validation labels, expected"):
        make_classifier().fit(
            *planted,
            validation_data=(sequences[:4], labels[1:5]),
            checkpoint=path,
            resume=True,
        )


def test_fit__refuses_the_checkpoint_of_another_version(
    make_classifier, planted, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "__version__", "9.9")
    message = r"was made by fastgru \S+, expected 9\.9\. Go on with"
    with pytest.raises(CheckpointError, match=message):
        make_classifier().fit(*planted, checkpoint=interrupted, resume=True)


def test_fit__refuses_a_damaged_checkpoint(make_classifier, planted, interrupted: Path) -> None:
    interrupted.write_bytes(interrupted.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match=r"not a readable checkpoint .* Delete it to start"):
        make_classifier().fit(*planted, checkpoint=interrupted, resume=True)


def test_fit__leaves_the_checkpoint_alone_if_the_data_are_wrong(
    make_classifier, planted, interrupted: Path
) -> None:
    content = interrupted.read_bytes()
    with pytest.raises(AlphabetError):
        make_classifier().fit(["ACGT", "AC!"], ["a", "b"], checkpoint=interrupted)
    assert interrupted.read_bytes() == content
