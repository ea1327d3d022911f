"""What holds for every network: it is kept by files and copies, summed up, and learns."""

from __future__ import annotations

import copy
import io

import numpy as np

import fastnn as fnn


def images(model, n, seed=0):
    shape = (n, *model.inputs[0].shape[1:])
    return np.random.default_rng(seed).random(shape, dtype="f4")


def size(model):
    return sum(p.size for p in model.parameters.values())


def check_kept(model, folder):
    """A file and a copy give the same outputs, names and numbers, and the file the same file."""
    x = images(model, 2)
    y = model.predict(x)
    assert y.shape == (2, *model.outputs[0].shape[1:]) and np.isfinite(y).all()
    for state in model.states.values():  # as after some training
        state += 0.125
    y = model.predict(x)
    model.save(folder / "a.fnn")
    loaded = fnn.load(folder / "a.fnn")
    for again in (loaded, copy.deepcopy(model)):
        assert np.array_equal(again.predict(x), y)
        assert np.array_equal(again.theta, model.theta)
        assert np.array_equal(again.state_vector, model.state_vector)
        assert list(again.parameters) == list(model.parameters)
        assert list(again.states) == list(model.states)
        assert summary(again) == summary(model)
    loaded.save(folder / "b.fnn")
    assert (folder / "a.fnn").read_bytes() == (folder / "b.fnn").read_bytes()


def summary(model):
    file = io.StringIO()
    model.summary(file)
    return file.getvalue()


def check_learns(model, x, y, share, loss="cross_entropy", rate=1e-3, steps=30):
    """Some steps on one batch bring the loss below a share of what it was."""
    trainer = fnn.Trainer(model, loss, fnn.optim.Adam(rate))
    first = trainer.step(x, y)
    for _ in range(steps):
        last = trainer.step(x, y)
    assert np.isfinite(last) and last < share * first, (first, last)
