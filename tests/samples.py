"""A sample input for every op: what the contract tests run. A new op needs a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Sample:
    """How to call one op.

    inputs(n, rng) gives float64 or integer operands of about 10 n elements; ``call(ops, *inputs)``
    is the Python function (by default that of the op's name with ``attrs``); ``torch`` the same in
    PyTorch.
    """

    inputs: Callable[[int, np.random.Generator], Arrays]
    attrs: dict[str, Any] = field(default_factory=dict)
    call: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    training: bool = False
    large: int = 30000  # n for which two threads are worth it


def one(n, r):
    return [r.standard_normal((n, 10))]


def positive(n, r):
    return [0.5 + r.random((n, 10))]


def two(n, r):
    return [r.standard_normal((n, 10)), r.standard_normal(10)]


def two_positive(n, r):
    return [0.5 + r.random((n, 10)), 0.5 + r.random(10)]


def probabilities(n, r):
    e = np.exp(r.standard_normal((n, 10)))
    return [e / e.sum(1, keepdims=True), r.integers(0, 10, n)]


def labelled(n, r):
    return [r.standard_normal((n, 10)), r.integers(0, 10, n)]


def targets(n, r):
    return [r.standard_normal((n, 10)), r.standard_normal((n, 10))]


def units(n, r):
    return [0.05 + 0.9 * r.random((n, 10)), 0.05 + 0.9 * r.random((n, 10))]


def F(name, **kwargs):
    return lambda torch, *x: getattr(torch.nn.functional, name)(*x, **kwargs)


def T(name, *args, **kwargs):
    return lambda torch, *x: getattr(torch, name)(*x, *args, **kwargs)


def pixels(n, r):
    return [r.standard_normal((n, 3, 4, 3))]  # images as kernels take them


def first(x):
    y = np.moveaxis(np.asarray(x), -1, 1)
    return y.tolist() if isinstance(x, list) else y


def first_last(y):
    return np.ascontiguousarray(np.moveaxis(y, 1, -1))


def batch_normed(ops, x, *others):
    y, *running = ops.batch_norm(first(x), *others)
    return first_last(y), *running


def image_function(name, *args, **kwargs):
    return lambda torch, x: getattr(torch.nn.functional, name)(
        x.movedim(-1, 1), *args, **kwargs
    ).movedim(1, -1)


END = 2**63 - 1
ROWS = {"axis": (1,)}

SAMPLES = {
    # activations and elementary functions
    "abs": Sample(one, torch=T("abs")),
    "elu": Sample(one, torch=F("elu")),
    "erf": Sample(one, torch=T("erf")),
    "exp": Sample(one, torch=T("exp")),
    "gelu": Sample(one, torch=F("gelu")),
    "hard_sigmoid": Sample(one),  # PyTorch's slope is 1/6 in float32
    "leaky_relu": Sample(one, torch=F("leaky_relu")),
    "log": Sample(positive, torch=T("log")),
    "log_softmax": Sample(one, torch=F("log_softmax", dim=-1)),
    "negative": Sample(one, torch=T("neg")),
    "prelu": Sample(two, torch=F("prelu")),
    "reciprocal": Sample(positive, torch=T("reciprocal")),
    "relu": Sample(one, torch=F("relu")),
    "selu": Sample(one, torch=F("selu")),
    "sigmoid": Sample(one, torch=T("sigmoid")),
    "silu": Sample(one, torch=F("silu")),
    "softmax": Sample(one, torch=F("softmax", dim=-1)),
    "softplus": Sample(one, torch=F("softplus")),
    "sqrt": Sample(positive, torch=T("sqrt")),
    "square": Sample(one, torch=T("square")),
    "step": Sample(one),
    "tanh": Sample(one, torch=T("tanh")),
    # arithmetic
    "add": Sample(two, torch=T("add")),
    "divide": Sample(two_positive, torch=T("divide")),
    "maximum": Sample(two, torch=T("maximum")),
    "minimum": Sample(two, torch=T("minimum")),
    "multiply": Sample(two, torch=T("multiply")),
    "power": Sample(two_positive, torch=T("pow")),
    "subtract": Sample(two, torch=T("subtract")),
    "where": Sample(
        lambda n, r: [r.integers(0, 2, (n, 10)), *two(n, r)],
        torch=lambda torch, c, a, b: torch.where(c != 0, a, b),
    ),
    # costs and metrics
    "accuracy": Sample(labelled),
    "binary_cross_entropy": Sample(
        units,
        torch=lambda torch, p, y: (
            torch.nn.functional.binary_cross_entropy(p, y, reduction="sum") / len(p)
        ),
    ),
    "cross_entropy": Sample(probabilities),
    "hinge": Sample(labelled),
    "huber": Sample(targets, torch=F("huber_loss")),
    "mae": Sample(targets, torch=F("l1_loss")),
    "mse": Sample(targets, torch=F("mse_loss")),
    "nll_loss": Sample(labelled, torch=F("nll_loss")),
    "quadratic": Sample(targets, torch=lambda torch, a, y: 5 * torch.mean((a - y) ** 2)),
    "sigmoid_binary_cross_entropy": Sample(
        lambda n, r: [r.standard_normal((n, 10)), r.random((n, 10))],
        torch=lambda torch, x, y: (
            torch.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="sum") / len(x)
        ),
    ),
    "softmax_cross_entropy": Sample(labelled, torch=F("cross_entropy")),
    "top_k_accuracy": Sample(labelled, {"k": 3}),
    # products
    "addmm": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((7,), (n, 10), (10, 7))],
        {"beta": 0.5, "alpha": 2.0},
        torch=T("addmm", beta=0.5, alpha=2.0),
    ),
    "bmm": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n, 2, 5), (n, 5, 3))],
        torch=T("bmm"),
    ),
    "linear": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n, 10), (7, 10), (7,))], torch=F("linear")
    ),
    "matmul": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n, 1, 10), (10, 7))], torch=T("matmul")
    ),
    "matvec": Sample(lambda n, r: [r.standard_normal(s) for s in ((n, 10), (10,))], torch=T("mv")),
    "outer": Sample(lambda n, r: [r.standard_normal(s) for s in ((n,), (10,))], torch=T("outer")),
    "conv2d": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n // 4 + 1, 4, 5, 2), (3, 2, 3, 3), (3,))],
        {"stride": (1, 2), "padding": (1, 0, 2, 1), "dilation": (1, 1)},
        call=lambda ops, x, w, b: ops.channels_last(
            ops.conv2d(ops.channels_first(x), w, b, stride=(1, 2), padding=(1, 0, 2, 1))
        ),
    ),
    "conv_transpose2d": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n // 4 + 1, 4, 5, 2), (2, 3, 3, 3), (3,))],
        {"stride": (1, 2), "padding": (1, 0, 2, 1), "dilation": (1, 1), "output_padding": (0, 1)},
        call=lambda ops, x, w, b: ops.channels_last(
            ops.conv_transpose2d(
                ops.channels_first(x), w, b, (1, 2), (1, 0, 2, 1), output_padding=(0, 1)
            )
        ),
    ),
    # reductions
    "argmax": Sample(one, ROWS, torch=T("argmax", dim=1)),
    "argmin": Sample(one, ROWS, torch=T("argmin", dim=1)),
    "logsumexp": Sample(one, ROWS, torch=T("logsumexp", dim=1)),
    "max": Sample(one, ROWS, torch=T("amax", dim=1)),
    "mean": Sample(one, ROWS, torch=T("mean", dim=1)),
    "min": Sample(one, ROWS, torch=T("amin", dim=1)),
    "norm": Sample(one, ROWS, torch=T("norm", dim=1)),
    "prod": Sample(positive, ROWS, torch=T("prod", dim=1)),
    "sum": Sample(one, {"axis": (0,)}, torch=T("sum", dim=0)),
    "var": Sample(one, ROWS, torch=T("var", dim=1)),
    # shapes
    "broadcast_to": Sample(
        lambda n, r: [r.standard_normal((n, 1))],
        {"shape": (-1, 10)},
        torch=lambda torch, x: x.expand(-1, 10),
    ),
    "channels_first": Sample(lambda n, r: [r.standard_normal((n, 2, 5))]),
    "channels_last": Sample(lambda n, r: [r.standard_normal((n, 2, 5))]),
    "concatenate": Sample(
        lambda n, r: [r.standard_normal((n, k)) for k in (3, 1, 6)],
        {"axis": 1},
        call=lambda ops, *x: ops.concatenate(x, axis=1),
        torch=lambda torch, *x: torch.cat(x, 1),
    ),
    "embedding": Sample(
        lambda n, r: [r.integers(0, 7, n), r.standard_normal((7, 10))], torch=F("embedding")
    ),
    "gather": Sample(
        lambda n, r: [r.standard_normal((n, 10)), r.integers(0, 10, (n, 4))],
        {"dim": 1},
        call=lambda ops, x, index: ops.gather(x, 1, index),
        torch=lambda torch, x, index: torch.gather(x, 1, index),
    ),
    "pad": Sample(one, {"pad": (2, 1)}, torch=F("pad", pad=(2, 1))),
    "permute": Sample(
        lambda n, r: [r.standard_normal((n, 2, 5))],
        {"dims": (2, 0, 1)},
        torch=T("permute", (2, 0, 1)),
    ),
    "reshape": Sample(one, {"shape": (-1, 5, 2)}, torch=T("reshape", (-1, 5, 2))),
    "slice": Sample(
        one,
        {"start": (0, END), "stop": (END, END), "step": (1, -2)},
        call=lambda ops, x: ops.slice(x, step=-2, axis=1),
    ),
    "stack": Sample(
        targets,
        {"axis": 1},
        call=lambda ops, *x: ops.stack(x, axis=1),
        torch=lambda torch, *x: torch.stack(x, 1),
    ),
    "transpose": Sample(one, torch=T("transpose", 0, 1)),
    # images
    "avg_pool2d": Sample(
        pixels,
        {"kernel_size": (2, 2), "padding": (1, 1)},
        call=lambda ops, x: first_last(ops.avg_pool2d(first(x), 2, padding=1)),
        torch=image_function("avg_pool2d", 2, padding=1),
        large=8000,
    ),
    "batch_norm": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n, 2, 2, 3), 3, 3, 3)] + [0.5 + r.random(3)],
        call=lambda ops, x, w, b, mean, var: batch_normed(ops, x, mean, var, w, b),
        torch=lambda torch, x, w, b, mean, var: torch.nn.functional.batch_norm(
            x.movedim(-1, 1), mean.detach(), var.detach(), w, b
        ).movedim(1, -1),
        training=True,
    ),
    "channel_dropout": Sample(
        pixels,
        {"rate": 0.3},
        call=lambda ops, x: first_last(ops.channel_dropout(first(x), 0.3)),
        training=True,
    ),
    "group_norm": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n, 2, 3, 4), 4, 4)],
        {"num_groups": 2},
        call=lambda ops, x, w, b: first_last(ops.group_norm(first(x), 2, w, b)),
        torch=lambda torch, x, w, b: torch.nn.functional.group_norm(
            x.movedim(-1, 1), 2, w, b
        ).movedim(1, -1),
        large=8000,
    ),
    "layer_norm": Sample(
        lambda n, r: [r.standard_normal(s) for s in ((n, 10), 10, 10)],
        call=lambda ops, x, w, b: ops.layer_norm(x, 10, w, b),
        torch=lambda torch, x, w, b: torch.nn.functional.layer_norm(x, (10,), w, b),
    ),
    "local_response_norm": Sample(
        lambda n, r: [r.standard_normal((n, 2, 5))],
        {"size": 3, "alpha": 0.5},
        call=lambda ops, x: first_last(ops.local_response_norm(first(x), 3, 0.5)),
        torch=image_function("local_response_norm", 3, 0.5),
    ),
    "lp_pool2d": Sample(
        pixels,
        {"kernel_size": (2, 2), "stride": (1, 1)},
        call=lambda ops, x: first_last(ops.lp_pool2d(first(x), 2, 2, 1)),
        torch=image_function("lp_pool2d", 2, 2, 1),
        large=8000,
    ),
    "max_pool2d": Sample(
        pixels,
        {"kernel_size": (2, 2), "padding": (1, 1)},
        call=lambda ops, x: first_last(ops.max_pool2d(first(x), 2, padding=1)),
        torch=image_function("max_pool2d", 2, padding=1),
        training=True,
        large=8000,
    ),
    "upsample": Sample(
        pixels,
        {"size": (6, 5), "mode": 1},
        call=lambda ops, x: first_last(ops.upsample(first(x), (6, 5), mode="bilinear")),
        torch=image_function("interpolate", (6, 5), mode="bilinear"),
        large=8000,
    ),
    # chance, and code from outside
    "dropout": Sample(one, {"rate": 0.3}, training=True),
    "python": Sample(one, {"shape0": (-1, 4)}),
}

# Ops that fastnn.ops has no function of the same name for, and why.
WITHOUT_FUNCTION = {"python": "made by a model out of Python code, see tests/ops/test_python.py"}
