"""Convolution of images."""

import os
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fnn
from convolution import compare_with_torch, convolve, first, last, same_on
from fastnn import _core
from laws import ISAS, check_op, run, using

RNG = np.random.default_rng(0)


def attrs_of(stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1, flip=0):
    return {
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "flip": flip,
    }


# N, C, H, W, K, KH, KW, attributes
CASES = [
    (1, 1, 1, 1, 1, 1, 1, {}),
    (2, 3, 5, 6, 4, 3, 3, {}),
    (2, 3, 5, 6, 4, 3, 3, {"padding": (1, 1, 1, 1)}),
    (1, 2, 4, 7, 5, 3, 2, {"padding": (2, 0, 1, 3), "flip": 1}),
    (2, 1, 9, 9, 6, 5, 5, {"stride": (2, 3), "padding": (2, 2, 2, 2)}),
    (1, 4, 7, 7, 6, 3, 3, {"groups": 2, "padding": (1, 1, 1, 1)}),
    (1, 5, 6, 5, 5, 3, 3, {"groups": 5, "padding": (1, 1, 1, 1), "stride": (2, 1)}),
    (1, 3, 8, 9, 2, 2, 3, {"dilation": (3, 2), "padding": (1, 2, 2, 1)}),
    (2, 9, 3, 3, 17, 1, 1, {}),
    (2, 9, 5, 4, 7, 1, 1, {"stride": (2, 2)}),
    (1, 2, 5, 5, 3, 5, 5, {}),  # one pixel left
    (1, 2, 4, 4, 3, 2, 2, {"stride": (5, 5), "padding": (1, 1, 0, 0)}),  # pixels nobody reads
    (0, 3, 5, 5, 4, 3, 3, {}),
    (1, 7, 3, 13, 8, 3, 3, {"padding": (1, 1, 1, 1)}),
    (1, 8, 3, 16, 9, 3, 3, {"padding": (2, 2, 2, 2)}),
    (1, 16, 2, 17, 15, 3, 3, {"padding": (1, 1, 1, 1)}),
    (1, 17, 4, 5, 33, 3, 3, {"padding": (1, 1, 1, 1)}),
    # Outputs of few filters taken as one, two to sixteen of them; and what prevents it.
    (2, 1, 6, 12, 6, 5, 5, {"padding": (2, 2, 2, 2)}),
    (2, 1, 6, 12, 6, 5, 5, {"padding": (2, 2, 2, 2), "flip": 1}),
    (1, 3, 5, 16, 1, 3, 3, {"padding": (1, 1, 1, 1), "stride": (2, 1)}),
    (2, 2, 7, 9, 3, 3, 2, {"padding": (0, 2, 1, 1), "dilation": (2, 1)}),  # 9 outputs by threes
    (1, 1, 4, 7, 2, 2, 4, {"padding": (0, 0, 3, 4)}),
    (3, 1, 1, 8, 5, 1, 3, {"padding": (0, 0, 1, 1)}),  # rows of 40 numbers
    (2, 1, 3, 4, 1, 3, 3, {"padding": (1, 1, 1, 1)}),  # rows shorter than a vector
    (2, 1, 6, 13, 6, 5, 5, {"padding": (2, 2, 2, 2)}),  # a prime width
    (2, 2, 6, 12, 4, 3, 3, {"padding": (1, 1, 2, 2), "dilation": (1, 2)}),
    (2, 6, 5, 8, 4, 3, 3, {"groups": 2, "padding": (1, 1, 1, 1)}),
    (2, 1, 6, 12, 20, 5, 5, {}),  # the last vector of filters reaches into the next pixel
]


@pytest.mark.parametrize("case", CASES)
def test_conv2d_values_and_gradient(case):
    n, c, h, w, k, kh, kw, some = case
    attrs = attrs_of(**some)
    x, weight = (
        RNG.standard_normal((n, c, h, w)),
        RNG.standard_normal((k, c // attrs["groups"], kh, kw)),
    )
    b = RNG.standard_normal(k)
    want = convolve(x, weight, b, **attrs)
    check_op(
        "conv2d", [last(x), weight, b], attrs, last(want), gradient=weight.size < 400, atol=2e-5
    )


def test_conv2d_on_users_images():
    x, w = RNG.standard_normal((2, 3, 8, 8)), RNG.standard_normal((4, 3, 3, 3))
    np.testing.assert_allclose(
        fnn.ops.conv2d(x, w, stride=2, padding="same"),
        convolve(x, w, stride=(2, 2), padding=(0, 1, 0, 1)), rtol=1e-12, atol=1e-12,
    )  # fmt: skip
    assert fnn.ops.conv2d(x, w, padding="full").shape == (2, 4, 10, 10)
    assert fnn.ops.conv2d(x, w, padding="valid").shape == (2, 4, 6, 6)
    assert fnn.ops.conv2d(x, w, padding=(1, 2)).shape == (2, 4, 8, 10)


def random_case(rng):
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    c = groups * int(rng.choice([1, 2, 3, 5, 8, 16, 17]))
    k = groups * int(rng.choice([1, 2, 6, 8, 9, 16, 20]))
    kh, kw = map(int, rng.integers(1, 6, 2))
    stride, dilation = (tuple(map(int, rng.integers(1, m, 2))) for m in (4, 3))
    p = tuple(map(int, rng.integers(0, 4, 2)))
    lengths = []
    for kernel, d, around in zip((kh, kw), dilation, p, strict=True):
        reach = (kernel - 1) * d + 1
        lengths.append(int(rng.integers(max(1, reach - 2 * around), reach + 20)))
    shape = (int(rng.integers(1, 6)), c, *lengths)
    return shape, (k, c // groups, kh, kw), stride, p, dilation, groups


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", range(80))
def test_conv2d_equals_pytorch(isa, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    shape, weight, stride, p, dilation, groups = random_case(rng)
    operands = [rng.standard_normal(s) for s in (shape, weight, (weight[0],))]
    attrs = attrs_of(stride, (p[0], p[0], p[1], p[1]), dilation, groups)
    act = (2, torch.tanh) if seed % 4 == 0 else None  # a relu's slope jumps where rounding differs
    with using(isa, 1 + seed % 2):
        assert _core.op_isa("conv2d") == isa

        def function(x, w, b):
            return torch.nn.functional.conv2d(x, w, b, stride, p, dilation, groups)

        like = function(*(torch.tensor(a) for a in operands))
        compare_with_torch(
            torch, function, "conv2d", operands, attrs, rng.standard_normal(like.shape), act
        )


@pytest.mark.parametrize(
    "shape",
    [((9, 17, 19, 8), (16, 8, 3, 3)), ((1, 40, 40, 16), (24, 16, 3, 3)), ((2, 9, 9, 64), (130, 64, 5, 5)),
     ((6, 28, 28, 1), (6, 1, 5, 5)), ((64, 27, 28, 1), (6, 1, 4, 4)), ((3, 14, 14, 40), (20, 40, 1, 1))],
)  # fmt: skip
def test_conv2d_same_bits_for_any_thread_count(shape):
    x, w = (RNG.standard_normal(s).astype("f4") for s in shape)
    b = RNG.standard_normal(len(w)).astype("f4")
    for more in ({}, {"activation": 3}):
        attrs = {**attrs_of(padding=(2, 1, 1, 2)), **more}
        same_on(ISAS, (2, 3, 8), lambda attrs=attrs: run("conv2d", [x, w, b], attrs))


def test_conv2d_passes_on_nan_and_infinity():
    x = np.zeros((1, 2, 6, 6), "f4")
    x[0, 1, 2, 3] = np.nan
    y = fnn.ops.conv2d(x, np.ones((9, 2, 3, 3), "f4"), padding=1)
    bad = np.zeros((6, 6), bool)
    bad[1:4, 2:5] = True
    assert (np.isnan(y) == bad).all()


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("filters", [1, 2, 6])
def test_conv2d_of_few_filters_spreads_nan_by_a_vector_at_most(filters, dtype, isa):
    x = np.zeros((1, 1, 5, 32), dtype)
    x[0, 0, 2, 10] = np.nan
    with using(isa):
        bad = np.isnan(fnn.ops.conv2d(x, np.ones((filters, 1, 3, 3), dtype), padding=1))
    assert bad[:, :, 1:4, 9:12].all()  # those that read it
    assert not bad[:, :, [0, 4]].any()
    lanes = {"avx512": 64, "avx2": 32}.get(isa, 16) // x.itemsize
    columns = np.flatnonzero(bad.any(axis=(0, 1, 2)))
    assert columns[0] > 9 - lanes // filters - 1
    assert columns[-1] < 11 + lanes // filters + 1


@pytest.mark.parametrize(
    ("shapes", "arguments", "text"),
    [
        (((2, 3), (1, 3, 1, 1)), {},
         "conv2d: x must have shape (N, C, H, W), got (2, 3); put nn.Reshape before it"),
        (((1, 3, 4, 4), (2, 3, 3)), {}, "conv2d: w must have shape (K, C, KH, KW), got (2, 3, 3)"),
        (((1, 3, 4, 4), (2, 1, 3, 3)), {},
         "conv2d: w must have shape (K, 3, KH, KW) because x has shape (1, 3, 4, 4), got (2, 1, 3, 3)"),
        (((1, 4, 4, 4), (2, 4, 3, 3)), {"groups": 2},
         "conv2d: w must have shape (K, 2, KH, KW) because x has shape (1, 4, 4, 4) and the channels "
         "are in groups, got (2, 4, 3, 3)"),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"groups": 2},
         "conv2d: groups must divide the 3 channels of x and the 2 filters of w, got 2"),
        (((1, 3, 4, 4), (2, 3, 3, 3), (3,)), {},
         "conv2d: b must have shape (2,) because w has shape (2, 3, 3, 3), got (3,)"),
        (((1, 3, 4, 4), (2, 3, 5, 3)), {},
         "conv2d: w must reach over at most the 4 rows of x with its padding, got 5; x has shape "
         '(1, 3, 4, 4), use padding="same" or a smaller kernel'),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"dilation": (1, 2)},
         "conv2d: w must reach over at most the 4 columns of x with its padding, got 5 (dilated); x "
         'has shape (1, 3, 4, 4), use padding="same" or a smaller kernel'),
        (((1, 3, 0, 4), (2, 3, 3, 3)), {"padding": "same"},
         "conv2d: w must reach over at most the 2 rows of x with its padding, got 3; x has shape "
         "(1, 3, 0, 4)"),
        (((1, 3, 4, 0), (2, 3, 3, 3)), {},
         "conv2d: w must reach over at most the 0 columns of x with its padding, got 3; x has shape "
         "(1, 3, 4, 0)"),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"stride": 0},
         "conv2d: stride must be at least 1, got 0"),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"dilation": -1, "padding": "full"},
         "conv2d: dilation must be at least 1, got -1"),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"padding": -1},
         "conv2d: padding must be at least 0, got -1"),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"padding": "wide"},
         "conv2d: padding must be 'valid', 'same', 'full', an integer, 2 of them or 4 (before and "
         "after each axis), got 'wide'"),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"padding": (1, 2, 3)},
         "conv2d: padding must be 'valid', 'same', 'full', an integer, 2 of them or 4 (before and "
         "after each axis), got (1, 2, 3)"),
        (((1, 3, 4, 4), (2, 3, 3, 3)), {"stride": (1, 2, 3)},
         "conv2d: stride must be an integer or 2 of them, got (1, 2, 3)"),
    ],
)  # fmt: skip
def test_conv2d_errors(shapes, arguments, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.conv2d(*(np.zeros(s, "f4") for s in shapes), **arguments)
    assert str(raised.value) == text


def test_conv2d_refuses_what_is_not_a_number():
    with pytest.raises(TypeError) as raised:
        fnn.ops.conv2d(np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 3, 3)), stride=1.5)
    assert str(raised.value) == (
        "conv2d: stride must be an integer or a sequence of integers, got 1.5"
    )


def test_first_brings_back_last():
    x = RNG.standard_normal((2, 3, 4, 5))
    np.testing.assert_array_equal(first(last(x)), x)


# Shapes that Winograd's filtering takes: whole tiles, tiles over the edge, few and many channels, some
# tiles at a time and all; and beside them the same in float64, which is summed directly.
WINOGRAD = [
    ((3, 16, 9, 10), 16, (1, 1, 1, 1)),
    ((2, 32, 8, 8), 48, (1, 1, 1, 1)),
    ((5, 16, 33, 31), 40, (0, 0, 1, 1)),
    ((2, 80, 7, 13), 112, (2, 1, 0, 2)),
    ((1, 160, 12, 12), 144, (1, 1, 1, 1)),
    ((40, 16, 6, 6), 16, (2, 2, 2, 2)),
    # Little work, in pieces: of panels or vectors of filters, or of tiles.
    ((1, 64, 8, 8), 64, (1, 1, 1, 1)),
    ((1, 48, 7, 9), 80, (1, 1, 1, 1)),
    ((1, 32, 16, 16), 32, (1, 1, 1, 1)),
    ((2, 32, 11, 9), 48, (1, 0, 1, 0)),
    ((1, 16, 32, 32), 16, (1, 1, 1, 1)),
    ((3, 16, 21, 18), 32, (1, 1, 1, 1)),
]


@pytest.mark.parametrize("taps", [3, 5])
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("shape", "filters", "padding"), WINOGRAD)
def test_conv2d_by_winograd_equals_the_direct_sum(isa, shape, filters, padding, taps):
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal(shape), rng.standard_normal((filters, shape[1], taps, taps))
    b = rng.standard_normal(filters)
    attrs = attrs_of(padding=padding)
    with using(isa, 2):
        wide = run("conv2d", [last(x), w, b], attrs)
        narrow = run("conv2d", [a.astype("f4") for a in (last(x), w, b)], attrs)
    for a, want in zip(narrow, wide, strict=True):
        # 4e-6 of the largest is some ten times what direct sums in float32 lose.
        np.testing.assert_allclose(a, want, rtol=0, atol=4e-6 * np.abs(want).max() * 2)


@pytest.mark.parametrize("taps", [3, 5])
@pytest.mark.parametrize(("shape", "filters", "padding"), WINOGRAD)
def test_conv2d_by_winograd_same_bits_for_any_thread_count(shape, filters, padding, taps):
    rng = np.random.default_rng(2)
    x = last(rng.standard_normal(shape)).astype("f4")
    w = rng.standard_normal((filters, shape[1], taps, taps)).astype("f4")
    for more in ({}, {"activation": 3}, {"flip": 1}):
        attrs = {**attrs_of(padding=padding), **more}
        same_on(ISAS, (2, 3, 8), lambda attrs=attrs: run("conv2d", [x, w], attrs))


def test_conv2d_of_3x3_adds_to_gradients_that_are_there():
    rng = np.random.default_rng(3)
    x, w = (
        rng.standard_normal((2, 9, 9, 16)).astype("f4"),
        rng.standard_normal((16, 16, 3, 3)).astype("f4"),
    )
    dy, attrs = rng.standard_normal((2, 9, 9, 16)).astype("f4"), attrs_of(padding=(1, 1, 1, 1))
    alone = _core.vjp("conv2d", [x, w], attrs, [dy])
    start = [rng.standard_normal(a.shape).astype("f4") for a in (x, w)]
    for a, s, more in zip(
        alone, start, _core.vjp("conv2d", [x, w], attrs, [dy], start=start), strict=True
    ):
        np.testing.assert_allclose(more, s + a, rtol=1e-5, atol=1e-4)


def test_conv2d_of_3x3_leaves_nothing_out_where_an_image_is_not_finite():
    """Infinity may become NaN within its tile of outputs, and reaches no other."""
    x = np.zeros((1, 16, 12, 12), "f4")
    x[0, 3, 5, 5] = np.inf
    y = fnn.ops.conv2d(x, np.ones((16, 16, 3, 3), "f4"), padding=1)
    assert not np.isfinite(y[0, :, 4:7, 4:7]).any()
    assert np.isfinite(y[0, :, :, 8:]).all() and np.isfinite(y[0, :, 8:]).all()


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"),
    [((5, 3), (2, 1), (1, 1)), ((6, 3), (2, 1), (1, 1)), ((9, 3), (3, 1), (1, 1)), ((3, 6), (1, 2), (1, 1)),
     ((5, 3), (4, 2), (2, 2)), ((3, 3), (2, 2), (2, 2)), ((3, 3), (1, 1), (2, 2))],
)  # fmt: skip
def test_conv2d_of_other_kernels_with_three_taps_in_a_phase(kernel, stride, dilation):
    rng = np.random.default_rng(4)
    x, w = rng.standard_normal((2, 24, 24, 16)), rng.standard_normal((16, 16, *kernel))
    attrs = attrs_of(stride=stride, dilation=dilation)
    wide = run("conv2d", [x, w], attrs)
    narrow = run("conv2d", [x.astype("f4"), w.astype("f4")], attrs)
    for a, want in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(a, want, rtol=0, atol=2e-5 * np.abs(want).max())


@pytest.mark.parametrize("shape", [(1, 8, 0, 4), (1, 8, 4, 0), (2, 16, 0, 0)])
def test_conv2d_of_images_without_pixels_sums_up_nothing(shape):
    y = fnn.ops.conv2d(
        np.zeros(shape, "f4"), np.ones((6, shape[1], 3, 3), "f4"), np.arange(6), padding=2
    )
    assert y.size and (y == np.arange(6)[:, None, None]).all()


def equals_pytorch(shape, weight, padding, seed, act=None):
    """Values and gradients of x `shape` (N, C, H, W) by `weight` (K, C, KH, KW), on every instruction set."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    operands = [rng.standard_normal(s) for s in (shape, weight, weight[:1])]
    top, bottom, left, right = padding

    def function(x, w, b):
        return torch.nn.functional.conv2d(
            torch.nn.functional.pad(x, (left, right, top, bottom)), w, b
        )

    # Positive: the gradient of a bias would be what sums of both signs leave of rounding.
    dy = rng.random(function(*(torch.tensor(a) for a in operands)).shape)
    for isa in ISAS:
        with using(isa, 2):
            compare_with_torch(
                torch, function, "conv2d", operands, attrs_of(padding=padding), dy,
                (2, torch.tanh) if act else None,
            )  # fmt: skip


# Pixels of less than a vector, and of some vectors and a part: each is written over what the last one
# spilled, up to the last of a row, a band, an image.
@pytest.mark.parametrize("width", [1, 7, 8, 9, 15, 16, 17])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("filters", [1, 3, 6, 9, 20, 33])
def test_conv2d_of_few_filters(width, channels, filters):
    seed = width + channels + filters
    padding = [(0, 0, 0, 0), (1, 1, 1, 1), (2, 2, 2, 2), (0, 2, 1, 0)][seed % 4]
    kernel = (3, min(3, width + padding[2] + padding[3]))
    shape = (2, channels, 4 + seed % 3, width)
    equals_pytorch(shape, (filters, channels, *kernel), padding, seed, act=width % 2)


# The gradient of a kernel that stays inside of a small image collects the taps of a row, whatever the
# number of channels; more of the border than the kernel reaches, and less.
@pytest.mark.parametrize("channels", [1, 6, 8, 15, 17, 20])
@pytest.mark.parametrize(
    ("size", "kernel", "padding"),
    [((12, 12), (5, 5), (0, 0, 0, 0)), ((7, 9), (7, 3), (0, 0, 0, 0)), ((5, 5), (5, 5), (0, 0, 0, 0)),
     ((6, 17), (3, 5), (0, 1, 2, 0)), ((3, 4), (2, 3), (3, 2, 4, 5)), ((9, 1), (5, 1), (0, 0, 0, 0))],
)  # fmt: skip
def test_conv2d_of_small_images_and_their_gradient(channels, size, kernel, padding):
    for filters in (8, 13, 40):
        equals_pytorch((3, channels, *size), (filters, channels, *kernel), padding, filters)


@pytest.mark.parametrize("channels", [3, 8, 20])
def test_conv2d_of_small_images_adds_to_gradients_and_has_the_same_bits(channels):
    rng = np.random.default_rng(5)
    x, w = (
        rng.standard_normal(s).astype("f4") for s in ((9, 12, 11, channels), (40, channels, 5, 5))
    )
    dy, attrs = rng.standard_normal((9, 8, 7, 40)).astype("f4"), attrs_of()
    same_on(ISAS, (2, 3, 8), lambda: run("conv2d", [x, w], attrs))
    start = [rng.standard_normal(a.shape).astype("f4") for a in (x, w)]
    for isa in ISAS:
        with using(isa, 2):
            alone = _core.vjp("conv2d", [x, w], attrs, [dy])
            added = _core.vjp("conv2d", [x, w], attrs, [dy], start=start)
        for a, s, more in zip(alone, start, added, strict=True):
            np.testing.assert_allclose(more, s + a, rtol=1e-5, atol=1e-3)


PAGE = """
import ctypes, mmap, sys
import numpy as np
from fastnn import _core

PAGE = mmap.PAGESIZE
protect = ctypes.CDLL(None).mprotect
protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
maps = []

def at_end(array):
    pages = -(-array.nbytes // PAGE)
    maps.append(mmap.mmap(-1, (pages + 1) * PAGE))
    whole = np.frombuffer(maps[-1], np.uint8)
    assert protect(whole.ctypes.data + pages * PAGE, PAGE, 0) == 0
    place = whole[pages * PAGE - array.nbytes : pages * PAGE].view(array.dtype).reshape(array.shape)
    place[...] = array
    return place

_core.set_isa(sys.argv[1])
for n, h, w, c, k, kh, kw, stride in [
    (2, 1, 1, 1, 1, 1, 1, 2), (2, 1, 2, 1, 1, 1, 2, 1), (2, 2, 1, 1, 5, 2, 1, 1), (9, 1, 1, 3, 5, 1, 1, 2),
    (3, 5, 5, 3, 7, 3, 3, 1), (1, 28, 28, 1, 6, 5, 5, 1), (3, 9, 30, 1, 2, 5, 5, 1), (40, 7, 9, 1, 1, 3, 3, 1),
    (16, 14, 14, 6, 16, 5, 5, 1), (2, 8, 20, 2, 32, 5, 5, 1),
]:
    for dtype in ("f4", "f8"):
        attrs = dict(stride=(stride, stride), padding=(0,) * 4, dilation=(1, 1), groups=1, flip=0)
        x, weight = at_end(np.ones((n, h, w, c), dtype)), at_end(np.ones((k, c, kh, kw), dtype))
        (y,) = _core.call("conv2d", [x, weight], attrs)
        _, dw = _core.vjp("conv2d", [x, weight], attrs, [at_end(np.ones_like(y))])
        assert np.allclose(y, c * kh * kw) and np.allclose(dw, y[..., 0].size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="protects pages by Linux's mprotect")
@pytest.mark.parametrize("isa", ISAS)
def test_conv2d_reads_nothing_behind_its_operands(isa):
    """Each ends where a page ends, and the next must not be touched."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", PAGE, isa], check=True, env=environment)
