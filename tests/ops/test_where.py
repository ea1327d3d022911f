"""Choice with broadcasting."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_op, check_same_bits, using
from oracle import check_gradient

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kind", ["i8", "u1"])
@pytest.mark.parametrize(
    ("c", "a", "b"),
    [
        ((), (), ()),
        ((17,), (17,), (17,)),
        ((9, 33), (33,), ()),
        ((9, 1), (9, 8), (1, 8)),
        ((1, 7), (5, 1), (5, 1)),
        ((2, 1, 5), (3, 1), (4, 1, 1, 1)),
        ((1200,), (1200,), (1,)),
        ((0, 3), (3,), ()),
    ],
)
def test_where_broadcasts(c, a, b, kind):
    c = RNG.integers(0, 2, c).astype(kind)
    a, b = RNG.standard_normal(a), RNG.standard_normal(b)
    check_op("where", [c, a, b], {}, np.where(c, a, b), gradient=np.size(c) < 1000)


def test_where_real_condition_has_no_gradient():
    c, a, b = np.array([0.0, 2.0, np.nan]), np.arange(3.0), -np.arange(3.0)
    for isa in ISAS:
        with using(isa):
            np.testing.assert_array_equal(_core.call("where", [c, a, b], {})[0], [0, 1, 2])
            grads = _core.vjp("where", [c, a, b], {}, [np.ones(3)])
            np.testing.assert_array_equal(grads, [[0, 0, 0], [0, 1, 1], [1, 0, 0]])
            check_gradient("where", [np.array([0.0, 2.0, 1.0]), a, b])


def test_where_hides_what_is_not_chosen():
    assert fnn.ops.where([True, False], [1.0, np.nan], [np.nan, 2.0]).tolist() == [1, 2]


@pytest.mark.parametrize("b", [(300, 1001), (1001,), (300, 1), ()])
def test_where_same_bits_for_any_thread_count(b):
    c, a = RNG.integers(0, 2, (300, 1001)), RNG.standard_normal((300, 1001)).astype("f4")
    check_same_bits("where", [c, a, RNG.standard_normal(b).astype("f4")], {})


def test_where_errors():
    with pytest.raises(ValueError) as raised:
        fnn.ops.where([True, False], np.zeros(3), np.zeros(3))
    assert str(raised.value) == (
        "where: a or b and cond must have shapes that broadcast (equal axes, or 1, from the "
        "right), got (3,) and (2,)"
    )
