"""Images at another size."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits
from windows import last

RNG = np.random.default_rng(0)


def weights(before, after, mode, align):
    """(after, before): what of each old pixel is in a new one."""
    m = np.zeros((after, before))
    for i in range(after):
        if mode == 0:
            m[i, min(int(i * before / after + 1e-9), before - 1)] = 1
            continue
        if align:
            place = i * (before - 1) / (after - 1) if after > 1 else 0.0
        else:
            place = max((i + 0.5) * before / after - 0.5, 0)
        low = min(int(place), before - 1)
        m[i, low] += 1 - (place - low)
        m[i, min(low + 1, before - 1)] += place - low
    return m


@pytest.mark.parametrize(("mode", "align"), [(0, 0), (1, 0), (1, 1)])
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((2, 1, 3, 4), (6, 8)),
        ((1, 3, 4, 5), (7, 3)),
        ((2, 7, 1, 1), (3, 2)),
        ((1, 8, 5, 3), (5, 3)),
        ((1, 9, 6, 4), (1, 1)),
        ((1, 17, 2, 3), (5, 4)),
        ((1, 33, 3, 2), (4, 6)),
        ((0, 3, 2, 2), (4, 4)),
        ((1, 0, 2, 2), (4, 4)),
    ],
)
def test_upsample_values_and_gradient(shape, size, mode, align):
    x = RNG.standard_normal(shape)
    h, w = (weights(shape[2 + i], size[i], mode, align) for i in range(2))
    want = np.einsum("ih,jw,nchw->ncij", h, w, x)
    attrs = {"size": size, "mode": mode, "align_corners": align}
    check_op("upsample", [last(x)], attrs, last(want), gradient=x.size < 200)


def test_upsample_of_many_channels():
    x = RNG.standard_normal((2, 3, 3, 300))
    attrs = {"size": (5, 6), "mode": 1}
    dy = RNG.standard_normal((2, 5, 6, 300))
    (dx,) = _core.vjp("upsample", [x], attrs, [dy])
    h, w = weights(3, 5, 1, 0), weights(3, 6, 1, 0)
    np.testing.assert_allclose(dx, np.einsum("ih,jw,nijc->nhwc", h, w, dy), rtol=1e-10, atol=1e-12)


def test_upsample_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for _ in range(80):
        shape = tuple(int(v) for v in (RNG.integers(1, 3), RNG.choice([1, 3, 8, 17])))
        shape += tuple(int(v) for v in RNG.integers(1, 9, 2))
        mode, align = [("nearest", False), ("bilinear", False), ("bilinear", True)][
            RNG.integers(0, 3)
        ]
        given = [
            {"size": tuple(int(v) for v in RNG.integers(1, 20, 2))},
            {"scale_factor": (1 + RNG.random(2) * 3).round(2).tolist()},
            {"scale_factor": 2},
            {"scale_factor": (1 + RNG.random(2) / 8).tolist()},  # an axis may keep its size
        ][RNG.integers(0, 4)]
        x = RNG.standard_normal(shape)
        # Places in float32 are not the same to the last digit.
        for dtype, tolerance in (("f4", 1e-4), ("f8", 1e-10)):
            t = torch.tensor(x.astype(dtype), requires_grad=True)
            want = torch.nn.functional.interpolate(
                t, **given, mode=mode, align_corners=None if mode == "nearest" else align
            )
            aligned = align and mode == "bilinear"
            y = fnn.ops.upsample(x.astype(dtype), **given, mode=mode, align_corners=aligned)
            np.testing.assert_allclose(
                y, want.detach().numpy(), rtol=tolerance, atol=tolerance, err_msg=f"{shape} {given}"
            )


def test_upsample_takes_factors_in_an_array():
    x = RNG.standard_normal((1, 2, 4, 4))
    y = fnn.ops.upsample(x, scale_factor=np.array([1.5, 2.0]))
    np.testing.assert_array_equal(y, fnn.ops.upsample(x, scale_factor=(1.5, 2.0)))
    assert y.shape == (1, 2, 6, 8)


def test_upsample_same_bits_for_any_thread_count():
    x = RNG.standard_normal((8, 20, 20, 17)).astype("f4")
    check_same_bits("upsample", [x], {"size": (40, 50), "mode": 1})


X = np.zeros((2, 3, 4, 5), "f4")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "size or scale_factor must be given, got none of them"),
        ({"size": 2, "scale_factor": 2}, "size or scale_factor must be given, got both"),
        ({"size": 0}, "size must hold integers >= 1, got 0"),
        ({"size": (1, 2, 3)}, "size must hold 1 or 2 integers, got 3"),
        ({"scale_factor": 0}, "scale_factor must hold 1 or 2 numbers > 0, got 0"),
        ({"scale_factor": (1, 2, 3)}, "scale_factor must hold 1 or 2 numbers > 0, got (1, 2, 3)"),
        ({"size": 2, "mode": "cubic"}, "mode must be one of nearest, bilinear, got 'cubic'"),
        (
            {"size": 2, "align_corners": True},
            "align_corners must be False in mode 'nearest', got True",
        ),
    ],
)
def test_upsample_errors(given, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.upsample(X, **given)
    assert str(raised.value) == "upsample: " + text


@pytest.mark.parametrize("given", ["x", None, 1])
def test_upsample_takes_a_flag(given):
    with pytest.raises(TypeError) as raised:
        fnn.ops.upsample(X, 8, mode="bilinear", align_corners=given)
    assert str(raised.value) == f"upsample: align_corners must be True or False, got {given!r}"


def test_upsample_needs_pixels():
    with pytest.raises(ValueError) as raised:
        fnn.ops.upsample(np.zeros((1, 2, 0, 3)), 4)
    assert str(raised.value) == "upsample: x must have pixels, got shape (1, 2, 0, 3)"
    with pytest.raises(ValueError) as raised:
        _core.call("upsample", [np.zeros((1, 2, 3))], {"size": (4,)})
    assert str(raised.value) == "upsample: x must have shape (N, C, H, W), got (1, 3, 2)"
    with pytest.raises(ValueError) as raised:
        _core.call("upsample", [X], {"size": (4,), "mode": 2})
    assert str(raised.value) == "upsample: mode must be 0 (nearest) or 1 (bilinear), got 2"
    with pytest.raises(ValueError) as raised:
        fnn.ops.upsample(np.zeros((1, 2, 8, 6)), scale_factor=0.12)
    assert str(raised.value) == (
        "upsample: scale_factor must leave at least 1 pixel, got 0.12 for x of 8 x 6 pixels"
    )
