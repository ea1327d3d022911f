"""Elements by position along an axis."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "dim", "picks"),
    [
        ((5,), 0, 9),
        ((5, 7), 0, 3),
        ((5, 7), 1, 8),
        ((5, 7), -1, 1),
        ((3, 4, 70), 1, 5),
        ((0, 4), 1, 2),
        ((3, 4), 1, 0),
    ],
)
def test_gather_values_and_gradient(shape, dim, picks):
    x = RNG.standard_normal(shape)
    wanted = list(shape)
    wanted[dim] = picks
    index = RNG.integers(0, shape[dim], wanted)
    check_op("gather", [x, index], {"dim": dim}, np.take_along_axis(x, index, dim))


def test_gather_outside_is_nan_and_has_no_gradient():
    x, index = np.ones((2, 3)), np.array([[0, 3], [-1, 2]])
    np.testing.assert_array_equal(fnn.ops.gather(x, 1, index), [[1, np.nan], [np.nan, 1]])
    dx, _ = _core.vjp("gather", [x, index], {"dim": 1}, [np.ones((2, 2))])
    np.testing.assert_array_equal(dx, [[1, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("dim", [0, 1])
def test_gather_same_bits_for_any_thread_count(dim):
    x = RNG.standard_normal((500, 600)).astype("f4")
    check_same_bits("gather", [x, RNG.integers(0, 500, (500, 600))], {"dim": dim})


def test_gather_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x, index = RNG.standard_normal((4, 5)), RNG.integers(0, 4, (3, 5))
    want = torch.gather(torch.tensor(x), 0, torch.tensor(index)).numpy()
    np.testing.assert_array_equal(fnn.ops.gather(x, 0, index), want)


@pytest.mark.parametrize(
    ("dim", "index", "text"),
    [
        (2, (2, 3), "gather: dim must be between -2 and 1 because x has shape (2, 3), got 2"),
        (
            0,
            (2, 2),
            "gather: index must have the shape of x, (2, 3), but for axis 0, got (2, 2)",
        ),
        (0, (2,), "gather: index must have the shape of x, (2, 3), but for axis 0, got (2,)"),
    ],
)
def test_gather_errors(dim, index, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.gather(np.zeros((2, 3)), dim, np.zeros(index, int))
    assert str(raised.value) == text


def test_gather_dtype_errors():
    for inputs, text in (
        ([np.zeros(3, int), np.zeros(3, int)], "gather: x must be float32 or float64, got int64"),
        ([np.zeros(3), np.zeros(3)], "gather: index must be int64, got float64"),
    ):
        with pytest.raises(TypeError) as raised:
            _core.call("gather", inputs, {"dim": 0})
        assert str(raised.value) == text
