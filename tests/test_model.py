"""Model: list and functional form, shared layers, names, theta, predict, and every error in full."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn
from fastnn.data import Augmented, Dataset


def small(**kwargs):
    return fnn.Model([nn.Dense(5, "tanh"), nn.Dense(3, "softmax")], input_shape=(4,), **kwargs)


def dense(x, w, b, f):
    return f(x @ w.T.astype("f8") + b)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_predict_equals_numpy():
    model = small(seed=3)
    x = np.random.default_rng(0).standard_normal((300, 4))
    p = model.parameters
    h = dense(x, p["dense1.weight"], p["dense1.bias"], np.tanh)
    wanted = dense(h, p["dense2.weight"], p["dense2.bias"], softmax)
    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-5, atol=1e-6)
    assert model.predict(x).dtype == np.float32
    np.testing.assert_allclose(model.predict(x, batch_size=7), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 2, 255, 256, 257, 513])
def test_predict_any_number_of_rows(rows):
    model = small()
    x = np.random.default_rng(1).standard_normal((rows, 4)).astype("f")
    one_by_one = np.array([model.predict(row[None])[0] for row in x]).reshape(rows, 3)
    np.testing.assert_allclose(model.predict(x), one_by_one, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("batch_size", [1, 16, 200, 256, 300, 1000])
def test_predict_computes_as_many_rows_at_a_time_as_asked_for(dtype, batch_size):
    seen = []
    layer = nn.Function(lambda x: (seen.append(len(x)), x)[1], name="watch")
    model = fnn.Model([layer], input_shape=(3,))
    x = np.random.default_rng(0).standard_normal((600, 3)).astype(dtype)
    for n in (0, 1, 15, 16, 17, 200, 256, 257, 600):
        seen.clear()
        assert np.array_equal(model.predict(x[:n], batch_size), x[:n].astype("f4"))
        assert sum(seen) == n and max(seen, default=0) == min(n, batch_size)
    seen.clear()
    model.predict(x)
    assert max(seen) == 256


def test_predict_takes_any_kind_of_array():
    model = small()
    x = np.arange(12.0).reshape(3, 4)
    wanted = model.predict(x.astype("f"))
    fixed = x.astype("f")
    fixed.flags.writeable = False
    strided = np.repeat(x, 2, axis=1)[:, ::2]
    for other in (x, x.astype("f2"), x.astype("i4"), x.astype("u1"), np.asfortranarray(x), fixed,
                  strided, x.tolist()):  # fmt: skip
        before = np.array(other)
        assert np.array_equal(model.predict(other), wanted)
        assert np.array_equal(np.array(other), before)


def test_nan_stays_in_its_row():
    x = np.ones((3, 4), "f")
    x[1, 2] = np.nan
    y = small().predict(x)
    assert np.isnan(y[1]).all() and np.isfinite(y[[0, 2]]).all()


def test_float64_model_computes_in_float64():
    model = small(dtype="float64", seed=5)
    p = model.parameters
    x = np.random.default_rng(0).standard_normal((9, 4))
    h = dense(x, p["dense1.weight"], p["dense1.bias"], np.tanh)
    wanted = dense(h, p["dense2.weight"], p["dense2.bias"], softmax)
    assert model.predict(x).dtype == np.float64
    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-13)


@pytest.mark.parametrize("operand", [0.1, np.float64(0.1), [0.1, 0.2], np.array([[0.1, 0.3]])])
def test_constants_have_the_digits_of_a_float64_model(operand, tmp_path):
    x = fnn.Input((2,))
    model = fnn.Model(x, fnn.ops.function(np.add, None, x * operand, operand), dtype="float64")
    wanted = np.float64([[3.0, 7.0]]) * operand + operand
    assert np.array_equal(model.predict([[3.0, 7.0]]), wanted)
    model.save(tmp_path / "m.fnn")
    again = fnn.load(tmp_path / "m.fnn", add=(np.add, None))
    assert np.array_equal(again.predict([[3.0, 7.0]]), wanted)


def test_constants_of_a_float32_model_stay_float32():
    table = np.arange(6, dtype="f").reshape(2, 3)
    model = bare(lambda x: x * table[0] * 0.1)
    assert [c.value.dtype for c in model.structure.constants] == [np.float32, np.float64]
    assert [c.dtype for c in model.structure.constants] == ["float32", "float32"]
    assert model.predict(np.ones((1, 3))).tolist() == (table[:1] * np.float32(0.1)).tolist()


def test_theta_is_the_parameters_end_to_end():
    model = small()
    flat = np.concatenate([a.ravel() for a in model.parameters.values()])
    assert np.array_equal(model.theta, flat)
    model.theta[:] = 0
    assert not any(a.any() for a in model.parameters.values())
    np.testing.assert_allclose(model.predict(np.ones((1, 4))), 1 / 3, rtol=1e-6)


def test_same_seed_same_parameters_and_another_seed_others():
    assert np.array_equal(small(seed=1).theta, small(seed=1).theta)
    assert not np.array_equal(small(seed=1).theta, small(seed=2).theta)


def test_global_random_state_is_untouched():
    before = np.random.get_state()[1].copy()
    small(seed=9).predict(np.ones((2, 4)))
    assert np.array_equal(before, np.random.get_state()[1])


def test_functional_form_with_two_inputs_two_outputs_and_a_shared_layer():
    a, b = fnn.Input((3,), name="a"), fnn.Input((3,), name="b")
    shared = nn.Dense(4, "relu", name="shared")
    h = nn.Concatenate()(shared(a), shared(b))
    total, both = nn.Dense(2)(h), nn.Add()(shared(a), shared(b))
    model = fnn.Model([a, b], [total, both])
    assert list(model.parameters) == [
        "shared.weight",
        "shared.bias",
        "dense1.weight",
        "dense1.bias",
    ]
    xa, xb = np.ones((5, 3)), np.full((5, 3), -2.0)
    p = model.parameters
    relu = lambda z: np.maximum(z, 0)  # noqa: E731
    ha = dense(xa, p["shared.weight"], p["shared.bias"], relu)
    hb = dense(xb, p["shared.weight"], p["shared.bias"], relu)
    y, s = model.predict((xa, xb))
    np.testing.assert_allclose(s, ha + hb, rtol=1e-5)
    np.testing.assert_allclose(
        y,
        np.concatenate([ha, hb], 1) @ p["dense1.weight"].T + p["dense1.bias"],
        rtol=1e-5,
        atol=1e-6,
    )


def test_residual_by_operators():
    x = fnn.Input((4,))
    h = nn.Dense(4, "tanh")(x)
    model = fnn.Model(x, 2.0 * h + x - 1.0)
    data = np.random.default_rng(0).standard_normal((6, 4)).astype("f")
    p = model.parameters
    wanted = 2 * np.tanh(data @ p["dense1.weight"].T) + data - 1
    np.testing.assert_allclose(model.predict(data), wanted, rtol=1e-5, atol=1e-6)


def test_model_called_on_a_tensor_shares_structure():
    inner = fnn.Model([nn.Dense(2, "tanh", name="inner")], input_shape=(3,))
    x = fnn.Input((3,))
    outer = fnn.Model(x, nn.Dense(1)(inner(x)))
    assert list(outer.parameters) == ["inner.weight", "inner.bias", "dense1.weight", "dense1.bias"]


def test_a_parameter_that_is_set_is_written_in_place():
    model = small()
    model.parameters["dense1.bias"] = [1, 2, 3, 4, 5]
    assert np.array_equal(model.theta[20:25], [1, 2, 3, 4, 5])
    model.parameters["dense1.bias"] += 1
    assert np.array_equal(model.theta[20:25], [2, 3, 4, 5, 6])


def test_parameters_are_copied_as_plain_arrays_and_keep_their_names():
    model = small()
    for copied in (
        copy.copy(model.parameters), copy.deepcopy(model.parameters),
        pickle.loads(pickle.dumps(model.parameters)),
    ):  # fmt: skip
        assert type(copied) is dict and list(copied) == list(model.parameters)
        assert np.array_equal(copied["dense1.weight"], model.parameters["dense1.weight"])
    best = copy.deepcopy(model.parameters)
    model.theta[:] = 0
    model.parameters.update(best)
    assert np.array_equal(model.parameters["dense1.weight"], best["dense1.weight"])
    model.parameters |= {"dense1.bias": [1, 2, 3, 4, 5]}
    assert np.array_equal(model.theta[20:25], [1, 2, 3, 4, 5])
    for take in (
        lambda p: p.pop("dense1.bias"), lambda p: p.clear(), lambda p: p.setdefault("new", 1),
        lambda p: p.__delitem__("dense1.bias"), lambda p: p.popitem(),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="Model: arrays must stay those that its layers made"):
            take(model.parameters)
    assert list(model.parameters) == list(best)


def test_masked_arrays_are_refused_whatever_their_dtype():
    for dtype in ("f4", "f8"):
        x = np.ma.masked_array(np.ones((2, 4), dtype), np.eye(2, 4))
        with pytest.raises(TypeError, match=r"Model\.predict: x must be an array without a mask"):
            small().predict(x)


def test_integers_that_an_input_reads_are_not_scaled():
    x = fnn.Input((3,), "int64")
    model = fnn.Model(
        x, fnn.ops.embedding(x, fnn.Model([nn.Dense(2)], input_shape=(4,)).theta[:8].reshape(4, 2))
    )
    with pytest.raises(ValueError) as error:
        model.predict(fnn.Dataset(np.zeros((2, 3), "i8"), scale=0.5))
    assert str(error.value) == (
        "Model.predict: x must have no scale or offset where the input x holds integers, got "
        "scale=0.5, offset=0.0"
    )


def test_predict_from_several_threads_at_once():
    model = small()
    xs = [np.random.default_rng(i).standard_normal((64 + i, 4)).astype("f") for i in range(8)]
    wanted = [model.predict(x) for x in xs]
    wrong = []

    def work(i):
        for _ in range(50):
            if not np.array_equal(model.predict(xs[i]), wanted[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_summary_counts(capsys):
    fnn.Model([nn.Flatten(), nn.Dense(30, "sigmoid"), nn.Dense(10, "softmax")],
              input_shape=(1, 28, 28)).summary()  # fmt: skip
    text = capsys.readouterr().out
    assert "flatten1 (Flatten)  (N, 784)" in text
    assert "dense1 (Dense)" in text and "23,550" in text
    assert "23,860 parameters (93.2 KiB)" in text


OUTPUTS = (
    "Model: outputs must have shape (N, ...), one row for each sample, and no other axis of N, got "
    "{}; reduce and move axes from 1 on only, and give what sums over samples to fnn.Trainer as its "
    "loss or a metric"
)


MIXED = (
    "Model: outputs must be computed row by row, because a prediction may take the rows in several "
    "batches, got {} over the axis of N for Tensor(x, shape=(N, 3), dtype=float32); leave axis 0 out "
    "of it, or use nn.BatchNorm"
)


def bare(function):
    x = fnn.Input((3,))
    return fnn.Model(x, function(x))


ERRORS = [
    (lambda: small().predict(np.ones((2, 5))), ValueError,
     'Model.predict: x must have shape (N, 4) as input "x" has, got (2, 5)'),
    (lambda: small().predict(np.ones(4)), ValueError,
     'Model.predict: x must have shape (N, 4) as input "x" has, got (4,); one sample needs a batch '
     "axis: x[None]"),
    (lambda: small().predict(np.ones((3, 2, 2))), ValueError,
     'Model.predict: x must have shape (N, 4) as input "x" has, got (3, 2, 2); reshape it to (-1, 4)'),
    (lambda: small().predict(np.array([["a"] * 4])), TypeError,
     "Model.predict: x must hold real numbers, got dtype <U1"),
    (lambda: small().predict(np.ones((2, 4)), batch_size=0), ValueError,
     "Model.predict: batch_size must be an integer >= 1, got 0"),
    (lambda: small().predict(np.ones((2, 4), "f"), batch_size=0), ValueError,
     "Model.predict: batch_size must be an integer >= 1, got 0"),
    (lambda: small().predict(np.ones((2, 4), "f"), batch_size=2.5), TypeError,
     "Model.predict: batch_size must be an integer >= 1, got 2.5"),
    (lambda: small().predict(np.ones((2, 4)), batch_size=True), TypeError,
     "Model.predict: batch_size must be an integer >= 1, got True"),
    (lambda: small().predict(np.ones((2, 4)), batch_size=2**70), ValueError,
     f"Model.predict: batch_size must be an integer < 2**63, got {2**70}"),
    (lambda: small().predict(Augmented(Dataset(np.zeros((2, 1, 2, 2))), [])), TypeError,
     "Model.predict: x must be arrays or a Dataset, got Augmented, whose samples change; give its "
     "dataset, or what gather returns"),
    (lambda: bare(lambda x: fnn.ops.sum(x, axis=0)), ValueError,
     OUTPUTS.format("Tensor(sum, shape=(3,), dtype=float32)")),
    (lambda: bare(lambda x: fnn.ops.mean(x)), ValueError,
     OUTPUTS.format("Tensor(mean, shape=(), dtype=float32)")),
    (lambda: bare(lambda x: fnn.ops.matmul(fnn.ops.transpose(x), x)), ValueError,
     OUTPUTS.format("Tensor(matmul, shape=(3, 3), dtype=float32)")),
    (lambda: bare(lambda x: fnn.ops.transpose(x)), ValueError,
     OUTPUTS.format("Tensor(transpose, shape=(3, N), dtype=float32)")),
    (lambda: bare(lambda x: x @ fnn.ops.transpose(x)), ValueError,
     OUTPUTS.format("Tensor(matmul, shape=(N, N), dtype=float32)")),
    (lambda: bare(lambda x: [x, fnn.ops.sum(x, axis=0)]), ValueError,
     OUTPUTS.format("Tensor(sum, shape=(3,), dtype=float32)")),
    (lambda: bare(lambda x: fnn.ops.softmax(x, axis=0)), ValueError, MIXED.format("softmax")),
    (lambda: bare(lambda x: x - fnn.ops.mean(x, axis=0, keepdims=True)), ValueError,
     MIXED.format("mean")),
    (lambda: bare(lambda x: x * fnn.ops.max(x)), ValueError, MIXED.format("max")),
    (lambda: small().parameters.__setitem__("dense1.wieght", 0), ValueError,
     "Model: arrays must be set by name, one of dense1.weight, dense1.bias, dense2.weight, "
     "dense2.bias, got 'dense1.wieght'"),
    (lambda: small().parameters.__setitem__("dense1.bias", [1.0]), ValueError,
     "Model: dense1.bias must have shape (5,), got (1,)"),
    (lambda: fnn.Model([x := fnn.Input((3,)), x], x), ValueError,
     "Model: inputs must be different tensors, got Tensor(x, shape=(N, 3), dtype=float32) twice"),
    (lambda: small()(fnn.Input((4,)), fnn.Input((4,))), ValueError,
     "Model: inputs must be 1 tensors as the model has inputs, got 2"),
    (lambda: fnn.Input((1,) * 8), ValueError, "Input: shape must have at most 7 axes, got 8"),
    (lambda: small(dtype="int8"), ValueError,
     "Model: dtype must be 'float32' or 'float64', got 'int8'"),
    (lambda: small(seed=-1), ValueError, "Model: seed must be an integer in [0, 2**64), got -1"),
    (lambda: fnn.Model([nn.Dense(3)]), ValueError,
     "Model: input_shape must be given with a list of layers, got None; it is the shape of one "
     "sample, such as (1, 28, 28)"),
    (lambda: fnn.Model([]), TypeError,
     "Model: inputs must be a non-empty list of layers, or tensors with outputs, got []"),
    (lambda: fnn.Model([nn.Dense], input_shape=(2,)), TypeError,
     "Model: inputs must be a list of layers, got the class Dense in it; write Dense(...)"),
    (lambda: fnn.Model([nn.Dense(3), nn.Flatten], input_shape=(2,)), TypeError,
     "Model: inputs must be a list of layers, got the class Flatten in it; write Flatten(...)"),
    (lambda: nn.Dense(0), ValueError, "Dense: units must be an integer >= 1, got 0"),
    (lambda: nn.Dense(2.5), TypeError, "Dense: units must be an integer >= 1, got 2.5"),
    (lambda: nn.Dense(True), TypeError, "Dense: units must be an integer >= 1, got True"),
    (lambda: nn.Dense(2**64), ValueError,
     f"Dense: units must be an integer < 2**63, got {2**64}"),
    (lambda: fnn.Input((2**64,)), ValueError,
     f"Input: shape must hold integers < 2**63, got ({2**64},)"),
    (lambda: nn.Dropout(1.5), ValueError, "Dropout: rate must be a number in [0, 1], got 1.5"),
    (lambda: nn.Dense(3)(np.ones((2, 2))), TypeError,
     "Dense: x must be a symbolic Tensor, got ndarray; start from fnn.Input, or give the layer to "
     "fnn.Model and call predict"),
    (lambda: fnn.Input((0,)), ValueError, "Input: shape must hold integers >= 1, got (0,)"),
    (lambda: fnn.Input("ab"), TypeError, "Input: shape must hold integers >= 1, got 'ab'"),
    (lambda: fnn.Input((2, 3.0)), TypeError, "Input: shape must hold integers >= 1, got (2, 3.0)"),
    (lambda: fnn.Input(True), TypeError, "Input: shape must hold integers >= 1, got True"),
    (lambda: nn.Dense(2, "swish"), ValueError,
     "Dense: activation must be None, a function or one of linear, sigmoid, tanh, relu, "
     "leaky_relu, elu, selu, gelu, silu, softplus, hard_sigmoid, step, softmax, log_softmax, "
     "got 'swish'"),
    (lambda: fnn.Model([nn.Dense(2, name="a"), nn.Dense(2, name="a")], input_shape=(3,)), ValueError,
     "Model: layer names must differ, got 'a' twice"),
    (lambda: fnn.Model([nn.Dense(2, init="best")], input_shape=(3,)), ValueError,
     'Dense "dense1": init must be one of zeros, ones, normal, uniform, glorot_uniform, '
     "glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, orthogonal, "
     "nielsen_large, nielsen, got 'best'"),
    (lambda: fnn.Model([nn.Reshape((3, 3))], input_shape=(8,)), ValueError,
     'Reshape "reshape1": shape must hold 8 elements as the input Tensor(x, shape=(N, 8), '
     "dtype=float32) does, got (3, 3)"),
    (lambda: bool(fnn.Input((2,))), TypeError,
     "Tensor: a condition must be a value known when the model is described, got a symbolic tensor; "
     "use ops.where or compute it outside"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_errors_in_full(act, kind, text):
    with pytest.raises(kind) as error:
        act()
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("init", "text"),
    [
        (None, "init must be a name, a number, an array or a function, got None"),
        (nn.init.Normal, "init must be a name, a number, an array or a function, got "
         "<class 'fastnn.nn.init.Normal'>"),
        ({}, "init must give numbers, got {}"),
        (float("nan"), "init must give finite numbers, got NaN or infinity"),
        (lambda shape, uniform, normal: np.full(shape, np.inf),
         "init must give finite numbers, got NaN or infinity"),
    ],
)  # fmt: skip
def test_initial_values_must_be_numbers(init, text):
    with pytest.raises(ValueError) as error:
        fnn.Model([nn.Dense(2, init=init)], input_shape=(3,))
    assert str(error.value) == f'Dense "dense1": {text}'


def test_a_function_of_initial_values_takes_the_generators():
    with pytest.raises(TypeError) as error:
        fnn.Model([nn.Dense(2, init=narrow)], input_shape=(3,))
    assert str(error.value) == (
        f'Dense "dense1": init must be a function of (shape, uniform, normal), got {narrow!r}'
    )


def narrow(shape):
    return 1.0


@pytest.mark.parametrize("name", ["glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
                                  "lecun_uniform", "lecun_normal", "nielsen", "nielsen_large"])  # fmt: skip
def test_initialisers_have_their_variance(name):
    n_in, n_out = 400, 300
    model = fnn.Model([nn.Dense(n_out, init=name)], input_shape=(n_in,))
    w = model.parameters["dense1.weight"].astype("f8")
    wanted = {"glorot": 2 / (n_in + n_out), "he": 2 / n_in, "lecun": 1 / n_in, "nielsen": 1 / n_in}
    variance = 1.0 if name == "nielsen_large" else wanted[name.split("_")[0]]
    assert abs(w.var() / variance - 1) < 0.02  # 120 000 numbers: deviation of the estimate < 0.5%
    assert abs(w.mean()) < 0.02 * np.sqrt(variance)


@pytest.mark.parametrize("shape", [(20, 20), (10, 30), (30, 10)])
def test_orthogonal_initialiser(shape):
    model = fnn.Model(
        [nn.Dense(shape[0], init="orthogonal")], input_shape=(shape[1],), dtype="float64"
    )
    w = model.parameters["dense1.weight"]
    small_side = w @ w.T if shape[0] <= shape[1] else w.T @ w
    np.testing.assert_allclose(small_side, np.eye(min(shape)), atol=1e-12)


@pytest.mark.parametrize("units", [2**32, 2**31, 2**24])
def test_more_parameters_than_memory_holds(units):
    with pytest.raises(MemoryError) as error:
        wide, large = (nn.Dense(units, use_bias=False, name=name) for name in ("wide", "large"))
        fnn.Model([nn.Dense(3), wide, large], input_shape=(2,))
    assert str(error.value) == (
        f"Model: parameters must fit into memory, got {9 + 3 * units + units**2:,} of them, most in "
        f"large.weight of shape ({units}, {units}); make that layer smaller"
    )
