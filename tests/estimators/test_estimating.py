from __future__ import annotations

import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru.estimators import estimating
from fastgru.estimators.estimating import estimate_training, training_bytes
from fastgru.estimators.fitting import draw_seeds, prepare
from fastgru.estimators.parameters import check_parameters, parameters_of
from fastgru.estimators.training_sets import GivenSets, given_sets
from fastgru.estimators.warmup import compile_kernels
from fastgru.training.checkpoint import write_checkpoint
from fastgru.training.classification import Classification
from fastgru.training.loop import train

compile_once = cache(compile_kernels)
MEMORY_FACTOR = 1.35
"""How far the estimate may be from what is taken."""


def make_parameters(**changes: Any) -> dict[str, Any]:
    defaults = {parameter.name: parameter.default for parameter in parameters_of("classification")}
    fixed = {"random_state": 0, "threads": 1, "max_epochs": 2}
    return check_parameters({**defaults, **fixed, **changes})


def make_given(parameters: dict[str, Any], n: int, lengths: tuple[int, int]) -> GivenSets:
    rng = np.random.default_rng(3)
    sizes = rng.integers(*lengths, size=n, endpoint=True)
    sequences = ["".join(rng.choice(list("ACGT"), size)) for size in sizes]
    labels = [number % 2 for number in range(n)]
    return given_sets(*(parameters, sequences, labels), sample_weight=None, validation_data=None)


@pytest.mark.parametrize(
    ("n", "lengths", "changes"),
    [
        (140, (150, 150), {}),
        (140, (30, 300), {}),
        (70, (100, 100), {"hidden_size": 200}),
        (70, (100, 100), {"num_layers": 3, "hidden_size": 40}),
        (70, (150, 150), {"dtype": "float64", "pooling": ("last",)}),
        (140, (200, 200), {"position_embedding": True, "hidden_size": 16}),
        (400, (200, 200), {"batch_size": 8, "validation_fraction": 0.5, "max_epochs": 1}),
        (140, (30, 300), {"pooling": ("attention",)}),
        (140, (150, 150), {"kmer_size": 4, "kmer_stride": 3}),
        (140, (150, 150), {"kmer_size": 6}),
        (140, (150, 150), {"kmer_size": 5, "conv_channels": (32,)}),
        (30, (20, 20), {"hidden_size": 400, "bidirectional": False, "early_stopping": False}),
    ],
)
def test_training_bytes__are_what_training_takes(
    n: int, lengths: tuple[int, int], changes: dict[str, Any], tmp_path: Path
) -> None:
    parameters = make_parameters(**changes)
    given = make_given(parameters, n, lengths)
    compile_once(parameters["dtype"], parameters["cell"])  # they are no memory of the training
    tracemalloc.start()
    prepared = prepare(parameters, given, draw_seeds(0))
    train(
        *(prepared.network, prepared.training, prepared.validation),
        *(given.objective, prepared.options),
        on_state=lambda state: write_checkpoint(tmp_path / "c", {}, state),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    estimate = training_bytes(prepared.network.architecture, prepared)
    assert peak > 5e6
    assert peak / MEMORY_FACTOR < estimate < peak * MEMORY_FACTOR


def test_estimate_training__describes_the_training() -> None:
    parameters = make_parameters(hidden_size=4, batch_size=16)
    given = make_given(parameters, 50, (20, 30))
    estimate = estimate_training(parameters, given)
    prepared = prepare(parameters, given, draw_seeds(0))
    assert (estimate.n_train, estimate.n_validation) == (46, 4)
    assert estimate.steps_per_epoch == 3
    assert estimate.n_parameters == prepared.network.parameters.size
    assert estimate.seconds_per_epoch > 0
    assert estimate.memory > training_bytes(prepared.network.architecture, prepared)


def test_estimate_training__without_validation() -> None:
    parameters = make_parameters(hidden_size=4, early_stopping=False)
    estimate = estimate_training(parameters, make_given(parameters, 10, (20, 30)))
    assert (estimate.n_train, estimate.n_validation) == (10, 0)


def test_estimate_training__extrapolates_from_the_steps_that_it_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a clock on which each step takes 2 s for a whole batch, and nothing else takes time
    now = [0.0]
    write_gradients = Classification.write_gradients

    def two_seconds(*arguments: Any) -> float:
        now[0] += 2.0
        return write_gradients(*arguments)

    monkeypatch.setattr(Classification, "write_gradients", two_seconds)
    monkeypatch.setattr(estimating.time, "perf_counter", lambda: now[0])
    parameters = make_parameters(hidden_size=4, batch_size=10, early_stopping=False)
    given = make_given(parameters, 100, (20, 20))
    estimate = estimate_training(parameters, given, max_seconds=7.0)
    assert estimate.seconds_per_epoch == pytest.approx(20.0)
    # one to load the kernels, one that is not counted, and no other after 7 s
    assert now[0] == 2.0 * (1 + 1 + 3)


def test_estimate_training__takes_two_steps_at_least() -> None:
    parameters = make_parameters(hidden_size=4, batch_size=10)
    given = make_given(parameters, 40, (20, 20))
    assert estimate_training(parameters, given, max_seconds=0).seconds_per_epoch > 0
