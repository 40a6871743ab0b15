from __future__ import annotations

import contextlib
import copy
import random
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from fastgru.errors import CheckpointError, ModelFileError
from fastgru.models.model_file import read_model
from fastgru.models.tensor_file import add_checksum, write_tensors
from fastgru.training import checkpoint
from fastgru.training.checkpoint import (
    SavedTraining,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from fastgru.training.loop import train
from fastgru.training.state import TrainingState
from tests.comparing import assert_same_bits
from tests.models.damage import cut, damage_json, flip_bits, overwrite, swap_digits
from tests.training.test_loop import CLASSES, OPTIONS, make_network, make_set

TRAINING: dict[str, Any] = {
    "fastgru_version": "0.1.0",
    "parameters": {"hidden_size": 16},
    "data": {"sequences": "0" * 64},
    "seeds": [1, 2, 3],
}


@pytest.fixture(scope="module")
def state() -> TrainingState:
    states: list[TrainingState] = []
    train(
        *(make_network(), make_set(16, 1), None, CLASSES, OPTIONS),
        on_state=lambda state: states.append(copy.deepcopy(state)),
    )
    return states[3]


@pytest.fixture
def path(tmp_path: Path, state: TrainingState) -> Path:
    path = tmp_path / "m.checkpoint"
    write_checkpoint(path, TRAINING, state)
    return path


def test_read_checkpoint__gives_back_what_was_written(path: Path, state: TrainingState) -> None:
    saved = read_checkpoint(path)
    assert {name: saved.card[name] for name in TRAINING} == TRAINING
    found = saved.state(make_network())
    for field in fields(TrainingState):
        value, wanted = getattr(found, field.name), getattr(state, field.name)
        if field.name == "generators":
            assert value.keys() == wanted.keys()
            for name in wanted:
                assert_same_bits(value[name], wanted[name])
        elif isinstance(wanted, np.ndarray):
            assert_same_bits(value, wanted)
        else:
            # no validation set, so that the history has NaN
            assert repr(value) == repr(wanted)


def test_write_checkpoint__gives_the_same_bytes_for_the_same_state(
    path: Path, state: TrainingState
) -> None:
    again = path.with_name("again")
    write_checkpoint(again, dict(reversed(TRAINING.items())), state)
    assert again.read_bytes() == path.read_bytes()


def test_read_checkpoint__refuses_a_newer_format(
    path: Path, state: TrainingState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "FORMAT_VERSION", 2)
    write_checkpoint(path, TRAINING, state)
    message = r"written in checkpoint format 2, this fastgru reads formats up to 1\. Update fastgru"
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable checkpoint ("),
        (b">a\nACGT\n" * 9, "not a readable checkpoint ("),
        (
            save({"a": np.zeros(3)}, metadata={"fastgru": "{}"}),
            "a fastgru file of another kind, expected a checkpoint of 'fastgru train'. Check the",
        ),
        (
            save({"a": np.zeros(3)}),
            "a safetensors file without a fastgru card, expected a checkpoint of 'fastgru train'.",
        ),
        (
            save({}, metadata={"fastgru_checkpoint": '{"format_version": 1}'}),
            "its content does not match its checksum. The file is damaged. Delete it to start",
        ),
    ],
)
def test_read_checkpoint__refuses_a_foreign_file(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "c"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=re.escape(f"{path}: {message}")):
        read_checkpoint(path)


def test_read_checkpoint__explains_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot be read \(no such file or directory\)"):
        read_checkpoint(tmp_path / "missing")
    with pytest.raises(CheckpointError, match="is a folder, expected a checkpoint"):
        read_checkpoint(tmp_path)


def test_read_model__refuses_a_checkpoint(path: Path) -> None:
    message = "a fastgru file of another kind, expected a model written by 'fastgru train'"
    with pytest.raises(ModelFileError, match=message):
        read_model(path)


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], None]) -> None:
    """Change a checkpoint and give it the checksum of the change."""
    saved = read_checkpoint(path)
    card = {key: value for key, value in saved.card.items() if key != "sha256"}
    change(card, saved.tensors)
    full = add_checksum(card, 1, saved.tensors)
    write_tensors(path, checkpoint._KIND, full, saved.tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card, _: card.pop("seeds"), "in its card, seeds is missing"),
        (lambda card, _: card.update(seeds=[1]), "seeds is no list of at least 3 entries"),
        (lambda card, _: card.update(step_number="x"), "step_number is 'x', expected a whole numb"),
        (lambda card, _: card.update(best_epoch=4), "its best epoch is number 4 of 3"),
        (lambda card, _: card.update(best_epoch=0), "its best epoch is number 0 of 3"),
        (lambda _, tensors: tensors.pop("values"), "its arrays are not those of a training"),
        (lambda _, tensors: tensors.pop("history"), "its arrays are not those of a training"),
        (
            lambda _, tensors: tensors.update(history=np.array(1.0)),
            r"history is float64 \(1,\), expected float64 \(1, 6\)",
        ),
        (
            lambda _, tensors: tensors["history"].__setitem__((1, 0), 5),
            "the epochs of its history are not counted from 1",
        ),
        (
            lambda _, tensors: tensors.update(values=tensors["values"][:-1]),
            r"values is float32 \(\d+,\), expected float32 \(\d+,\)",
        ),
        (
            lambda _, tensors: tensors.update(values=tensors["values"].astype(float)),
            r"values is float64 \(\d+,\), expected float32",
        ),
        (
            lambda _, tensors: tensors.update({"generators.dropout": np.zeros(3, np.uint64)}),
            r"generators.dropout is uint64 \(3,\), expected uint64 \(6,\)",
        ),
    ],
)
def test_checkpoint__that_contradicts_itself_is_refused(
    change: Any, message: str, path: Path
) -> None:
    rewritten(path, change)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_checkpoint(path).state(make_network())
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("The file is damaged. Delete it to start again.")


@pytest.mark.parametrize("damage", [cut, flip_bits, overwrite, swap_digits])
def test_read_checkpoint__survives_damage_of_any_kind(damage: Any, path: Path) -> None:
    content, rng = path.read_bytes(), random.Random(damage.__name__)
    original = read_checkpoint(path)
    tracemalloc.start()
    for _ in range(100):
        path.write_bytes(damage(content, rng))
        try:
            saved = read_checkpoint(path)
        except CheckpointError:
            continue
        assert saved.card == original.card  # a change without a meaning
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_read_checkpoint__survives_any_card_with_the_right_checksum(path: Path) -> None:
    # as a program could write it that means harm
    content, rng, network = path.read_bytes(), random.Random(6), make_network()
    refused = 0
    for _ in range(200):
        path.write_bytes(content)
        with contextlib.suppress(ValueError):  # what is no JSON cannot be written
            rewritten(path, lambda card, _: damage_json(card, rng))
        try:
            read_checkpoint(path).state(network)
        except CheckpointError:
            refused += 1
    assert refused > 50


def test_remove_checkpoint__removes_what_killed_processes_left(path: Path) -> None:
    kept = [path.with_name(name) for name in ("m.checkpoint2", ".m.part", ".mXcheckpoint.7.part")]
    for other in [*kept, path.with_name(".m.checkpoint.123.part")]:
        other.write_bytes(b"x")
    remove_checkpoint(path)
    assert sorted(path.parent.iterdir()) == sorted(kept)
    remove_checkpoint(path)


def test_remove_checkpoint__leaves_devices_alone() -> None:
    remove_checkpoint("/dev/null")
    assert Path("/dev/null").exists()


def test_saved_training__fits_no_other_network(path: Path) -> None:
    saved = read_checkpoint(path)
    assert isinstance(saved, SavedTraining)
    with pytest.raises(CheckpointError, match="values is float32"):
        saved.state(make_network(hidden_size=17))
