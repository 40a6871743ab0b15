from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru.errors import ConfigurationError
from fastgru.layers.checks import (
    check_float_type,
    check_lengths,
    check_precision,
    check_shape,
    check_size,
    check_tokens,
)

FLOAT32 = np.dtype(np.float32)
RAGGED = (
    "{} must be a rectangular array, got nested sequences of different lengths. Pad them to the "
    "same length, and pass their own as lengths."
)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2, 3], "x must have shape (batch, 2), got (3,)."),
        ([[1, 2, 3]], "x must have shape (batch, 2), got (1, 3)."),
        ([["a", "b"]], "x must hold numbers, got <U1."),
        ([[1j, 2]], "x must hold numbers, got complex128."),
        ([[1, 2], [3]], RAGGED.format("x")),
    ],
)
def test_check_shape__names_what_does_not_fit(value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_shape("x", value, ("batch", 2), FLOAT32)
    assert str(error.value) == message


def read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "value",
    [
        [[1, 2], [3, 4]],
        np.array([[1, 3], [2, 4]], np.float32).T,
        np.array([[1, 2], [3, 4]], ">f4"),
        read_only(np.array([[1, 2], [3, 4]], np.float32)),
        np.frombuffer(b"-" + np.array([1, 2, 3, 4], np.float32).tobytes(), np.uint8)[1:]
        .view(np.float32)
        .reshape(2, 2),
    ],
    ids=["lists", "transposed", "big-endian", "read-only", "unaligned"],
)
def test_check_shape__gives_the_one_kind_of_array_that_kernels_know(value: Any) -> None:
    array = check_shape("x", value, ("batch", 2), FLOAT32)
    np.testing.assert_array_equal(array, [[1, 2], [3, 4]])
    assert array.dtype == FLOAT32
    assert array.flags.c_contiguous
    assert array.flags.aligned
    assert array.flags.writeable


def test_check_shape__does_not_copy_without_need() -> None:
    array = np.ones((3, 2), np.float32)
    assert np.shares_memory(check_shape("x", array, ("batch", 2), FLOAT32), array)


def test_check_lengths__defaults_to_all_steps() -> None:
    np.testing.assert_array_equal(check_lengths(None, 3, 7), [7, 7, 7])
    np.testing.assert_array_equal(check_lengths([], 0, 7), [])
    assert check_lengths(np.array([0, 7], np.uint8), 2, 7).dtype == np.int64


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1.0, 2.0], "lengths must be integers, got float64."),
        ([True, False], "lengths must be integers, got bool."),
        ([1, 2, 3], "lengths must have shape (2), got (3,)."),
        ([[1, 2]], "lengths must have shape (2), got (1, 2)."),
        ([1, -2], "lengths must be from 0 to 5, got -2."),
        ([6, 2], "lengths must be from 0 to 5, got 6."),
        (np.array([2**64 - 1, 0], np.uint64), "lengths must be from 0 to 5, got -1."),
        ([[1], [2, 3]], RAGGED.format("lengths")),
    ],
)
def test_check_lengths__names_what_does_not_fit(lengths: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_lengths(lengths, 2, 5)
    assert str(error.value) == message


def test_check_tokens__reads_no_further_than_the_lengths() -> None:
    tokens, lengths = check_tokens(np.array([[1, 99, -5], [2, 0, 1]], ">i2"), [1, 3], 3)
    np.testing.assert_array_equal(tokens, [[1, 99, -5], [2, 0, 1]])
    np.testing.assert_array_equal(lengths, [1, 3])
    assert tokens.dtype.isnative


@pytest.mark.parametrize("empty", [np.zeros((0, 5)), [[], []], np.zeros((3, 0), np.uint8)])
def test_check_tokens__takes_an_empty_batch_of_any_type(empty: Any) -> None:
    tokens, lengths = check_tokens(empty, None, 3)
    assert tokens.dtype.kind in "iu"
    assert len(lengths) == len(tokens)


@pytest.mark.parametrize(
    ("tokens", "lengths", "message"),
    [
        ([1, 2], None, "tokens must have shape (batch, time), got (2,)."),
        (
            [[1.0, 2.0]],
            None,
            (
                "tokens must be integers, got float64. Without an embedding, x is dense and has "
                "shape (batch, time, features)."
            ),
        ),
        ([[0, 3]], None, "tokens must be from 0 to 2, the rows of embedding, got 3."),
        ([[0, -1]], None, "tokens must be from 0 to 2, the rows of embedding, got -1."),
        (
            np.array([[0, 2 << 24]], ">i4"),  # 2 in the other order of bytes
            None,
            "tokens must be from 0 to 2, the rows of embedding, got 33554432.",
        ),
        ([[0, 7], [9, 0]], [1, 1], "tokens must be from 0 to 2, the rows of embedding, got 9."),
        ([[0, 1]], [3], "lengths must be from 0 to 2, got 3."),
        ([[0, 1], [2]], None, RAGGED.format("tokens")),
    ],
)
def test_check_tokens__names_what_does_not_fit(tokens: Any, lengths: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_tokens(tokens, lengths, 3)
    assert str(error.value) == message


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(1)])
def test_check_size__takes_integers(value: Any) -> None:
    check_size("units", value)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, None, "3", np.float32(2)])
def test_check_size__refuses_the_rest(value: Any) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_size("units", value)
    assert str(error.value) == f"units must be an integer of at least 1, got {value!r}."


@pytest.mark.parametrize("value", ["float32", np.float32, np.dtype(np.float32), "f4"])
def test_check_float_type__knows_the_ways_to_say_it(value: Any) -> None:
    assert check_float_type("dtype", value) == np.float32


@pytest.mark.parametrize("value", ["float16", ">f4", int, "numbers", "complex64"])
def test_check_float_type__refuses_the_rest(value: Any) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_float_type("dtype", value)
    assert str(error.value) == f"dtype must be float32 or float64, got {value!r}."


def test_check_precision__knows_one_besides_none() -> None:
    check_precision(None, np.dtype(np.float64), compiled=False)
    with pytest.raises(ConfigurationError) as error:
        check_precision("fp16", np.dtype(np.float32), compiled=True)
    assert str(error.value) == "precision must be None or 'bf16', got 'fp16'."


def test_check_precision__says_that_a_cpu_lacks_the_instructions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fastgru.layers.checks.cpu_features", lambda: frozenset({"avx512f"}))
    with pytest.raises(ConfigurationError) as error:
        fastgru.GRU(1, 1, precision="bf16")
    assert str(error.value) == (
        "precision='bf16' is not available: this CPU has no AVX512-BF16 instructions. Leave "
        "precision out; products are then of the type of dtype."
    )
