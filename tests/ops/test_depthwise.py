"""conv2d where each channel has filters of its own: a kernel of its own, vectors along channels."""

import itertools

import numpy as np
import pytest

from convolution import compare_with_torch, convolve, first, last, same_on
from fastnn import _core
from laws import ISAS, using

RNG = np.random.default_rng(0)


def attrs_of(groups, stride=(1, 1), padding=(1, 1, 1, 1), dilation=(1, 1), **more):
    return {"stride": list(stride), "padding": list(padding), "dilation": list(dilation),
            "groups": groups, **more}  # fmt: skip


# channels (below, at and above one and two vectors of every instruction set) and filters of each
WIDTHS = [
    (2, 1),
    (3, 1),
    (4, 2),
    (7, 1),
    (8, 1),
    (9, 1),
    (16, 1),
    (17, 2),
    (24, 1),
    (33, 1),
    (40, 3),
]


@pytest.mark.parametrize(("channels", "times"), WIDTHS)
def test_widths(channels, times):
    x = RNG.standard_normal((2, channels, 7, 9))
    w = RNG.standard_normal((channels * times, 1, 3, 3))
    b = RNG.standard_normal(channels * times)
    want = convolve(x, w, b, padding=(1, 1, 1, 1), groups=channels)
    for isa in ISAS:
        with using(isa):
            for dtype, tolerance in (("f4", 1e-5), ("f8", 1e-13)):
                operands = [last(x).astype(dtype), w.astype(dtype), b.astype(dtype)]
                y = _core.call("conv2d", operands, attrs_of(channels))[0]
                np.testing.assert_allclose(first(y), want, rtol=0, atol=tolerance * 8, err_msg=isa)


SHAPES = [  # (H, W), kernel, stride, padding, dilation
    ((7, 9), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((8, 7), (3, 3), (2, 2), (1, 1, 1, 1), (1, 1)),
    ((8, 8), (3, 3), (2, 2), (0, 1, 0, 1), (1, 1)),
    ((9, 12), (5, 5), (1, 1), (2, 2, 2, 2), (1, 1)),
    ((9, 12), (7, 2), (3, 1), (0, 3, 4, 0), (1, 1)),
    ((11, 13), (3, 3), (1, 2), (2, 2, 2, 2), (2, 3)),
    ((6, 6), (1, 1), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((6, 7), (1, 1), (3, 2), (0, 0, 0, 0), (1, 1)),
    ((1, 1), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((2, 3), (3, 3), (1, 1), (4, 4, 4, 4), (1, 1)),
    ((4, 4), (3, 3), (4, 4), (3, 3, 3, 3), (1, 1)),
    ((5, 20), (3, 4), (1, 1), (1, 1, 2, 1), (1, 2)),
]


@pytest.mark.parametrize("given", SHAPES)
@pytest.mark.parametrize(("channels", "times"), [(20, 1), (9, 2), (3, 4)])
def test_values_and_gradients_are_torchs(given, channels, times):
    torch = pytest.importorskip("torch")
    size, kernel, stride, padding, dilation = given
    x = RNG.standard_normal((3, channels, *size))
    w = RNG.standard_normal((channels * times, 1, *kernel))
    b = RNG.standard_normal(channels * times)
    y = convolve(x, w, b, stride, padding, dilation, channels)
    dy = RNG.standard_normal(y.shape)

    def function(x, w, b):
        x = torch.nn.functional.pad(x, (*padding[2:], *padding[:2]))
        return torch.nn.functional.conv2d(x, w, b, stride, 0, dilation, channels)

    attrs = attrs_of(channels, stride, padding, dilation)
    for act in (None, (3, torch.relu), (2, torch.tanh)):
        for isa in ISAS:
            with using(isa):
                compare_with_torch(torch, function, "conv2d", [x, w, b], attrs, dy, act)


def test_flipped_kernels():
    x, w = RNG.standard_normal((1, 5, 6, 6)), RNG.standard_normal((5, 1, 3, 3))
    y = _core.call("conv2d", [last(x), w], attrs_of(5, flip=1))[0]
    want = convolve(x, w, padding=(1, 1, 1, 1), groups=5, flip=True)
    np.testing.assert_allclose(first(y), want, rtol=0, atol=1e-13)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("channels", [3, 11, 16])
def test_gradients_are_added_to(channels, times):
    x = RNG.standard_normal((2, 6, 7, channels)).astype("f4")
    w = RNG.standard_normal((channels * times, 1, 3, 3)).astype("f4")
    for stride in ((1, 1), (2, 2)):
        attrs = attrs_of(channels, stride)
        dy = RNG.standard_normal(_core.call("conv2d", [x, w], attrs)[0].shape).astype("f4")
        plain = _core.vjp("conv2d", [x, w], attrs, [dy])
        start = [np.full_like(g, 2) for g in plain]
        more = _core.vjp("conv2d", [x, w], attrs, [dy], start)
        for a, g in zip(more, plain, strict=True):
            np.testing.assert_allclose(a, g + 2, rtol=1e-5, atol=1e-4)


def test_any_number_of_threads_gives_the_same_bits():
    for channels, times in ((32, 1), (12, 2)):
        x = RNG.standard_normal((6, 40, 40, channels)).astype("f4")
        w = RNG.standard_normal((channels * times, 1, 3, 3)).astype("f4")
        attrs = attrs_of(channels)
        dy = RNG.standard_normal((6, 40, 40, channels * times)).astype("f4")
        same_on(
            ISAS,
            (2, 3),
            lambda x=x, w=w, attrs=attrs, dy=dy: [
                *_core.call("conv2d", [x, w], attrs),
                *_core.vjp("conv2d", [x, w], attrs, [dy]),
            ],
        )


def test_empty_batches_and_not_finite_numbers():
    w = RNG.standard_normal((8, 1, 3, 3)).astype("f4")
    assert _core.call("conv2d", [np.ones((0, 5, 5, 8), "f4"), w], attrs_of(8))[0].shape == (
        0,
        5,
        5,
        8,
    )
    grads = _core.vjp("conv2d", [np.ones((0, 5, 5, 8), "f4"), w], attrs_of(8),
                      [np.ones((0, 5, 5, 8), "f4")])  # fmt: skip
    assert not grads[1].any()
    for bad, activation in itertools.product((np.nan, np.inf), (0, 3)):
        x = np.ones((1, 5, 5, 8), "f4")
        x[0, 2, 2, 3] = bad
        y = _core.call("conv2d", [x, np.abs(w)], attrs_of(8, activation=activation))[0]
        seen = ~np.isfinite(y)
        assert seen[0, 1:4, 1:4, 3].all()
        assert seen.sum() == 9
