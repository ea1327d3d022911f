"""The order of axes that image kernels compute in, and back."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)
SHAPES = [(2, 3, 4, 5), (1, 1, 4, 5), (3, 7, 1, 1), (2, 17, 3, 3), (2, 3, 9), (2, 3, 2, 3, 2),
          (4, 5), (0, 3, 2, 2), (2, 16, 33)]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_channels_last_values_and_gradient(shape):
    x = RNG.standard_normal(shape)
    check_op("channels_last", [x], {}, np.moveaxis(x, 1, -1), gradient=x.size < 600)


@pytest.mark.parametrize("shape", SHAPES)
def test_channels_first_brings_back(shape):
    x = RNG.standard_normal(shape).astype("f4")
    np.testing.assert_array_equal(fnn.ops.channels_first(fnn.ops.channels_last(x)), x)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1"])
@pytest.mark.parametrize("channels", [2, 3, 4, 5])
def test_channels_last_of_few_channels(channels, dtype):
    # Around the lanes of each instruction set, and one more than what a task takes at a time.
    for pixels in [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 16384 // channels, 16384 // channels + 1]:
        x = RNG.integers(0, 256, (3, channels, pixels)).astype(dtype)
        y = _core.call("channels_last", [x], {})[0]  # fnn.ops would make floats of integers
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y, np.moveaxis(x, 1, -1))


def test_channels_last_same_bits_for_any_thread_count():
    check_same_bits("channels_last", [RNG.standard_normal((40, 33, 31, 30)).astype("f4")], {})


def test_channels_last_error():
    with pytest.raises(ValueError) as raised:
        fnn.ops.channels_last(np.zeros(3))
    assert str(raised.value) == (
        "channels_last: x must have a batch axis and channels, (N, C, ...), got shape (3,)"
    )
