"""Checks of what callers hand to the layers, before any work is done."""

from __future__ import annotations

import contextlib
import functools

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastgru._numba import cpu_features
from fastgru.errors import ConfigurationError


def _as_array(name: str, value: ArrayLike) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ConfigurationError(
            f"{name} must be a rectangular array, got nested sequences of different lengths. Pad "
            "them to the same length, and pass their own as lengths."
        ) from error


def _as_compiled_for(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the kind of array that kernels are compiled for; another would compile them anew."""
    if array.flags.carray and array.dtype == dtype and dtype.isnative:
        return array
    return np.require(array, dtype.newbyteorder("="), ["C", "ALIGNED", "WRITEABLE"])


def check_size(name: str, value: object) -> None:
    """Refuse what is no integer of at least 1.

    Raises
    ------
    ConfigurationError
        For such a value.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(f"{name} must be an integer of at least 1, got {value!r}.")


def check_float_type(name: str, value: DTypeLike) -> np.dtype:
    """Return the type of numbers that kernels are compiled for.

    Raises
    ------
    ConfigurationError
        If it is another type than float32 and float64, or none.
    """
    with contextlib.suppress(TypeError):
        dtype = np.dtype(value)
        if dtype in (np.float32, np.float64):
            return dtype
    raise ConfigurationError(f"{name} must be float32 or float64, got {value!r}.")


def check_precision(value: object, dtype: np.dtype, *, compiled: bool) -> None:
    """Refuse a precision of products that this machine, or what is computed, has no kernels for.

    Parameters
    ----------
    value
        None, or ``"bf16"``.
    dtype
        Of the parameters.
    compiled
        Whether there are kernels for the cell at all.

    Raises
    ------
    ConfigurationError
        For another value; for ``"bf16"`` with other parameters than float32, without kernels, or on
        a CPU without AVX512-BF16.
    """
    if value is None:
        return
    if value != "bf16":
        raise ConfigurationError(f"precision must be None or 'bf16', got {value!r}.")
    if not {"avx512f", "avx512bw", "avx512bf16"} <= set(cpu_features()):
        reason = "this CPU has no AVX512-BF16 instructions"
    elif dtype != np.float32:
        reason = f"dtype is {dtype.name}, and only float32 is multiplied so"
    elif not compiled:
        reason = "options for which there are no kernels are computed in NumPy"
    else:
        return
    raise ConfigurationError(
        f"precision='bf16' is not available: {reason}. Leave precision out; products are then of "
        "the type of dtype."
    )


def check_shape(
    name: str, value: ArrayLike, shape: tuple[int | str, ...], dtype: np.dtype
) -> np.ndarray:
    """Return ``value`` as a contiguous, writable array of ``dtype``.

    Parameters
    ----------
    name
        What the message calls it.
    value
        Array or nested sequence of numbers.
    shape
        Expected size of each axis; a string stands for any size and names the axis.
    dtype
        Type of the result.

    Raises
    ------
    ConfigurationError
        If it has another number of axes or another size, or is not numeric.
    """
    if type(value) is np.ndarray and value.shape == shape and value.dtype == dtype:
        return _as_compiled_for(value, dtype)  # as in every step of a training
    array = _as_array(name, value)
    fits = array.ndim == len(shape) and all(
        isinstance(wanted, str) or wanted == found
        for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(axis) for axis in shape)
        raise ConfigurationError(f"{name} must have shape ({wanted}), got {array.shape}.")
    if array.dtype.kind not in "fiub":
        raise ConfigurationError(f"{name} must hold numbers, got {array.dtype}.")
    return _as_compiled_for(array, dtype)


def check_lengths(lengths: ArrayLike | None, n_sequences: int, n_steps: int) -> np.ndarray:
    """Return lengths as int64 (B,), all ``n_steps`` for None.

    Raises
    ------
    ConfigurationError
        If they are not integers from 0 to ``n_steps``, one for each sequence.
    """
    if lengths is None:
        return _whole_lengths(n_sequences, n_steps)
    given = _as_array("lengths", lengths)
    if given.size and given.dtype.kind not in "iu":
        raise ConfigurationError(f"lengths must be integers, got {given.dtype}.")
    checked = check_shape("lengths", given, (n_sequences,), np.dtype(np.int64))
    if checked.size and (checked.min() < 0 or checked.max() > n_steps):
        bad = checked[(checked < 0) | (checked > n_steps)][0]
        raise ConfigurationError(f"lengths must be from 0 to {n_steps}, got {bad}.")
    return checked


@functools.lru_cache(maxsize=16)
def _whole_lengths(n_sequences: int, n_steps: int) -> np.ndarray:
    """Return the lengths of sequences that take all steps; several callers share them."""
    lengths = np.full(n_sequences, n_steps, np.int64)
    lengths.flags.writeable = False
    return lengths


def check_gaps(gaps: ArrayLike, n_sequences: int, past: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the times between steps as float (B * T,).

    Parameters
    ----------
    gaps
        (B, T)
    n_sequences
        B
    past
        bool (B * T,), which steps are past a sequence's end: anything may stand there.
    dtype
        Of the result.

    Raises
    ------
    ConfigurationError
        For another shape, or a time that is negative or not finite.
    """
    n_steps = len(past) // n_sequences if n_sequences else "time"
    checked = check_shape("gaps", gaps, (n_sequences, n_steps), dtype).reshape(-1)
    bad = ~past & ~((checked >= 0) & np.isfinite(checked))
    if bad.any():
        raise ConfigurationError(
            f"gaps must be finite and at least 0, got {checked[bad][0]}. Each is the time since "
            "the step before."
        )
    return checked


@functools.cache
def _unsigned(dtype: np.dtype) -> np.dtype:
    """Return the unsigned type of an integer's size and order of bytes."""
    return np.dtype(dtype.str.replace("i", "u"))


def check_tokens(
    tokens: ArrayLike, lengths: ArrayLike | None, n_symbols: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return tokens as contiguous, writable integers (B, T), and lengths as int64 (B,).

    Raises
    ------
    ConfigurationError
        If tokens are not integers, not two-dimensional, or not from 0 to ``n_symbols`` - 1 within
        the lengths; for lengths, see :func:`check_lengths`.
    """
    array = _as_array("tokens", tokens)
    if array.ndim != 2:
        raise ConfigurationError(f"tokens must have shape (batch, time), got {array.shape}.")
    if array.dtype.kind not in "iu" and array.size:
        raise ConfigurationError(
            f"tokens must be integers, got {array.dtype}. Without an embedding, x is dense "
            "and has shape (batch, time, features)."
        )
    if not array.size:
        array = array.astype(np.int64)
    valid_lengths = check_lengths(lengths, *array.shape)
    # As unsigned numbers the negative ones are the largest: one pass over a batch instead of two.
    if array.size and np.maximum.reduce(array.view(_unsigned(array.dtype)), None) >= n_symbols:
        valid = array[np.arange(array.shape[1]) < valid_lengths[:, None]]
        bad = valid[(valid < 0) | (valid >= n_symbols)]
        if bad.size:
            raise ConfigurationError(
                f"tokens must be from 0 to {n_symbols - 1}, the rows of embedding, got {bad[0]}."
            )
    return _as_compiled_for(array, array.dtype), valid_lengths
