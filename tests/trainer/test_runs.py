"""Runs that are cut: resumed, interrupted, watched by callbacks, shared by threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import fastnn as fnn
from fastnn import callbacks, nn, optim
from fastnn.data import Dataset
from fastnn.history import History
from runs import D, blobs, net, trainer


class StopAt(callbacks.Callback):
    """Breaks off in the middle of an epoch, as a crash would."""

    def __init__(self, step, path):
        self.every, self.at, self.path = 1, step, path

    def on_step(self, trainer, logs):
        if trainer.steps == self.at:
            trainer.save(self.path)
            raise InterruptedError


@pytest.mark.parametrize("at", [1, 5, 13, 14, 20])
def test_resumed_run_equals_the_uninterrupted_one_bit_for_bit(at, tmp_path):
    data, epochs = blobs(100), 4
    make = lambda: trainer(optimizer=optim.SGD(fnn.schedules.Cosine(0.2, 28), momentum=0.9))  # noqa: E731
    straight = make()
    straight.fit(data, epochs, 16, validation=blobs(seed=1), verbose=0)
    broken = make()
    with pytest.raises(InterruptedError):
        broken.fit(data, epochs, 16, validation=blobs(seed=1), verbose=0,
                   callbacks=[StopAt(at, tmp_path / "run.ckpt")])  # fmt: skip
    resumed = fnn.Trainer.resume(tmp_path / "run.ckpt")
    resumed.fit(data, epochs - resumed.epoch, 16, validation=blobs(seed=1), verbose=0)
    assert np.array_equal(straight.model.theta, resumed.model.theta)
    assert resumed.steps == straight.steps == 28
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "lr"):
        assert resumed.history[name] == straight.history[name]


@pytest.mark.parametrize("used", [False, True])
def test_restore_goes_on_from_copies_also_on_a_trainer_that_has_stepped(used):
    data = blobs(100)
    straight, t = trainer(), trainer()
    straight.fit(data, 1, 16, verbose=0)
    if used:
        t.fit(data, 3, 16, verbose=0)
    t.model.theta = straight.model.theta
    t.restore(straight.progress(), straight.history, straight.optimizer_states())
    assert t.steps == straight.steps == 7
    straight.fit(data, 1, 16, verbose=0)  # changes nothing of what was given
    t.fit(data, 1, 16, verbose=0)
    assert (t.steps, t.epoch, straight.history.epochs) == (14, 2, 2)
    assert np.array_equal(t.model.theta, straight.model.theta)
    assert t.history["loss"] == straight.history["loss"]


def test_restore_without_vectors_begins_with_zeros():
    t, new = trainer(), trainer()
    t.fit(D, 1, verbose=0)
    new.model.theta = t.model.theta
    start = new.progress()
    t.restore(start, History(), [])
    assert t.step(D.x, D.y) == new.step(D.x, D.y)
    assert np.array_equal(t.model.theta, new.model.theta)


def test_a_trainer_is_not_restored_during_a_fit():
    t = trainer()
    start = t.progress()
    back = callbacks.LambdaCallback(on_epoch_end=lambda t, logs: t.restore(start, t.history, []))
    with pytest.raises(RuntimeError) as error:
        t.fit(D, verbose=0, callbacks=[back])
    assert str(error.value) == ("Trainer.restore: no fit must be under way, got a call during one")


def test_second_fit_continues():
    a, b = trainer(), trainer()
    a.fit(blobs(), 4, 32, verbose=0)
    b.fit(blobs(), 2, 32, verbose=0)
    b.fit(blobs(), 2, 32, verbose=0)
    assert np.array_equal(a.model.theta, b.model.theta)
    assert b.history.epochs == 4


def test_early_stopping_restores_the_best():
    stop = callbacks.EarlyStopping("val_loss", patience=2)
    t = fnn.Trainer(net(), optimizer=optim.SGD(3.0))
    history = t.fit(blobs(), 50, 16, validation=blobs(seed=1), callbacks=[stop], verbose=0)
    assert history.epochs < 50
    assert t.evaluate(blobs(seed=1))["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-6)


def test_callbacks_in_order_and_every_so_many_steps(tmp_path):
    seen = []

    class Spy(callbacks.Callback):
        every = 3

        def on_fit_begin(self, trainer):
            seen.append("begin")

        def on_step(self, trainer, logs):
            seen.append(trainer.steps)

        def on_epoch_end(self, trainer, logs):
            seen.append(f"epoch {trainer.epoch}")

        def on_fit_end(self, trainer):
            seen.append("end")

    log = callbacks.CSVLogger(tmp_path / "log.csv")
    best = callbacks.ModelCheckpoint(str(tmp_path / "m{epoch}.fnn"))
    trainer().fit(blobs(100), 2, 20, callbacks=[Spy(), log, best], verbose=0)
    assert seen == ["begin", 3, "epoch 1", 6, 9, "epoch 2", "end"]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3
    assert (tmp_path / "m1.fnn").exists() and (tmp_path / "m2.fnn").exists()


def test_ctrl_c_keeps_model_and_history():
    data = Dataset(np.random.default_rng(0).standard_normal((4000, 300)).astype("f"),
                   np.random.default_rng(1).integers(0, 10, 4000))  # fmt: skip
    t = fnn.Trainer(fnn.Model([nn.Dense(512, "relu"), nn.Dense(10, "softmax")], input_shape=(300,)))
    t.fit(data, 1, 64, verbose=0)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        t.fit(data, 100000, 64, verbose=0)
    timer.join()
    assert t.history.epochs == t.epoch >= 1
    assert np.isfinite(t.model.theta).all()
    t.fit(data, 1, 64, verbose=0)


def test_a_fit_inside_a_fit_is_refused_and_leaves_the_trainer_usable():
    t = trainer()
    inside = fnn.callbacks.LambdaCallback(on_epoch_end=lambda t, logs: t.fit(D, verbose=0))
    with pytest.raises(RuntimeError) as error:
        t.fit(D, verbose=0, callbacks=[inside])
    assert str(error.value) == (
        "Trainer.fit: a trainer must be fitted by one call at a time, got another from a callback or "
        "a thread; a callback may use Trainer.step"
    )
    assert t.fit(D, 2, verbose=0).epochs == 3


def test_a_daemon_thread_in_the_core_does_not_disturb_the_end_of_the_process():
    code = """
import threading, time, numpy as np, fastnn as fnn
t = fnn.Trainer(fnn.Model([fnn.nn.Dense(64, "relu"), fnn.nn.Dense(10, "softmax")], input_shape=(512,)))
x, y = np.ones((2000, 512), "f"), np.zeros(2000, int)
t.step(x[:8], y[:8])
fit = lambda: t.fit((x, y), epochs=10**6, batch_size=256, verbose=0)
threading.Thread(target=fit, daemon=True).start()
time.sleep(0.3)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_leaves_no_half_done_update():
    """Adam over 16 million parameters takes long enough to be interrupted: all are updated or none."""
    layer = fnn.nn.Dense(4000, init="zeros", use_bias=False)
    t = fnn.Trainer(fnn.Model([layer], input_shape=(4000,)), "quadratic", optim.Adam(0.01))
    x, y = np.ones((1, 4000), "f"), np.ones((1, 4000), "f")
    t.step(x, y)
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            t.step(x, y)
    timer.join()
    assert np.unique(t.model.theta).size == 1


def test_one_trainer_in_several_threads_takes_turns():
    t = trainer()
    data = blobs(64)
    threads = [
        threading.Thread(target=lambda: [t.step(data.x, data.y) for _ in range(50)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.isfinite(t.model.theta).all()
    assert t._objective.core.step_counter == 150


def test_many_batch_sizes_keep_few_plans():
    """Each batch size compiles a plan; only the last eight stay."""
    t = trainer()
    data = blobs(200)
    for n in range(1, 200):
        t.step(data.x[:n], data.y[:n])
    assert t._objective.core.batch_sizes() == [*range(199, 191, -1)]
    t.step(data.x[:195], data.y[:195])
    assert t._objective.core.batch_sizes()[:2] == [195, 199]


def test_an_epoch_whose_validation_fails_keeps_its_training_logs():
    held_out = blobs(40, seed=1)

    def failing():
        yield held_out.x, held_out.y
        if t.epoch == 2:
            raise InterruptedError
        yield held_out.x, held_out.y

    t, straight = trainer(), trainer()
    with pytest.raises(InterruptedError):
        t.fit(blobs(100), 4, 16, validation=failing, verbose=0)
    assert t.epoch == t.history.epochs == 2
    t.fit(blobs(100), 2, 16, validation=failing, verbose=0)
    straight.fit(blobs(100), 4, 16, validation=held_out, verbose=0)
    assert t.history["loss"] == straight.history["loss"]
    assert np.isnan(t.history["val_loss"]).tolist() == [False, True, False, False]
    assert np.array_equal(t.model.theta, straight.model.theta)


def test_validation_by_an_iterator_serves_one_epoch():
    t = trainer()
    t.fit(D, 1, validation=iter([(D.x, D.y)]), verbose=0)
    with pytest.raises(RuntimeError, match="iterable once per epoch"):
        t.fit(D, 2, validation=iter([(D.x, D.y)]), verbose=0)
    assert t.epoch == t.history.epochs == 3


def test_a_run_with_a_schedule_of_ones_own_resumes(tmp_path):
    def halving(steps):
        return 0.1 * 0.5 ** (steps // 4)

    def begun():
        model = fnn.Model([nn.Dense(3, "softmax")], input_shape=(6,), seed=0)
        return fnn.Trainer(model, optimizer=optim.SGD(halving, momentum=0.9), l2=np.float32(0.01))

    data = blobs(100)
    straight, cut = begun(), begun()
    straight.fit(data, 3, 16, verbose=0)
    cut.fit(data, 1, 16, verbose=0)
    cut.save(tmp_path / "run.ckpt")
    with pytest.raises(ValueError, match="halving must be given"):
        fnn.Trainer.resume(tmp_path / "run.ckpt")
    resumed = fnn.Trainer.resume(tmp_path / "run.ckpt", halving=halving)
    resumed.fit(data, 2, 16, verbose=0)
    assert np.array_equal(straight.model.theta, resumed.model.theta)
