"""History: one number per epoch and quantity, whenever a quantity comes."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import losses
from fastnn.callbacks import EarlyStopping
from fastnn.history import History, falls
from fastnn.plot.panels import panels_of


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


def test_an_epoch_costs_no_copy_of_those_before():
    history = History(loss=[1.0], val_loss=[2.0])
    lists = dict(history)
    history.record({"loss": 0.5})
    history.amend({"val_loss": 1.5})
    assert all(history[name] is values for name, values in lists.items())
    assert history == {"loss": [1.0, 0.5], "val_loss": [2.0, 1.5]}


@pytest.mark.parametrize("act", [History.record, History.amend])
def test_a_number_that_is_none_leaves_the_history_as_it_was(act):
    history = History(loss=[1.0], accuracy=[0.5])
    with pytest.raises(ValueError, match="could not convert"):
        act(history, {"loss": 2.0, "accuracy": "much"})
    assert history == {"loss": [1.0], "accuracy": [0.5]}


@pytest.mark.parametrize("act", [History.record, History.amend])
def test_a_list_under_two_names_is_two_lists_behind_them(act):
    history = History(loss=[1.0, 0.5])
    history["best"] = history["loss"]
    act(history, {"best": 0.25})
    epochs = 3 if act is History.record else 2
    assert {len(values) for values in history.values()} == {epochs}
    np.testing.assert_array_equal(history["loss"], [1.0, 0.5, np.nan][:epochs])
    np.testing.assert_array_equal(history["best"][-1], 0.25)


def test_histories_made_by_hand():
    history = History(loss=(1.0, 0.5), accuracy=[0.25])  # a tuple, and a list too short
    history.record({"loss": 0.25, "accuracy": 0.75})
    np.testing.assert_array_equal(history["loss"], [1, 0.5, 0.25])
    np.testing.assert_array_equal(history["accuracy"], [0.25, np.nan, 0.75])
    empty = History(loss=[])
    empty.amend({"loss": 3.0})
    assert empty == {"loss": [3.0]}


def test_what_was_taken_between_two_fits_does_not_grow():
    model = fnn.Model([fnn.nn.Dense(1)], input_shape=(1,))
    trainer = fnn.Trainer(model, "mse")
    data = ([[1.0]], [[2.0]])
    history = trainer.fit(data, 2, validation=data, verbose=0)
    taken, losses = dict(history), history["loss"]
    assert trainer.fit(data, 3, validation=data, verbose=0) is history
    assert {len(values) for values in taken.values()} == {2} and len(losses) == 2
    assert {len(values) for values in history.values()} == {5}
    assert history["loss"][:2] == losses


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


@pytest.mark.parametrize("name", losses.METRICS)
def test_costs_fall_and_accuracies_rise_wherever_the_best_is_sought(name):
    small = name in losses.NAMES
    history = History()
    for value in (2.0, 1.0, 3.0):
        history.record({name: value})
        history.amend({f"val_{name}": value})
    assert falls(name) == falls(f"val_{name}") == small
    assert history.best(name) == history.best(f"val_{name}") == (1.0 if small else 3.0)
    assert panels_of(history, "test")[0].best() == ((2, 1.0) if small else (3, 3.0))
    stop = EarlyStopping(monitor=f"val_{name}")
    assert [stop.improved({f"val_{name}": v}) for v in (2.0, 1.0, 3.0)] == [True, small, not small]
