from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import cpu_features, jit_disabled
from fastgru.kernels.registers import lanes_of
from fastgru.kernels.vectors import (
    lanes,
    load,
    load_first,
    power_of_two,
    rounded,
    sqrt,
    store,
    store_first,
    where_less,
)
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES


@uncached_kernel
def write_all(numbers: Any, at: Any, out: Any) -> Any:
    """Write the result of each operation on the two vectors of `numbers` from `at` on."""
    lane = lanes(numbers)
    a, b = load(numbers, at), load(numbers, at + lane)
    store(a + b, out, 0)
    store(a - b, out, lane)
    store(a * b, out, 2 * lane)
    store(a / b, out, 3 * lane)
    store(-a, out, 4 * lane)
    store(a + 1.5, out, 5 * lane)
    store(2 - a, out, 6 * lane)
    store(a * 3, out, 7 * lane)
    store(1.0 / a, out, 8 * lane)
    store(sqrt(a), out, 9 * lane)
    store(where_less(a, b, a, b), out, 10 * lane)
    store(where_less(a, 0.5, 7, b), out, 11 * lane)
    store(where_less(1, a, b, -1.0), out, 12 * lane)
    store(0.25, out, 13 * lane)
    return lane


def expected_results(a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    kind = a.dtype.type
    return [
        *(a + b, a - b, a * b, a / b, -a),
        *(a + kind(1.5), 2 - a, a * 3, 1 / a),
        np.sqrt(a),
        *(np.where(a < b, a, b), np.where(a < 0.5, kind(7), b), np.where(a > 1, b, kind(-1))),
        np.full_like(a, 0.25),
    ]


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data(), at=st.integers(0, 3))
def test_operations__work_lane_by_lane(dtype: str, data: st.DataObject, at: int) -> None:
    lane = lanes_of(dtype)
    number = st.floats(width=8 * np.dtype(dtype).itemsize, allow_subnormal=False)
    numbers = np.zeros(at + 2 * lane, dtype)  # from any place on, aligned or not
    numbers[at:] = data.draw(st.lists(number, min_size=2 * lane, max_size=2 * lane))
    with np.errstate(all="ignore"):
        expected = np.concatenate(expected_results(numbers[at : at + lane], numbers[at + lane :]))
        actual = np.full_like(expected, -99)
        assert write_all(numbers, at, actual) == lane
    np.testing.assert_array_equal(actual, expected)


@uncached_kernel
def write_power_of_two(numbers: Any, out: Any) -> None:
    for at in range(0, numbers.shape[0], lanes(numbers)):
        store(power_of_two(load(numbers, at)), out, at)


@pytest.mark.parametrize(
    ("dtype", "lowest", "highest", "bits"),
    [("float32", -126, 127, 23), ("float64", -1022, 1023, 52)],
)
def test_power_of_two__is_exact_for_every_normal_exponent(
    dtype: str, lowest: int, highest: int, bits: int
) -> None:
    exponents = np.resize(np.arange(lowest, highest + 1), 2048).astype(dtype)
    actual = np.empty_like(exponents)
    write_power_of_two((exponents + 1.5 * 2.0**bits).astype(dtype), actual)
    np.testing.assert_array_equal(actual, [2.0**n for n in exponents.tolist()])


@uncached_kernel
def add_to_square(numbers: Any, addend: Any, out: Any) -> None:
    a = load(numbers, 0)
    store(a * a + addend, out, 0)


@uncached_kernel
def add_to_rounded_square(numbers: Any, addend: Any, out: Any) -> None:
    a = load(numbers, 0)
    store(rounded(a * a) + addend, out, 0)


@pytest.mark.parametrize(("dtype", "bits"), [("float32", 23), ("float64", 52)])
def test_rounded__is_the_product_before_the_sum_that_it_goes_into(dtype: str, bits: int) -> None:
    # The end of the square is less than half its last place.
    numbers = np.full(lanes_of(dtype), 1 + 2.0 ** -(bits // 2 + 1), dtype)
    square, out = numbers[0] * numbers[0], np.full(lanes_of(dtype), -99, dtype)
    add_to_rounded_square(numbers, float(-square), out)
    np.testing.assert_array_equal(out, 0)
    if not jit_disabled and "fma" in cpu_features():
        add_to_square(numbers, float(-square), out)
        np.testing.assert_array_equal(out, 2.0 ** -(2 * (bits // 2 + 1)))


@uncached_kernel
def copy_vector(numbers: Any, at: Any, out: Any) -> None:
    store(load(numbers, at), out, 0)


def test_store__writes_no_further_than_a_vector() -> None:
    lane = lanes_of("float64")
    out = np.zeros((3, lane))
    copy_vector(np.arange(1.0, 2 * lane + 1), lane, out)
    np.testing.assert_array_equal(out[0], np.arange(lane + 1, 2 * lane + 1))
    assert not out[1:].any()


@uncached_kernel
def copy_whole(source: Any, target: Any) -> None:
    store(load(source, 0), target, 0)


@uncached_kernel
def copy_first(source: Any, target: Any) -> None:
    store_first(load_first(source, 0, 2), target, 0, 2)


@pytest.mark.skipif(jit_disabled, reason="the compiler refuses")
@pytest.mark.parametrize("copy", [copy_whole, copy_first])
@pytest.mark.parametrize("scattered", ["source", "target"])
def test_offsets__count_contiguous_memory_alone(copy: Any, scattered: str) -> None:
    arrays = {name: np.zeros((16, 16), np.float32) for name in ("source", "target")}
    copy(*arrays.values())
    arrays[scattered] = arrays[scattered].T
    with pytest.raises(Exception, match="No implementation of function"):
        copy(*arrays.values())
