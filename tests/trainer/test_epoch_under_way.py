"""An epoch that was broken off goes on over data of any kind by the rows that were done, or is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastnn as fnn
from fastnn import callbacks, nn
from fastnn.data import Augmented, Batches, Dataset, augment
from runs import blobs, trainer

RNG = np.random.default_rng(0)
IMAGES = Dataset(RNG.random((240, 1, 6, 6), dtype="f4"), RNG.integers(0, 3, 240))


class StopAt(callbacks.Callback):
    """Breaks a fit off after some steps."""

    def __init__(self, every):
        self.every = every

    def on_step(self, trainer, logs):
        raise KeyboardInterrupt


def of_images():
    layers = [nn.Flatten(), nn.Dense(3, "softmax")]
    return fnn.Trainer(fnn.Model(layers, input_shape=(1, 6, 6), seed=1), seed=2)


def broken_off(data, batch_size, steps, make=of_images):
    t = make()
    with pytest.raises(KeyboardInterrupt):
        t.fit(data, 1, batch_size, callbacks=[StopAt(steps)], verbose=0)
    assert t.steps == steps
    return t


def stream_of(size):
    def batches():
        for i in range(0, 240, size):
            yield IMAGES.gather(np.arange(i, min(i + size, 240)))

    return batches


def changed(n=240):
    return Augmented(IMAGES.take(n), [augment.Flip()])


@pytest.mark.parametrize(
    ("first", "then", "batch_size", "steps"),
    [
        (IMAGES, changed(), 16, 9),  # 96 of 240 rows done, in 6 steps of 16
        (changed(), IMAGES, 16, 9),
        (changed(), changed(), 48, 3),
        (IMAGES, IMAGES, 100, 2),
        (IMAGES, Batches(IMAGES, 32, drop_last=True), 32, 4),
        (stream_of(16), stream_of(16), 1, 9),
        (stream_of(16), stream_of(48), 1, 3),
        (stream_of(16), list(stream_of(96)()), 1, 2),
        (stream_of(16), IMAGES, 16, 9),
    ],
)
@pytest.mark.parametrize("saved", [False, True])
def test_the_rest_of_the_rows_is_done_once(first, then, batch_size, steps, saved, tmp_path):
    t = broken_off(first, 16, 6)
    if saved:
        t.save(tmp_path / "run.ckpt")
        t = fnn.Trainer.resume(tmp_path / "run.ckpt")
    t.fit(then, 1, batch_size, verbose=0)
    assert (t.steps, t.epoch, t.history.epochs) == (6 + steps, 1, 1)


def test_an_iterable_goes_on_by_its_batches_whatever_their_size(tmp_path):
    data = blobs(96)

    def batches():
        for i in range(0, 96, 1):
            yield data.x[i : i + 1], data.y[i : i + 1]

    t = broken_off(batches, 1, 40, trainer)
    t.save(tmp_path / "run.ckpt")
    t = fnn.Trainer.resume(tmp_path / "run.ckpt")
    t.fit(batches, 1, verbose=0)
    assert (t.steps, t.epoch) == (96, 1)


@pytest.mark.parametrize(
    ("first", "then", "batch_size", "text"),
    [
        (IMAGES, lambda: iter([IMAGES.gather(np.arange(16))]), 16,
         "the data set of 240 samples, got other batches"),
        (IMAGES, IMAGES.take(95), 16, "the data set of 240 samples, got one of 95"),
        (IMAGES, changed(96), 16, "the data set of 240 samples, got one of 96"),
        (changed(), changed(), 100,
         "batches that meet at row 96, the last done, got some of 100"),
        (stream_of(16), stream_of(60), 1,
         "batches that meet at row 96, the last done, got row 120"),
        (stream_of(16), lambda: list(stream_of(16)())[:5], 1,
         "batches that meet at row 96, the last done, got row 80"),
        (stream_of(16), stream_of(16)(), 1,
         "batches that can be passed over again, got an iterator"),
        (stream_of(16), IMAGES.take(95), 16, "at least 96 rows, those done, got 95 in a pass"),
        (stream_of(16), changed(95), 16, "at least 96 rows, those done, got 95 in a pass"),
        (stream_of(16), Batches(IMAGES.take(99), 90, drop_last=True), 90,
         "at least 96 rows, those done, got 90 in a pass"),
    ],
)  # fmt: skip
def test_what_cannot_go_on_is_refused_and_the_epoch_can_be_given_up(first, then, batch_size, text):
    t = broken_off(first, 16, 6)
    before = t.model.theta.copy()
    whole = f"Trainer.fit: the epoch under way must go on with {text}; or give it up by Trainer.drop_epoch()"
    with pytest.raises(ValueError, match=f"^{re.escape(whole)}$"):
        t.fit(then, 1, batch_size, verbose=0)
    assert (t.steps, t.epoch, t.history.epochs) == (6, 0, 0)
    assert np.array_equal(t.model.theta, before)
    t.drop_epoch()
    t.fit(then, 1, batch_size, verbose=0)
    assert t.epoch == t.history.epochs == 1


def of_batch_norm():
    layers = [nn.Flatten(), nn.BatchNorm(), nn.Dense(3, "softmax")]
    return fnn.Trainer(fnn.Model(layers, input_shape=(1, 6, 6), seed=1), seed=2)


ONE_ROW = (
    'BatchNorm "batchnorm1": x must have more than 1 value per channel in training, got shape (1, 36); '
    "choose a batch size that leaves no last batch of 1"
)


@pytest.mark.parametrize("data", [IMAGES.take(33), changed(33)])
def test_a_last_batch_that_a_layer_does_not_take_is_refused_before_the_first_step(data):
    t = of_batch_norm()
    with pytest.raises(ValueError) as error:
        t.fit(data, 1, 4, verbose=0)
    assert str(error.value) == ONE_ROW
    assert t.steps == 0 and t.progress()["position"] == 0
    t.fit(data, 2, 5, verbose=0)
    assert (t.steps, t.epoch) == (14, 2)


def test_a_rest_that_a_layer_does_not_take_can_be_given_up():
    def batches():
        for i in range(0, 33, 4):
            yield IMAGES.gather(np.arange(i, min(i + 4, 33)))

    t = of_batch_norm()
    for source, size in ((batches, 1), (IMAGES.take(33), 5), (changed(33), 32)):
        with pytest.raises(ValueError) as error:
            t.fit(source, 1, size, verbose=0)
        assert str(error.value) == (
            f"{ONE_ROW}, or give the epoch under way up by Trainer.drop_epoch()"
        )
        assert t.steps == 8
    t.drop_epoch()
    t.fit(IMAGES.take(33), 1, 5, verbose=0)
    assert (t.steps, t.epoch) == (15, 1)


def test_an_epoch_is_not_given_up_while_it_runs():
    class Drop(callbacks.Callback):
        def on_epoch_begin(self, trainer):
            trainer.drop_epoch()

    with pytest.raises(RuntimeError, match=r"^Trainer\.drop_epoch: no fit must be under way"):
        of_images().fit(IMAGES, 1, 16, callbacks=[Drop()], verbose=0)


def test_augmented_validation_is_the_same_at_every_epoch_and_after_a_resume(tmp_path):
    held_out = Augmented(IMAGES.take(50), [augment.Noise(0.5)])
    straight, cut = of_images(), of_images()
    straight.fit(IMAGES, 4, validation=held_out, verbose=0)
    cut.fit(IMAGES, 2, validation=held_out, verbose=0)
    cut.save(tmp_path / "run.ckpt")
    resumed = fnn.Trainer.resume(tmp_path / "run.ckpt")
    resumed.fit(IMAGES, 2, validation=held_out, verbose=0)
    assert resumed.history["val_loss"] == straight.history["val_loss"]
    assert resumed.history["val_loss"][3] == resumed.evaluate(held_out, 256)["loss"]


@pytest.mark.parametrize("data", [changed(), IMAGES])
def test_evaluating_batches_does_not_move_them(data):
    batches = Batches(data, 32, seed=3, drop_last=True)
    batches.set_state({"epoch": 7, "position": 2})
    t = of_images()
    assert t.evaluate(batches) == t.evaluate(batches)
    assert batches.state() == {"epoch": 7, "position": 2}
    order = [next(iter(batches))[1].tolist() for _ in range(2) if t.evaluate(batches)]
    assert order[0] != order[1]


def test_a_checkpoint_that_does_not_tell_of_what_it_went_over_goes_on():
    for data in (IMAGES, stream_of(16)):
        t = broken_off(data, 16, 6)
        progress = t.progress()
        del progress["samples"]
        t.restore(progress, t.history, t.optimizer_states())
        t.fit(data, 1, 16, verbose=0)
        assert (t.epoch, t.history.epochs) == (1, 1)
    with pytest.raises(
        TypeError, match=r"^Trainer\.restore: samples must be an integer >= 1, got 'no'"
    ):
        t.restore(progress | {"samples": "no"}, t.history, [])


def test_penalties_of_frozen_weights_are_in_no_loss():
    layer = nn.Dense(1, init=10.0)
    model = fnn.Model([layer, nn.Dense(1, init=1.0)], input_shape=(1,))
    layer.trainable = False
    t = fnn.Trainer(model, "mse", fnn.optim.SGD(1e-9), l2=1.0)
    data = ([[0.0]], [[0.0]])
    history = t.fit(data, 1, validation=data, verbose=0)
    assert history["loss"] == history["val_loss"] == [0.5]
    layer.trainable = True
    assert t.evaluate(data)["loss"] == t.step(*data) == 50.5


class FailsAtOnce(callbacks.Callback):
    def on_epoch_begin(self, trainer):
        raise InterruptedError


def refused_validation(t):
    with pytest.raises(ValueError, match=r"^Trainer\.fit: validation: x must have shape"):
        t.fit(IMAGES, 1, 16, validation=(np.zeros((5, 1, 3, 3)), np.zeros(5, int)), verbose=0)


def failing_callback(t):
    with pytest.raises(InterruptedError):
        t.fit(IMAGES, 1, 16, callbacks=[FailsAtOnce()], verbose=0)


def failing_data(t):
    x = IMAGES.x.copy()
    x[...] = np.nan
    with pytest.raises(ValueError, match=r"^Trainer\.fit: x must be finite"):
        t.fit((x, IMAGES.y), 1, 16, verbose=0)


@pytest.mark.parametrize("fails", [refused_validation, failing_callback, failing_data])
@pytest.mark.parametrize("steps", [0, 6])
def test_a_fit_without_a_step_leaves_the_epoch_as_it_was(fails, steps):
    t = broken_off(stream_of(16), 16, steps) if steps else of_images()
    before = t.progress()
    fails(t)
    assert t.progress() == before
    with pytest.raises(KeyboardInterrupt):
        t.fit(stream_of(16), 1, callbacks=[StopAt(8)], verbose=0)
    t.fit(stream_of(16), 1, verbose=0)
    assert (t.steps, t.epoch, t.history.epochs) == (15, 1, 1)
