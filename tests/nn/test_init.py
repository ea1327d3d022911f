"""Initial values: the same however they are drawn in pieces, and the errors of their settings."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn.nn import init

SHAPE = (5, 3, 2)  # 30 values


def draws(seed=3):
    whole = {
        "uniform": fnn._core.random_uniform(seed, 0, 0, 64),
        "normal": fnn._core.random_normal(seed, 0, 1, 64),
    }
    return [
        lambda n, first=0, values=values: values[first : first + n] for values in whole.values()
    ]


def filled(given, dtype="float32", shape=SHAPE):
    values = np.full(shape, 9.0, dtype)
    init.fill(values, given, *draws(), "here")
    return values


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [n for n in init.NAMES if n not in ("zeros", "ones")])
def test_pieces_make_the_whole(name, dtype, monkeypatch):
    whole = filled(name, dtype)
    for piece in (1, 7, 29, 30):
        monkeypatch.setattr(init, "_PIECE", piece)
        np.testing.assert_array_equal(filled(name, dtype), whole)
    assert np.unique(whole).size == whole.size


def test_distributions():
    uniform, normal = draws()
    np.testing.assert_array_equal(
        filled(init.Uniform(0.5), "float64").ravel(), (2 * uniform(30) - 1) * 0.5
    )
    np.testing.assert_array_equal(filled(init.Normal(0.5), "float64").ravel(), normal(30) * 0.5)
    he = filled("he_normal", "float64").ravel()  # 6 inputs
    np.testing.assert_allclose(he, normal(30) * np.sqrt(2 / 6), rtol=1e-15)
    nielsen_bias = filled("nielsen", "float64", (7,))
    np.testing.assert_array_equal(nielsen_bias, normal(7))


def test_values_as_they_are():
    assert (
        (filled("zeros") == 0).all() and (filled("ones") == 1).all() and (filled(2.5) == 2.5).all()
    )
    given = np.arange(30.0).reshape(SHAPE)
    np.testing.assert_array_equal(filled(given), given)
    drawn = filled(lambda shape, u, n: u(30).reshape(shape) + 1, "float64")
    np.testing.assert_array_equal(drawn.ravel(), draws()[0](30) + 1)
    assert filled("ones", shape=(0, 4)).shape == (0, 4)


def test_orthogonal():
    flat = filled("orthogonal", "float64").reshape(5, 6)
    np.testing.assert_allclose(flat @ flat.T, np.eye(5), atol=1e-12)


def test_a_model_draws_what_one_call_would():
    model = fnn.Model([fnn.nn.Dense(300, init=init.Normal(0.1))], input_shape=(400,), seed=5)
    whole = fnn._core.random_normal(5, 0, 1, 120_000) * 0.1
    np.testing.assert_array_equal(
        model.parameters["dense1.weight"].ravel(), whole.astype(np.float32)
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: init.Normal(-1), "Normal: std must be a finite number >= 0, got -1"),
        (
            lambda: init.Uniform(float("inf")),
            "Uniform: limit must be a finite number >= 0, got inf",
        ),
        (lambda: filled("he"), "here: init must be one of " + ", ".join(init.NAMES) + ", got 'he'"),
        (lambda: filled(np.zeros((2, 2))), "here: init must have shape (5, 3, 2), got (2, 2)"),
        (
            lambda: filled(lambda shape, u, n: np.zeros(3)),
            "here: init must have shape (5, 3, 2), got (3,)",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
