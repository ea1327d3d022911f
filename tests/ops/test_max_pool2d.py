"""Largest of windows."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_same_bits, check_values, using
from oracle import check_gradient
from windows import CASES, attrs_of, last, pooled, random_cases, windows

RNG = np.random.default_rng(0)


def distinct(shape):
    """Numbers that finite differences cannot reorder."""
    return RNG.permutation(int(np.prod(shape))).reshape(shape) / 8.0 - 3.0


def largest(x, case):
    return pooled(x, case, lambda v, _: v.max((2, 3), initial=-np.inf))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_max_pool2d_values_and_gradient(case):
    x = distinct(case[0])
    want = largest(x, case)
    check_values("max_pool2d", [last(x)], attrs_of(case), last(want))
    for isa in ISAS if x.size < 400 else ():
        with using(isa):
            for training in (False, True):
                check_gradient("max_pool2d", [last(x)], attrs_of(case), training=training)


@pytest.mark.parametrize("training", [False, True])
def test_max_pool2d_gradient_goes_to_the_first_of_equals_and_to_the_last_nan(training):
    nan = np.nan
    x = np.array([[2.0, 2.0, nan, 1.0], [2.0, 1.0, 5.0, nan]]).reshape(1, 2, 4, 1)
    dy = np.array([3.0, 4.0]).reshape(1, 1, 2, 1)
    attrs = {"kernel_size": (2, 2)}
    (dx,) = _core.vjp("max_pool2d", [x], attrs, [dy], training=training)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[3, 0, 0, 0], [0, 0, 0, 4]])
    (y,) = _core.call("max_pool2d", [x], attrs)
    np.testing.assert_array_equal(y[0, 0, :, 0], [2, nan])


@pytest.mark.parametrize("channels", [1, 3, 8, 17])
def test_max_pool2d_infinity_and_nan(channels):
    x = np.full((1, channels, 4, 4), -np.inf)
    x[0, 0, 0, 0] = np.nan
    y = fnn.ops.max_pool2d(x, 2)
    assert np.isnan(y[0, 0, 0, 0]) and np.isnan(y).sum() == 1
    assert np.isneginf(y).sum() == 4 * channels - 1
    (dx,) = fnn.ops.vjp("max_pool2d", last(x), dy=np.ones((1, 2, 2, channels)), kernel_size=(2, 2))
    assert dx.sum() == 4 * channels and dx.max() == 1


def test_max_pool2d_a_window_without_pixels_is_below_every_number():
    y = fnn.ops.max_pool2d(np.ones((1, 1, 1, 1)), 2, 1, 1, 2)
    np.testing.assert_array_equal(y, [[[[-np.inf]]]])
    dy = np.ones((1, 1, 1, 1))
    attrs = {"kernel_size": (2,), "stride": (1,), "padding": (1,), "dilation": (2,)}
    (dx,) = _core.vjp("max_pool2d", [np.ones((1, 1, 1, 1))], attrs, [dy], training=True)
    assert dx == 0


@pytest.mark.parametrize("channels", [1, 5, 16, 33])
def test_max_pool2d_windows_between_the_rows_of_an_image(channels):
    """None of their taps falls on it, or in one direction only; several side by side."""
    rng = np.random.default_rng(channels)
    empty = 0
    for _ in range(150):
        kernel, dilation = rng.integers(1, 4, 2), rng.integers(1, 5, 2)
        padding = [
            rng.integers(0, ((k - 1) * d + 1) // 2 + 1)
            for k, d in zip(kernel, dilation, strict=True)
        ]
        case = (
            (2, channels, *(int(n) for n in rng.integers(1, 6, 2))),
            *(
                tuple(int(n) for n in pair)
                for pair in (kernel, rng.integers(1, 3, 2), padding, dilation)
            ),
            int(rng.integers(0, 2)),
        )
        x = distinct(case[0])
        want = largest(x, case) if all(windows(case, axis) for axis in (0, 1)) else None
        if want is None:  # windows larger than the image
            continue
        empty += np.isneginf(want).sum()
        check_values("max_pool2d", [last(x)], attrs_of(case), last(want))
        if x.size < 40 and np.isfinite(want).all():
            check_gradient("max_pool2d", [last(x)], attrs_of(case), training=True)
    assert empty > 20


def test_max_pool2d_large_windows():
    """More taps than a byte counts."""
    x = distinct((2, 9, 18, 20))
    case = (x.shape, (17, 19), 1, 0, 1, 0)
    check_values("max_pool2d", [last(x)], attrs_of(case), last(largest(x, case)))
    dy = RNG.standard_normal((2, 2, 2, 9))
    want = np.zeros_like(x)
    for n, c, i, j in np.ndindex(2, 9, 2, 2):
        at = np.argmax(x[n, c, i : i + 17, j : j + 19])
        want[n, c, i + at // 19, j + at % 19] += dy[n, i, j, c]
    for training in (False, True):
        (dx,) = _core.vjp("max_pool2d", [last(x)], attrs_of(case), [dy], training=training)
        np.testing.assert_allclose(dx, last(want), rtol=1e-12)


def test_max_pool2d_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for case in random_cases(60, RNG):
        shape, *rest, ceil_mode = case
        x = RNG.standard_normal(shape).round(1)
        for dtype in ("f4", "f8"):
            t = torch.tensor(x.astype(dtype), requires_grad=True)
            want = torch.nn.functional.max_pool2d(t, *rest, bool(ceil_mode))
            y = fnn.ops.max_pool2d(x.astype(dtype), *rest, bool(ceil_mode))
            np.testing.assert_array_equal(y, want.detach().numpy(), err_msg=str(case))
            dy = RNG.standard_normal(y.shape).astype(dtype)
            want.backward(torch.tensor(dy))
            grads = _core.vjp(
                "max_pool2d", [last(x.astype(dtype))], attrs_of(case), [last(dy)], training=True
            )
            tolerance = {"f4": 1e-6, "f8": 1e-14}[dtype]
            np.testing.assert_allclose(
                grads[0], last(t.grad.numpy()), rtol=tolerance, atol=tolerance, err_msg=str(case)
            )


@pytest.mark.parametrize("channels", [1, 3, 16])
def test_max_pool2d_same_bits_for_any_thread_count(channels):
    x = RNG.standard_normal((24, 41, 40, channels)).astype("f4")
    attrs = {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)}
    check_same_bits("max_pool2d", [x], attrs, training=True)


IMAGE = np.zeros((2, 3, 4, 5), "f4")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"kernel_size": 0}, "kernel_size must hold integers from 1 to 2**31 - 1, got 0"),
        ({"kernel_size": (1, 2, 3)}, "kernel_size must hold 1 or 2 integers, got (1, 2, 3)"),
        ({"kernel_size": ()}, "kernel_size must hold 1 or 2 integers, got ()"),
        ({"kernel_size": None}, "kernel_size must hold 1 or 2 integers, got None"),
        ({"kernel_size": 2, "stride": []}, "stride must hold 1 or 2 integers, got []"),
        ({"kernel_size": 2, "stride": 0}, "stride must hold integers from 1 to 2**31 - 1, got 0"),
        (
            {"kernel_size": 2, "padding": -1},
            "padding must hold integers from 0 to 2**31 - 1, got -1",
        ),
        (
            {"kernel_size": 2, "dilation": 0},
            "dilation must hold integers from 1 to 2**31 - 1, got 0",
        ),
        ({"kernel_size": 3, "padding": 2}, "padding must be at most half of the window, 1, got 2"),
        (
            {"kernel_size": (2, 6)},
            "kernel_size must fit into x of shape (2, 3, 4, 5) with its padding, got windows of 6",
        ),
        (
            {"kernel_size": 3, "dilation": 2},
            "kernel_size must fit into x of shape (2, 3, 4, 5) with its padding, got windows of 5",
        ),
    ],
)
def test_max_pool2d_errors(given, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.max_pool2d(IMAGE, **given)
    assert str(raised.value) == "max_pool2d: " + text


def test_max_pool2d_takes_images():
    with pytest.raises(ValueError) as raised:
        fnn.ops.max_pool2d(np.zeros((2, 3)), 2)
    assert str(raised.value) == (
        "max_pool2d: x must have shape (N, C, H, W), got (2, 3); put nn.Reshape before it"
    )
    with pytest.raises(ValueError) as raised:
        _core.call("max_pool2d", [np.zeros((2, 3))], {"kernel_size": (2,)})
    assert str(raised.value) == "max_pool2d: x must have shape (N, C, H, W), got (2, 3)"
    with pytest.raises(TypeError) as raised_type:
        fnn.ops.max_pool2d(IMAGE, 2.5)
    assert str(raised_type.value) == (
        "max_pool2d: kernel_size must be an integer or a sequence of integers, got 2.5"
    )
