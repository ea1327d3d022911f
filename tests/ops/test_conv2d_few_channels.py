"""Convolution of few channels by 5 x 5 kernels, into whole vectors of filters."""

import numpy as np
import pytest

from convolution import compare_with_torch, convolve, first, last, same_on
from fastnn import _core
from laws import ISAS, run, using

# N, C, K, H, W, padding: top, bottom, left, right. With AVX-512 all are filtered by Winograd's
# transforms: blocks of five tiles that overlap, tiles over the edge, several bands of different
# heights, blocks of channels; the gradients for x too, but where images fill few lanes or a row fills no
# vector.
FEW = [
    (64, 6, 16, 14, 14, (0, 0, 0, 0)),
    (16, 6, 16, 14, 14, (2, 2, 2, 2)),
    (10, 3, 32, 13, 15, (0, 0, 0, 0)),
    (33, 2, 16, 12, 11, (1, 0, 2, 1)),
    (13, 8, 48, 17, 12, (2, 2, 2, 2)),
    (3, 5, 16, 27, 41, (4, 4, 4, 4)),
    (11, 7, 16, 40, 33, (2, 1, 0, 3)),
    (1, 4, 64, 22, 9, (2, 2, 2, 2)),
    (21, 3, 16, 6, 50, (2, 2, 2, 2)),
    (12, 2, 16, 18, 1, (2, 2, 4, 4)),  # rows of two numbers
    (28, 1, 16, 14, 14, (0, 0, 0, 0)),  # the gradient alone
    (16, 3, 48, 33, 37, (1, 1, 1, 1)),
]


def attrs_of(padding, flip=0):
    return {"stride": (1, 1), "padding": padding, "dilation": (1, 1), "groups": 1, "flip": flip}


def operands_of(case, dtype="f8"):
    """Images, filters whose sums are near 1, and biases."""
    n, c, k, h, w, _ = case
    rng = np.random.default_rng(h + k)
    shapes = ((n, c, h, w), 1.0), ((k, c, 5, 5), 0.2 * c**-0.5), ((k,), 1.0)
    return [(rng.standard_normal(s) * scale).astype(dtype) for s, scale in shapes]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("case", FEW, ids=str)
def test_equals_pytorch(isa, case):
    torch = pytest.importorskip("torch")
    top, bottom, left, right = case[-1]

    def function(x, weight, b):
        padded = torch.nn.functional.pad(x, (left, right, top, bottom))
        return torch.nn.functional.conv2d(padded, weight, b)

    operands = operands_of(case)
    dy = np.random.default_rng(1).standard_normal(function(*map(torch.tensor, operands)).shape)
    with using(isa, 2):
        for act in (None, (2, torch.tanh)):
            compare_with_torch(torch, function, "conv2d", operands, attrs_of(case[-1]), dy, act)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("flip", [0, 1])
def test_equals_the_slow_sum(isa, flip):
    case = FEW[2]
    x, w, b = operands_of(case)
    expected = convolve(x, w, b, padding=case[-1], flip=flip)
    with using(isa):
        (y,) = _core.call(
            "conv2d",
            [last(x).astype("f4"), w.astype("f4"), b.astype("f4")],
            attrs_of(case[-1], flip),
        )
    np.testing.assert_allclose(first(y), expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("case", FEW, ids=str)
def test_same_bits_for_any_thread_count(case):
    x, w, b = operands_of(case, "f4")
    same_on(ISAS, (2, 3, 8), lambda: run("conv2d", [last(x), w, b], attrs_of(case[-1], flip=1)))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("case", FEW[:4], ids=str)
def test_an_image_gives_the_same_bits_alone(isa, case):
    x, w, b = operands_of(case, "f4")
    with using(isa, 2):
        (all_of_them,) = _core.call("conv2d", [last(x), w, b], attrs_of(case[-1]))
        for i in (0, len(x) - 1):
            (alone,) = _core.call("conv2d", [last(x[i : i + 1]), w, b], attrs_of(case[-1]))
            np.testing.assert_array_equal(alone[0], all_of_them[i])


@pytest.mark.parametrize("case", FEW, ids=str)
def test_adds_to_gradients_that_are_there(case):
    x, w, b = operands_of(case, "f4")
    given, attrs = [last(x), w, b], attrs_of(case[-1])
    rng = np.random.default_rng(2)
    dy = rng.standard_normal(_core.call("conv2d", given, attrs)[0].shape).astype("f4")
    start = [rng.standard_normal(a.shape).astype("f4") for a in given]
    alone = _core.vjp("conv2d", given, attrs, [dy])
    sums = _core.vjp("conv2d", given, attrs, [dy], start=start)
    for a, s, more in zip(alone, start, sums, strict=True):
        np.testing.assert_allclose(more, s + a, rtol=1e-5, atol=2e-5 * np.abs(a).max())


@pytest.mark.parametrize("isa", ISAS)
def test_infinity_stays_in_its_windows(isa):
    """With AVX-512 as NaN, differences of infinities: the way that was taken."""
    x, w = np.zeros((2, 16, 20, 6), "f4"), np.ones((16, 6, 5, 5), "f4")
    for row, column in ((7, 10), (6, 9)):
        x[1] = 0
        x[1, row, column, 4] = np.inf
        with using(isa):
            (y,) = _core.call("conv2d", [x, w], attrs_of((0, 0, 0, 0)))
        windows = np.zeros(y.shape, bool)
        windows[1, row - 4 : row + 1, column - 4 : column + 1] = True
        np.testing.assert_array_equal(y[~windows], 0)
        assert not np.isfinite(y[windows]).any()
        assert np.isnan(y).any() == isa.startswith("avx512")


@pytest.mark.parametrize("isa", ISAS)
def test_infinity_stays_in_the_gradient_of_its_image(isa):
    """With AVX-512 as NaN: sixteen images at a time."""
    x, w = np.zeros((16, 14, 14, 6), "f4"), np.ones((16, 6, 5, 5), "f4")
    dy = np.zeros((16, 10, 10, 16), "f4")
    dy[5, 3, 6, 9] = np.inf
    with using(isa):
        dx, _ = _core.vjp("conv2d", [x, w], attrs_of((0, 0, 0, 0)), [dy])
    window = np.zeros(dx.shape, bool)
    window[5, 3:8, 6:11] = True
    assert not np.isfinite(dx[window]).any()
    others = np.delete(dx, 5, axis=0)
    np.testing.assert_array_equal(others, 0)
    if isa.startswith("avx512"):
        np.testing.assert_array_equal(dx[~window], 0)
        assert np.isnan(dx).any()
