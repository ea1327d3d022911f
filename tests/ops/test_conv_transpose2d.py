"""Transposed convolution."""

import numpy as np
import pytest

import fastnn as fnn
from convolution import compare_with_torch, last, same_on
from fastnn import _core
from laws import ISAS, check_op, run, using

RNG = np.random.default_rng(0)


def lay_out(
    x, w, b, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), output_padding=(0, 0), groups=1
):
    """Each pixel lays a copy of the filter on the result, of x (N, C, H, W)."""
    n, c, h, width = x.shape
    _, depth, kh, kw = w.shape
    full = [
        (length - 1) * s + d * (k - 1) + 1 + extra
        for length, s, d, k, extra in zip(
            (h, width), stride, dilation, (kh, kw), output_padding, strict=True
        )
    ]
    y = np.zeros((n, depth * groups, *full))
    for channel in range(c):
        to = channel // (c // groups) * depth
        for i in range(h):
            for j in range(width):
                for u in range(kh):
                    for v in range(kw):
                        y[
                            :,
                            to : to + depth,
                            i * stride[0] + u * dilation[0],
                            j * stride[1] + v * dilation[1],
                        ] += x[:, channel, i, j, None] * w[channel, :, u, v]
    y = y[:, :, padding[0] : full[0] - padding[1], padding[2] : full[1] - padding[3]]
    return y + b[:, None, None]


def attrs_of(**some):
    return {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1), "output_padding": (0, 0),
            "groups": 1, **some}  # fmt: skip


CASES = [
    ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    ((2, 3, 4, 5), (3, 4, 3, 3), {}),
    ((2, 3, 4, 5), (3, 4, 2, 2), {"stride": (2, 2)}),
    (
        (1, 2, 3, 4),
        (2, 9, 3, 2),
        {"stride": (3, 2), "padding": (1, 0, 0, 1), "output_padding": (1, 0)},
    ),
    ((1, 4, 3, 3), (4, 3, 3, 3), {"groups": 2, "stride": (2, 1), "padding": (1, 1, 1, 1)}),
    ((1, 2, 3, 3), (2, 3, 2, 3), {"dilation": (2, 3), "padding": (0, 1, 2, 0)}),
    ((1, 2, 3, 3), (2, 3, 1, 1), {"stride": (3, 3)}),  # pixels that no filter reaches
    ((0, 2, 3, 3), (2, 3, 2, 2), {}),
]


@pytest.mark.parametrize(("shape", "weight", "some"), CASES)
def test_conv_transpose2d_values_and_gradient(shape, weight, some):
    attrs = attrs_of(**some)
    x, w = RNG.standard_normal(shape), RNG.standard_normal(weight)
    b = RNG.standard_normal(weight[1] * attrs["groups"])
    check_op("conv_transpose2d", [last(x), w, b], attrs, last(lay_out(x, w, b, **attrs)), atol=2e-5)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", range(30))
def test_conv_transpose2d_equals_pytorch(isa, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 1, 2, 3]))
    c, k = groups * int(rng.integers(1, 6)), int(rng.integers(1, 18))
    kernel = tuple(map(int, rng.integers(2, 5, 2)))
    stride, dilation = (tuple(map(int, rng.integers(1, m, 2))) for m in (4, 3))
    extra = tuple(int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True))
    p = tuple(map(int, rng.integers(0, 2, 2)))
    shape = (int(rng.integers(1, 4)), c, *map(int, rng.integers(2, 9, 2)))
    operands = [rng.standard_normal(s) for s in (shape, (c, k, *kernel), (k * groups,))]
    attrs = attrs_of(
        stride=stride,
        padding=(p[0], p[0], p[1], p[1]),
        dilation=dilation,
        output_padding=extra,
        groups=groups,
    )

    def function(x, w, b):
        return torch.nn.functional.conv_transpose2d(x, w, b, stride, p, extra, groups, dilation)

    like = function(*(torch.tensor(a) for a in operands))
    with using(isa, 1 + seed % 2):
        assert _core.op_isa("conv_transpose2d") == isa
        compare_with_torch(
            torch, function, "conv_transpose2d", operands, attrs, rng.standard_normal(like.shape)
        )


def test_conv_transpose2d_same_bits_for_any_thread_count():
    x, w, b = (
        RNG.standard_normal(s).astype("f4") for s in ((5, 14, 15, 24), (24, 20, 3, 3), (20,))
    )
    attrs = attrs_of(stride=(2, 2), padding=(1, 1, 1, 1))
    same_on(ISAS, (2, 3, 8), lambda: run("conv_transpose2d", [x, w, b], attrs))


@pytest.mark.parametrize(
    ("shapes", "arguments", "error", "text"),
    [
        (((1, 3, 4, 4), (2, 3, 3, 3)), {}, ValueError,
         "conv_transpose2d: w must have shape (3, K, KH, KW) because x has shape (1, 3, 4, 4), got "
         "(2, 3, 3, 3)"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"groups": 2}, ValueError,
         "conv_transpose2d: groups must divide the 3 channels of x, got 2"),
        (((1, 3, 4, 4), (3, 2, 3, 3), (3,)), {}, ValueError,
         "conv_transpose2d: b must have shape (2,) because w has shape (3, 2, 3, 3), got (3,)"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"output_padding": 1}, ValueError,
         "conv_transpose2d: output_padding must be below the stride or the dilation, 1, got 1"),
        (((1, 3, 1, 4), (3, 2, 3, 3)), {"padding": 2}, ValueError,
         "conv_transpose2d: padding must leave at least 1 of the rows of the result, got -1; x has "
         "shape (1, 3, 1, 4)"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"padding": "same"}, TypeError,
         "conv_transpose2d: padding must be an integer, 2 of them or 4 (before and after each axis), "
         "got 'same'"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"padding": (1, 2, 3)}, ValueError,
         "conv_transpose2d: padding must be an integer, 2 of them or 4 (before and after each axis), "
         "got (1, 2, 3)"),
        (((1, 3, 4, 4), (3, 2, 3, 3)), {"output_padding": -1}, ValueError,
         "conv_transpose2d: output_padding must be at least 0, got -1"),
    ],
)  # fmt: skip
def test_conv_transpose2d_errors(shapes, arguments, error, text):
    with pytest.raises(error) as raised:
        fnn.ops.conv_transpose2d(*(np.zeros(s, "f4") for s in shapes), **arguments)
    assert str(raised.value) == text


def test_conv_transpose2d_of_no_rows_has_no_gradient():
    x, w, b = np.zeros((1, 0, 1, 2)), np.ones((2, 3, 1, 1)), np.zeros(3)
    dy = np.empty((1, 0, 1, 3))
    for g in _core.vjp("conv_transpose2d", [x, w, b], attrs_of(stride=(2, 1)), [dy]):
        assert not g.any()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("stride", "kernel", "dilation"), [(5, 3, 1), (4, 2, 2), (6, 3, 3), (3, 1, 1)]
)
def test_pixels_that_no_element_reaches_are_the_bias(stride, kernel, dilation, bias):
    rng = np.random.default_rng(stride)
    x, w = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((3, 2, kernel, kernel))
    b = rng.standard_normal(2) if bias else np.zeros(2)
    arguments = {"stride": stride, "dilation": dilation, "output_padding": stride - 1}
    y = fnn.ops.conv_transpose2d(x, w, b if bias else None, **arguments)
    want = np.zeros_like(y) + b[:, None, None]
    for i, j, u, v in np.ndindex(4, 5, kernel, kernel):
        at = i * stride + u * dilation, j * stride + v * dilation
        want[:, :, at[0], at[1]] += x[:, :, i, j] @ w[:, :, u, v]
    np.testing.assert_allclose(y, want, rtol=1e-12, atol=1e-12)


def test_strides_of_thousands():
    x, w = np.ones((1, 1, 2, 2), "f4"), np.ones((1, 1, 3, 3), "f4")
    y = fnn.ops.conv_transpose2d(x, w, stride=2000)
    assert y.shape == (1, 1, 2003, 2003) and y.sum() == 36 and y[0, 0, 2002, 2].item() == 1
    none = fnn.ops.conv_transpose2d(x[:0], w, stride=60000, output_padding=59999)
    assert none.shape == (0, 1, 120002, 120002)
    with pytest.raises(ValueError) as raised:
        fnn.ops.conv_transpose2d(x, w, stride=2**24)
    assert str(raised.value) == (
        "conv_transpose2d: sizes must make an array of less than 2**47 elements, got shape "
        "(1, 16777219, 16777219, 1)"
    )
