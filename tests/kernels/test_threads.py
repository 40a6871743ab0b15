"""The number of threads changes no bit: not of outputs, not of gradients, not of a training."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fastgru._numba import jit_disabled, threads_limited_to
from tests.gru_problems import DTYPES, assert_same_bits, assert_same_solution, make_problem, solve

pytestmark = pytest.mark.skipif(jit_disabled, reason="plain Python has one thread")

RAGGED = list(np.random.default_rng(0).integers(0, 30, 150))
PROBLEMS = {
    "more blocks than groups": make_problem(0, RAGGED, hidden_size=7, bidirectional=True),
    "stacked": make_problem(1, RAGGED[:40], num_layers=2, kind="positions"),
    "one block": make_problem(2, [20, 3], hidden_size=33),
    # Wide enough for the gradients to be summed in parallel.
    "wide": make_problem(3, [3] * 130, hidden_size=130),
    "nothing": make_problem(4, []),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PROBLEMS)
def test_gru__gives_the_same_bits_on_any_number_of_threads(name: str, dtype: str) -> None:
    problem = PROBLEMS[name]
    with threads_limited_to(1):
        expected = solve(problem, dtype)
    with threads_limited_to(2):
        actual = solve(problem, dtype)
    assert_same_solution(actual, expected)


def test_gru__may_run_in_several_python_threads_at_once() -> None:
    problems = [make_problem(seed, [20, 11, 5] * 8, hidden_size=20) for seed in range(4)]
    expected = [solve(problem, "float64") for problem in problems]
    outcomes: list[object] = [None] * len(problems)

    def work(number: int) -> None:
        try:
            for _ in range(5):
                assert_same_solution(solve(problems[number], "float64"), expected[number])
            outcomes[number] = "equal"
        except BaseException as error:
            outcomes[number] = error

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(problems))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["equal"] * len(problems)


@pytest.mark.parametrize("dtype", DTYPES)
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
