"""Callbacks: when they are called, what early stopping restores, and errors in full."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import callbacks, nn, optim
from fastnn.data import Dataset

FIELDS = (
    "ModelCheckpoint: path must hold epoch and quantities of the fit as str.format takes them, of loss, "
    "lr, seconds, got '{}' with {}"
)


def blobs(n=100, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return Dataset((rng.standard_normal((n, 6)) + np.eye(3, 6)[y]).astype("f"), y)


def trainer(lr=0.1):
    model = fnn.Model([nn.Dense(8, "relu"), nn.Dense(3, "softmax")], input_shape=(6,))
    return fnn.Trainer(model, optimizer=optim.SGD(lr, momentum=0.9))


class Scripted(callbacks.Callback):
    """Makes the watched quantity what the test says, ahead of the others."""

    quantities = ("val_loss",)

    def __init__(self, *values):
        self.values = list(values)

    def on_epoch_end(self, trainer, logs):
        logs["val_loss"] = self.values.pop(0)


class Raises(callbacks.Callback):
    def __init__(self, epoch, error=KeyboardInterrupt):
        self.epoch, self.error = epoch, error

    def on_epoch_end(self, trainer, logs):
        if trainer.epoch == self.epoch:
            raise self.error


class Ends(callbacks.Callback):
    """Remembers that it was told the end, and may raise there."""

    def __init__(self, seen, name, error=None):
        self.seen, self.name, self.error = seen, name, error

    def on_fit_end(self, trainer):
        self.seen.append((self.name, trainer.completed))
        if self.error:
            raise self.error


@pytest.mark.parametrize(
    ("act", "kind", "text"),
    [
        (lambda: trainer().fit(blobs(), callbacks=[callbacks.Checkpoint("a", every=-1)]), ValueError,
         "Checkpoint: every must be an integer >= 0, got -1"),
        (lambda: trainer().fit(blobs(), callbacks=[callbacks.LambdaCallback(on_step=print, every=0.5)]),
         TypeError, "LambdaCallback: every must be an integer >= 0, got 0.5"),
        (lambda: callbacks.EarlyStopping(min_delta=float("nan")), ValueError,
         "EarlyStopping: min_delta must be a finite number, got nan"),
        (lambda: callbacks.EarlyStopping(min_delta="a"), TypeError,
         "EarlyStopping: min_delta must be a finite number, got 'a'"),
        (lambda: callbacks.ModelCheckpoint("{.fnn"), ValueError,
         "ModelCheckpoint: path must be a text for str.format, got '{.fnn' (expected '}' before end "
         "of string)"),
        (lambda: trainer().fit(blobs(), callbacks=[callbacks.ModelCheckpoint("{foo}.fnn")]), ValueError,
         FIELDS.format(
             "{foo}.fnn", "'foo'; a callback that adds it to the logs names it in its quantities")),
        (lambda: trainer().fit(blobs(), callbacks=[callbacks.ModelCheckpoint("{val_lr}")]), ValueError,
         FIELDS.format("{val_lr}", "'val_lr'; give fit validation data for the val_ quantities")),
        (lambda: trainer().fit(blobs(), callbacks=[callbacks.ModelCheckpoint("{loss:d}")]), ValueError,
         FIELDS.format("{loss:d}", "Unknown format code 'd' for object of type 'float'")),
        (lambda: callbacks.ModelCheckpoint(None), TypeError,
         "ModelCheckpoint: path must be a str or a path, got None"),
        (lambda: callbacks.EarlyStopping(patience="3"), TypeError,
         "EarlyStopping: patience must be an integer >= 0, got '3'"),
        (lambda: callbacks.EarlyStopping(patience=-1), ValueError,
         "EarlyStopping: patience must be an integer >= 0, got -1"),
        (lambda: callbacks.EarlyStopping(restore_best=1), TypeError,
         "EarlyStopping: restore_best must be True or False, got 1"),
        (lambda: trainer().fit(blobs(), callbacks=[callbacks.Checkpoint("no/run.ckpt")]),
         FileNotFoundError, "Checkpoint: path must name a file that can be written, got 'no/run.ckpt' "
         "with No such file or directory; make the folder first"),
        (lambda: trainer().fit(blobs(), verbose=0, callbacks=[callbacks.CSVLogger("no/log.csv")]),
         FileNotFoundError, "CSVLogger: path must name a file that can be written, got 'no/log.csv' "
         "with No such file or directory; make the folder first"),
        (lambda: trainer().fit(blobs(), verbose=0, callbacks=[callbacks.ModelCheckpoint("{val_loss}")]),
         ValueError,
         FIELDS.format("{val_loss}", "'val_loss'; give fit validation data for the val_ quantities")),
    ],
)  # fmt: skip
def test_wrong_arguments_are_told_before_training(act, kind, text):
    with pytest.raises(kind) as error:
        act()
    assert str(error.value) == text


def test_early_stopping_leaves_a_broken_off_run_where_it_was():
    straight = trainer()
    straight.fit(blobs(), 5, 16, verbose=0)
    t = trainer()
    stop = callbacks.EarlyStopping(patience=9)
    with pytest.raises(KeyboardInterrupt):
        t.fit(blobs(), 5, 16, callbacks=[Scripted(0.1, 0.2, 0.3), stop, Raises(3)], verbose=0)
    assert not t.completed
    t.fit(blobs(), 2, 16, verbose=0)
    assert t.completed
    assert t.model.theta.tobytes() == straight.model.theta.tobytes()


def test_early_stopping_restores_when_the_fit_ends_by_itself():
    best = trainer()
    best.fit(blobs(), 2, 16, verbose=0)
    for values, patience in (((0.3, 0.1, 0.2, 0.2), 1), ((0.3, 0.1, 0.2, 0.2), 9)):
        t = trainer()
        stop = callbacks.EarlyStopping(patience=patience)
        t.fit(blobs(), 4, 16, callbacks=[Scripted(*values), stop], verbose=0)
        assert t.epoch == 4
        assert t.model.theta.tobytes() == best.model.theta.tobytes()
    t = trainer()
    stop = callbacks.EarlyStopping(restore_best=False)
    t.fit(blobs(), 4, 16, callbacks=[Scripted(0.3, 0.1, 0.2, 0.2), stop], verbose=0)
    assert t.model.theta.tobytes() != best.model.theta.tobytes()


def test_early_stopping_begins_anew_with_each_fit():
    t = trainer()
    stop = callbacks.EarlyStopping(patience=1)
    t.fit(blobs(), 3, 16, callbacks=[Scripted(0.1, 0.2, 0.2), stop], verbose=0)
    assert t.stop and t.epoch == 3
    t.fit(blobs(), 3, 16, callbacks=[Scripted(0.9, 0.8, 0.7), stop], verbose=0)
    assert not t.stop and t.epoch == 6 and (stop.best, stop.waited) == (0.7, 0)


def test_every_callback_is_told_the_end():
    seen = []
    error = ValueError("first")
    ends = [Ends(seen, "a", error), Ends(seen, "b", ValueError("second")), Ends(seen, "c")]
    with pytest.raises(ValueError, match="first"):
        trainer().fit(blobs(), 1, callbacks=ends, verbose=0)
    assert seen == [("a", True), ("b", True), ("c", True)]


def test_what_ended_the_training_is_raised_before_what_a_callback_raises_then():
    seen = []
    error = ValueError("at the end")
    ends = [Raises(1), Ends(seen, "a", error), Ends(seen, "b")]
    with pytest.raises(KeyboardInterrupt) as raised:
        trainer().fit(blobs(), 2, callbacks=ends, verbose=0)
    assert seen == [("a", False), ("b", False)]
    assert raised.value.__cause__ is error


def test_who_was_told_the_begin_is_told_the_end():
    class Fails(Ends):
        def on_fit_begin(self, trainer):
            raise InterruptedError

    seen = []
    with pytest.raises(InterruptedError):
        trainer().fit(
            blobs(),
            1,
            callbacks=[Ends(seen, n) for n in "ab"] + [Fails(seen, "c"), Ends(seen, "d")],
        )
    assert seen == [("a", False), ("b", False), ("c", False)]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (3, "Trainer: callbacks must be a list of Callback, got 3"),
        ("stop", "Trainer: callbacks must be a list of Callback, got 'stop'"),
        ([3], "Trainer: callbacks must be a list of Callback, got 3 in it"),
        (
            [callbacks.EarlyStopping],
            "Trainer: callbacks must be a list of Callback, got "
            "<class 'fastnn.callbacks.EarlyStopping'> in it",
        ),
    ],
)
def test_callbacks_of_the_wrong_kind(given, text):
    with pytest.raises(TypeError) as error:
        trainer().fit(blobs(), 1, callbacks=given, verbose=0)
    assert str(error.value) == text


NONE = "lr, seconds, got 'val_loss'; give fit validation data for the val_ quantities"
TYPO = "lr, seconds, val_loss, got 'val_los'"


@pytest.mark.parametrize(
    ("make", "validation", "text"),
    [
        (lambda folder: callbacks.EarlyStopping(), None, f"EarlyStopping: monitor must be one of loss, {NONE}"),
        (lambda folder: callbacks.EarlyStopping("val_los"), blobs(20),
         f"EarlyStopping: monitor must be one of loss, {TYPO}"),
        (lambda folder: callbacks.ModelCheckpoint(folder / "m", save_best_only=True), None,
         f"ModelCheckpoint: monitor must be one of loss, {NONE}"),
        (lambda folder: callbacks.ModelCheckpoint(folder / "m", "val_los", save_best_only=True), blobs(20),
         f"ModelCheckpoint: monitor must be one of loss, {TYPO}"),
    ],
)  # fmt: skip
def test_what_will_not_be_in_the_logs_is_told_before_an_epoch_is_spent(
    make, validation, text, tmp_path
):
    t = trainer()
    with pytest.raises(ValueError) as error:
        t.fit(blobs(), 1, validation=validation, callbacks=[make(tmp_path)], verbose=0)
    assert str(error.value) == text
    assert t.steps == 0 and not any(tmp_path.iterdir())


def test_the_trainer_knows_the_quantities_of_the_fit_under_way(tmp_path):
    class Adds(callbacks.Callback):
        quantities = ("f1", "val_loss")

        def on_fit_begin(self, trainer):
            assert trainer.quantities == ["loss", "lr", "seconds", "val_loss", "f1"]

        def on_epoch_end(self, trainer, logs):
            logs["f1"] = 0.5

    t = trainer()
    best = callbacks.ModelCheckpoint(tmp_path / "{f1}-{val_loss:.0f}", "f1", save_best_only=True)
    t.fit(blobs(), 2, validation=blobs(20), callbacks=[Adds(), best], verbose=0)
    assert [path.name[:4] for path in tmp_path.iterdir()] == ["0.5-"]
    assert t.quantities == ["loss", "lr", "seconds"]


def test_a_list_of_the_users_own_may_be_shorter_than_the_others(tmp_path):
    class Own(callbacks.Callback):
        def on_epoch_end(self, trainer, logs):
            trainer.history.setdefault("own", []).append(trainer.epoch)

    t = trainer()
    t.fit(blobs(), 2, 16, verbose=0)
    path = tmp_path / "log.csv"
    t.fit(blobs(), 1, 16, verbose=0, callbacks=[Own(), callbacks.CSVLogger(path)])
    lines = path.read_text().splitlines()
    assert lines[0].endswith(",own") and lines[1].endswith(",3") and lines[3].endswith(",")


@pytest.mark.parametrize("names", ["f1", None, (3,), {"f1"}])
def test_quantities_of_a_callback_are_names(names):
    class Adds(callbacks.Callback):
        quantities = names

    with pytest.raises(TypeError) as error:
        trainer().fit(blobs(), verbose=0, callbacks=[Adds()])
    assert str(error.value) == f"Adds: quantities must be a list of str, got {names!r}"
