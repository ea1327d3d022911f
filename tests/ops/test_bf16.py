"""Products of bfloat16: float64 sums of rounded operands, on every instruction set."""

import itertools

import numpy as np
import pytest

import fastnn as fnn
from bfloat16 import rounded
from convolution import first, last
from fastnn import _core
from laws import ISAS, using

RNG = np.random.default_rng(0)
WAYS = ["bf16", "bf16 emulated"]  # the same where the CPU has no instruction for it


def numbers(*shape):
    return RNG.standard_normal(shape).astype("f4")


def close(got, want, tolerance, size=None, label=""):
    """Errors against the largest of `want` (or of `size`, where sums cancel)."""
    scale = max(float(np.abs(want if size is None else size).max(initial=0.0)), 1e-30)
    worst = float(np.abs(got - want).max(initial=0.0)) / scale
    assert worst <= tolerance, f"{label}: {worst:.2e} > {tolerance:.1e}"


def each_isa(run):
    """Results of ``run(precision)`` for both ways: the same bits for 1 and 2 threads."""
    for isa in ISAS:
        for way in WAYS:
            results = []
            for threads in (1, 2):
                with using(isa, threads):
                    results.append([r for r in run(way) if r is not None])
            for a, b in zip(*results, strict=True):
                assert a.tobytes() == b.tobytes(), isa
            yield f"{isa} {way}", results[0]


def test_emulation_gives_the_bits_of_tiles():
    """By the manual the CPU's instruction adds as the emulation does; no CPU is held to it."""
    x, w = numbers(70, 301), numbers(45, 301)
    for isa in ISAS:
        with using(isa, 1):
            a, b = (_core.call("linear", [x, w], {}, precision=way)[0] for way in WAYS)
            if isa != "avx512":
                assert a.tobytes() == b.tobytes(), isa
        close(a, b.astype("f8"), 1e-6, label=isa)


# -- rounding --------------------------------------------------------------------------------------


def product_with_one(x, way="bf16"):
    """x as a product sees it: an outer product with 1, of enough rows to be rounded."""
    rows = np.resize(x, max(len(x), 32))[:, None]
    one = np.ones((1, 1), "f4")
    return _core.call("linear", [rows, one], {}, precision=way)[0][: len(x), 0]


def test_rounding_to_nearest_even():
    # Every exponent and sign, and around each half of the last bit that stays: k runs along rows.
    upper = np.arange(0, 1 << 16, 37, dtype="u4")
    lower = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], "u4")
    x = (upper[:, None] << 16 | lower).reshape(-1).view("f4")
    x = x[np.isfinite(x) & (np.abs(x) < 1e38) & ((x == 0) | (np.abs(x) > 1.2e-38))]
    for isa in ISAS:
        for way in WAYS:
            with using(isa, 1):
                np.testing.assert_array_equal(product_with_one(x, way), rounded(x), err_msg=isa)


def test_special_numbers():
    nan, inf = np.nan, np.inf
    most = np.finfo("f4").max
    x = np.array([nan, -nan, inf, -inf, most, -most, 0.0, -0.0], "f4")
    quiet = np.array([0x7F800001, 0xFFFFFFFF, 0x7FFF8000], "u4").view("f4")
    want = [nan, nan, inf, -inf, inf, -inf, 0.0, 0.0]
    subnormal = np.array([1e-39, -1e-39, 9.18e-41, 4.6e-41, 1e-45], "f4")
    for isa in ISAS:
        with using(isa, 1):
            np.testing.assert_array_equal(product_with_one(x), want)
            assert np.isnan(product_with_one(quiet)).all()
            # Rounded like others, unless the instruction takes them as zeros.
            np.testing.assert_array_equal(
                product_with_one(subnormal, "bf16 emulated"), rounded(subnormal)
            )


# -- dense layers ----------------------------------------------------------------------------------

EDGES = [1, 3, 7, 8, 9, 15, 16, 17, 33]
DENSE = [
    *itertools.product([1, 7, 17], [1, 3, 8, 33], [1, 9, 16, 31]),
    *itertools.product([32, 39], [1, 3, 8, 33], [1, 9, 16, 31]),
    *((n, n, n) for n in EDGES), *((32 + n, n, n) for n in EDGES),
    (64, 784, 30), (128, 10, 512), (97, 257, 83), (5, 1025, 13), (300, 513, 70), (1, 600, 129),
    (700, 70, 300),
]  # fmt: skip


def dense_results(x, w, b, dy, attrs=None):
    def run(way):
        y = _core.call("linear", [x, w, b], attrs or {}, precision=way)[0]
        return [y, *_core.vjp("linear", [x, w, b], attrs or {}, [dy], precision=way)]

    return each_isa(run)


@pytest.mark.parametrize("sizes", DENSE)
def test_dense(sizes):
    n, d, k = sizes
    x, w, b, dy = numbers(n, d), numbers(k, d), numbers(k), numbers(n, k)
    rx, rw, rdy = (rounded(a) if n >= 32 else a.astype("f8") for a in (x, w, dy))
    for isa, (y, dx, dw, db) in dense_results(x, w, b, dy):
        close(y, rx @ rw.T + b, 1e-6, np.abs(rx) @ np.abs(rw).T + np.abs(b), f"y {isa}")
        close(dx, rdy @ rw, 1e-6, np.abs(rdy) @ np.abs(rw), f"dx {isa}")
        close(dw, rdy.T @ rx, 1e-6, np.abs(rdy).T @ np.abs(rx), f"dw {isa}")
        close(db, dy.astype("f8").sum(0), 1e-6, np.abs(dy).sum(0), f"db {isa}")  # not rounded


def test_dense_epilogue_and_accumulation():
    x, w, b, dy = numbers(40, 35), numbers(19, 35), numbers(19), numbers(40, 19)
    relu = {"activation": 3}
    z = rounded(x) @ rounded(w).T + b
    for isa, (y, dx, *_) in dense_results(x, w, b, dy, relu):
        close(y, np.maximum(z, 0), 1e-6, label=isa)
        close(dx, rounded(dy * (z > 0)) @ rounded(w), 1e-6, label=isa)
    start = [numbers(40, 35), numbers(19, 35), numbers(19)]
    more = _core.vjp("linear", [x, w, b], {}, [dy], start=start, precision="bf16")
    grads = _core.vjp("linear", [x, w, b], {}, [dy], precision="bf16")
    for a, s, g in zip(more, start, grads, strict=True):
        np.testing.assert_allclose(a, s + g, rtol=1e-5, atol=1e-5)


def test_operands_of_float32_give_other_numbers():
    x, w = numbers(32, 64), numbers(8, 64)
    exact = x.astype("f8") @ w.T.astype("f8")
    assert np.abs(_core.call("linear", [x, w], {})[0] - exact).max() < 1e-4
    assert np.abs(_core.call("linear", [x, w], {}, precision="bf16")[0] - exact).max() > 1e-3


def test_few_rows_are_not_rounded():
    x, w, b, dy = numbers(31, 35), numbers(19, 35), numbers(19), numbers(31, 19)
    exact = _core.call("linear", [x, w, b], {})[0]
    for isa, (y, *_) in dense_results(x, w, b, dy):
        np.testing.assert_allclose(y, exact, rtol=1e-5, atol=1e-5, err_msg=isa)


def test_float64_is_never_rounded():
    x, w = RNG.standard_normal((40, 64)), RNG.standard_normal((8, 64))
    np.testing.assert_array_equal(
        _core.call("linear", [x, w], {}, precision="bf16")[0], _core.call("linear", [x, w], {})[0]
    )


def test_nan_and_infinity_reach_their_rows_alone():
    x, w = np.ones((45, 11), "f4"), np.ones((35, 11), "f4")
    x[44, 10], w[34, 0] = np.nan, np.inf
    for isa in ISAS:
        with using(isa, 1):
            y = _core.call("linear", [x, w], {}, precision="bf16")[0]
        assert np.isnan(y[44]).all() and np.isinf(y[:44, 34]).all() and (y[:44, :34] == 11).all()


# -- convolutions ----------------------------------------------------------------------------------


def convolution(x, w, dy, stride, padding, dilation, groups):
    """y, dx and dw tap by tap; x (N, C, H, W), w (K, C / groups, KH, KW), dy None or as y."""
    x = np.pad(x, ((0, 0), (0, 0), padding[:2], padding[2:]))
    k, depth, kh, kw = w.shape
    oh, ow = (
        (n - (taps - 1) * d - 1) // s + 1
        for n, taps, s, d in zip(x.shape[2:], (kh, kw), stride, dilation, strict=True)
    )
    y, dx, dw = np.zeros((len(x), k, oh, ow)), np.zeros(x.shape), np.zeros(w.shape)
    for g, u, v in itertools.product(range(groups), range(kh), range(kw)):
        c, f = slice(g * depth, (g + 1) * depth), slice(g * k // groups, (g + 1) * k // groups)
        top, left = u * dilation[0], v * dilation[1]
        at = (
            slice(None), c,
            slice(top, top + (oh - 1) * stride[0] + 1, stride[0]),
            slice(left, left + (ow - 1) * stride[1] + 1, stride[1]),
        )  # fmt: skip
        y[:, f] += np.einsum("nchw,kc->nkhw", x[at], w[f, :, u, v])
        if dy is not None:
            dx[at] += np.einsum("nkhw,kc->nchw", dy[:, f], w[f, :, u, v])
            dw[f, :, u, v] = np.einsum("nchw,nkhw->kc", x[at], dy[:, f])
    h, w_ = x.shape[2] - padding[1], x.shape[3] - padding[3]
    return y, dx[:, :, padding[0] : h, padding[2] : w_], dw


def check_convolution(n, c, h, w, k, kh, kw, tolerance=1e-6, **some):
    attrs = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1), "groups": 1, **some}
    x, weight, b = numbers(n, c, h, w), numbers(k, c // attrs["groups"], kh, kw), numbers(k)
    geometry = attrs["stride"], attrs["padding"], attrs["dilation"], attrs["groups"]
    shape = convolution(x, weight, None, *geometry)[0].shape
    dy = numbers(*shape)
    want = convolution(rounded(x), rounded(weight), rounded(dy), *geometry)
    full = convolution(x.astype("f8"), weight.astype("f8"), dy.astype("f8"), *geometry)
    size = convolution(np.abs(x), np.abs(weight), np.abs(dy), *geometry)
    core = [last(x), weight, b]

    def run(way):
        y = _core.call("conv2d", core, attrs, precision=way)[0]
        return [y, *_core.vjp("conv2d", core, attrs, [last(dy)], precision=way)]

    for isa, (y, dx, dw, db) in each_isa(run):
        # Into fewer than 16 channels all is float32, whatever the CPU.
        y_, dx_, dw_ = (
            (full if channels // attrs["groups"] < 16 else want)[i]
            for i, channels in enumerate((k, c, k))
        )
        close(first(y) - b[:, None, None], y_, tolerance, size[0], f"y {isa}")
        close(first(dx), dx_, tolerance, size[1], f"dx {isa}")
        close(dw, dw_, tolerance, size[2], f"dw {isa}")
        close(db, dy.astype("f8").sum((0, 2, 3)), 1e-6, np.abs(dy).sum((0, 2, 3)), f"db {isa}")


DIRECT = [
    (1, 1, 1, 1, 32, 1, 1, {}),
    (2, 16, 5, 6, 17, 5, 5, {"padding": (2, 2, 2, 2)}),
    (1, 3, 9, 11, 32, 3, 3, {"padding": (1, 1, 1, 1)}),
    (2, 3, 9, 12, 33, 3, 3, {"stride": (2, 2), "padding": (1, 1, 1, 1)}),
    (1, 17, 7, 7, 31, 3, 2, {"padding": (1, 0, 2, 1)}),
    (2, 1, 13, 13, 32, 5, 5, {"stride": (2, 3), "padding": (2, 2, 2, 2)}),
    (1, 33, 6, 9, 34, 3, 3, {"dilation": (2, 3), "padding": (2, 2, 3, 3)}),
    (1, 64, 6, 7, 66, 3, 3, {"groups": 2, "padding": (1, 1, 1, 1)}),
    (1, 51, 5, 5, 99, 2, 2, {"groups": 3, "stride": (2, 1)}),
    (2, 33, 8, 9, 40, 1, 1, {"stride": (2, 2)}),
    (2, 9, 4, 3, 17, 1, 1, {}),
    (3, 32, 4, 5, 16, 1, 1, {}),
    (1, 70, 5, 5, 200, 4, 4, {}),  # several blocks of k
    (5, 8, 17, 16, 48, 3, 3, {}),
    (1, 2, 4, 40, 40, 2, 7, {"stride": (3, 5), "padding": (1, 1, 0, 6)}),
    (2, 16, 9, 32, 16, 3, 3, {"padding": (1, 1, 1, 1)}),  # tall tiles
    (2, 1, 6, 12, 6, 5, 5, {"padding": (2, 2, 2, 2)}),  # few filters, and their widths
    (2, 1, 6, 13, 6, 5, 5, {"padding": (2, 2, 2, 2)}),
    (2, 3, 4, 41, 8, 3, 3, {"padding": (1, 1, 1, 1)}),
    (1, 16, 5, 7, 15, 3, 3, {"padding": (1, 1, 1, 1)}),
    (2, 12, 5, 7, 12, 1, 1, {}),
    (1, 15, 5, 7, 16, 1, 1, {}),
]


@pytest.mark.parametrize("case", DIRECT)
def test_convolution(case):
    *sizes, some = case
    check_convolution(*sizes, **some)


# Winograd's F(4 x 4, 3 x 3) and F(2 x 2, 5 x 5) by matrices, their planes rounded: points 0, +-5/8, +-3/2
# and infinity.
POINTS = np.array([0, 0.625, -0.625, 1.5, -1.5])


def values(n):
    """Polynomials of n coefficients at the points, over the distances between these."""
    distances = np.array(
        [np.prod([p - q for q in POINTS if q != p]) for p in POINTS]
    )  # fmt: skip
    return np.vstack([POINTS[:, None] ** np.arange(n) / distances[:, None], np.eye(n)[-1]])


def from_values(n):
    """Back to n results."""
    return np.column_stack([POINTS[None, :] ** np.arange(n)[:, None], np.eye(n)[:, -1]])


def of_inputs():
    """Six inputs to points: the transpose of what divides a polynomial by each of its factors."""
    rows = [np.poly(np.delete(POINTS, i))[::-1] for i in range(5)]
    return np.vstack([np.pad(row, (0, 6 - len(row))) for row in rows] + [np.poly(POINTS)[::-1]])


def in_planes(t, image):
    """Rounded values of a patch (..., n, n) at the points."""
    return rounded((t @ image @ t.T).astype("f4"))


def patches(x, size, side):
    """Tiles of ``size`` pixels, ``side`` apart: shape (rows, columns, N, C, size, size)."""
    rows, columns = (range(0, n - size + 1, side) for n in x.shape[2:])
    return np.array([[x[:, :, i : i + size, j : j + size] for j in columns] for i in rows])


def framed(x, h, w, before, side):
    """Zeros around, as whole tiles of h x w outputs need them."""
    shape = (*x.shape[:2], -(-h // side) * side + 2 * before, -(-w // side) * side + 2 * before)
    y = np.zeros(shape)
    y[:, :, before : before + x.shape[2], before : before + x.shape[3]] = x
    return y


def winograd(x, w):
    """A convolution whose padding keeps the image's size."""
    (h, width), taps = x.shape[2:], w.shape[-1]
    side = 7 - taps
    v = in_planes(of_inputs(), patches(framed(x, h, width, taps // 2, side), 6, side))
    u = in_planes(values(taps), w.astype("f8"))
    a = from_values(side)
    y = a @ np.einsum("kcab,ijncab->ijnkab", u, v, optimize=True) @ a.T
    y = y.transpose(2, 3, 0, 4, 1, 5).reshape(len(x), len(w), side * len(v), -1)
    return y[:, :, :h, :width]


def winograd_gradient(x, dy, taps):
    """Its gradient for the weight."""
    h, width = x.shape[2:]
    side = 7 - taps
    v = in_planes(of_inputs(), patches(framed(x, h, width, taps // 2, side), 6, side))
    z = in_planes(values(side), patches(framed(dy, h, width, 0, side), side, side))
    a = from_values(taps)
    return a @ np.einsum("ijnkab,ijncab->kcab", z, v, optimize=True) @ a.T


WINOGRAD = [
    (1, 16, 9, 9, 32),  # 9 tiles: one has no partner
    (2, 16, 13, 17, 48),
    (1, 48, 8, 8, 32),
    (1, 64, 8, 8, 64),
    (1, 32, 16, 16, 32),
    (1, 16, 30, 30, 32),
    (2, 48, 16, 12, 16),
    (1, 80, 33, 33, 64),
    (2, 144, 24, 24, 160),  # the tasks share planes
]


@pytest.mark.parametrize("taps", [3, 5])
@pytest.mark.parametrize("sizes", WINOGRAD)
def test_convolution_by_winograd(sizes, taps):
    n, c, h, w, k = sizes
    around = (taps // 2,) * 4
    attrs = {"stride": (1, 1), "padding": around, "dilation": (1, 1), "groups": 1}
    x, weight, dy = numbers(n, c, h, w), numbers(k, c, taps, taps), numbers(n, k, h, w)
    turned = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    expected = winograd(x, weight), winograd(dy, turned), winograd_gradient(x, dy, taps)
    full = convolution(
        x.astype("f8"), weight.astype("f8"), dy.astype("f8"), (1, 1), around, (1, 1), 1
    )
    core = [last(x), weight]

    def run(way):
        y = _core.call("conv2d", core, attrs, precision=way)[0]
        return [y, *_core.vjp("conv2d", core, attrs, [last(dy)], precision=way)]

    for isa, (y, dx, dw) in each_isa(run):
        results = zip(("y", "dx", "dw"), (first(y), first(dx), dw), expected, full, strict=True)
        for name, got, want, exact in results:
            size = np.sqrt(np.square(exact).mean())
            # A sum in float32 may fall on the other side of a rounding.
            assert np.sqrt(np.square(got - want).mean()) < 1e-3 * size, f"{isa} {name}"
            # Five times the error of rounded operands, as Trainer's documentation says.
            assert 0.008 < np.sqrt(np.square(got - exact).mean()) / size < 0.016, f"{isa} {name}"


def test_convolution_epilogue_and_accumulation():
    x, w, b, dy = numbers(2, 5, 6, 32), numbers(33, 32, 2, 2), numbers(33), numbers(2, 4, 5, 33)
    attrs = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1), "activation": 1}
    plain = _core.call("conv2d", [x, w, b], attrs | {"activation": 0}, precision="bf16")[0]
    y = _core.call("conv2d", [x, w, b], attrs, precision="bf16")[0]
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-plain)), rtol=2e-6, atol=1e-6)
    start = [numbers(*a.shape) for a in (x, w, b)]
    more = _core.vjp("conv2d", [x, w, b], attrs, [dy], start=start, precision="bf16")
    grads = _core.vjp("conv2d", [x, w, b], attrs, [dy], precision="bf16")
    for a, s, g in zip(more, start, grads, strict=True):
        np.testing.assert_allclose(a, s + g, rtol=1e-5, atol=1e-5)


def test_depthwise_stays_float32():
    x, w = numbers(2, 7, 7, 24), numbers(24, 1, 3, 3)
    attrs = {"stride": (1, 1), "padding": (1, 1, 1, 1), "dilation": (1, 1), "groups": 24}
    dy = [numbers(2, 7, 7, 24)]
    for way in WAYS:
        full, other = (
            _core.vjp("conv2d", [x, w], attrs, dy, precision=p) for p in ("float32", way)
        )
        for a, b in zip(full, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_transposed_convolution():
    x, w, dy = numbers(2, 32, 5, 6), numbers(32, 40, 3, 3), numbers(2, 40, 9, 11)
    geometry = ((2, 2), (1, 1, 1, 1), (1, 1), 1)
    rx, rw, rdy = rounded(x), rounded(w), rounded(dy)
    attrs = {
        "stride": (2, 2),
        "padding": (1, 1, 1, 1),
        "dilation": (1, 1),
        "output_padding": (0, 0),
    }
    want_dx, _, want_dw = convolution(rdy, rw, rx, *geometry)
    want_y = convolution(np.zeros(dy.shape), rw, rx, *geometry)[1]

    def run(way):
        y = _core.call("conv_transpose2d", [last(x), w], attrs, precision=way)[0]
        return [y, *_core.vjp("conv_transpose2d", [last(x), w], attrs, [last(dy)], precision=way)]

    for isa, (y, dx, dw) in each_isa(run):
        close(first(y), want_y, 2e-6, label=f"y {isa}")
        close(first(dx), want_dx, 2e-6, label=f"dx {isa}")
        close(dw, want_dw, 2e-6, label=f"dw {isa}")


def test_as_pytorch_under_autocast():
    torch = pytest.importorskip("torch")
    x, w = numbers(4, 40, 9, 9), numbers(48, 40, 5, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w)).float().numpy()
    attrs = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1)}
    ours = first(_core.call("conv2d", [last(x), w], attrs, precision="bf16")[0])
    np.testing.assert_allclose(ours, y, rtol=2**-8, atol=1e-3)  # PyTorch rounds the result too


def test_other_precisions_are_refused():
    with pytest.raises(ValueError) as error:
        _core.call("linear", [numbers(2, 2), numbers(2, 2)], {}, precision="bf8")
    assert str(error.value) == ("fastnn: precision must be float32, bf16 or bf16 emulated, got bf8")


def test_config_tells():
    assert fnn.machine.config()["bf16"] == ("avx512_bf16" if _core.has_bf16() else "emulated")
