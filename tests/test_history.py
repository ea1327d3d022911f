"""History: one number per epoch and quantity, whenever a quantity comes."""

from __future__ import annotations

import numpy as np

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
