"""Whose numbers they are: copies of models, models inside models, layers of two models, theta."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops
from fastnn.assembly import frozen

X = np.random.default_rng(0).standard_normal((6, 4))


class Running(nn.Layer):
    """A layer with a state, which each training step replaces by twice the state plus one."""

    def build(self, x):
        self.seen = self.state("seen", (x.shape[1],), "zeros")

    def forward(self, x):
        self.seen.update = self.seen * 2.0 + 1.0
        return x + self.seen


def net(dtype="float32"):
    x = fnn.Input((4,), name="samples")
    h = nn.Dense(5, "tanh", name="first")(x)
    double = nn.Function(lambda h: 2 * h, lambda dy, y, h: 2 * dy)
    y = nn.Dense(3, "softmax")(nn.Concatenate()(h, Running()(double(h) * 0.1)))
    return fnn.Model(x, [y, h], seed=7, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_a_copy_has_the_same_values_of_its_own(way, dtype):
    model = net(dtype)
    model.theta[:] = np.linspace(-1, 1, model.theta.size)
    model.states["running1.seen"][:] = 3
    model.layers[0].trainable = False
    again = way(model)
    for a, b in zip(again.predict(X), model.predict(X), strict=True):
        assert np.array_equal(a, b) and a.dtype == dtype
    assert list(again.parameters) == list(model.parameters)
    assert list(again.states) == list(model.states)
    assert (again.seed, again.dtype, again.input_names) == (7, dtype, ["samples"])
    assert [type(x) for x in again.layers] == [type(x) for x in model.layers]
    assert not set(map(id, again.layers)) & set(map(id, model.layers))
    assert again.layers[0].weight is again.structure.parameters[0]
    assert not again.layers[0].trainable and len(frozen(again.structure, again.layers)) == 2
    before = model.predict(X)
    again.theta[:] = 0
    again.states["running1.seen"][:] = 0
    for a, b in zip(model.predict(X), before, strict=True):
        assert np.array_equal(a, b)


def test_a_copy_trains_like_the_original_and_copies_its_states_updates():
    y = (np.eye(3)[[0, 1, 2, 0, 1, 2]], np.zeros((6, 5)))
    model = net()
    again = copy.deepcopy(model)
    for m in (model, again):
        trainer = fnn.Trainer(m, ["quadratic", "quadratic"], fnn.optim.SGD(0.1))
        for _ in range(2):
            trainer.step(X, y)
    assert np.array_equal(model.theta, again.theta)
    assert again.states["running1.seen"].tolist() == [3.0] * 5


def test_a_deep_network_is_copied():
    x = fnn.Input((1,))
    y = x
    for _ in range(3000):
        y = y + 1.0
    assert copy.deepcopy(fnn.Model(x, y)).predict([[0.0]]).tolist() == [[3000.0]]


def test_models_are_not_pickled():
    with pytest.raises(TypeError) as error:
        pickle.dumps(net())
    assert str(error.value) == (
        "Model: a model must be stored as a file without code, got a call of pickle; use "
        "Model.save and fastnn.load"
    )


def test_a_model_called_on_tensors_begins_with_its_values_and_shares_over_calls():
    inner = fnn.Model([nn.Dense(2, "tanh", name="inner")], input_shape=(4,))
    a, b = fnn.Input((4,), name="a"), fnn.Input((4,), name="b")
    left, right = inner(a), inner(b)
    inner.theta[:] = np.linspace(-1, 1, inner.theta.size)  # before the larger model is made
    outer = fnn.Model([a, b], ops.concatenate([left, right], axis=1))
    assert list(outer.parameters) == ["inner.weight", "inner.bias"]
    wanted = np.concatenate([inner.predict(X), inner.predict(-X)], 1)
    np.testing.assert_allclose(outer.predict((X, -X)), wanted, rtol=1e-6)
    outer.theta[:] = 0
    np.testing.assert_allclose(inner.predict(X), wanted[:, :2], rtol=1e-6)
    c = fnn.Input((4,))
    third = fnn.Model(c, inner(c))  # the first calls' parameters have their model
    np.testing.assert_allclose(third.predict(X), wanted[:, :2], rtol=1e-6)


def test_a_layer_with_parameters_belongs_to_one_model():
    x = fnn.Input((4,))
    code = nn.Dense(2, name="encoder")(x)
    encoder = fnn.Model(x, code)
    decoded = nn.Dense(4)(code)
    with pytest.raises(ValueError) as error:
        fnn.Model(x, decoded)
    assert str(error.value) == (
        'Model: layers must belong to one model, got Dense "encoder" of another; make new layers '
        "(or delete the other model first), give one model both outputs, or call the other model on "
        "a tensor"
    )
    del encoder
    assert fnn.Model(x, [code, decoded]).theta.size == 10 + 12


def test_layers_without_parameters_and_copies_of_layers_are_free():
    flatten, dense = nn.Flatten(), nn.Dense(2)
    models = [
        fnn.Model([flatten, d], input_shape=(2, 2)) for d in (dense, copy.deepcopy(nn.Dense(2)))
    ]
    models.append(fnn.Model([flatten, copy.deepcopy(dense)], input_shape=(2, 2)))
    assert all(m.theta.size == 10 for m in models)


def test_assigning_theta_writes_it_in_place():
    model = fnn.Model([nn.Dense(2)], input_shape=(4,))
    theta, trainer = model.theta, fnn.Trainer(model, "quadratic", fnn.optim.SGD(0.1))
    trainer.step(X, np.zeros((6, 2)))
    model.theta = np.arange(10.0)
    model.theta += 1
    assert model.theta is theta and theta.tolist() == list(range(1, 11))
    assert model.parameters["dense1.bias"].tolist() == [9, 10]
    x = X.astype("f")
    wanted = x @ np.arange(1, 9).reshape(2, 4).T + [9, 10]
    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-5)
    trainer.step(X, np.zeros((6, 2)))
    assert theta.tolist() != list(range(1, 11))


THETA_ERRORS = [
    (
        np.zeros(9),
        ValueError,
        "Model: theta must have shape (10,) as the parameters have, got (9,)",
    ),
    (0.0, ValueError, "Model: theta must have shape (10,) as the parameters have, got ()"),
    (np.zeros(10, complex), TypeError, "Model: theta must hold real numbers, got dtype complex128"),
    ([[1], [1, 2]], ValueError, "Model: theta must have rows of one length, got rows of several"),
]


@pytest.mark.parametrize(("values", "kind", "text"), THETA_ERRORS, ids=range(len(THETA_ERRORS)))
def test_theta_of_another_kind_is_refused(values, kind, text):
    model = fnn.Model([nn.Dense(2)], input_shape=(4,))
    before = model.theta.copy()
    with pytest.raises(kind) as error:
        model.theta = values
    assert str(error.value) == text
    assert np.array_equal(model.theta, before)


def test_split_vector_of_another_shape_is_refused():
    with pytest.raises(ValueError) as error:
        fnn.Model([nn.Dense(2)], input_shape=(4,)).split_vector(np.zeros(9))
    assert str(error.value) == (
        "Model.split_vector: vector must have shape (10,) as theta has, got (9,)"
    )


def test_freezing_a_base_keeps_its_copy_in_a_larger_model():
    base = fnn.Model([nn.Dense(8, "tanh"), nn.Dense(4, "tanh")], input_shape=(4,))
    x = fnn.Input((4,))
    model = fnn.Model(x, nn.Dense(3, "softmax")(base(x)))
    trainer = fnn.Trainer(model, "cross_entropy", fnn.optim.SGD(0.5))
    rows, labels = np.random.default_rng(0).random((20, 4)), np.arange(20) % 3
    for layer in base.layers:
        layer.trainable = False
    before = model.theta.copy()
    trainer.fit((rows, labels), verbose=0)
    part = base.theta.size
    assert np.array_equal(model.theta[:part], before[:part])
    assert not np.array_equal(model.theta[part:], before[part:])
    for layer in base.layers:
        layer.trainable = True
    trainer.fit((rows, labels), verbose=0)
    assert not np.array_equal(model.theta[:part], before[:part])
