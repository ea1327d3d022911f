"""What is the user's code stands in files by name: none for two, and all can be resumed."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, optim, schedules
from fastnn.io import tensors

RNG = np.random.default_rng(0)
DATA = (RNG.random((40, 6), dtype="f4"), RNG.integers(0, 3, 40))


def double(x):
    return 2 * x


def double_back(dy, y, x):
    return 2 * dy


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        return self.factor * x


class MySGD(optim.SGD):
    pass


class Slow(optim.Adam):
    """Arguments of its own, a schedule among them under another name."""

    def __init__(self, rate, betas=(0.8, 0.9)):
        super().__init__(rate, betas)
        self.rate = rate


class Falling(schedules.Schedule):
    def __init__(self, lr):
        self.lr = lr

    def rates(self, steps):
        return self.lr / (1.0 + steps)


def change(path, act):
    arrays, metadata = tensors.read(path, "test")
    structure = json.loads(metadata["structure"])
    act(structure)
    del metadata["sha256"]
    metadata |= {"structure": json.dumps(structure)}
    tensors.write(path, arrays, metadata)


def net(*layers, name=None):
    return fnn.Model([*layers, nn.Dense(3, "softmax", name=name)], input_shape=(6,), seed=0)


TWICE = (
    ": functions must have names that differ, got {!r} for two of them; a file holds names alone: "
    "write each with def, under a name of its own"
)


def refused(save, kind, text):
    with pytest.raises(kind) as error:
        save()
    assert str(error.value) == text


# -- functions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        (nn.Function(lambda x: x + 1), nn.Function(lambda x: 2 * x), "<lambda>"),
        (nn.Function(double, double_back), nn.Function(double), "double"),
        (
            nn.Function(functools.partial(np.add, 1)),
            nn.Function(functools.partial(np.add, 2)),
            "function",
        ),
        (nn.Function(Scale(1).forward), nn.Function(Scale(2).forward), "forward"),
    ],
    ids=range(4),
)
def test_two_functions_of_one_name_are_not_saved(one, other, name, tmp_path):
    model = net(one, other)
    refused(lambda: model.save(tmp_path / "m.fnn"), ValueError, "Model.save" + TWICE.format(name))
    trainer = fnn.Trainer(model)
    refused(
        lambda: trainer.save(tmp_path / "m.fnn"), ValueError, "Trainer.save" + TWICE.format(name)
    )
    assert not list(tmp_path.iterdir())


def test_one_function_twice_is_saved(tmp_path):
    scale = Scale(3)
    layers = [nn.Function(double, double_back) for _ in range(2)]
    model = net(*layers, *(nn.Function(scale.forward) for _ in range(2)))
    given = {"double": (double, double_back), "forward": scale.forward}
    for _ in range(2):  # a loaded model is saved as any other
        model.save(tmp_path / "m.fnn")
        again = fnn.load(tmp_path / "m.fnn", **given)
        assert np.array_equal(again.predict(DATA[0]), model.predict(DATA[0]))
        model = again
    x = fnn.Input((6,))
    larger = fnn.Model(x, model(model(x)[:, :1] * nn.Dense(6)(x)))
    larger.save(tmp_path / "m.fnn")
    again = fnn.load(tmp_path / "m.fnn", **given)
    assert np.array_equal(again.predict(DATA[0]), larger.predict(DATA[0]))


def test_losses_layers_and_metrics_have_names_that_differ(tmp_path):
    def cost(p, t):
        return fnn.ops.mse(p, t)

    def double(p, t):
        return fnn.ops.mse(p, t)

    path = tmp_path / "run.ckpt"
    trainer = fnn.Trainer(net(nn.Function(globals()["double"])), cost, metrics=[double])
    refused(lambda: trainer.save(path), ValueError, "Trainer.save" + TWICE.format("double"))
    fnn.Trainer(net(), cost, metrics=[cost]).save(path)
    assert fnn.Trainer.resume(path, cost=cost).loss is cost


def test_a_name_that_no_argument_can_have(tmp_path):
    def path(x):
        return x

    text = (
        "Model.save: functions must have names that can be arguments beside path, got 'path'; a file "
        "holds names alone: give it another __name__ before it is used"
    )
    refused(lambda: net(nn.Function(path)).save(tmp_path / "m.fnn"), ValueError, text)


# -- optimisers and schedules ------------------------------------------------------------------


OWN = [
    (lambda: MySGD(0.1, momentum=0.9), {"MySGD": MySGD}),
    (lambda: Slow(0.01), {"Slow": Slow}),
    (lambda: Slow(schedules.Cosine(0.1, 20)), {"Slow": Slow}),
    (lambda: optim.SGD(schedules.WarmUp(Falling(0.2), 3), 0.9), {"Falling": Falling(0.2)}),
    (lambda: MySGD(schedules.WarmUp(Falling(0.2), 3)), {"MySGD": MySGD, "Falling": Falling(0.2)}),
    (lambda: optim.AdamW(Falling(0.2)), {"Falling": Falling(0.2)}),
    (lambda: type("SGD", (optim.SGD,), {})(0.1), {"SGD": type("SGD", (optim.SGD,), {})}),
]


@pytest.mark.parametrize(("optimizer", "given"), OWN, ids=range(len(OWN)))
def test_a_run_with_an_optimizer_of_ones_own_resumes(optimizer, given, tmp_path):
    path = tmp_path / "run.ckpt"
    straight, cut = (fnn.Trainer(net(), optimizer=optimizer()) for _ in range(2))
    straight.fit(DATA, 3, 8, verbose=0)
    cut.fit(DATA, 1, 8, verbose=0)
    cut.save(path)
    for name in given:
        rest = {k: v for k, v in given.items() if k != name}
        with pytest.raises(ValueError, match=f"^Trainer.resume: {name} must be given, because"):
            fnn.Trainer.resume(path, **rest)
    resumed = fnn.Trainer.resume(path, **given)
    resumed.fit(DATA, 2, 8, verbose=0)
    assert np.array_equal(straight.model.theta, resumed.model.theta)
    assert resumed.optimizer.hyper() == straight.optimizer.hyper()
    assert type(resumed.optimizer).__name__ == type(straight.optimizer).__name__


def test_what_is_given_must_be_of_the_kind(tmp_path):
    path = tmp_path / "run.ckpt"
    fnn.Trainer(net(), optimizer=MySGD(Falling(0.1))).save(path)
    text = "Trainer.resume: MySGD must be a class of optimisers, got <class 'int'>"
    refused(lambda: fnn.Trainer.resume(path, MySGD=int, Falling=Falling(0.1)), ValueError, text)
    text = f"Trainer.resume: Falling must be the schedule or function itself, got the class {Falling!r}"
    refused(lambda: fnn.Trainer.resume(path, MySGD=MySGD, Falling=Falling), ValueError, text)
    for odd in (3, "cosine", None):
        text = f"Trainer.resume: Falling must be the schedule or function itself, got {odd!r}"
        refused(lambda o=odd: fnn.Trainer.resume(path, MySGD=MySGD, Falling=o), ValueError, text)
    text = (
        "Trainer.resume: MySGD must be given, because the checkpoint used a class of that name and "
        "files hold no code; call Trainer.resume(path, MySGD=MySGD)"
    )
    refused(lambda: fnn.Trainer.resume(path), ValueError, text)


@pytest.mark.parametrize("odd", [3, "mse", None])
def test_a_loss_or_metric_that_is_given_must_be_a_function(odd, tmp_path):
    def own(p, y):
        return fnn.ops.mean((p - y) ** 2)

    path = tmp_path / "run.ckpt"
    for more in ({"loss": own}, {"loss": "quadratic", "metrics": [own]}):
        fnn.Trainer(net(), **more).save(path)
        text = f"Trainer.resume: own must be a function of two tensors, got {odd!r}"
        refused(lambda: fnn.Trainer.resume(path, own=odd), ValueError, text)


def test_an_optimizer_that_could_not_be_made_again_is_not_saved(tmp_path):
    class Hidden(optim.SGD):
        def __init__(self, **options):
            super().__init__(**options)

    class Changed(optim.SGD):
        def __init__(self, lr, factor):
            super().__init__(lr * factor)
            self.factor = factor

    class Odd(optim.SGD):
        def __init__(self, lr, thing):
            super().__init__(lr)
            self.thing = thing

    head = "Trainer.save: optimizer must be what its constructor's arguments make, got "
    cases = {
        "Hidden with AttributeError: 'Hidden' object has no attribute 'options'": Hidden(lr=0.1),
        "Changed that keeps other values than those as its attributes": Changed(0.1, 0.5),
        "Odd with TypeError: arguments must be numbers, texts, schedules or functions, not {}": Odd(
            0.1, {}
        ),
    }
    for text, optimizer in cases.items():
        trainer = fnn.Trainer(net(), optimizer=optimizer)
        refused(lambda t=trainer: t.save(tmp_path / "run.ckpt"), ValueError, head + text)
    trainer = fnn.Trainer(net(), optimizer=optim.SGD(0.1))
    trainer.optimizer.momentum = 2
    text = "SGD with ValueError: SGD: momentum must be a number in [0, 1), got 2"
    refused(lambda: trainer.save(tmp_path / "run.ckpt"), ValueError, head + text)


def test_settings_and_a_history_that_could_not_be_read_are_not_saved(tmp_path):
    trainer = fnn.Trainer(net())
    trainer.l1 = -1
    text = "Trainer: l1 must be a finite number >= 0, got -1"
    refused(lambda: trainer.save(tmp_path / "run.ckpt"), ValueError, text)
    trainer.l1 = 0.0
    trainer.history["note"] = "x"
    text = "Trainer.save: history must hold a list of numbers for each name, got 'x' for 'note'"
    refused(lambda: trainer.save(tmp_path / "run.ckpt"), TypeError, text)
    trainer.history["note"] = [np.float32(1), 2]
    trainer.optimizer.lr = 0.0  # for a while
    trainer.save(tmp_path / "run.ckpt")
    resumed = fnn.Trainer.resume(tmp_path / "run.ckpt")
    assert (resumed.history, resumed.optimizer.lr) == ({"note": [1.0, 2.0]}, 0.0)


def test_a_checkpoint_of_before_with_the_users_classes_as_text(tmp_path):
    path = tmp_path / "run.ckpt"
    fnn.Trainer(net(), optimizer=MySGD(0.1)).save(path)
    change(path, lambda s: s["trainer"]["optimizer"].update({"class": "MySGD"}))
    with pytest.raises(OSError, match="class must be one of SGD, .*, got 'MySGD'$"):
        fnn.Trainer.resume(path)
    assert type(fnn.Trainer.resume(path, MySGD=MySGD).optimizer) is MySGD
