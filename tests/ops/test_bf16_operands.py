"""Operands that lie as bfloat16 in memory: the bits of float32 operands that are rounded already."""

import itertools
import warnings

import numpy as np
import pytest

import fastnn as fnn
from bfloat16 import rounded
from convolution import last
from fastnn import _core, nn
from laws import ISAS, using

RNG = np.random.default_rng(0)
WAYS = ["bf16", "bf16 emulated"]


def numbers(*shape):
    """Float32 that bfloat16 holds."""
    return rounded(RNG.standard_normal(shape).astype("f4")).astype("f4")


def bf16(x):
    """Bits of the nearest bfloat16, as the core takes them."""
    return (rounded(x).astype("f4").view("u4") >> 16).astype("u2")


def widened(x):
    """Float32 of an array of either kind."""
    return (x.astype("u4") << 16).view("f4") if x.dtype == np.uint16 else x


def same(got, want, label):
    """Equal bits, where `want` is rounded if `got` lies as bfloat16."""
    if got.dtype == np.uint16:
        got, want = widened(got), rounded(want).astype("f4")
    np.testing.assert_array_equal(got, want, err_msg=label)


def run(op, inputs, attrs, grads, precision, training=False, **some):
    """Outputs, then gradients."""
    more = {"training": training, "precision": precision, **some}
    y = _core.call(op, inputs, attrs, **more)
    return [*y, *_core.vjp(op, inputs, attrs, grads, **more)]


def check(op, inputs, attrs, grads, narrowed, kinds, training=False):
    """Results with every operand in `narrowed` ("in0", "dy") as bfloat16 are those of float32.

    `kinds`: of each result, whether it must lie as bfloat16; for every set of narrowed operands.
    """
    for isa, way in itertools.product(ISAS, WAYS):
        with using(isa, 2):
            want = run(op, inputs, attrs, grads, way, training)
            for some in itertools.chain.from_iterable(
                itertools.combinations(narrowed, n) for n in range(len(narrowed) + 1)
            ):
                x = [bf16(a) if f"in{i}" in some else a for i, a in enumerate(inputs)]
                dy = [g if g is None or "dy" not in some else bf16(g) for g in grads]
                got = run(op, x, attrs, dy, way, training, bf16=True)
                label = f"{op} {isa} {way} {some}"
                assert [r.dtype == np.uint16 for r in got] == kinds, label
                for a, b in zip(got, want, strict=True):
                    same(a, b, label)
                with using(isa, 1):
                    alone = run(op, x, attrs, dy, way, training, bf16=True)
                assert all(a.tobytes() == b.tobytes() for a, b in zip(got, alone, strict=True))


CONVOLUTIONS = [  # N, C, H, W, K, KH, KW, attributes
    (2, 16, 9, 32, 16, 3, 3, {"padding": (1, 1, 1, 1)}),  # tall tiles
    (2, 16, 13, 17, 32, 3, 3, {"padding": (1, 1, 1, 1)}),  # Winograd
    (1, 64, 9, 9, 48, 3, 3, {"padding": (1, 1, 1, 1)}),
    (1, 32, 16, 15, 32, 5, 5, {"padding": (2, 2, 2, 2)}),
    (2, 144, 24, 24, 160, 3, 3, {"padding": (1, 1, 1, 1)}),  # the tasks share planes
    (2, 16, 12, 13, 32, 3, 3, {"stride": (2, 2), "padding": (1, 1, 1, 1)}),
    (2, 48, 8, 9, 16, 1, 1, {"stride": (1, 1), "padding": (1, 0, 0, 1)}),
    (1, 32, 6, 9, 64, 2, 3, {"dilation": (2, 3), "padding": (2, 2, 3, 3)}),
    (1, 16, 7, 7, 32, 3, 2, {"padding": (1, 0, 2, 1)}),
    (3, 32, 1, 1, 16, 3, 3, {"padding": (1, 1, 1, 1)}),
    (1, 16, 5, 40, 80, 3, 3, {"stride": (1, 3)}),
    (1, 16, 9, 9, 16, 3, 3, {"flip": 1, "padding": (1, 1, 1, 1)}),
    (0, 16, 5, 5, 16, 3, 3, {}),
]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution(case, bias):
    n, c, h, w, k, kh, kw, some = case
    attrs = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1), **some}
    inputs = [numbers(n, h, w, c), numbers(k, c, kh, kw)] + [numbers(k)] * bias
    dy = numbers(*_core.call("conv2d", inputs, attrs)[0].shape)
    check("conv2d", inputs, attrs, [dy], ["in0", "dy"], [True, True, False] + [False] * bias)


@pytest.mark.parametrize(
    ("sizes", "attrs", "kinds"),
    [
        # One side alone: few channels are float32, and so are what has no whole vectors.
        ((2, 3, 9, 9, 32, 3), {}, [True, False, False]),
        ((2, 16, 9, 9, 24, 3), {}, [False, True, False]),
        ((2, 18, 9, 9, 32, 3), {}, [True, False, False]),
        ((2, 16, 9, 9, 8, 3), {}, [False, True, False]),
        # Neither: phases of the stride that no tap meets, single pixels, groups, an activation.
        ((2, 16, 9, 9, 32, 1), {"stride": (2, 2)}, [True, False, False]),
        ((2, 32, 9, 9, 32, 1), {}, [False, False, False]),
        ((2, 32, 9, 9, 32, 3), {"groups": 2}, [False, False, False]),
        ((2, 32, 9, 9, 32, 3), {"groups": 32}, [False, False, False]),
        ((2, 16, 9, 9, 32, 3), {"activation": 3}, [False, True, False]),
        # A block of k after the other: a sum is not rounded between them.
        ((1, 80, 40, 5, 16, 16), {}, [False, False, False]),
    ],
)
def test_what_stays_float32(sizes, attrs, kinds):
    n, c, h, w, k, taps = sizes
    geometry = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1)}
    attrs = geometry | {"padding": (8,) * 4 if taps == 16 else (0,) * 4} | attrs
    x, weight = numbers(n, h, w, c), numbers(k, c // attrs.get("groups", 1), taps, taps)
    dy = numbers(*_core.call("conv2d", [x, weight], attrs)[0].shape)
    for isa in ISAS:
        with using(isa, 2):
            got = run("conv2d", [x, weight], attrs, [dy], "bf16", bf16=True)
            want = run("conv2d", [x, weight], attrs, [dy], "bf16")
        assert [r.dtype == np.uint16 for r in got] == kinds, isa
        for a, b in zip(got, want, strict=True):
            same(a, b, isa)


@pytest.mark.parametrize("relu", [0, 3])
@pytest.mark.parametrize("shape", [(5, 7, 3, 16), (3, 1), (2, 5, 17), (9, 4, 130), (40, 11, 13, 1)])
@pytest.mark.parametrize("residual", [False, True])
def test_batch_norm(shape, relu, residual):
    c = shape[-1]
    statistics = [numbers(c), numbers(c), numbers(c), np.abs(numbers(c))]
    inputs = [numbers(*shape), *statistics] + [numbers(*shape)] * residual
    grads = [numbers(*shape), None, None]
    narrowed = ["in0", "dy"] + ["in5"] * residual
    kinds = [True, False, False, True, False, False, False, False] + [True] * residual
    for training in (True, False):
        check("batch_norm", inputs, {"activation": relu}, grads, narrowed, kinds, training)


def test_batch_norm_of_statistics_alone():
    x, c = numbers(6, 5, 16), numbers(16)
    inputs = [x, c, c, c, np.abs(c), x]
    grads = [None, c, c]
    kinds = [True, False, False, True, False, False, False, False, True]
    check("batch_norm", inputs, {}, grads, ["in0", "in5"], kinds, training=True)


def test_sums_are_never_rounded_between_terms():
    x, w, dy = numbers(2, 9, 9, 16), numbers(32, 16, 3, 3), numbers(2, 7, 7, 32)
    attrs = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1)}
    start = [numbers(*a.shape) for a in (x, w)]
    more = {"start": start, "precision": "bf16"}
    got = _core.vjp("conv2d", [bf16(x), w], attrs, [bf16(dy)], bf16=True, **more)
    for a, b in zip(got, _core.vjp("conv2d", [x, w], attrs, [dy], **more), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a, b)


def test_special_numbers():
    most = np.finfo("f4").max
    special = np.array([np.nan, -np.nan, np.inf, -np.inf, most, -most, 0.0, -0.0], "f4")
    x = np.resize(special, (8, 16))
    ones = np.ones(16, "f4")
    inputs = [x, ones, 0 * ones, 0 * ones, ones]
    want = _core.call("batch_norm", inputs, {"eps": 1e-30}, precision="bf16")[0]
    for isa in ISAS:
        with using(isa, 1):
            got = _core.call("batch_norm", inputs, {"eps": 1e-30}, precision="bf16", bf16=True)[0]
        np.testing.assert_array_equal(widened(got), rounded(want).astype("f4"), err_msg=isa)


@pytest.mark.parametrize("sizes", [(16, 2), (32, 3)])  # directly, by Winograd's filtering
def test_emulation_keeps_subnormal_numbers(sizes):
    """Which AVX512-BF16 takes as zeros: a CPU without it must not be asked for its instruction."""
    channels, taps = sizes
    attrs = {"stride": (1, 1), "padding": (1, 1, 1, 1), "dilation": (1, 1)}
    conv = [
        "conv2d",
        [numbers(2, 12, 12, channels), 1e-39 * numbers(32, channels, taps, taps)],
        attrs,
    ]
    c = np.ones(16, "f4")
    norm = ["batch_norm", [numbers(40, 16), 1e-39 * c, 0 * c, 0 * c, c], {}]
    for isa, call in itertools.product(ISAS, (conv, norm)):
        with using(isa, 1):
            want = _core.call(*call, precision="bf16 emulated")[0]
            got = _core.call(*call, precision="bf16 emulated", bf16=True)[0]
        assert got.dtype == np.uint16 and np.count_nonzero(got & 0x7FFF) > got.size // 2, isa
        same(got, want, isa)


def test_only_those_that_can():
    x, w = numbers(2, 9, 9, 16), numbers(32, 16, 3, 3)
    attrs = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1)}
    text = "must be float32 because it cannot lie as bfloat16, got uint16"
    odd = [bf16(numbers(2, 9, 9, 17)), numbers(32, 17, 3, 3)]
    for operands, place in (([x, bf16(w)], 1), (odd, 0)):
        with pytest.raises(TypeError, match=f"^conv2d: operand {place} {text}$"):
            _core.call("conv2d", operands, attrs, precision="bf16", bf16=True)
    with pytest.raises(TypeError, match="^conv2d: operand 0 " + text):
        _core.call("conv2d", [bf16(x), w], attrs, bf16=True)
    with pytest.raises(
        TypeError, match="array must be float32, float64, int64 or uint8, got uint16"
    ):
        _core.call("conv2d", [bf16(x), w], attrs, precision="bf16")


def test_what_a_plan_keeps_as_bfloat16():
    """Between convolutions and batch_norm: the bits of steps by hand that round there.

    The first gradient is not rounded, for it would flow on into fewer than 16 channels.
    """
    layers = [
        nn.Conv2d(16, 3, padding="same", use_bias=False), nn.BatchNorm(), nn.Activation("relu"),
        nn.Conv2d(32, 3, padding="same"), nn.BatchNorm(),
    ]  # fmt: skip
    model = fnn.Model(layers, input_shape=(3, 6, 7), seed=1)
    x, target = numbers(8, 3, 6, 7), numbers(8, 32, 6, 7)
    p = {name: value.copy() for name, value in model.parameters.items()}
    same_size = {"stride": (1, 1), "padding": (1, 1, 1, 1), "dilation": (1, 1)}
    for isa, threads in itertools.product(ISAS, (1, 2)):
        with using(isa, threads), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = fnn.Trainer(model, "quadratic", precision="bf16").gradient(x, target)
            some = {
                "precision": "bf16" if _core.has_bf16() else "bf16 emulated",
                "training": True,
            }  # fmt: skip
            conv1 = ["conv2d", [last(x), p["conv2d1.weight"]], same_size]
            z1 = rounded(_core.call(*conv1, **some)[0]).astype("f4")
            norm1 = ["batch_norm", [z1, *norm_operands(p, 1, 16)], {"activation": 3}]
            a1 = rounded(_core.call(*norm1, **some)[0]).astype("f4")
            conv2 = ["conv2d", [a1, p["conv2d2.weight"], p["conv2d2.bias"]], same_size]
            z2 = rounded(_core.call(*conv2, **some)[0]).astype("f4")
            norm2 = ["batch_norm", [z2, *norm_operands(p, 2, 32)], {}]
            a2 = _core.call(*norm2, **some)[0]
            dz2, *dnorm2 = _core.vjp(*norm2, [(a2 - last(target)) / 8, None, None], **some)
            da1, *dconv2 = _core.vjp(*conv2, [rounded(dz2).astype("f4")], **some)
            dz1, *dnorm1 = _core.vjp(*norm1, [rounded(da1).astype("f4"), None, None], **some)
            dconv1 = _core.vjp(*conv1, [dz1], **some)[1:]
        want = [*dconv1, *dnorm1[:2], *dconv2, *dnorm2[:2]]
        for (name, g), w in zip(got.items(), want, strict=True):
            # Terms of a sum over rows are taken in other groups where they must be widened.
            rtol = 1e-4 if name == "conv2d2.bias" else 0
            np.testing.assert_allclose(g, w, rtol=rtol, err_msg=f"{isa} {name}")


def norm_operands(p, i, channels):
    """Of batch_norm, beside x, before training."""
    mean, var = np.zeros(channels, "f4"), np.ones(channels, "f4")
    return [p[f"batchnorm{i}.weight"], p[f"batchnorm{i}.bias"], mean, var]
