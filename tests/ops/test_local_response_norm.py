"""Normalisation by neighbouring channels."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


def oracle(x, size, alpha, beta, k):
    c = x.shape[-1]
    s = np.full(x.shape, float(k))
    for i in range(c):
        near = x[..., max(0, i - size // 2) : i + (size - 1) // 2 + 1]
        s[..., i] += alpha / size * (near**2).sum(-1)
    return x * s**-beta


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 2**61 - 1])
@pytest.mark.parametrize("channels", [1, 3, 7, 8, 9, 16, 17, 33])
def test_local_response_norm_values_and_gradient(channels, size):
    x = RNG.standard_normal((2, 3, channels))
    for beta in (0.75, 1.3):
        given = {"size": size, "alpha": 0.5, "beta": beta, "k": 2.0}
        want = oracle(x, **given)
        check_op("local_response_norm", [x], given, want, gradient=channels < 18)


@pytest.mark.parametrize(
    ("channels", "size"), [(512, 5), (515, 7), (1100, 5), (1030, 600), (600, 2**62)]
)
def test_local_response_norm_of_many_channels(channels, size):
    x = RNG.standard_normal((2, channels))
    given = {"size": size, "alpha": 0.9, "beta": 0.75, "k": 1.0}
    check_op("local_response_norm", [x], given, oracle(x, **given), gradient=False, rtol=1e-5)
    dy = RNG.standard_normal(x.shape)
    (dx,) = _core.vjp("local_response_norm", [x], given, [dy])
    way = RNG.standard_normal(x.shape)
    step = 1e-5
    up, down = (oracle(x + s * way, **given) for s in (step, -step))
    np.testing.assert_allclose((dx * way).sum(), (dy * (up - down)).sum() / (2 * step), rtol=1e-7)


def test_local_response_norm_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for shape, size in [((2, 16, 5, 4), 5), ((3, 7, 6), 4), ((2, 33, 3, 3), 9), ((2, 3, 4, 4), 5)]:
        x = RNG.standard_normal(shape)
        for dtype, tolerance in (("f4", 1e-5), ("f8", 1e-12)):
            t = torch.tensor(x.astype(dtype), requires_grad=True)
            want = torch.nn.functional.local_response_norm(t, size, 0.3, 0.75, 2.0)
            y = fnn.ops.local_response_norm(x.astype(dtype), size, 0.3, 0.75, 2.0)
            np.testing.assert_allclose(y, want.detach().numpy(), rtol=tolerance, atol=tolerance)
            dy = RNG.standard_normal(shape).astype(dtype)
            want.backward(torch.tensor(dy))
            (dx,) = _core.vjp(
                "local_response_norm",
                [np.ascontiguousarray(np.moveaxis(x.astype(dtype), 1, -1))],
                {"size": size, "alpha": 0.3, "beta": 0.75, "k": 2.0},
                [np.ascontiguousarray(np.moveaxis(dy, 1, -1))],
            )
            np.testing.assert_allclose(
                np.moveaxis(dx, -1, 1), t.grad.numpy(), rtol=tolerance, atol=tolerance
            )


def test_local_response_norm_same_bits_for_any_thread_count():
    x = RNG.standard_normal((8, 30, 30, 33)).astype("f4")
    check_same_bits("local_response_norm", [x], {"size": 5, "alpha": 0.1})


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"size": 0}, "size must be an integer >= 1, got 0"),
        ({"size": 5, "alpha": -1}, "alpha must be >= 0, got -1"),
        ({"size": 5, "beta": -1}, "beta must be >= 0, got -1"),
        ({"size": 5, "k": 0}, "k must be > 0, got 0"),
    ],
)
def test_local_response_norm_errors(given, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.local_response_norm(np.zeros((2, 3)), **given)
    assert str(raised.value) == "local_response_norm: " + text
