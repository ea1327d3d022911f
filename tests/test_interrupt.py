"""Ctrl-C in mid-run: nothing that was trained is forgotten, so a continued run is the straight one."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, optim
from fastnn.callbacks import Callback
from fastnn.data import Batches, Dataset
from fastnn.epoch import Epoch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

EPOCHS = 6


def some_data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 4000)
    return Dataset((rng.standard_normal((4000, 40)) + np.eye(4, 40)[y]).astype("f"), y)


def make(units=48):
    """A small network; with many units one whose single jobs are long enough to be broken off."""
    layers = [nn.Dense(units, "relu"), nn.Dropout(0.1), nn.Dense(4, "softmax")]
    model = fnn.Model(layers, input_shape=(40,), seed=3)
    return fnn.Trainer(model, optimizer=optim.Adam(0.002), metrics=["accuracy"], l2=1e-4)


def straight(data, units=48, batch_size=16):
    trainer = make(units)
    trainer.fit(data, EPOCHS, batch_size, verbose=0)
    return trainer


def press_after(seconds):
    """A real SIGINT from another thread; the list that is given back has an entry once it is sent.

    Nobody joins the thread: a join that a signal breaks off may leave it locked (Python 3.11).
    """
    sent = []

    def press():
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)
        sent.append(True)

    threading.Thread(target=press, daemon=True).start()
    return sent


def fit_through(trainer, data, pauses, between=lambda trainer: trainer, batch_size=16):
    """Train to the last epoch, pressing Ctrl-C after each pause; the trainer and its stops."""
    stops = 0
    for pause in pauses:
        if trainer.epoch == EPOCHS:
            break
        try:
            sent = press_after(pause)
            trainer.fit(data, EPOCHS - trainer.epoch, batch_size, verbose=0)
            while not sent:
                time.sleep(0.001)
            time.sleep(0.001)
        except KeyboardInterrupt:
            stops += 1
            trainer = between(trainer)
    if trainer.epoch < EPOCHS:
        trainer.fit(data, EPOCHS - trainer.epoch, batch_size, verbose=0)
    return trainer, stops


def assert_same(trainer, expected):
    assert trainer.steps == expected.steps and trainer.epoch == expected.epoch
    assert trainer.model.theta.tobytes() == expected.model.theta.tobytes()
    for name in ("loss", "accuracy", "lr"):
        assert trainer.history[name] == expected.history[name]


PAUSES = [0.011, 0.003, 0.027, 0.016, 0.041, 0.007]


@pytest.mark.parametrize(("units", "batch_size", "slower"), [(48, 16, 1), (3000, 1000, 3)])
def test_a_run_stopped_by_ctrl_c_and_continued_equals_the_straight_one(units, batch_size, slower):
    data = some_data()
    pauses = [slower * pause for pause in PAUSES]
    trainer, stops = fit_through(make(units), data, pauses, batch_size=batch_size)
    assert stops
    assert_same(trainer, straight(data, units, batch_size))


def test_a_run_stopped_by_ctrl_c_saved_and_resumed_equals_the_straight_one(tmp_path):
    def reopened(trainer):
        trainer.save(tmp_path / "run.ckpt")
        return fnn.Trainer.resume(tmp_path / "run.ckpt")

    data = some_data()
    trainer, stops = fit_through(make(), data, PAUSES, reopened)
    assert stops
    assert_same(trainer, straight(data))


def test_a_run_over_batches_stopped_by_ctrl_c_and_continued_equals_the_straight_one():
    data = some_data()
    batches = lambda: Batches(data, 16, drop_last=True, dtype="float32")  # noqa: E731
    expected = make()
    expected.fit(batches(), EPOCHS, verbose=0)
    trainer, stops = fit_through(make(), batches(), PAUSES)
    assert stops
    assert_same(trainer, expected)


def test_a_signal_that_the_core_did_not_hear_loses_nothing(monkeypatch):
    """The signal comes when a stretch is done, before Python has its result in hand."""
    data = some_data()
    trainer = make()
    trainer.gradient(data.x[:1], data.y[:1])
    core = trainer._objective.core

    class Late:
        optimizer_states = core.optimizer_states
        step_counter = property(lambda self: core.step_counter)
        calls = 0

        def run(self, *arguments):
            done = core.run(*arguments)
            self.calls += 1
            if self.calls % 2:
                results = trainer._under_way._done
                # What `extend` does with the result, and a signal right behind it.
                results.append(done)
                raise KeyboardInterrupt
            return done

    monkeypatch.setattr(trainer._objective, "core", Late())
    for _ in range(100):
        if trainer.epoch == EPOCHS:
            break
        try:
            trainer.fit(data, EPOCHS - trainer.epoch, 16, verbose=0)
        except KeyboardInterrupt:
            continue
    assert_same(trainer, straight(data))


@pytest.mark.parametrize("every", [7, 25])  # the epoch has 250 steps: at its end too
def test_a_callback_whose_turn_ctrl_c_came_before_is_called_once_the_fit_goes_on(
    monkeypatch, every
):
    class Spy(Callback):
        def on_step(self, trainer, logs):
            seen.append(trainer.steps)
            losses.append(logs["loss"])

    def trained(pressed):
        def settle(epoch):
            had = bool(epoch._done)
            counts(epoch)
            if had:
                presses.append(True)
                if pressed and len(presses) % 2:
                    raise KeyboardInterrupt

        presses, counts = [], Epoch.settle
        seen.clear()
        losses.clear()
        spy, trainer = Spy(), make()
        spy.every = every
        with monkeypatch.context() as patch:
            patch.setattr(Epoch, "settle", settle)
            while trainer.epoch < EPOCHS:
                with suppress(KeyboardInterrupt):
                    trainer.fit(data, EPOCHS - trainer.epoch, 16, callbacks=[spy], verbose=0)
        assert seen == [*range(every, trainer.steps + 1, every)]
        return trainer, losses.copy()

    data, seen, losses = some_data(), [], []
    expected, told = trained(False)
    trainer, told_late = trained(True)
    assert told_late == told
    assert_same(trainer, expected)


def test_an_epoch_recorded_but_not_yet_counted_is_recorded_once(monkeypatch):
    data = some_data()
    trainer, record = make(), fnn.history.History.record

    def and_press(history, *arguments):
        record(history, *arguments)
        if history.epochs == 2:
            monkeypatch.undo()
            raise KeyboardInterrupt

    monkeypatch.setattr(fnn.history.History, "record", and_press)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(data, EPOCHS, 16, verbose=0)
    assert (trainer.epoch, trainer.history.epochs) == (1, 2)
    trainer.fit(data, EPOCHS - trainer.epoch, 16, verbose=0)
    expected = straight(data)
    assert trainer.history["loss"] == expected.history["loss"]
    assert np.array_equal(trainer.model.theta, expected.model.theta)


def test_an_error_that_the_core_hands_over_is_raised_behind_its_progress(monkeypatch):
    data = some_data()
    trainer = make()
    trainer.gradient(data.x[:1], data.y[:1])
    core = trainer._objective.core

    class Breaks:
        step_counter = property(lambda self: core.step_counter)

        def run(self, feeds, order, batch, rates, seconds, sums):
            done = core.run(feeds, order[: 3 * batch], batch, rates, seconds, sums)
            return done | {"stop": "error", "error": ZeroDivisionError("in an op")}

    with monkeypatch.context() as patch:
        patch.setattr(trainer._objective, "core", Breaks())
        with pytest.raises(ZeroDivisionError, match="in an op"):
            trainer.fit(data, 1, 16, verbose=0)
    assert trainer.steps == 3 and trainer.progress()["position"] == 48
    trainer.fit(data, EPOCHS, 16, verbose=0)
    assert_same(trainer, straight(data))


@pytest.mark.parametrize("stream", [False, True])
def test_a_run_that_an_op_of_ones_own_broke_off_goes_on_where_it_was(stream):
    data = some_data()[:200]
    source = Batches(data, 16, drop_last=True, dtype="float32") if stream else data
    calls = []

    def forward(x):
        calls.append(True)
        if len(calls) in fails:
            raise ZeroDivisionError("mine")
        return 2 * x

    def trained(*at):
        fails[:] = at
        calls.clear()
        layers = [
            nn.Dense(8),
            nn.Function(forward, lambda dy, y, x: 2 * dy),
            nn.Dense(4, "softmax"),
        ]
        trainer = fnn.Trainer(fnn.Model(layers, input_shape=(40,)), metrics=["accuracy"])
        for _ in at:
            with pytest.raises(ZeroDivisionError, match="mine"):
                trainer.fit(source, 3 - trainer.epoch, 16, verbose=0)
        trainer.fit(source, 3 - trainer.epoch, 16, verbose=0)
        return trainer

    fails = []
    assert_same(trained(1, 4, 5, 20, 33), trained())
