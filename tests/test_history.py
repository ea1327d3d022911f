"""History: one number per epoch and quantity, whenever a quantity comes."""

from __future__ import annotations

import numpy as np
import pytest

from fastnn.history import History


def test_quantities_that_come_and_go_are_nan_elsewhere():
    history = History()
    history.record({"loss": 3.0})
    history.record({"loss": 2.0})
    history.amend({"val_loss": 2.5})
    history.record({"loss": 1.0})
    assert history.epochs == 3
    np.testing.assert_array_equal(history["loss"], [3, 2, 1])
    np.testing.assert_array_equal(history["val_loss"], [np.nan, 2.5, np.nan])
    history.amend({"val_loss": 1.5})
    np.testing.assert_array_equal(history["val_loss"], [np.nan, 2.5, 1.5])
    assert history.best("val_loss") == 1.5


def test_the_best_of_nothing():
    cases = {
        "name must be one of loss, val_loss, got 'foo'": (
            History(loss=[1.0], val_loss=[2.0]),
            "foo",
        ),
        "name must be one of none, before an epoch, got 'loss'": (History(), "loss"),
        "name must have a number in some epoch, got 'loss' with NaN in all": (
            History(loss=[np.nan, np.nan]),
            "loss",
        ),
    }
    for text, (history, name) in cases.items():
        with pytest.raises(ValueError) as error:
            history.best(name)
        assert str(error.value) == f"History.best: {text}"
    assert History(accuracy=[np.nan, 0.5, 0.25]).best("accuracy") == 0.5
