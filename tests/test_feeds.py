"""Inputs by order and by name, from arrays and data sets; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops

A, B = np.array([[1.0], [2.0]], "f"), np.array([[10.0], [20.0]], "f")


def difference():
    a, b = fnn.Input((1,), name="a"), fnn.Input((1,), name="b")
    return fnn.Model([a, b], a - b)


@pytest.mark.parametrize(
    "x",
    [
        (A, B),
        [A, B],
        {"a": A, "b": B},
        {"b": B, "a": A},
        fnn.Dataset((A, B)),
        fnn.Dataset({"a": A, "b": B}),
        fnn.Dataset({"b": B, "a": A}),
        fnn.Dataset({"b": B, "a": A})[::-1][::-1],
    ],
    ids=range(8),
)
def test_names_decide_where_there_are_names(x):
    assert difference().predict(x).tolist() == [[-9.0], [-18.0]]


def test_training_goes_by_name_too():
    thetas = []
    for x in ((A, B), {"b": B, "a": A}):
        for data in ((x, A), [(x, A)], fnn.Dataset(x, A)):
            a, b = fnn.Input((1,), name="a"), fnn.Input((1,), name="b")
            model = fnn.Model([a, b], nn.Dense(1)(nn.Concatenate()(a, b)))
            fnn.Trainer(model, "quadratic", fnn.optim.SGD(0.01)).fit(data, 2, 2, verbose=0)
            thetas.append(model.theta)
    assert all(np.array_equal(t, thetas[0]) for t in thetas)


def test_names_of_inputs_and_outputs():
    x = fnn.Input((3,), name="samples")
    h = nn.Dense(2, "tanh", name="hidden")(x)
    model = fnn.Model(x, [nn.Dense(2)(h), h, ops.exp(h), x])
    assert model.input_names == ["samples"]
    assert model.output_names == ["dense1", "hidden", "exp", "samples"]


def one():
    return fnn.Model([nn.Dense(1)], input_shape=(1,))


def twins():
    a, b = fnn.Input((1,)), fnn.Input((1,))
    return fnn.Model([a, b], a - b)


ERRORS = [
    (lambda: difference().predict({"a": A, "c": B}), ValueError,
     "Model.predict: x must be a dict with the model's names a, b, got a, c"),
    (lambda: difference().predict({"a": A}), ValueError,
     "Model.predict: x must be a dict with the model's names a, b, got a"),
    (lambda: difference().predict({"a": A, "b": B, "c": B}), ValueError,
     "Model.predict: x must be a dict with the model's names a, b, got a, b, c"),
    (lambda: difference().predict({}), ValueError,
     "Model.predict: x must be a dict with the model's names a, b, got none"),
    (lambda: difference().predict(fnn.Dataset({"a": A, "c": B})), ValueError,
     "Model.predict: x must be a dict with the model's names a, b, got a, c"),
    (lambda: one().predict({"x": A, "y": A}), ValueError,
     "Model.predict: x must be a dict with the model's names x, got x, y"),
    (lambda: twins().predict({"x": A}), ValueError,
     "Model.predict: x must be a tuple, because the model has the name 'x' twice, got a dict; give "
     "its inputs and last layers different names"),
    (lambda: difference().predict((A,)), ValueError,
     "Model.predict: x must be 2 arrays as the model has inputs, got 1"),
    (lambda: difference().predict(fnn.Dataset((A, B, B))), ValueError,
     "Model.predict: x must be 2 arrays as the model has inputs, got 3"),
    (lambda: difference().predict((A, B[:1])), ValueError,
     "Model.predict: x must have as many rows in each input, got [1, 2]"),
    (lambda: one().predict([[1], [1, 2]]), ValueError,
     "Model.predict: x must have rows of one length, got rows of several"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_errors_in_full(act, kind, text):
    with pytest.raises(kind) as error:
        act()
    assert str(error.value) == text


def test_one_input_may_have_any_name():
    assert np.array_equal(one().predict({"image": A}), one().predict(A))


@pytest.mark.parametrize("dtype", ["float32", "uint8", "float64"])
@pytest.mark.parametrize("width", [1, 17, 784])
def test_rows_beyond_the_caches_are_those_of_single_steps(dtype, width, tmp_path):
    """Training asks for the rows of the next batch in advance: to the last, short one, and no further."""
    count = 800_000 // width  # beyond what a core's cache holds
    x = np.random.default_rng(0).integers(0, 3, (count, width)).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")  # what lies behind it is nobody's
    y = x[:, :1].astype("f4")
    few = np.r_[count - 3 : count, 0:29]  # the last row first
    thetas = []
    for stepwise in (False, True):
        model = fnn.Model([nn.Dense(5, "tanh"), nn.Dense(1)], input_shape=(width,), seed=2)
        trainer = fnn.Trainer(model, "quadratic", fnn.optim.SGD(0.01))
        data = fnn.Dataset(x, y)[few]
        if stepwise:
            for at in range(0, len(few), 7):
                trainer.step(x[few[at : at + 7]].astype("f4"), y[few[at : at + 7]])
        else:
            trainer.fit(data, 1, 7, shuffle=False, verbose=0)
        thetas.append(model.theta.copy())
    np.testing.assert_array_equal(*thetas)


def test_integers_that_int64_does_not_hold_do_not_wrap():
    words = np.array([[2**64 - 1]], "u8")
    x = fnn.Input((1,), "int64", name="x")
    lookup = fnn.Model(x, ops.embedding(x, np.eye(2)))
    with pytest.raises(ValueError) as error:
        lookup.predict(words.astype(">u8"))
    assert str(error.value) == "Model.predict: x must be below 2**63, got 18446744073709551615"
    assert one().predict(words).shape == (1, 1)  # a real input takes them as numbers
    trainer = fnn.Trainer(fnn.Model([nn.Dense(2, "softmax")], input_shape=(1,)))
    for name in ("step", "gradient"):
        with pytest.raises(ValueError) as error:
            getattr(trainer, name)(A[:1], np.array([2**63], "u8"))
        assert str(error.value) == f"Trainer.{name}: y must be below 2**63, got {2**63}"
