"""States that layers carry from step to step: which update they follow, and what refuses to feed them."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops, optim

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((8, 3)), RNG.standard_normal((8, 1))


class Follower(nn.Layer):
    """Subtracts a running mean of its inputs."""

    def build(self, x):
        self.mean = self.state("mean", (3,), "zeros")

    def forward(self, x):
        self.mean.update = self.mean * 0.5 + ops.mean(x, axis=0) * 0.5
        return x - self.mean


def refuses(text):
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def trained(model, steps=1):
    trainer = fnn.Trainer(model, "mse", optim.SGD(0.01))
    for _ in range(steps):
        trainer.step(X, Y)
    return trainer


@pytest.mark.parametrize("other", ["an input", "its own input"])
def test_a_model_keeps_the_updates_that_it_was_made_with(other):
    follower = Follower()
    model = fnn.Model([follower, nn.Dense(1)], input_shape=(3,), dtype="float64")
    follower(fnn.Input((3,), name="z") if other == "an input" else model.inputs[0] * 100.0)
    trained(model)
    np.testing.assert_allclose(model.states["follower1.mean"], X.mean(0) / 2)
    copied = copy.deepcopy(model)
    trained(copied)
    np.testing.assert_allclose(copied.states["follower1.mean"], 0.75 * X.mean(0))


def test_a_norm_that_was_called_once_more_can_still_be_saved_and_copied(tmp_path):
    model = fnn.Model([nn.BatchNorm(), nn.Dense(1)], input_shape=(3,), dtype="float64")
    with pytest.raises(ValueError, match="^Model: layers must belong to one model"):
        fnn.Model(model.layers, input_shape=(3,))
    trainer = trained(model)
    model.save(tmp_path / "m.fnn")
    trainer.save(tmp_path / "t.ckpt")
    x = fnn.Input((3,))
    for other in (
        fnn.load(tmp_path / "m.fnn"),
        fnn.Trainer.resume(tmp_path / "t.ckpt").model,
        copy.deepcopy(model),
        fnn.Model(x, model(x), dtype="float64"),
    ):
        trained(other)
        want = 0.9 * model.states["batchnorm1.running_mean"] + 0.1 * X.mean(0)
        np.testing.assert_allclose(other.states["batchnorm1.running_mean"], want)


def test_a_later_call_on_something_else_is_told_before_the_model_is_made():
    follower, x = Follower(), fnn.Input((3,))
    y = follower(x)
    follower(fnn.Input((3,), name="z"))
    with refuses(
        "Model: inputs must name every input that the updates of states need, got none for "
        "Tensor(z, shape=(N, 3), dtype=float32); a state follows the last call of its layer, also one "
        "that no output needs"
    ):
        fnn.Model(x, y)


class Line(nn.Layer):
    """A delay line: each state takes the one before it, in any order of use, as it is or as a view."""

    def __init__(self, backwards, as_view):
        super().__init__()
        self.backwards, self.as_view = backwards, as_view

    def build(self, x):
        self.cells = [self.state(f"cell{i}", (1,), float(i)) for i in range(4)]

    def forward(self, x):
        cells = self.cells
        for i, cell in enumerate(cells):
            before = cells[i - 1]  # of the first the last: they turn
            cell.update = ops.reshape(before, (1,)) if self.as_view else before
        used = cells[::-1] if self.backwards else cells
        return x + used[0] + used[1] + used[2] + used[3]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("as_view", [False, True])
def test_states_change_all_at_once(backwards, as_view):
    model = fnn.Model([Line(backwards, as_view), nn.Dense(1)], input_shape=(3,))
    for step in range(1, 6):
        trained(model)
        cells = [float(model.states[f"line1.cell{i}"][0]) for i in range(4)]
        assert cells == [float((i - step) % 4) for i in range(4)]


@pytest.mark.parametrize("later", ["a", "b"])
@pytest.mark.parametrize("copied", ["no", "copy", "file", "part"])
def test_statistics_follow_the_calls_in_their_order(later, copied, tmp_path):
    """Whatever the order in which the outputs need them."""
    a, b = fnn.Input((3,), name="a"), fnn.Input((3,), name="b")
    norm = nn.BatchNorm()
    called = {}
    for x in (b, a) if later == "a" else (a, b):
        called[x.name] = norm(x)
    model = fnn.Model([a, b], called["b"] - called["a"], dtype="float64")
    if copied == "copy":
        model = copy.deepcopy(model)
    if copied == "file":
        model.save(tmp_path / "m.fnn")
        model = fnn.load(tmp_path / "m.fnn")
    if copied == "part":
        p, q = fnn.Input((3,)), fnn.Input((3,), name="q")
        model = fnn.Model([p, q], model(p, q), dtype="float64")
    fnn.Trainer(model, "mse", optim.SGD(0.01)).step((X, X + 10), X)
    first, second = (X.mean(0), X.mean(0) + 10)[:: -1 if later == "a" else 1]
    want = 0.9 * (0.1 * first) + 0.1 * second
    np.testing.assert_allclose(model.states["batchnorm1.running_mean"], want)


RULE = "Trainer: loss and metrics must be computed from the model's outputs and the targets"


@pytest.mark.parametrize("part", ["loss", "metric"])
def test_a_loss_that_reads_an_input_of_its_own_is_refused(part):
    model, z = fnn.Model([nn.Dense(1)], input_shape=(3,)), fnn.Input((1,), name="z")

    def gap(prediction, target):
        return ops.mean((prediction - z) ** 2)

    trainer = fnn.Trainer(
        model, gap if part == "loss" else "mse", metrics=[gap] if part == "metric" else []
    )
    text = (
        f"{RULE}, got another input, Tensor(z, shape=(N, 1), dtype=float32); make it an input of the "
        "model"
    )
    for call in (trainer.step, trainer.gradient, trainer.inspect):
        with refuses(text):
            call(X, Y)


@pytest.mark.parametrize("what", ["layer", "model"])
def test_a_loss_that_has_parameters_of_its_own_is_refused(what):
    layer = nn.Dense(1, name="critic")
    other = layer if what == "layer" else fnn.Model([layer], input_shape=(1,))
    trainer = fnn.Trainer(
        fnn.Model([nn.Dense(1)], input_shape=(3,)), lambda p, t: ops.mean((other(p) - t) ** 2)
    )
    with refuses(
        f'{RULE}, got weight of Dense "critic", which is not the model\'s; give the model what needs '
        "it as another output"
    ):
        trainer.step(X, Y)


def test_branches_are_run_one_after_the_other():
    """However they were written: called layer by layer, all of them would be in memory at once."""

    def model(by_layers):
        x = fnn.Input((8,))
        if by_layers:
            hidden = [nn.Dense(1000, "relu")(x) for _ in range(20)]
            outputs = [nn.Dense(1)(h) for h in hidden]
        else:
            outputs = [nn.Dense(1)(nn.Dense(1000, "relu")(x)) for _ in range(20)]
        return fnn.Model(x, sum(outputs[1:], outputs[0]))

    sizes = [model(by)._inference.plan_info(64)["arena_bytes"] for by in (False, True)]
    assert sizes[0] == sizes[1]
