"""Pooling of sequences: windows written out, PyTorch's values and gradients, and errors in its own terms."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import ops
from fastnn.graph import Structure

RNG = np.random.default_rng(0)


def slow(value, x, kernel, stride, padding, dilation, ceil_mode):
    """``value`` of each window's elements inside of x, and of how many there are with the border."""
    length, window = x.shape[2], (kernel - 1) * dilation + 1
    results = []
    begin = -padding
    while begin + window <= length + padding + (stride - 1 if ceil_mode else 0) and (
        begin < length or not results
    ):
        taps = [begin + i * dilation for i in range(kernel)]
        inside = [t for t in taps if 0 <= t < length]
        results.append(value(x[:, :, inside], sum(t < length + padding for t in taps)))
        begin += stride
    return np.stack(results, 2)


CASES = [
    (1, 1, 0, 1, False),
    (2, 2, 0, 1, False),
    (3, 2, 1, 1, True),
    (3, 1, 1, 2, False),
    (4, 3, 2, 1, True),
    (2, 3, 0, 1, True),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [7, 8, 9, 15, 16, 17])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values(case, length, dtype):
    kernel, stride, padding, dilation, ceil_mode = case
    x = RNG.standard_normal((2, 3, length)).astype(dtype)
    tolerance = {"rtol": 0, "atol": 1e-5 if dtype == "float32" else 1e-12}
    wide = x.astype("f8")
    y = ops.max_pool1d(x, kernel, stride, padding, dilation, ceil_mode)
    want = slow(lambda w, n: w.max(2), wide, kernel, stride, padding, dilation, ceil_mode)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, want.astype(dtype))
    for border in (True, False):
        y = ops.avg_pool1d(x, kernel, stride, padding, ceil_mode, border)
        want = slow(
            lambda w, n, border=border: w.sum(2) / (n if border else w.shape[2]),
            wide, kernel, stride, padding, 1, ceil_mode,
        )  # fmt: skip
        np.testing.assert_allclose(y, want, **tolerance)
    for p in (1, 2, 3.5):
        y = ops.lp_pool1d(np.abs(x), p, kernel, stride, ceil_mode)
        want = slow(
            lambda w, n, p=p: ((w**p).sum(2) * kernel / w.shape[2]) ** (1 / p),
            np.abs(wide), kernel, stride, 0, 1, ceil_mode,
        )  # fmt: skip
        np.testing.assert_allclose(y, want, **tolerance)


def test_windows_overlap_by_stride_alone():
    x = RNG.standard_normal((2, 3, 11))
    assert ops.max_pool1d(x, np.int64(3)).shape == ops.lp_pool1d(x, 2, 3).shape == (2, 3, 3)
    assert ops.avg_pool1d(x, 3, 1).shape == (2, 3, 9)
    assert ops.avg_pool1d(np.zeros((0, 3, 11)), 2).shape == (0, 3, 5)
    assert ops.max_pool1d(x.tolist(), 2).dtype == "float32"
    assert ops.lp_pool1d(fnn.Input((3, 11)), 2, 2).shape == (None, 3, 5)


@pytest.mark.parametrize("name", ["max_pool1d", "avg_pool1d", "lp_pool1d"])
def test_values_and_gradients_are_pytorchs(name):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    first = (2,) if name == "lp_pool1d" else ()
    for kernel, stride, padding, dilation, ceil_mode in CASES:
        more = {
            "max_pool1d": (padding, dilation, ceil_mode),
            "avg_pool1d": (padding, ceil_mode),
            "lp_pool1d": (ceil_mode,),
        }[name]
        x = RNG.standard_normal((4, 3, 14))
        given = fnn.Input((3, 14))
        y = getattr(ops, name)(given, *first, kernel, stride, *more)
        t = torch.tensor(x, requires_grad=True)
        want = getattr(torch.nn.functional, name)(t, *first, kernel, stride, *more)
        assert y.shape[1:] == want.shape[1:]
        np.testing.assert_allclose(
            getattr(ops, name)(x, *first, kernel, stride, *more), want.detach().numpy(), atol=1e-12
        )
        # The cost's gradient reaches x through one number for each of its elements.
        shift = Shift()
        model = fnn.Model(given, getattr(ops, name)(shift(given), *first, kernel, stride, *more),
                          dtype="float64")  # fmt: skip
        target = RNG.standard_normal(want.shape)
        gradient = fnn.Trainer(model, "mse").gradient(x, target)
        torch.nn.functional.mse_loss(want, torch.tensor(target)).backward()
        np.testing.assert_allclose(
            gradient["shift1.by"], t.grad.sum(0).numpy(), atol=1e-12, err_msg=f"{kernel} {stride}"
        )


class Shift(fnn.nn.Layer):
    """x + a learned number for each element of a sample."""

    def build(self, x):
        self.by = self.parameter("by", x.shape[1:], "zeros")

    def forward(self, x):
        return x + self.by


def test_a_model_pools_sequences_as_arrays_are():
    x = RNG.standard_normal((2, 3, 11)).astype("f4")
    given = fnn.Input((3, 11))
    outputs = (ops.max_pool1d(given, 3, 2, 1), ops.avg_pool1d(given, 2), ops.lp_pool1d(given, 2, 3))
    assert "max_pool2d" in [node.op for node in Structure(outputs).nodes]
    wanted = (ops.max_pool1d(x, 3, 2, 1), ops.avg_pool1d(x, 2), ops.lp_pool1d(x, 2, 3))
    for y, want in zip(fnn.Model(given, outputs).predict(x), wanted, strict=True):
        np.testing.assert_allclose(y, want, rtol=1e-6)


X = np.zeros((2, 3, 8), "f4")

ERRORS = [
    (lambda x: ops.max_pool1d(x, 9), ValueError,
     "max_pool1d: kernel_size must fit into x of shape {} with its padding, got windows of 9"),
    (lambda x: ops.max_pool1d(x, 5, dilation=2), ValueError,
     "max_pool1d: kernel_size must fit into x of shape {} with its padding, got windows of 9"),
    (lambda x: ops.max_pool1d(x, 3, padding=2), ValueError,
     "max_pool1d: padding must be at most half of the window, 1, got 2"),
    (lambda x: ops.max_pool1d(x, 2, dilation=0), ValueError,
     "max_pool1d: dilation must be an integer >= 1, got 0"),
    (lambda x: ops.max_pool1d(x, 2, padding=-1), ValueError,
     "max_pool1d: padding must be an integer >= 0, got -1"),
    (lambda x: ops.max_pool1d(x, 2, ceil_mode="yes"), TypeError,
     "max_pool1d: ceil_mode must be True or False, got 'yes'"),
    (lambda x: ops.max_pool1d(x, 2, stride=2**31), ValueError,
     "max_pool1d: stride must be at most 2147483647, got 2147483648"),
    (lambda x: ops.avg_pool1d(x, 0), ValueError,
     "avg_pool1d: kernel_size must be an integer >= 1, got 0"),
    (lambda x: ops.avg_pool1d(x, (2, 2)), TypeError,
     "avg_pool1d: kernel_size must be an integer >= 1, got (2, 2)"),
    (lambda x: ops.avg_pool1d(x, 2, True), TypeError,
     "avg_pool1d: stride must be an integer >= 1, got True"),
    (lambda x: ops.avg_pool1d(x, 2, count_include_pad=1), TypeError,
     "avg_pool1d: count_include_pad must be True or False, got 1"),
    (lambda x: ops.avg_pool1d(x, 12, padding=1), ValueError,
     "avg_pool1d: kernel_size must fit into x of shape {} with its padding, got windows of 12"),
    (lambda x: ops.lp_pool1d(x, np.inf, 2), ValueError,
     "lp_pool1d: norm_type must be a finite number > 0, got inf"),
    (lambda x: ops.lp_pool1d(x, "2", 2), TypeError, "lp_pool1d: norm_type must be a number, got '2'"),
    (lambda x: ops.lp_pool1d(x, 2, 9), ValueError,
     "lp_pool1d: kernel_size must fit into x of shape {} with its padding, got windows of 9"),
]  # fmt: skip


@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize(("act", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_errors_speak_of_sequences(act, kind, text, symbolic):
    with pytest.raises(kind) as error:
        act(fnn.Input((3, 8)) if symbolic else X)
    assert str(error.value) == text.format("(N, 3, 8)" if symbolic else "(2, 3, 8)")


def test_what_is_no_sequence_is_refused():
    for pool in (ops.max_pool1d, ops.avg_pool1d):
        with pytest.raises(ValueError) as error:
            pool(np.zeros((2, 3)), 2)
        assert str(error.value) == (
            f"{pool.__name__}: x must have shape (N, C, L), got (2, 3); put nn.Reshape before it"
        )
    with pytest.raises(TypeError) as kind:
        ops.max_pool1d(fnn.Input((3, 8), dtype="int64"), 2)
    assert str(kind.value) == "max_pool1d: x must be float32 or float64, got int64"
