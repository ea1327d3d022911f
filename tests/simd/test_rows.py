"""Rows gathered, scaled and converted by the core."""

import re

import numpy as np
import pytest

from fastnn import _core

SOURCES = ["float32", "float64", "int64", "uint8"]


def made(dtype, shape, seed=0):
    rng = np.random.default_rng(seed)
    if dtype == "uint8":
        return rng.integers(0, 256, shape).astype(dtype)
    if dtype == "int64":
        return rng.integers(-(2**40), 2**40, shape)
    return rng.standard_normal(shape).astype(dtype)


def oracle(array, indices, scale, offset, dtype):
    rows = array if indices is None else array[indices]
    return (rows.astype("f8") * scale + offset).astype(dtype)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 785])
def test_rows_equal_the_float64_formula(isa, source, dtype, width):
    array = made(source, (23, width))
    indices = np.random.default_rng(1).integers(0, 23, 37)
    for scale, offset in [(1.0, 0.0), (1 / 255, 0.0), (0.7, -0.25)]:
        for chosen in (indices, None):
            got = _core.gather_rows(array, chosen, scale, offset, dtype)
            want = oracle(array, chosen, scale, offset, dtype)
            assert got.dtype == dtype
            assert got.shape == want.shape
            # two float32 roundings of values below |scale x| + |offset|
            size = np.abs(array).max() * scale + abs(offset)
            eps = np.finfo(dtype).eps
            np.testing.assert_allclose(got, want, rtol=0, atol=2 * eps * size)


@pytest.mark.parametrize("dtype", SOURCES)
@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3, 7), (5, 2, 2, 2, 2)])
def test_equal_dtypes_are_copied_bit_for_bit(isa, dtype, shape):
    array = made(dtype, shape)
    if array.dtype.kind == "f":
        array.reshape(-1)[:4] = [np.nan, np.inf, -0.0, 5e-45]
    indices = np.array([4, 0, 0, 3])
    got = _core.gather_rows(array, indices, dtype=dtype)
    assert got.tobytes() == array[indices].tobytes()
    assert _core.gather_rows(array, None, dtype=dtype).tobytes() == array.tobytes()


def test_pixels_over_255_are_rounded_once(isa):
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    want = (pixels / 255).astype("f4")
    np.testing.assert_array_equal(_core.gather_rows(pixels, None, 1 / 255), want)
    np.testing.assert_array_equal(_core.gather_rows(pixels, np.arange(16), 1 / 255), want)


def test_labels_of_bytes_become_int64(isa):
    labels = np.arange(250, 256, dtype=np.uint8)
    got = _core.gather_rows(labels, np.array([5, 0]), 0.5, 1.0, dtype="int64")
    assert got.dtype == np.int64
    assert got.tolist() == [255, 250]


def test_nan_and_infinity_propagate(isa):
    array = np.array([[np.nan, np.inf, -np.inf, 1.0]])
    got = _core.gather_rows(array, None, 2.0, 1.0, "float32")
    np.testing.assert_array_equal(got, [[np.nan, np.inf, -np.inf, 3.0]])


@pytest.mark.parametrize("source", SOURCES)
def test_same_bits_for_any_thread_count(isa, source):
    array = made(source, (500, 300))
    indices = np.random.default_rng(2).permutation(500)
    before = _core.get_num_threads()
    try:
        outs = []
        for threads in (1, 2, 3, 8):
            _core.set_num_threads(threads)
            outs.append(_core.gather_rows(array, indices, 0.3, 0.1, "float32").tobytes())
            outs.append(_core.gather_rows(array[indices], None, 0.3, 0.1, "float32").tobytes())
    finally:
        _core.set_num_threads(before)
    assert len(set(outs)) == 1


def test_no_rows_and_rows_without_elements():
    assert _core.gather_rows(np.zeros((3, 2)), np.zeros(0, "i8")).shape == (0, 2)
    assert _core.gather_rows(np.zeros((3, 0)), np.array([1, 2])).shape == (2, 0)
    assert _core.gather_rows(np.zeros((0, 4)), None).shape == (0, 4)


@pytest.mark.parametrize(
    ("args", "error", "text"),
    [
        (
            (np.zeros((3, 2)), np.array([0, 3])),
            ValueError,
            "gather_rows: indices must be in 0..2 as array has 3 rows, got 3",
        ),
        (
            (np.zeros((3, 2)), np.array([-1])),
            ValueError,
            "gather_rows: indices must be in 0..2 as array has 3 rows, got -1",
        ),
        (
            (np.zeros((3, 2)), np.array([[0]])),
            ValueError,
            "gather_rows: indices must have 1 axis, got 2",
        ),
        (
            (np.zeros(()), None),
            ValueError,
            "gather_rows: array must have at least 1 axis, got shape ()",
        ),
        (
            (np.zeros((3, 2)), None, 1.0, 0.0, "int64"),
            TypeError,
            "gather_rows: dtype must be one that float64 converts to, got int64",
        ),
        (
            (np.zeros((3, 2), "f2"), None),
            TypeError,
            "gather_rows: array must be float32, float64, int64 or uint8, got float16",
        ),
        (
            (np.zeros((3, 4))[:, ::2], None),
            ValueError,
            "gather_rows: array must be C-contiguous, got a strided one",
        ),
    ],
)
def test_error_texts(args, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        _core.gather_rows(*args)
