"""Trainer(precision="bf16"): what is rounded and what is not, exactness, warning and errors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import fastnn as fnn
from bfloat16 import rounded
from fastnn import _core, nn, optim
from laws import ISAS, using

WARNING = (
    "Trainer: precision 'bf16' is emulated, because there is no AVX512-BF16 (instruction set in use: "
    f"{_core.isa()}): results are those of bf16, training is slower than with 'float32'"
)
RNG = np.random.default_rng(0)


def trainer(model, precision="bf16", **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fnn.Trainer(model, "cross_entropy", precision=precision, **kwargs)


def images(seed=0):
    layers = [
        nn.Conv2d(16, 3, padding="same", activation="relu"),
        nn.Conv2d(16, 3, padding="same"), nn.BatchNorm(), nn.Activation("relu"),
        nn.MaxPool2d(2), nn.Conv2d(17, 3, stride=2, padding=1, activation="relu"),
        nn.Flatten(), nn.Dropout(0.2), nn.Dense(33, "relu"), nn.Dense(10, "softmax"),
    ]  # fmt: skip
    return fnn.Model(layers, input_shape=(1, 8, 8), seed=seed)


def some_digits(n=200):
    train, _ = fnn.datasets.digits()
    return train.x[:n], train.y[:n]


def test_warns_where_it_is_emulated():
    if _core.has_bf16():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fnn.Trainer(images(), precision="bf16")
    else:
        with pytest.warns(UserWarning) as seen:
            fnn.Trainer(images(), precision="bf16")
        assert [str(w.message) for w in seen] == [WARNING]
        assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fnn.Trainer(images(), precision="float32")


def test_the_warning_points_at_the_callers_line(tmp_path):
    trainer(images()).save(tmp_path / "run.ckpt")

    class Mine(fnn.Trainer):
        def __init__(self, model):
            super().__init__(model, precision="bf16")

    makers = [
        lambda: fnn.Trainer(images(), precision="bf16"),
        lambda: fnn.Trainer.resume(tmp_path / "run.ckpt"),
        lambda: Mine(images()),
    ]
    for make in makers:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            make()
        code = Mine.__init__.__code__ if make is makers[-1] else make.__code__
        line = code.co_firstlineno + (make is makers[-1])
        told = [(str(w.message), w.category, w.filename, w.lineno) for w in seen]
        assert told == ([] if _core.has_bf16() else [(WARNING, UserWarning, __file__, line)])


def test_float64_models_are_refused():
    model = fnn.Model([nn.Dense(2, "softmax")], input_shape=(3,), dtype="float64")
    with pytest.raises(ValueError) as error:
        fnn.Trainer(model, precision="bf16")
    assert str(error.value) == (
        "Trainer: precision must be 'float32' for a model of dtype float64, got 'bf16'; make the "
        "model with dtype='float32'"
    )


def test_precision_is_for_good():
    t = trainer(images())
    assert t.precision == "bf16"
    with pytest.raises(AttributeError):
        t.precision = "float32"


def test_products_are_rounded_and_nothing_else():
    model = fnn.Model([nn.Dense(5, "tanh"), nn.Dense(3, "softmax")], input_shape=(40,), seed=1)
    x, y = RNG.standard_normal((36, 40)).astype("f4"), np.arange(36) % 3
    p = {name: w.copy() for name, w in model.parameters.items()}
    z1 = rounded(x) @ rounded(p["dense1.weight"]).T + p["dense1.bias"]
    a1 = np.tanh(z1)
    z2 = rounded(a1) @ rounded(p["dense2.weight"]).T + p["dense2.bias"]
    e = np.exp(z2 - z2.max(1, keepdims=True))
    dz2 = (e / e.sum(1, keepdims=True) - np.eye(3)[y]) / 36
    dz1 = rounded(dz2) @ rounded(p["dense2.weight"]) * (1 - a1**2)
    want = {
        "dense1.weight": rounded(dz1).T @ rounded(x), "dense1.bias": dz1.sum(0),
        "dense2.weight": rounded(dz2).T @ rounded(a1), "dense2.bias": dz2.sum(0),
    }  # fmt: skip
    for isa in ISAS:
        with using(isa):
            t = trainer(model)
            seen = t.inspect(x, y)
            np.testing.assert_allclose(seen["dense1.linear"].value, z1, rtol=1e-5, atol=1e-6)
            for name, g in t.gradient(x, y).items():
                # A sum's last bits may decide how its function is rounded: rarely, by 2^-8.
                np.testing.assert_allclose(g, want[name], rtol=0, atol=3e-4 * np.abs(g).max())
                np.testing.assert_allclose(
                    seen[name].grad, want[name], rtol=0, atol=3e-4 * np.abs(g).max()
                )
    full = trainer(model, "float32").gradient(x, y)["dense1.weight"]
    assert np.abs(full - want["dense1.weight"]).max() > 1e-3 * np.abs(full).max()


def test_evaluation_and_prediction_are_float32():
    x, y = some_digits()
    model = images()
    t = trainer(model, metrics=["accuracy"])
    assert t.evaluate((x, y)) == trainer(model, "float32", metrics=["accuracy"]).evaluate((x, y))
    assert t.step(x, y) != trainer(images(), "float32").step(x, y)
    assert model.theta.dtype == np.float32
    exact = trainer(model, "float32").inspect(x, y)["dense2.softmax"].value
    rounded_ones = t.inspect(x, y)["dense2.softmax"].value
    assert np.abs(exact - rounded_ones).max() > 1e-4


def weights_after(threads, isa=None, cut=False, path=None):
    x, y = some_digits()
    with using(isa, threads):
        t = trainer(images(), optimizer=optim.Adam(0.01), seed=3)
        t.fit((x, y), 1 if cut else 2, 48, verbose=0)
        if cut:
            t.save(path)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                t = fnn.Trainer.resume(path)
            assert t.precision == "bf16"
            t.fit((x, y), 1, 48, verbose=0)
    return t.model.theta.tobytes()


def test_same_bits_for_any_thread_count_and_after_resuming(tmp_path):
    for isa in ISAS:
        whole = weights_after(1, isa)
        assert whole == weights_after(2, isa)
        assert whole == weights_after(2, isa, cut=True, path=tmp_path / "run.ckpt")


def test_learns_as_well_as_float32():
    train, held_out = fnn.datasets.digits()
    accuracy = {}
    for precision in ("float32", "bf16"):
        t = trainer(images(), precision, optimizer=optim.Adam(2e-3), metrics=["accuracy"])
        t.fit(train, 6, 32, verbose=0)
        accuracy[precision] = t.evaluate(held_out)["accuracy"]
    assert min(accuracy.values()) > 0.95
    assert abs(accuracy["bf16"] - accuracy["float32"]) < 0.015, accuracy


def test_a_gradient_that_is_not_finite_is_found():
    model = fnn.Model([nn.Dense(4), nn.Dense(2, "softmax")], input_shape=(3,))
    t = trainer(model)
    x = np.full((4, 3), 3.39e38, "f4")  # finite; rounded to bfloat16 it is not
    with pytest.raises(RuntimeError, match='in the output of Dense "dense1"'):
        t.fit((x, np.zeros(4, "i8")), 1, 4, verbose=0)
