"""Laws that every op keeps, from the list that the core gives and the samples in samples.py."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, cast, check_same_bits, run, using
from oracle import check_gradient
from samples import SAMPLES, WITHOUT_FUNCTION

OPS = [name for name in _core.op_names() if name in SAMPLES]
PUBLIC = [name for name in OPS if name not in WITHOUT_FUNCTION]
SECTIONS = ("Parameters", "Returns", "Raises", "Source", "Examples")


def inputs_of(op, n=5, seed=0):
    return SAMPLES[op].inputs(n, np.random.default_rng(seed))


def call(op, *inputs):
    sample = SAMPLES[op]
    function = sample.call or (lambda ops, *x: getattr(ops, op)(*x, **sample.attrs))
    y = function(fnn.ops, *inputs)
    return y if isinstance(y, tuple) else (y,)


def test_every_op_has_a_sample():
    assert [name for name in _core.op_names() if name not in SAMPLES] == []


@pytest.mark.parametrize("op", OPS)
def test_every_instruction_set_runs_and_agrees_with_float64(op):
    sample = SAMPLES[op]
    wide = inputs_of(op, n=70)
    with using(ISAS[-1]):
        want = run(op, wide, sample.attrs, training=sample.training)
    for isa in ISAS:
        with using(isa):
            assert _core.isa() == isa and _core.op_isa(op) == isa
            for dtype, tolerance in (("f4", 3e-5), ("f8", 1e-11)):
                got = run(op, cast(wide, dtype), sample.attrs, training=sample.training)
                for y, expected in zip(got, want, strict=True):
                    atol = tolerance * np.abs(expected).max(initial=1)
                    where = f"{isa} {dtype}"
                    np.testing.assert_allclose(
                        y, expected, rtol=tolerance, atol=atol, err_msg=where
                    )


@pytest.mark.parametrize("op", [op for op in OPS if _core.has_gradient(op) and op != "python"])
def test_gradient_matches_finite_differences(op):
    sample = SAMPLES[op]
    for isa in ISAS:
        with using(isa):
            check_gradient(op, inputs_of(op), sample.attrs, training=sample.training)


@pytest.mark.parametrize("op", OPS)
def test_same_bits_for_any_thread_count(op):
    sample = SAMPLES[op]
    inputs = cast(inputs_of(op, n=sample.large), "f4")
    check_same_bits(op, inputs, sample.attrs, training=sample.training)


@pytest.mark.parametrize("op", OPS)
def test_inputs_are_not_touched(op):
    sample = SAMPLES[op]
    inputs = inputs_of(op)
    before = [x.copy() for x in inputs]
    for x in inputs:
        x.flags.writeable = False
    run(op, inputs, sample.attrs, training=sample.training)
    for x, kept in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("op", [op for op in OPS if _core.has_gradient(op)])
def test_each_output_alone_sends_gradients_to_real_operands_and_no_others(op):
    sample = SAMPLES[op]
    outputs = _core.call(op, inputs_of(op), sample.attrs, training=sample.training)
    for i, y in enumerate(outputs):
        dys = [None] * len(outputs)
        dys[i] = np.ones_like(y)
        grads = _core.vjp(op, inputs_of(op), sample.attrs, dys, training=sample.training)
        for x, g in zip(inputs_of(op), grads, strict=True):
            assert (g is None) == (x.dtype.kind != "f")


def strided(x):
    wide = np.zeros((*x.shape, 2), x.dtype)
    wide[..., 0] = x
    return wide[..., 0]


@pytest.mark.parametrize("op", PUBLIC)
@pytest.mark.parametrize("form", ["strided", "fortran", "read-only", "list", "big-endian"])
def test_any_array_is_taken(op, form):
    inputs = inputs_of(op)
    want = call(op, *inputs)
    dtype = "f4" if form == "list" else "f8"
    given = [
        {
            "strided": strided,
            "fortran": np.asfortranarray,
            "read-only": lambda x: np.broadcast_to(x, x.shape),
            "list": lambda x: x.tolist(),
            "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
        }[form](x)
        for x in inputs
    ]
    for y, expected in zip(call(op, *given), want, strict=True):
        assert y.flags.c_contiguous and y.flags.writeable
        assert y.dtype == dtype or y.dtype.kind == "i"
        tolerance = 3e-5 if dtype == "f4" else 0
        np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("op", PUBLIC)
@pytest.mark.parametrize("dtype", ["f2", "i4", "u1"])
def test_other_number_types_become_float32(op, dtype):
    kind = np.dtype(dtype).kind
    inputs = [np.abs(np.round(2 * x)) + 1 if x.dtype.kind == "f" else x for x in inputs_of(op)]
    want = call(op, *cast(inputs, "f4"))
    given = [x.astype(dtype) if x.dtype.kind == "f" or kind != "f" else x for x in inputs]
    for y, expected in zip(call(op, *given), want, strict=True):
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("op", OPS)
def test_no_rows(op):
    sample = SAMPLES[op]
    inputs = inputs_of(op, n=0)
    outputs = _core.call(op, inputs, sample.attrs, training=sample.training)
    normal = _core.call(op, inputs_of(op, n=3), sample.attrs, training=sample.training)
    for y, other in zip(outputs, normal, strict=True):
        assert y.ndim == other.ndim and y.dtype == other.dtype
    if _core.has_gradient(op):
        dys = [np.ones_like(y) if y.dtype.kind == "f" else None for y in outputs]
        grads = _core.vjp(op, inputs, sample.attrs, dys, training=sample.training)
        for x, g in zip(inputs, grads, strict=True):
            assert g is None or g.shape == x.shape


@pytest.mark.parametrize("op", OPS)
def test_an_unknown_batch_stays_unknown_and_its_rule_agrees_with_the_known_one(op):
    sample = SAMPLES[op]
    inputs = inputs_of(op, n=6)
    shapes = [
        tuple(None if d == 6 and i == 0 else d for i, d in enumerate(x.shape)) for x in inputs
    ]
    dtypes = [str(x.dtype) for x in inputs]
    open_shapes, _ = _core.infer(op, op, shapes, dtypes, sample.attrs)
    outputs = _core.call(op, inputs, sample.attrs, training=sample.training)
    for (shape, dtype), y in zip(open_shapes, outputs, strict=True):
        assert dtype == y.dtype
        assert tuple(6 if d is None else d for d in shape) == y.shape


@pytest.mark.parametrize("op", PUBLIC)
def test_docstring_is_complete(op):
    text = inspect.getdoc(getattr(fnn.ops, op))  # without the indentation, as Python 3.13 stores it
    assert text is not None
    for section in SECTIONS:
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section
    assert ">>> " in text


@pytest.mark.parametrize("op", OPS)
def test_op_has_its_test_file(op):
    assert (Path(__file__).parent / "ops" / f"test_{op}.py").is_file()


@pytest.mark.parametrize("op", [op for op in OPS if SAMPLES[op].torch])
def test_op_equals_torch(op):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    inputs = inputs_of(op, n=9)
    tensors = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    want = SAMPLES[op].torch(torch, *tensors)
    y = call(op, *inputs)[0]
    np.testing.assert_allclose(y, want.detach().numpy(), rtol=1e-10, atol=1e-12)
    if not want.requires_grad:
        return
    dy = np.random.default_rng(1).standard_normal(y.shape)
    want.backward(torch.tensor(dy))
    outputs = _core.call(op, inputs, SAMPLES[op].attrs)
    dys = [np.asarray(dy)] + [None] * (len(outputs) - 1)
    grads = _core.vjp(op, inputs, SAMPLES[op].attrs, dys)
    for g, t in zip(grads, tensors, strict=True):
        if t.grad is not None:
            np.testing.assert_allclose(g, t.grad.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("op", [op for op in OPS if op not in ("python", "concatenate", "stack")])
def test_operands_are_counted_before_anything_reads_them(op):
    given = cast(inputs_of(op), "f4")
    least = len(given) - (op in ("linear", "conv2d", "conv_transpose2d"))  # the bias may be missing
    for few in ([], given[: least - 1]):
        with pytest.raises(ValueError, match=f"^{op}: operands of {op} must be {least}.*, got "):
            _core.call(op, list(few), SAMPLES[op].attrs)
    with pytest.raises(ValueError, match=f"^{op}: operands of {op} must be {least}.*, got 9$"):
        _core.call(op, [given[0]] * 9, SAMPLES[op].attrs)


def test_operands_of_what_is_fused_are_counted_too():
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError) as error:
        _core.call("linear", [x] * 4, {})
    assert str(error.value) == (
        "linear: operands of linear must be 2 to 3 and 0 of what is fused, got 4"
    )
