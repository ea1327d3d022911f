"""Means of windows."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_op, check_same_bits, using
from windows import CASES, attrs_of, last, pooled, random_cases

RNG = np.random.default_rng(0)
UNDILATED = [(*case[:4], 1, case[5]) for case in CASES if case[0] != (1, 4, 3, 9)]


@pytest.mark.parametrize("count_include_pad", [0, 1])
@pytest.mark.parametrize("case", UNDILATED, ids=str)
def test_avg_pool2d_values_and_gradient(case, count_include_pad):
    x = RNG.standard_normal(case[0])

    def mean(window, count):
        inside = window.shape[2] * window.shape[3]
        return window.sum((2, 3)) / (count if count_include_pad else inside)

    attrs = attrs_of(case, count_include_pad=count_include_pad)
    check_op("avg_pool2d", [last(x)], attrs, last(pooled(x, case, mean)), gradient=x.size < 400)


def test_avg_pool2d_divisor():
    case = UNDILATED[5]
    x = RNG.standard_normal(case[0])
    want = pooled(x, case, lambda v, _: v.sum((2, 3)) / 7)
    check_op("avg_pool2d", [last(x)], attrs_of(case, divisor_override=7), last(want))


def test_avg_pool2d_of_an_image_is_its_mean():
    x = RNG.standard_normal((3, 65, 32, 32)).astype("f4")
    want = x.astype("f8").mean((2, 3))[:, :, None, None]
    np.testing.assert_allclose(fnn.ops.avg_pool2d(x, 32), want, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("channels", [511, 512, 515, 1030])
def test_avg_pool2d_of_many_channels(channels):
    case = ((2, channels, 4, 5), (4, 3), 2, 1, 1, 0)
    x = RNG.standard_normal(case[0])
    want = pooled(x, case, lambda v, count: v.sum((2, 3)) / count)
    check_op("avg_pool2d", [last(x)], attrs_of(case), last(want), gradient=False)
    dy = RNG.standard_normal(want.shape)
    for kernel in ((4, 5), (4, 3), (2, 2)):
        attrs = {"kernel_size": kernel}
        (y,) = _core.call("avg_pool2d", [last(x)], attrs)
        grad = np.ascontiguousarray(np.resize(dy, y.shape))
        (dx,) = _core.vjp("avg_pool2d", [last(x)], attrs, [grad])
        np.testing.assert_allclose((dx * last(x)).sum(), (grad * y).sum(), rtol=1e-10)


def test_avg_pool2d_shows_nan_in_its_windows_alone():
    x = np.ones((1, 3, 4, 4))
    x[0, 1, 0, 0] = np.nan
    y = fnn.ops.avg_pool2d(x, 2)
    assert np.isnan(y[0, 1, 0, 0]) and np.isnan(y).sum() == 1


def test_avg_pool2d_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for case in random_cases(60, RNG):
        shape, k, s, p, _, ceil_mode = case
        x = RNG.standard_normal(shape)
        include, divisor = bool(RNG.integers(0, 2)), [None, 5][RNG.integers(0, 2)]
        rest = (k, s, p, bool(ceil_mode), include, divisor)
        for dtype, tolerance in (("f4", 3e-6), ("f8", 1e-13)):
            t = torch.tensor(x.astype(dtype), requires_grad=True)
            want = torch.nn.functional.avg_pool2d(t, *rest)
            y = fnn.ops.avg_pool2d(x.astype(dtype), *rest)
            np.testing.assert_allclose(y, want.detach().numpy(), rtol=tolerance, atol=tolerance)
            dy = RNG.standard_normal(y.shape).astype(dtype)
            want.backward(torch.tensor(dy))
            attrs = {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": ceil_mode}
            attrs |= {"count_include_pad": int(include), "divisor_override": divisor or 0}
            (dx,) = _core.vjp("avg_pool2d", [last(x.astype(dtype))], attrs, [last(dy)])
            np.testing.assert_allclose(dx, last(t.grad.numpy()), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("channels", [1, 3, 16])
def test_avg_pool2d_same_bits_for_any_thread_count(channels):
    x = RNG.standard_normal((24, 41, 40, channels)).astype("f4")
    check_same_bits("avg_pool2d", [x], {"kernel_size": (3, 3), "stride": (2, 2)})


def test_avg_pool2d_errors():
    x = np.zeros((2, 3, 4, 5), "f4")
    for divisor, text in (
        (0, "divisor_override must be an integer >= 1, got 0"),
        (-1, "divisor_override must be an integer >= 1, got -1"),
    ):
        with pytest.raises(ValueError) as raised:
            fnn.ops.avg_pool2d(x, 2, divisor_override=divisor)
        assert str(raised.value) == "avg_pool2d: " + text
    with pytest.raises(ValueError) as raised:
        _core.call("avg_pool2d", [x], {"kernel_size": (2,), "divisor_override": -3})
    assert str(raised.value) == (
        "avg_pool2d: divisor_override must be an integer >= 1, or 0 for none, got -3"
    )
    with pytest.raises(ValueError) as raised:
        fnn.ops.avg_pool2d(x, 6)
    assert str(raised.value) == (
        "avg_pool2d: kernel_size must fit into x of shape (2, 3, 4, 5) with its padding, "
        "got windows of 6"
    )


@pytest.mark.parametrize("size", [1, 3, (2, 4), (7, 9), (5, 1), (10, 11)])
def test_adaptive_avg_pool2d_equals_torch(size):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for dtype, tolerance in (("f4", 1e-6), ("f8", 1e-14)):
        x = RNG.standard_normal((2, 3, 7, 9)).astype(dtype)
        want = torch.nn.functional.adaptive_avg_pool2d(torch.tensor(x), size).numpy()
        y = fnn.ops.adaptive_avg_pool2d(x, size)
        assert y.dtype == dtype
        np.testing.assert_allclose(y, want, rtol=tolerance, atol=tolerance)


def test_adaptive_avg_pool2d_in_a_model():
    x = RNG.standard_normal((2, 3, 5, 4)).astype("f4")
    model = fnn.Model([fnn.nn.AdaptiveAvgPool2d(3)], input_shape=(3, 5, 4))
    np.testing.assert_allclose(
        model.predict(x), fnn.ops.adaptive_avg_pool2d(x, 3), rtol=1e-6, atol=1e-7
    )


def test_adaptive_avg_pool2d_errors():
    for size, text in (
        (0, "output_size must hold 1 or 2 integers >= 1, got 0"),
        ((1, 2, 3), "output_size must hold 1 or 2 integers >= 1, got (1, 2, 3)"),
        (
            2**62,
            f"output_size must make arrays of less than 2**47 elements, got {2**62} for x of "
            "4 x 4 pixels",
        ),
        (
            (1, 2**45),
            f"output_size must make arrays of less than 2**47 elements, got (1, {2**45}) for x of "
            "4 x 4 pixels",
        ),
    ):
        with pytest.raises(ValueError) as raised:
            fnn.ops.adaptive_avg_pool2d(np.zeros((1, 1, 4, 4)), size)
        assert str(raised.value) == "adaptive_avg_pool2d: " + text
    with pytest.raises(ValueError) as raised:
        fnn.ops.adaptive_avg_pool2d(np.zeros((1, 1, 0, 4)), 2)
    assert str(raised.value) == "adaptive_avg_pool2d: x must have pixels, got shape (1, 1, 0, 4)"


@pytest.mark.parametrize("kernel", [(2, 2), (3, 3), (1, 4), (3, 1), (1, 1), (5, 7)])
@pytest.mark.parametrize("channels", [1, 2, 3, 5, 6, 8, 9, 15, 16])
@pytest.mark.parametrize("isa", ISAS)
def test_avg_pool2d_gives_each_pixel_of_a_window_the_same(isa, channels, kernel):
    """Windows side by side, over pixels narrower than a vector and not."""
    rng = np.random.default_rng(channels)
    for n, oh, ow in ((1, 1, 1), (3, 5, 4), (2, 3, 17)):
        x = np.zeros((n, oh * kernel[0], ow * kernel[1], channels))
        dy = rng.standard_normal((n, oh, ow, channels))
        want = dy.repeat(kernel[0], 1).repeat(kernel[1], 2) / np.prod(kernel)
        for dtype, tol in (("f4", 1e-7), ("f8", 1e-15)):
            with using(isa, 1 + n % 2):
                given = [x.astype(dtype)], {"kernel_size": kernel}, [dy.astype(dtype)]
                (dx,) = _core.vjp("avg_pool2d", *given)
                np.testing.assert_allclose(dx, want, rtol=4 * tol, atol=tol)
                start = [rng.standard_normal(x.shape).astype(dtype)]
                (more,) = _core.vjp("avg_pool2d", *given, start=start)
                np.testing.assert_allclose(more, start[0] + want, rtol=1e3 * tol, atol=10 * tol)
