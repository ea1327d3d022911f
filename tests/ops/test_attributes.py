"""Attributes of a wrong kind are named in the house's form, on arrays and in models alike."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core, nn, ops

X = np.arange(6.0).reshape(2, 3)
ONE = "an integer or a sequence of integers"
WORDS = np.array(["same", "full"])  # where a flag or a word belongs

ERRORS = [
    (lambda x: ops.transpose(x, (1, 0)), TypeError,
     "transpose: dim0 must be an integer, got (1, 0); ops.permute takes all axes at once"),
    (lambda x: ops.transpose(x, 0, "a"), TypeError, "transpose: dim1 must be an integer, got 'a'"),
    (lambda x: ops.transpose(x, 0, 1.0), TypeError, "transpose: dim1 must be an integer, got 1.0"),
    (lambda x: ops.permute(x, "ab"), TypeError, f"permute: dims must be {ONE}, got 'ab'"),
    (lambda x: ops.permute(x, (0, 1.5)), TypeError, f"permute: dims must be {ONE}, got (0, 1.5)"),
    (lambda x: ops.reshape(x, "x"), TypeError, f"reshape: shape must be {ONE} and None, got 'x'"),
    (lambda x: ops.reshape(x, 2.5), TypeError, f"reshape: shape must be {ONE} and None, got 2.5"),
    (lambda x: ops.reshape(x, (2**64,)), ValueError,
     f"reshape: shape must be an integer of 64 bits, got {2**64}"),
    (lambda x: ops.broadcast_to(x, "x"), TypeError,
     f"broadcast_to: shape must be {ONE} and None, got 'x'"),
    (lambda x: ops.pad(x, "ab"), TypeError, f"pad: pad must be {ONE}, got 'ab'"),
    (lambda x: ops.pad(x, (1, None)), TypeError, f"pad: pad must be {ONE}, got (1, None)"),
    (lambda x: ops.pad(x, (1.5, 2)), TypeError, f"pad: pad must be {ONE}, got (1.5, 2)"),
    (lambda x: ops.pad(x, (1, 1), "v"), TypeError, "pad: value must be a number, got 'v'"),
    (lambda x: ops.concatenate(3), TypeError,
     "concatenate: tensors must be a sequence of arrays or Tensors, got 3"),
    (lambda x: ops.stack(fnn.Input((1,))), TypeError,
     "stack: tensors must be a sequence of arrays or Tensors, got Tensor(x, shape=(N, 1), "
     "dtype=float32)"),
    (lambda x: ops.concatenate([x, x], "a"), TypeError,
     "concatenate: axis must be an integer, got 'a'"),
    (lambda x: ops.stack([x, x], None), TypeError, "stack: axis must be an integer, got None"),
    (lambda x: ops.slice(x, "a", axis=1), TypeError, "slice: start must be an integer, got 'a'"),
    (lambda x: ops.slice(x, 0, [1.5], axis=[1]), TypeError,
     "slice: stop must be an integer, got 1.5"),
    (lambda x: ops.slice(x, [0], axis=(0, 1)), ValueError,
     "slice: start must be one, or 2 as axis has, got [0]"),
    (lambda x: ops.gather(x, "a", [[0]]), TypeError, "gather: dim must be an integer, got 'a'"),
    (lambda x: ops.leaky_relu(x, "a"), TypeError,
     "leaky_relu: negative_slope must be a number, got 'a'"),
    (lambda x: ops.elu(x, None), TypeError, "elu: alpha must be a number, got None"),
    (lambda x: ops.elu(x, "1"), TypeError, "elu: alpha must be a number, got '1'"),
    (lambda x: ops.softplus(x, [1, 2]), TypeError, "softplus: beta must be a number, got [1, 2]"),
    (lambda x: ops.softmax(x, "a"), TypeError, "softmax: axis must be an integer, got 'a'"),
    (lambda x: ops.log_softmax(x, 2**63), ValueError,
     f"log_softmax: axis must be an integer of 64 bits, got {2**63}"),
    *(
        (lambda x, op=op, none=none: getattr(ops, op)(x, none), ValueError,
         f"{op}: axis must name at least 1 axis, got {none!r}; None stands for all axes")
        for op in ("sum", "mean", "max", "min", "prod", "var", "norm", "logsumexp", "argmax", "argmin")
        for none in ((), [])
    ),
    (lambda x: ops.sum(x, "a"), TypeError, f"sum: axis must be {ONE}, got 'a'"),
    (lambda x: ops.var(x, 1, correction="a"), TypeError, "var: correction must be a number, got 'a'"),
    (lambda x: ops.dropout(x, "a"), TypeError, "dropout: rate must be a number, got 'a'"),
    (lambda x: ops.huber(x, x, "a"), TypeError, "huber: delta must be a number, got 'a'"),
    (lambda x: ops.top_k_accuracy(x, [0, 1], 1.5), TypeError,
     "top_k_accuracy: k must be an integer, got 1.5"),
    (lambda x: ops.sum(x, True), TypeError, "sum: axis must be an integer, got True"),
    (lambda x: ops.softmax(x, False), TypeError, "softmax: axis must be an integer, got False"),
    (lambda x: ops.dropout(X, 0.5, training="no"), TypeError,
     "dropout: training must be True or False, got 'no'"),
    (lambda x: ops.dropout(X, 0.5, seed=-1), ValueError,
     "dropout: seed must be an integer in [0, 2**64), got -1"),
    (lambda x: ops.channel_dropout(X, 0.5, seed=1.5), TypeError,
     "channel_dropout: seed must be an integer in [0, 2**64), got 1.5"),
    (lambda x: ops.batch_norm(X, [0] * 3, [1] * 3, training=2), TypeError,
     "batch_norm: training must be True or False, got 2"),
    (lambda x: ops.max_pool2d(np.ones((1, 1, 4, 4)), 2, ceil_mode="same"), TypeError,
     "max_pool2d: ceil_mode must be True or False, got 'same'"),
    (lambda x: ops.avg_pool2d(np.ones((1, 1, 4, 4)), 2, count_include_pad="full"), TypeError,
     "avg_pool2d: count_include_pad must be True or False, got 'full'"),
    (lambda x: ops.max_pool2d(np.ones((1, 1, 4, 4)), 2, True), TypeError,
     "max_pool2d: stride must be an integer, got True"),
    (lambda x: ops.avg_pool2d(np.ones((1, 1, 4, 4)), 2, (True, 1)), TypeError,
     "avg_pool2d: stride must be an integer, got True"),
    (lambda x: ops.conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), stride=True), TypeError,
     "conv2d: stride must be an integer, got True"),
    (lambda x: ops.conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), padding=True), TypeError,
     "conv2d: padding must be 'valid', 'same', 'full', an integer, 2 of them or 4 (before and after "
     "each axis), got True"),
    (lambda x: ops.conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), flip=1), TypeError,
     "conv2d: flip must be True or False, got 1"),
    (lambda x: ops.conv_transpose2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), stride=True),
     TypeError, "conv_transpose2d: stride must be an integer, got True"),
    (lambda x: ops.conv1d(np.ones((1, 1, 4)), np.ones((1, 1, 2)), stride=True), TypeError,
     "conv1d: stride must be an integer, got True"),
    (lambda x: ops.conv1d(np.ones((1, 1, 4)), np.ones((1, 1, 2)), stride=1.5), TypeError,
     "conv1d: stride must be an integer, got 1.5"),
    (lambda x: ops.conv1d(np.ones((4, 6, 3)), fnn.Input((4, 6))), ValueError,
     "conv1d: w must have shape (K, C, KL) with N on no other axis, got (N, 4, 6)"),
    (lambda x: ops.conv1d(ops.permute(fnn.Input((4, 6)), (1, 0, 2)), np.ones((2, 3, 3))), ValueError,
     "conv1d: x must have shape (N, C, L) with N on no other axis, got (4, N, 6)"),
    (lambda x: ops.sum(x, 1, keepdims=1), TypeError, "sum: keepdims must be True or False, got 1"),
    (lambda x: ops.elu(x, True), TypeError, "elu: alpha must be a number, got True"),
    (lambda x: ops.upsample(np.ones((1, 1, 2, 2)), scale_factor=1e30), ValueError,
     "upsample: scale_factor must make lengths < 2**47, got 1e+30 for x of 2 x 2 pixels"),
    (lambda x: nn.LocalResponseNorm(2.5, name="lrn")(fnn.Input((3, 2, 2))), TypeError,
     'LocalResponseNorm "lrn": size must be an integer >= 1, got 2.5'),
    (lambda x: nn.Dense(3, use_bias="no"), TypeError,
     "Dense: use_bias must be True or False, got 'no'"),
    (lambda x: nn.Conv2d(3, 3, use_bias=1), TypeError,
     "Conv2d: use_bias must be True or False, got 1"),
    (lambda x: nn.LayerNorm(use_scale=None), TypeError,
     "LayerNorm: use_scale must be True or False, got None"),
    (lambda x: nn.Dense(3, name=5), TypeError, "Dense: name must be a string or None, got 5"),
    (lambda x: nn.Dense(3, name="a\n"), ValueError,
     "Dense: name must be printable and not empty, got 'a\\n'"),
    (lambda x: fnn.Input((3,), name=5), TypeError, "Input: name must be a string, got 5"),
    (lambda x: fnn.Input((3,), name=None), TypeError, "Input: name must be a string, got None"),
    (lambda x: fnn.Input((3,), name="\ud800\n"), ValueError,
     "Input: name must be printable and not empty, got '\\ud800\\n'"),
    (lambda x: fnn.Input((3,), name=""), ValueError,
     "Input: name must be printable and not empty, got ''"),
    (lambda x: nn.Dense(3)(), TypeError, "Dense: inputs must be 1 symbolic Tensor(s), got 0"),
    (lambda x: nn.Dense(3)(fnn.Input((2,)), fnn.Input((2,))), TypeError,
     "Dense: inputs must be 1 symbolic Tensor(s), got 2"),
    (lambda x: nn.Concatenate()(), TypeError,
     "Concatenate: inputs must be at least 1 symbolic Tensor(s), got 0"),
    (lambda x: ops.add(X, np.ma.masked_array(X, X > 2)), TypeError,
     "add: array must be an array without a mask, got a masked one; fill it, x.filled(0), or leave "
     "those rows out"),
    (lambda x: np.mean(fnn.Input((3,))), TypeError,
     "numpy.mean: operands must be arrays, got Tensor(x, shape=(N, 3), dtype=float32), whose "
     "numbers are not known yet; use what fastnn.ops has instead"),
    (lambda x: ops.addmm(x, x, x, beta="a"), TypeError, "addmm: beta must be a number, got 'a'"),
    (lambda x: ops.add(x, [[1], [1, 2]]), ValueError,
     "add: array must have rows of one length, got rows of several"),
    (lambda x: ops.matmul(x, x, transpose_b="no"), TypeError,
     "matmul: transpose_b must be True or False, got 'no'"),
    (lambda x: ops.matmul(x, x, WORDS), TypeError,
     f"matmul: transpose_a must be True or False, got {WORDS!r}"),
    (lambda x: ops.gelu(x, WORDS), ValueError,
     f"gelu: approximate must be 'none' or 'tanh', got {WORDS!r}"),
    (lambda x: ops.pad(x, (1, 1), mode=WORDS), ValueError,
     f"pad: mode must be one of constant, reflect, replicate, circular, got {WORDS!r}"),
    *(
        (lambda x, op=op: getattr(ops, op)(x, [0, 1], reduction=WORDS), ValueError,
         f"{op}: reduction must be one of ('batch', 'mean'), got {WORDS!r}")
        for op in ("cross_entropy", "nll_loss", "softmax_cross_entropy")
    ),
    (lambda x: ops.upsample(np.ones((1, 1, 2, 2)), 4, mode=WORDS), ValueError,
     f"upsample: mode must be one of nearest, bilinear, got {WORDS!r}"),
    (lambda x: nn.Conv2d(3, 3, padding_mode=WORDS), ValueError,
     "Conv2d: padding_mode must be one of zeros, reflect, replicate, circular, "
     f"got {WORDS!r}"),
    (lambda x: nn.Reshape("ab"), TypeError, f"Reshape: shape must be {ONE}, got 'ab'"),
    (lambda x: nn.Reshape((1, 2.5)), TypeError, f"Reshape: shape must be {ONE}, got (1, 2.5)"),
]  # fmt: skip


class Block(nn.Layer):
    """Calls an op on its input."""

    def __init__(self, act, name):
        super().__init__(name)
        self.act = act

    def forward(self, x):
        return self.act(x)


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (lambda x: ops.concatenate([x, x], "a"), "axis must be an integer, got 'a'"),
        (lambda x: ops.pad(x, (1, None)), f"pad must be {ONE}, got (1, None)"),
        (lambda x: ops.reshape(x, "x"), f"shape must be {ONE} and None, got 'x'"),
        (lambda x: ops.layer_norm(x, "a"), f"normalized_shape must be {ONE}, got 'a'"),
        (lambda x: ops.max_pool2d(x, 1.5), f"kernel_size must be {ONE}, got 1.5"),
        (lambda x: ops.avg_pool1d(x[:, :, 0], 2, 1.5), "stride must be an integer >= 1, got 1.5"),
        (lambda x: ops.conv2d(x, np.ones((1, 3, 2, 2)), stride=1.5), f"stride must be {ONE}, got 1.5"),
        (lambda x: ops.upsample(x, 8, align_corners=0), "align_corners must be True or False, got 0"),
    ],
)  # fmt: skip
def test_inside_a_layer_errors_name_it(act, text):
    with pytest.raises(TypeError) as error:
        Block(act, "body")(fnn.Input((3, 4, 4)))
    assert str(error.value) == f'Block "body": {text}'


@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize(("act", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_errors_in_full(act, kind, text, symbolic):
    with pytest.raises(kind) as error:
        act(fnn.Input((3,)) if symbolic else X)
    assert str(error.value) == text


def test_numbers_of_numpy_are_numbers():
    one = np.int64(1)
    assert np.array_equal(ops.sum(X, one), X.sum(1, dtype="f"))
    assert np.array_equal(ops.sum(X, [0, one]), np.float32(X.sum()))
    assert np.array_equal(ops.softmax(X, one), ops.softmax(X, 1))
    assert np.array_equal(ops.permute(X, np.array([1, 0])), X.T)
    assert ops.reshape(X, np.array([3, 2])).shape == ops.reshape(X, [3, -1]).shape == (3, 2)
    assert np.array_equal(ops.elu(-X, np.float32(2)), ops.elu(-X, 2))
    assert ops.slice(X, one, axis=one).shape == (2, 2)


def test_an_index_of_a_tensor_is_whole():
    x = fnn.Input((3,))
    with pytest.raises(TypeError) as error:
        x[:, "a":]
    assert str(error.value) == "x: index must be an integer, got 'a'"


def test_a_dtype_that_the_core_does_not_know():
    with pytest.raises(TypeError) as error:
        _core.infer("relu", "relu", [(None, 3)], ["float16"], {})
    assert str(error.value) == "fastnn: dtype must be float32, float64, int64 or uint8, got float16"
