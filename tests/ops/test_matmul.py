"""Matrix products with broadcast batch axes."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)
SHAPES = [
    ((1, 1), (1, 1)),
    ((7, 9), (9, 17)),
    ((31, 33), (33, 15)),
    ((5,), (5,)),
    ((5,), (5, 3)),
    ((3, 5), (5,)),
    ((4, 2, 3), (3, 5)),
    ((2, 3), (4, 3, 5)),
    ((4, 2, 3), (4, 3, 5)),
    ((10, 2, 3), (10, 3, 2)),
    ((2, 1, 2, 3), (5, 3, 4)),
    ((2, 5, 2, 3), (5, 3, 1)),
    ((3, 4, 2, 3), (3, 1, 3, 2)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((0, 2, 3), (3, 2)),
    ((0, 2, 3), (0, 3, 2)),
    ((2, 3), (0, 3, 2)),
]


def swap(x):
    return np.ascontiguousarray(np.swapaxes(x, -1, -2)) if x.ndim > 1 else x


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul_values_and_gradient(a, b):
    a, b = RNG.standard_normal(a), RNG.standard_normal(b)
    check_op("matmul", [a, b], {}, a @ b)


@pytest.mark.parametrize(("ta", "tb"), [(0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul_transposed(a, b, ta, tb):
    a, b = RNG.standard_normal(a), RNG.standard_normal(b)
    inputs = [swap(a) if ta else a, swap(b) if tb else b]
    check_op("matmul", inputs, {"transpose_a": ta, "transpose_b": tb}, a @ b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((256, 300), (300, 200)),
        ((64, 40, 30), (30, 50)),
        ((64, 40, 30), (64, 30, 50)),
        ((64, 40, 30), (1, 30, 50)),
        ((2, 200, 100), (2, 100, 200)),
    ],
)
def test_matmul_same_bits_for_any_thread_count(a, b):
    a, b = RNG.standard_normal(a).astype("f4"), RNG.standard_normal(b).astype("f4")
    check_same_bits("matmul", [a, b], {})
    if a.ndim == b.ndim:
        check_same_bits("matmul", [swap(a), swap(b)], {"transpose_a": 1, "transpose_b": 1})


def test_matmul_keeps_an_unknown_batch():
    def shape(a, b):
        return _core.infer("matmul", "matmul", [a, b], ["float32"] * 2, {})[0][0][0]

    assert shape((None, 3), (3, 4)) == (None, 4)
    assert shape((None, 2, 3), (3, 4)) == (None, 2, 4)
    assert shape((None, 5, 2, 3), (None, 5, 3, 4)) == (None, 5, 2, 4)
    assert shape((None, 5, 2, 3), (1, 3, 4)) == (None, 5, 2, 4)


@pytest.mark.parametrize(
    ("a", "b", "attrs", "text"),
    [
        (
            (2, 3),
            (4, 5),
            {},
            "matmul: a and b must share the inner length, got (2, 3) with 3 columns and (4, 5) "
            "with 4 rows",
        ),
        (
            (2, 3),
            (4, 5),
            {"transpose_a": True, "transpose_b": True},
            "matmul: a and b must share the inner length, got (2, 3) with 2 columns when "
            "transposed and (4, 5) with 5 rows when transposed",
        ),
        ((), (4, 5), {}, "matmul: a must have at least 1 axis, got shape ()"),
        ((4, 5), (), {}, "matmul: b must have at least 1 axis, got shape ()"),
        (
            (2, 4, 5),
            (3, 5, 4),
            {},
            "matmul: the batch axes of a and b must have shapes that broadcast (equal axes, or 1, "
            "from the right), got (2,) and (3,)",
        ),
    ],
)
def test_matmul_errors(a, b, attrs, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.matmul(np.zeros(a), np.zeros(b), **attrs)
    assert str(raised.value) == text


@pytest.mark.parametrize("op", ["matmul", "bmm", "matvec", "outer"])
def test_product_dtype_errors(op):
    with pytest.raises(TypeError) as raised:
        _core.call(op, [np.zeros((2, 2), int), np.zeros((2, 2))], {})
    assert str(raised.value) == f"{op}: a must be float32 or float64, got int64"
    with pytest.raises(TypeError) as raised:
        _core.call(op, [np.zeros((2, 2)), np.zeros((2, 2), "f4")], {})
    assert str(raised.value) == f"{op}: b must be float64 because a is, got float32"
