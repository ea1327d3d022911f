"""exp, log, tanh, sigmoid, erf: within 4 ulp over the whole range, on every instruction set."""

import math

import numpy as np
import pytest

from fastnn import _core

FLOAT_STEP = 1009  # every 1009th float32 bit pattern; 29 was run once: it holds too


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def erf(x):
    return np.frompyfunc(lambda v: math.erf(v), 1, 1)(x).astype(x.dtype)


ORACLES = {"exp": np.exp, "log": np.log, "tanh": np.tanh, "sigmoid": sigmoid, "erf": erf}


def ulps(y, exact):
    """Distance from the exact value in units of the last place; 0 for equal infinities and NaNs."""
    largest = np.finfo(y.dtype).max
    with np.errstate(all="ignore"):
        rounded = exact.astype(y.dtype)
        unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, largest)))
        distance = np.abs(y.astype(exact.dtype) - exact) / unit.astype(exact.dtype)
    same = (y == rounded) | (np.isnan(y) & np.isnan(rounded))
    return np.where(same, 0, np.where(np.isnan(distance), np.inf, distance))


def specials(dtype):
    info = np.finfo(dtype)
    values = [0, info.smallest_subnormal, info.tiny, 1, 0.41421356, 88.7, 104, 710, 745.2, info.max]
    values = np.array([*values, np.inf], dtype)
    return np.concatenate([values, -values, np.array([np.nan], dtype)])


def every_float():
    patterns = np.arange(0, 2**32, FLOAT_STEP, dtype=np.uint64).astype(np.uint32)
    return np.concatenate([patterns.view(np.float32), specials(np.float32)])


def many_doubles():
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 2**64, 100_000, dtype=np.uint64).view(np.float64)
    usual = rng.standard_normal(200_000) * np.exp(3 * rng.standard_normal(200_000))
    near_one = 1 + 0.1 * rng.standard_normal(50_000)
    return np.concatenate([patterns, usual, near_one, specials(np.float64)])


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sigmoid", "erf"])
def test_float32_is_within_4_ulp_over_the_whole_range(name, isa):
    assert _core.op_isa(name) == isa
    x = every_float()
    if name == "erf":  # math.erf is slow: a fifth of the sweep
        x = np.concatenate([x[::5], specials(np.float32)])
    (y,) = _core.call(name, [x], {})
    with np.errstate(all="ignore"):
        exact = ORACLES[name](x.astype(np.float64))
    assert ulps(y, exact).max() <= 4
    number = ~np.isnan(exact)
    np.testing.assert_array_equal(np.signbit(y[number]), np.signbit(exact[number]))


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sigmoid", "erf"])
def test_float64_is_within_4_ulp(name, isa):
    x = many_doubles()
    (y,) = _core.call(name, [x], {})
    wide = np.float64 if name == "erf" else np.longdouble  # math.erf is itself right to 1 ulp
    with np.errstate(all="ignore"):
        exact = ORACLES[name](x.astype(wide))
    assert ulps(y, exact).max() <= 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sigmoid", "erf"])
def test_vector_body_and_scalar_tail_agree(name, dtype, isa):
    x = np.random.default_rng(1).standard_normal(64).astype(dtype) * 3
    (whole,) = _core.call(name, [x], {})
    for n in (1, 3, 7, 8, 9, 15, 16, 17, 31, 33):
        (part,) = _core.call(name, [x[:n]], {})
        np.testing.assert_array_equal(part, whole[:n])
        (part,) = _core.call(name, [x[5 : 5 + n]], {})
        np.testing.assert_array_equal(part, whole[5 : 5 + n])
