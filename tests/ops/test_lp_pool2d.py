"""Power sums of windows."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits
from windows import CASES, attrs_of, last, pooled, random_cases

RNG = np.random.default_rng(0)
UNPADDED = [(*case[:3], 0, 1, case[5]) for case in CASES if case[0] not in ((1, 4, 3, 9),)]


def oracle(x, case, p):
    full = np.prod(np.broadcast_to(case[1], 2))

    def value(window, _):
        count = window.shape[2] * window.shape[3]
        return ((window**p).sum((2, 3)) * full / count) ** (1 / p)

    return pooled(x, case, value)


@pytest.mark.parametrize("p", [1, 2, 3.5])
@pytest.mark.parametrize("case", UNPADDED, ids=str)
def test_lp_pool2d_values_and_gradient(case, p):
    x = 0.1 + RNG.random(case[0])
    if p == 2:
        x *= RNG.choice([-1, 1], x.shape)
    want = last(oracle(x, case, p))
    check_op(
        "lp_pool2d", [last(x)], attrs_of(case, norm_type=float(p)), want, gradient=x.size < 300
    )


def test_lp_pool2d_gradient_is_zero_where_a_window_is():
    x = np.zeros((1, 4, 4, 3))
    x[0, :2, :2] = 1
    (dx,) = _core.vjp("lp_pool2d", [x], {"kernel_size": (2,)}, [np.ones((1, 2, 2, 3))])
    np.testing.assert_allclose(dx[0, :2, :2], 0.5)
    np.testing.assert_array_equal(dx[0, 2:], 0)


def test_lp_pool2d_shows_nan_and_infinity_in_their_windows_alone():
    for stride in (1, 2):
        x = np.ones((1, 3, 4, 4))
        x[0, 1, 0, 0], x[0, 2, 3, 3] = np.nan, np.inf
        y = fnn.ops.lp_pool2d(x, 2, 2, stride)
        assert np.isnan(y[0, 1, 0, 0]) and np.isnan(y).sum() == 1
        assert np.isinf(y[0, 2, -1, -1]) and np.isinf(y).sum() == 1
        attrs = {"kernel_size": (2,), "stride": (stride,)}
        (dx,) = _core.vjp("lp_pool2d", [last(x)], attrs, [np.ones_like(last(y))])
        assert np.isfinite(dx[..., 0]).all()


def test_lp_pool2d_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for i, (shape, k, s, *_, ceil_mode) in enumerate(random_cases(40, RNG)):
        if shape[2] < k[0] or shape[3] < k[1]:
            continue
        p = (2, 2, 3, 1.5)[i % 4]
        x = 0.1 + RNG.random(shape)
        for dtype, tolerance in (("f4", 1e-5), ("f8", 1e-12)):
            t = torch.tensor(x.astype(dtype), requires_grad=True)
            want = torch.nn.functional.lp_pool2d(t, p, k, s, bool(ceil_mode))
            y = fnn.ops.lp_pool2d(x.astype(dtype), p, k, s, bool(ceil_mode))
            np.testing.assert_allclose(y, want.detach().numpy(), rtol=tolerance)
            dy = RNG.standard_normal(y.shape).astype(dtype)
            want.backward(torch.tensor(dy))
            attrs = {"kernel_size": k, "stride": s, "ceil_mode": ceil_mode, "norm_type": float(p)}
            (dx,) = _core.vjp("lp_pool2d", [last(x.astype(dtype))], attrs, [last(dy)])
            np.testing.assert_allclose(dx, last(t.grad.numpy()), rtol=tolerance, atol=tolerance)


def test_lp_pool2d_same_bits_for_any_thread_count():
    x = RNG.standard_normal((12, 41, 40, 9)).astype("f4")
    check_same_bits("lp_pool2d", [x], {"kernel_size": (3,), "stride": (2,)})


def test_lp_pool2d_errors():
    x = np.zeros((2, 3, 4, 5), "f4")
    for p in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError) as raised:
            fnn.ops.lp_pool2d(x, p, 2)
        assert str(raised.value) == f"lp_pool2d: norm_type must be a finite number > 0, got {p}"
    with pytest.raises(ValueError) as raised:
        _core.call("lp_pool2d", [x], {"kernel_size": (2,), "padding": (1,)})
    assert str(raised.value) == "lp_pool2d: padding must be 0, got 1"
