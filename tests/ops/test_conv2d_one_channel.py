"""Convolution of one channel into few filters."""

import numpy as np
import pytest

from convolution import compare_with_torch, same_on
from fastnn import _core
from laws import ISAS, run, using

# One channel into few filters, each pixel repeated for them: N, K, KH, KW, H, W, padding. Bands that
# overlap, rows shorter than a vector, several strips of a row, kernels wider than a pass over them.
REPEATED = [
    (64, 6, 5, 5, 28, 28, 2),
    (3, 6, 5, 5, 29, 27, 0),
    (2, 1, 3, 3, 15, 40, 1),
    (2, 1, 7, 7, 17, 33, 3),
    (2, 2, 3, 9, 16, 70, 1),
    (2, 3, 5, 3, 33, 21, 0),
    (1, 4, 3, 3, 12, 64, 1),
    (2, 5, 5, 7, 22, 37, 2),
    (2, 12, 5, 5, 24, 24, 0),
    (3, 20, 5, 5, 28, 28, 0),
    (1, 31, 7, 2, 26, 30, 1),
    (1, 6, 5, 5, 16, 300, 2),
    (17, 7, 5, 5, 8, 9, 2),
    (40, 1, 3, 3, 7, 9, 0),
    (9, 2, 5, 5, 9, 30, 0),  # an image lower than a band
    (9, 1, 5, 5, 3, 30, 2),
    (9, 3, 7, 7, 4, 30, 3),
]


def attrs_of(padding, flip=0):
    return {"stride": (1, 1), "padding": padding, "dilation": (1, 1), "groups": 1, "flip": flip}


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("case", REPEATED, ids=str)
def test_equals_pytorch(isa, case):
    torch = pytest.importorskip("torch")
    n, k, kh, kw, h, w, p = case
    rng = np.random.default_rng(h)
    operands = [rng.standard_normal(s) for s in ((n, 1, h, w), (k, 1, kh, kw), (k,))]

    def function(x, weight, b):
        return torch.nn.functional.conv2d(x, weight, b, padding=p)

    dy = rng.standard_normal(function(*(torch.tensor(a) for a in operands)).shape)
    with using(isa, 2):
        for act in (None, (2, torch.tanh)):
            compare_with_torch(torch, function, "conv2d", operands, attrs_of((p,) * 4), dy, act)


@pytest.mark.parametrize("case", REPEATED, ids=str)
def test_same_bits_for_any_thread_count(case):
    n, k, kh, kw, h, w, p = case
    rng = np.random.default_rng(5)
    x, weight = (rng.standard_normal(s).astype("f4") for s in ((n, h, w, 1), (k, 1, kh, kw)))
    attrs = attrs_of((p,) * 4, flip=1)
    same_on(ISAS, (2, 3, 8), lambda: run("conv2d", [x, weight], attrs))


@pytest.mark.parametrize("case", REPEATED[:6], ids=str)
def test_adds_to_gradients_that_are_there(case):
    n, k, kh, kw, h, w, p = case
    rng = np.random.default_rng(6)
    x, weight = (rng.standard_normal(s).astype("f4") for s in ((n, h, w, 1), (k, 1, kh, kw)))
    attrs = attrs_of((p,) * 4)
    dy = rng.standard_normal(_core.call("conv2d", [x, weight], attrs)[0].shape).astype("f4")
    start = [rng.standard_normal(a.shape).astype("f4") for a in (x, weight)]
    alone = _core.vjp("conv2d", [x, weight], attrs, [dy])
    sums = _core.vjp("conv2d", [x, weight], attrs, [dy], start=start)
    for a, s, more in zip(alone, start, sums, strict=True):
        np.testing.assert_allclose(more, s + a, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "baseline"])
def test_one_filter_keeps_a_pixel_that_is_not_finite_in_its_windows(isa):
    """Neighbouring outputs taken as one would make it NaN in all of them: the way that is not taken."""
    x = np.zeros((1, 28, 28, 1), "f4")
    x[0, 9, 13, 0] = np.inf
    weight = np.ones((1, 1, 3, 3), "f4")
    with using(isa):
        (y,) = _core.call("conv2d", [x, weight], attrs_of((1, 1, 1, 1)))
    inside = np.zeros((28, 28), bool)
    inside[8:11, 12:15] = True
    np.testing.assert_array_equal(y[0, :, :, 0], np.where(inside, np.inf, 0))
