"""Python code in a model: values, gradients, losses, files, and errors in full."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops, optim


def softsign(x):
    return x / (1 + np.abs(x))


def softsign_back(dy, y, x):
    return dy / np.square(1 + np.abs(x))


def model(dtype="float64", activation=None):
    layer = activation or nn.Function(softsign, softsign_back)
    return fnn.Model([nn.Dense(5), layer, nn.Dense(2, "sigmoid")], input_shape=(3,), dtype=dtype)


def gradients_agree(trainer, x, y):
    theta = trainer.model.theta
    grads = np.concatenate([g.ravel() for g in trainer.gradient(x, y).values()])
    for i in range(theta.size):
        keep, costs = theta[i], []
        for step in (1e-6, -1e-6):
            theta[i] = keep + step
            costs.append(trainer.evaluate((x, y))["loss"])
        theta[i] = keep
        assert grads[i] == pytest.approx((costs[0] - costs[1]) / 2e-6, rel=1e-6, abs=1e-8)


RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 3)), RNG.random((6, 2))


def test_layer_value_and_gradient():
    m = model()
    p = m.parameters
    h = softsign(X @ p["dense1.weight"].T)
    wanted = 1 / (1 + np.exp(-h @ p["dense2.weight"].T))
    np.testing.assert_allclose(m.predict(X), wanted, rtol=1e-12)
    gradients_agree(fnn.Trainer(m, "quadratic"), X, Y)


def test_gradient_adds_up_where_the_input_is_used_twice():
    x = fnn.Input((3,))
    h = nn.Dense(4)(x)
    m = fnn.Model(x, nn.Dense(2)(ops.function(softsign, softsign_back, h) + h), dtype="float64")
    gradients_agree(fnn.Trainer(m, "mse"), X, Y)


def test_loss_in_python_trains_like_the_built_in():
    def cost(p, y):
        return np.square(p - y).mean()

    def cost_back(dy, c, p, y):
        return dy * 2 * (p - y) / p.size, None

    def loss(p, y):
        return ops.function(cost, cost_back, p, y, shape=())

    thetas = []
    for f in (loss, "mse"):
        m = model()
        t = fnn.Trainer(m, f, optim.SGD(0.1))
        t.fit((X, Y), 5, 3, verbose=0)
        thetas.append(m.theta)
    np.testing.assert_allclose(thetas[0], thetas[1], rtol=1e-10)


def test_saved_without_code_and_loaded_with_it(tmp_path):
    m = model("float32")
    m.save(tmp_path / "m.fnn")
    again = fnn.load(tmp_path / "m.fnn", softsign=(softsign, softsign_back))
    assert np.array_equal(again.predict(X), m.predict(X))
    with pytest.raises(ValueError) as error:
        fnn.load(tmp_path / "m.fnn")
    assert str(error.value) == (
        "fastnn.load: softsign must be given, because the model calls a Python function of that "
        "name and files hold no code; pass softsign=(forward, backward)"
    )
    with pytest.raises(ValueError) as error:
        fnn.load(tmp_path / "m.fnn", softsign=3)
    assert str(error.value) == (
        "fastnn.load: softsign must be a function or a pair (forward, backward), got 3"
    )


def test_errors_of_the_function_reach_the_caller():
    def wrong_shape(x):
        return x[:, :1]

    def fails(x):
        raise ZeroDivisionError("mine")

    m = model(activation=nn.Function(wrong_shape, name="half"))
    with pytest.raises(ValueError) as error:
        m.predict(X)
    assert str(error.value) == (
        'Function "half": forward must return an array of shape (6, 5), got (6, 1)'
    )
    with pytest.raises(ZeroDivisionError, match="mine"):
        model(activation=nn.Function(fails)).predict(X)
    t = fnn.Trainer(model(activation=nn.Function(softsign, name="dead")), "mse")
    with pytest.raises(RuntimeError) as runtime:
        t.step(X, Y)
    assert str(runtime.value) == (
        'Function "dead": backward must be given to train through this function, got None'
    )
    with pytest.raises(TypeError) as kind:
        ops.function(3, None, X)
    assert str(kind.value) == "function: forward and backward must be functions, got 3 and None"


@pytest.mark.parametrize(
    ("result", "kind", "text"),
    [
        (1j * X, TypeError, "real numbers, got dtype complex128"),
        (np.full(X.shape, "a"), TypeError, "real numbers, got dtype <U1"),
        (None, TypeError, "real numbers, got dtype object"),
        ([[1.0, 2.0], [1.0]], ValueError, "rows of one length, got rows of several"),
    ],
    ids=range(4),
)
def test_what_comes_back_must_be_real_numbers(result, kind, text):
    x = fnn.Input((3,))
    with pytest.raises(kind) as error:
        fnn.Model(x, nn.Function(lambda x: result, name="own")(x)).predict(X)
    assert str(error.value) == f'Function "own": forward must return {text}'
    layer = nn.Function(np.copy, lambda dy, y, x: (result,), name="own")
    if result is not None:  # no gradient
        with pytest.raises(kind) as error:
            fnn.Trainer(fnn.Model(x, layer(nn.Dense(3)(x))), "mse").step(X, X)
        assert str(error.value) == f'Function "own": backward must return {text}'


def test_inputs_are_copies_that_may_be_kept_and_written_to():
    kept = []

    def writes(x):
        kept.append(x.copy())
        kept.append(x)
        x[...] = 0
        return kept[0]

    m = model(activation=nn.Function(writes))
    assert np.array_equal(m.predict(X), m.predict(X))
    del m
    assert kept[0].any() and not kept[1].any()
