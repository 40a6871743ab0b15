"""The number of threads changes no bit: not of outputs, not of gradients, not of a training."""

from __future__ import annotations

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru._numba import jit_disabled, threads_limited_to
from tests.comparing import assert_same_bits, assert_same_solution
from tests.problems import EVERY_CELL, GATED, make_problem, solve

pytestmark = pytest.mark.skipif(jit_disabled, reason="plain Python has one thread")

RAGGED = list(np.random.default_rng(0).integers(0, 30, 150))
PROBLEMS: dict[str, dict[str, Any]] = {
    "more blocks than groups": {"lengths": RAGGED, "hidden_size": 7, "bidirectional": True},
    "stacked": {"lengths": RAGGED[:40], "num_layers": 2, "kind": "positions"},
    "truncated": {"lengths": RAGGED[:40], "bptt_steps": 5},
    "wide": {"lengths": [3] * 130, "hidden_size": 130},
}


@pytest.mark.parametrize("cell", EVERY_CELL)
@pytest.mark.parametrize("name", PROBLEMS)
def test_layer__gives_the_same_bits_on_any_number_of_threads(name: str, cell: str) -> None:
    assert_same_on_two_threads(cell, dtype="float32", **PROBLEMS[name])


@pytest.mark.parametrize("cell", GATED)
def test_save_memory__gives_the_same_bits_on_any_number_of_threads(cell: str) -> None:
    assert_same_on_two_threads(cell, dtype="float32", lengths=RAGGED, save_memory=True)


@pytest.mark.parametrize("lengths", [RAGGED, [20, 3], [20], []], ids=["many", "two", "one", "no"])
def test_gru__gives_the_same_bits_on_any_number_of_threads(lengths: list[int]) -> None:
    assert_same_on_two_threads("gru", dtype="float32", lengths=lengths, hidden_size=33)


def assert_same_on_two_threads(cell: str, **options: Any) -> None:
    problem = make_problem(cell, 0, **options)
    with threads_limited_to(1):
        expected = solve(problem)
    with threads_limited_to(2):
        actual = solve(problem)
    assert_same_solution(actual, expected)


def test_layers__may_run_in_several_python_threads_at_once() -> None:
    options = {"dtype": "float32", "hidden_size": 20}
    problems = [
        make_problem(cell, 0, [20, 11, 5] * 8, **options)  # type: ignore[arg-type]
        for cell in ("gru", "gru", "lstm", "rnn tanh")
    ]
    expected = [solve(problem) for problem in problems]
    outcomes: list[object] = [None] * len(problems)

    def work(number: int) -> None:
        try:
            for _ in range(5):
                assert_same_solution(solve(problems[number]), expected[number])
            outcomes[number] = "equal"
        except BaseException as error:
            outcomes[number] = error

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(problems))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["equal"] * len(problems)


def test_layer__may_be_shared_by_several_python_threads() -> None:
    rng, layer = np.random.default_rng(0), fastgru.GRU(8, 32, random_state=0)
    inputs = [rng.standard_normal((10 + k, 200, 8)).astype(np.float32) for k in range(4)]
    expected = [layer.forward(x, training=False)[0] for x in inputs]
    with ThreadPoolExecutor(len(inputs)) as callers:
        for _ in range(50):
            found = callers.map(lambda x: layer.forward(x, training=False)[0], inputs)
            for ours, theirs in zip(found, expected, strict=True):
                assert_same_bits(ours, theirs)


def test_layer__is_copied_while_another_thread_holds_it() -> None:
    layer = fastgru.GRU(2, 3, random_state=0)
    with layer._one_caller:
        twin = copy.deepcopy(layer)
    x = np.ones((1, 4, 2), np.float32)
    assert_same_bits(twin.forward(x)[0], layer.forward(x)[0])


@pytest.mark.parametrize(
    "dtype", ["float32", pytest.param("float64", marks=pytest.mark.exhaustive)]
)
def test_training__gives_the_same_bits_on_any_number_of_threads(dtype: str) -> None:
    from fastgru import SequenceClassifier

    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGTN"), rng.integers(1, 25))) for _ in range(150)]
    labels = [str(text.count("G") % 3) for text in sequences]
    options = {"num_layers": 2, "hidden_size": 12, "max_epochs": 3, "dropout": 0.2, "dtype": dtype}
    one, two = (
        SequenceClassifier(threads=threads, random_state=0, **options).fit(sequences, labels)
        for threads in (1, 2)
    )
    assert_same_bits(two.predict_proba(sequences), one.predict_proba(sequences))
    assert two.history_ == one.history_
