"""Sizes and work of the cases, the check of agreement, and the contenders on small ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import baselines, onednn, onnx_runtime
from benchmarks.agreement import differences, disagreements
from benchmarks.cases import Case, make_problem
from benchmarks.contenders import FastgruLayer, not_available
from benchmarks.rivals import OneThread, all_differences, short_difference
from benchmarks.worker import Remote
from fastgru._numba import cpu_features

TINY = {
    "tokens": Case(9, 5, 4, 2),
    "ragged": Case(9, 8, 4, 2, ragged=True),
    "dense": Case(9, 5, 4, 2, n_symbols=None),
    "lstm": Case(9, 5, 4, 2, cell="lstm"),
    "lstm_dense": Case(9, 5, 4, 2, n_symbols=None, cell="lstm"),
    "before": Case(9, 5, 4, 2, cell="gru_before"),
    "saving": Case(9, 5, 4, 2, save_memory=True),
}
RECTANGULAR = [TINY["tokens"], TINY["dense"]]


def layer_of(case: Case) -> FastgruLayer:
    if reason := not_available(case):
        pytest.skip(reason)
    return FastgruLayer(case, make_problem(case))


def test_flops__counts_products_of_state_and_dense_input() -> None:
    assert Case(2, 10, 8, 4).flops("forward") == 2 * 10 * 2 * 3 * 8 * 8
    assert Case(2, 10, 8, 4, n_symbols=None).flops("step") == 3 * 2 * 10 * 2 * 3 * 8 * (8 + 4)
    assert Case(2, 10, 8, cell="lstm").flops("forward") == 2 * 10 * 2 * 4 * 8 * 8


def test_flops__of_a_ragged_case_counts_valid_steps() -> None:
    ragged = Case(4, 8, 8, ragged=True)
    assert sorted(ragged.lengths()) == [2, 4, 6, 8]
    assert ragged.flops("backward") == 2 * 20 * 2 * 3 * 8 * 8


def test_label__names_what_differs() -> None:
    assert Case(64, 200, 128).label == "B 64, T 200, H 128, tokens"
    assert Case(1, 8, 4, 6, n_symbols=None, ragged=True).label == "B 1, T 2 to 8, H 4, dense I 6"
    assert TINY["lstm"].label == "LSTM, B 9, T 5, H 4, tokens"
    assert TINY["saving"].label == "B 9, T 5, H 4, tokens, save_memory"
    assert replace(TINY["tokens"], precision="bf16").label == "B 9, T 5, H 4, tokens, bf16"


@pytest.mark.parametrize("case", TINY.values(), ids=TINY)
def test_make_problem__is_the_same_in_every_run(case: Case) -> None:
    first, second = make_problem(case), make_problem(case)
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(first.weights["weight_hh_l0"], second.weights["weight_hh_l0"])


def test_disagreements__names_what_differs() -> None:
    expected = {"y": np.array([1.0, -2.0]), "dx": np.array([4.0])}
    actual = {"y": np.array([1.0, -2.0]), "dx": np.array([4.1])}
    assert disagreements(differences(expected, expected)) == []
    (line,) = disagreements(differences(actual, expected))
    assert line == "dx differs by 2.5e-02, at most 1e-04 was expected"


def test_disagreements__a_value_that_is_not_finite_disagrees() -> None:
    found = differences({"y": np.array([np.nan])}, {"y": np.array([1.0])})
    assert len(disagreements(found)) == 1


@pytest.mark.parametrize("case", TINY.values(), ids=TINY)
def test_fastgru__computes_every_case(case: Case) -> None:
    ours = layer_of(case)
    ours.infer()
    ours.forward()
    ours.backward()
    states = 4 if case.cell == "lstm" else 2
    assert len(ours.results()) == 2 + states + 4
    assert all(np.isfinite(array).all() for array in ours.results().values())


def test_not_available__says_why_bf16_is_not_measured() -> None:
    reason = not_available(Case(2, 3, 4, precision="bf16"))
    lacking = "avx512bf16" not in cpu_features()
    assert reason == ("this CPU has no AVX512-BF16" if lacking else None)


def test_one_thread__computes_the_same_bits() -> None:
    case = TINY["tokens"]
    found = all_differences(layer_of(case), OneThread(case, make_problem(case)))
    assert set(found.values()) == {0.0}


def test_remote__computes_the_same_in_another_process() -> None:
    case = TINY["dense"]
    found = all_differences(layer_of(case), Remote("fastgru", case, 1))
    assert set(found.values()) == {0.0}


@pytest.mark.peers
@pytest.mark.parametrize(
    "case", [case for case in TINY.values() if case.cell != "gru_before"], ids=lambda c: c.label
)
@pytest.mark.parametrize("module", ["TorchLayer", "FastgruModule"])
def test_torch__agrees(case: Case, module: str) -> None:
    theirs = getattr(baselines, module)(case, make_problem(case))
    theirs.infer()
    assert disagreements(all_differences(layer_of(case), theirs)) == []


@pytest.mark.peers
def test_short_difference__compares_the_first_steps() -> None:
    found = short_difference(Case(9, 500, 4, 2))
    assert "weight_hh_l0" in found
    assert disagreements(found) == []
    assert short_difference(TINY["before"]) == {}


@pytest.mark.peers
@pytest.mark.parametrize("case", RECTANGULAR, ids=lambda case: case.label)
def test_onnx_runtime__agrees(case: Case) -> None:
    if not onnx_runtime.has_onnx:
        pytest.skip(onnx_runtime.INSTALL)
    theirs = onnx_runtime.OnnxGRU(case, make_problem(case), 1, flush_denormals=True)
    found = all_differences(layer_of(case), theirs)
    assert set(found) == {"y", "h_n"}
    assert disagreements(found) == []


@pytest.mark.peers
@pytest.mark.parametrize("case", RECTANGULAR, ids=lambda case: case.label)
def test_onednn__agrees(case: Case) -> None:
    if isinstance(onednn.built(), str):
        pytest.skip(onednn.built())
    theirs = onednn.OneDnnGRU(case, make_problem(case), 1, flush_denormals=True)
    found = all_differences(layer_of(case), theirs)
    assert len(found) == 8
    assert disagreements(found) == []


def test_onednn__says_in_one_line_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn.shutil, "which", lambda _: None)
    line = onednn.built.__wrapped__()
    assert line == (
        "oneDNN is not measured: that takes g++ and the packages onednn-cpu-gomp and "
        "onednn-devel-cpu-gomp"
    )
