"""Activations fused into a dense layer are the ops of the same name, bit for bit."""

import numpy as np
import pytest

from fastnn import _core
from laws import ISAS, using

# (op, number in enum Activation, the op's parameter, its value)
FUSED = [
    ("sigmoid", 1, None, 0.0),
    ("tanh", 2, None, 0.0),
    ("relu", 3, None, 0.0),
    ("leaky_relu", 4, "negative_slope", 0.2),
    ("elu", 5, "alpha", 0.7),
    ("selu", 6, None, 0.0),
    ("softplus", 7, "beta", 1.5),
    ("hard_sigmoid", 8, None, 0.0),
    ("step", 9, None, 0.0),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("op", "number", "parameter", "alpha"), FUSED)
def test_dense_layer_with_activation_is_layer_then_op(op, number, parameter, alpha, dtype):
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(s).astype(dtype) for s in ((9, 5), (17, 5), (17,)))
    dy = rng.standard_normal((9, 17)).astype(dtype)
    attrs = {parameter: alpha} if parameter else {}
    for isa in ISAS:
        with using(isa):
            (z,) = _core.call("linear", [x, w, b], {})
            (y,) = _core.call(op, [z], attrs)
            fused = {"activation": number, "alpha": alpha}
            (together,) = _core.call("linear", [x, w, b], fused)
            np.testing.assert_array_equal(together, y)
            (dz,) = _core.vjp(op, [z], attrs, [dy])
            apart = _core.vjp("linear", [x, w, b], {}, [dz])
            for a, b_ in zip(apart, _core.vjp("linear", [x, w, b], fused, [dy]), strict=True):
                np.testing.assert_array_equal(a, b_)
