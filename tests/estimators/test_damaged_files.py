"""Damaged and forged files: each ends in a correct load or in a clear error, in bounded memory."""

from __future__ import annotations

import contextlib
import copy
import random
import re
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru.errors import CheckpointError, FastgruError, ModelFileError
from fastgru.estimators.loading import load_fitted
from fastgru.estimators.saving import tensors_of
from fastgru.models.model_file import read_model
from fastgru.training.checkpoint import read_checkpoint, write_checkpoint
from fastgru.training.loop import train
from fastgru.training.state import TrainingState
from tests.models.damage import FORGED, UNNOTICED
from tests.models.model_files import SAVED, take_apart
from tests.training.test_loop import CLASSES, OPTIONS, make_network, make_set

N_CORE, N_EXHAUSTIVE = 400, 1_000
MAX_PEAK = 20_000_000
MORE_ADDRESSES = 1 << 29
DAMAGES = (*UNNOTICED, *FORGED)

Content = tuple[dict[str, Any], dict[str, np.ndarray]]


def load_model(path: Path) -> Content:
    """Card and weights of a model that could be used at once."""
    fitted, saved = load_fitted(path), read_model(path)
    for name, tensor in tensors_of(fitted).items():
        assert np.array_equal(tensor, saved.tensors[name])
    return saved.card, saved.tensors


def load_checkpoint(path: Path) -> Content:
    saved = read_checkpoint(path)
    saved.state(make_network())
    return saved.card, saved.tensors


Case = tuple[bytes, Callable[[Path], Content], type[FastgruError]]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Model files of every task and state, and a checkpoint."""
    states: list[TrainingState] = []
    train(
        *(make_network(), make_set(16, 1), None, CLASSES, OPTIONS),
        on_state=lambda state: states.append(copy.deepcopy(state)),
    )
    path = tmp_path_factory.mktemp("checkpoint") / "m.checkpoint"
    about = {"fastgru_version": "0", "parameters": {}, "data": {}, "seeds": [1, 2, 3]}
    write_checkpoint(path, about, states[1])
    checkpoints = [(path.read_bytes(), load_checkpoint, CheckpointError)] * 3
    return [*((saved.read_bytes(), load_model, ModelFileError) for saved in SAVED), *checkpoints]


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """Refuse arrays that no small file needs, also those that Python does not know of."""
    tracemalloc.start()
    try:
        with limited_addresses():
            yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_PEAK


@contextlib.contextmanager
def limited_addresses() -> Iterator[None]:
    """Let the process have half a gigabyte more than it has; only where Linux tells how much."""
    if sys.platform != "linux":
        yield
        return
    import resource

    n_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = n_pages * resource.getpagesize() + MORE_ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def assert_same_content(found: Content, expected: Content) -> None:
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    for name, tensor in expected[1].items():
        assert found[1][name].dtype == tensor.dtype
        assert found[1][name].tobytes() == tensor.tobytes()


def content_or_refusal(
    path: Path, load: Callable[[Path], Content], error: type[FastgruError]
) -> Content | str:
    try:
        return load(path)
    except error as refusal:
        return str(refusal)


def survive(cases: list[Case], path: Path, n_files: int, seed: int) -> Counter[str]:
    """Damage files at random, load them, and count what became of them."""
    originals = []
    for content, load, _ in cases:
        path.write_bytes(content)
        originals.append(load(path))
    rng, counts = random.Random(seed), Counter[str]()
    with bounded_memory():
        for _ in range(n_files):
            number, damage = rng.randrange(len(cases)), rng.choice(DAMAGES)
            content, load, error = cases[number]
            damaged = damage(content, rng)
            path.write_bytes(damaged)
            found = content_or_refusal(path, load, error)
            if isinstance(found, str):
                assert re.fullmatch(rf"{re.escape(str(path))}: .*\.", found, re.DOTALL)
                counts["refused"] += 1
                continue
            counts[damage.__name__] += 1
            if damage in UNNOTICED:
                # a change without a meaning, such as the 17th digit of a number
                assert_same_content(found, originals[number])
            else:
                assert found[0] == take_apart(damaged)[1]
    return counts


def test_load__survives_damage_of_any_kind(cases: list[Case], tmp_path: Path) -> None:
    counts = survive(cases, tmp_path / "file", N_CORE, seed=1)
    assert counts["refused"] > 0.7 * N_CORE
    # forged files that contradict nothing are files like any other
    assert counts["damage_weights"]
    assert counts["damage_card"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(2, 12))
def test_load__survives_ten_thousand_damaged_files(
    seed: int, cases: list[Case], tmp_path: Path
) -> None:
    assert survive(cases, tmp_path / "file", N_EXHAUSTIVE, seed)["refused"] > 0.7 * N_EXHAUSTIVE


def test_limited_addresses__stops_what_takes_more() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells how much a process has")
    with limited_addresses(), pytest.raises(MemoryError):
        np.empty(2 * MORE_ADDRESSES, np.uint8)
