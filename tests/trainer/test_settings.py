"""Penalties, norms, frozen layers and numbers of the optimiser, set and changed during a run."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import callbacks, optim
from runs import D, blobs, net, trainer


def test_frozen_layer_keeps_its_weights():
    model = net()
    before = {k: v.copy() for k, v in model.parameters.items()}
    model.layers[0].trainable = False
    fnn.Trainer(model, optimizer=optim.SGD(0.1)).fit(blobs(), 1, 32, verbose=0)
    assert np.array_equal(model.parameters["dense1.weight"], before["dense1.weight"])
    assert not np.array_equal(model.parameters["dense2.weight"], before["dense2.weight"])


def test_max_norm_and_clip_norm_hold():
    model = net()
    fnn.Trainer(model, optimizer=optim.SGD(1.0), max_norm=0.5).fit(blobs(), 2, 32, verbose=0)
    for name in ("dense1.weight", "dense2.weight"):
        assert np.linalg.norm(model.parameters[name], axis=1).max() <= 0.5 * (1 + 1e-6)
    model = net(rate=0.0)
    t = fnn.Trainer(model, optimizer=optim.SGD(1.0), clip_norm=0.01)
    before = model.theta.copy()
    data = blobs()
    t.step(data.x, data.y)
    assert np.linalg.norm((model.theta - before).astype("f8")) == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize(
    ("optimizer", "name", "value", "text"),
    [
        (optim.SGD(0.1), "momentum", 5, "SGD: momentum must be a number in [0, 1), got 5"),
        (optim.SGD(0.1), "momentum", "a", "SGD: momentum must be a number in [0, 1), got 'a'"),
        (optim.Adam(), "betas", (2, 2), "Adam: betas must be two numbers in [0, 1), got (2, 2)"),
        (optim.Adam(), "eps", -5.0, "Adam: eps must be a finite number > 0, got -5.0"),
    ],
)
def test_settings_changed_during_a_run_keep_their_rules(optimizer, name, value, text):
    t = trainer(optimizer=optimizer)
    t.fit(D, verbose=0)
    before = t.model.theta.copy()
    setattr(optimizer, name, value)
    with pytest.raises((ValueError, TypeError)) as error:
        t.fit(D, verbose=0)
    assert str(error.value) == text
    assert np.array_equal(t.model.theta, before)


class Bare(optim.SGD):
    """Does without the arguments of its base."""

    def __init__(self, lr=0.1):
        optim.Optimizer.__init__(self, lr)

    def hyper(self):
        return {"momentum": 0.0, "nesterov": 0.0}


def test_an_optimizer_of_ones_own_need_not_have_all_arguments_of_its_base():
    t = trainer(optimizer=Bare())
    assert t.fit(D, verbose=0).epochs == 1


CHANGES = {
    "l1": 0.01, "l2": 0.05, "clip_norm": 0.01, "max_norm": 0.3,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_penalties_may_change_between_steps(name):
    def run(change, resume):
        t = fnn.Trainer(net(rate=0.0), optimizer=optim.SGD(0.1, momentum=0.9))
        t.step(D.x, D.y)
        if change:
            setattr(t, name, CHANGES[name])
        if resume:  # the reference: a new trainer with the setting, and all else carried over
            settings = {name: CHANGES[name]}
            new = fnn.Trainer(t.model, optimizer=optim.SGD(0.1, momentum=0.9), **settings)
            new.restore(t.progress(), t.history, t.optimizer_states())
            t = new
        return t, t.step(D.x, D.y), t.evaluate(D)["loss"]

    (plain, _, _), (t, cost, loss), (expected, *both) = run(0, 0), run(1, 0), run(0, 1)
    assert t.model.theta.tobytes() == expected.model.theta.tobytes()
    assert [cost, loss] == both
    assert t.model.theta.tobytes() != plain.model.theta.tobytes()
    setattr(t, name, -1)
    with pytest.raises(ValueError) as error:
        t.step(D.x, D.y)
    assert str(error.value) == f"Trainer: {name} must be a finite number >= 0, got -1"


def test_layers_may_be_frozen_and_thawed_between_steps():
    t = fnn.Trainer(net(rate=0.0), optimizer=optim.Adam(0.1))
    seen = []
    for trainable in (True, False, False, True):
        before = t.model.parameters["dense1.weight"].copy()
        t.model.layers[0].trainable = trainable
        t.step(D.x, D.y)
        seen.append(not np.array_equal(before, t.model.parameters["dense1.weight"]))
    assert seen == [True, False, False, True]


def test_settings_may_change_in_the_middle_of_an_epoch():
    class Freeze(callbacks.Callback):
        every = 2

        def on_step(self, trainer, logs):
            trainer.model.layers[0].trainable = False
            weights.append(trainer.model.parameters["dense1.weight"].copy())

    weights = []
    fnn.Trainer(net(), optimizer=optim.SGD(0.1)).fit(
        blobs(100), 1, 10, callbacks=[Freeze()], verbose=0
    )
    assert len(weights) == 5 and all(np.array_equal(weights[0], w) for w in weights)


def test_numbers_of_the_optimiser_may_change_and_its_kind_may_not():
    def run(*optimizers):
        t = fnn.Trainer(net(rate=0.0), optimizer=optimizers[0])
        for optimizer in optimizers:
            t.optimizer = optimizer
            t.step(D.x, D.y)
        return t.model.theta.tobytes()

    # An SGD without momentum leaves no velocity; a new momentum begins with the next gradient.
    late = fnn.Trainer(net(rate=0.0), optimizer=optim.SGD(0.1))
    late.step(D.x, D.y)
    late.optimizer.momentum = 0.9
    late.step(D.x, D.y)
    late.step(D.x, D.y)
    assert late.model.theta.tobytes() == run(optim.SGD(0.1), *[optim.SGD(0.1, 0.9)] * 2)
    adam = [optim.Adam(0.1)] * 2
    assert run(*adam, optim.Adam(0.1, eps=0.1)) != run(*adam, optim.Adam(0.1))
    assert run(*adam, optim.AdamW(0.1, weight_decay=0.0)) == run(*adam, optim.Adam(0.1))
    with pytest.raises(RuntimeError) as error:
        run(optim.SGD(0.1), optim.Adam(0.1))
    assert str(error.value) == (
        "Trainer: optimizer must stay of its kind once training has begun, "
        "got Adam(lr=0.1, betas=(0.9, 0.999), eps=1e-08) after step 1 of "
        "SGD(lr=0.1, momentum=0.0, nesterov=False); make a new Trainer of the model"
    )
    t = trainer()
    t.evaluate(D)
    t.optimizer = "sgd"  # before the first step it may
    t.step(D.x, D.y)
