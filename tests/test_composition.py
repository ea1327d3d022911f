"""Models put together from others, layers from layers; and what of it is refused."""

from __future__ import annotations

import copy
import gc
import operator
import re
import threading

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops, optim


def refuses(error, text):
    return pytest.raises(error, match=f"^{re.escape(text)}$")


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize("other", [1.0, "x", "tensor"])
def test_values_that_are_not_known_are_not_compared(name, other):
    x = fnn.Input((3,))
    other = fnn.Input((3,), name="t") if other == "tensor" else other
    with pytest.raises(
        TypeError, match=r"^Tensor: values must be known to be compared, got Tensor\(x"
    ):
        getattr(operator, name)(x, other)
    assert x in {x} and x in [x]


class Block(nn.Layer):
    """A layer of its own parameter and of another layer."""

    def build(self, x):
        self.inner = nn.Dense(3)
        self.gain = self.parameter("gain", (3,), "ones")

    def forward(self, x):
        return self.inner(x) * self.gain


@pytest.mark.parametrize("nested", [False, True])
def test_a_frozen_layer_freezes_the_layers_that_it_calls(nested):
    block = Block()
    model = fnn.Model([block, nn.Dense(1)], input_shape=(3,))
    block.trainable = False
    if nested:
        x = fnn.Input((3,))
        model = fnn.Model(x, nn.Dense(1, name="last")(model(x)))
    before = {name: w.copy() for name, w in model.parameters.items()}
    fnn.Trainer(model, "mse", optim.SGD(0.1)).step(np.ones((4, 3)), np.ones((4, 1)))
    moved = {n for n, w in model.parameters.items() if not np.array_equal(w, before[n])}
    kept = {n for n in before if n.startswith(("block", "dense1."))}
    assert kept and moved and not kept & moved
    block.trainable = True
    for layer in model.layers:  # copies keep what the originals were set to
        layer.trainable = True
    fnn.Trainer(model, "mse", optim.SGD(0.1)).step(np.ones((4, 3)), np.ones((4, 1)))
    assert not any(np.array_equal(model.parameters[n], before[n]) for n in kept if "weight" in n)


class Calls(nn.Layer):
    """A layer that only calls another layer, or a model."""

    def __init__(self, other):
        super().__init__()
        self.other = other
        self.lock = threading.Lock()  # which cannot be copied

    def forward(self, x):
        return self.other(x)


def moves(model):
    before = {name: w.copy() for name, w in model.parameters.items()}
    fnn.Trainer(model, "mse", optim.SGD(0.1)).step(np.ones((4, 3)), np.ones((4, 1)))
    return {n for n, w in model.parameters.items() if not np.array_equal(w, before[n])}


@pytest.mark.parametrize("part", ["layer", "model"])
@pytest.mark.parametrize("copied", [False, True])
def test_who_only_calls_freezes_and_thaws_what_it_calls(part, copied, tmp_path):
    inner = (
        nn.Dense(4, init=0.1)
        if part == "layer"
        else fnn.Model([nn.Dense(4, init=0.1)], input_shape=(3,))
    )
    calls, x = Calls(inner), fnn.Input((3,))
    model = fnn.Model(x, nn.Dense(1, init=0.1)(calls(x)))
    model = copy.deepcopy(model) if copied else model
    everything = set(model.parameters)
    calls.trainable = False
    assert moves(model) == {"dense2.weight", "dense2.bias"}
    model.save(tmp_path / "m.fnn")
    assert moves(fnn.load(tmp_path / "m.fnn")) == {"dense2.weight", "dense2.bias"}
    calls.trainable = True
    assert moves(model) == everything


def test_a_call_outside_of_the_model_freezes_nothing():
    dense, x = nn.Dense(1, init=0.1), fnn.Input((3,))
    calls = Calls(dense)
    calls.trainable = False
    calls(fnn.Input((3,)))
    assert moves(fnn.Model(x, dense(x))) == {"dense1.weight", "dense1.bias"}


def test_a_layer_may_call_itself(tmp_path):
    class Again(nn.Layer):
        def build(self, x):
            self.inner = nn.Dense(1, init=0.1)

        def forward(self, x):
            return self(nn.Flatten()(x)) if x.ndim > 2 else self.inner(x)

    layer = Again()
    model = fnn.Model([layer], input_shape=(3, 1))
    model.save(tmp_path / "m.fnn")
    t = fnn.Trainer(model, "mse", optim.SGD(0.1))
    t.step(np.ones((4, 3, 1)), np.ones((4, 1)))
    after = model.theta.copy()
    layer.trainable = False
    t.step(np.ones((4, 3, 1)), np.ones((4, 1)))
    assert np.array_equal(model.theta, after)


def test_models_from_files_and_copies_become_parts_of_one(tmp_path):
    single = fnn.Model([nn.Dense(3, "tanh", name="first"), nn.Dense(2)], input_shape=(4,), seed=1)
    single.save(tmp_path / "a.fnn")
    a, b, c = fnn.load(tmp_path / "a.fnn"), fnn.load(tmp_path / "a.fnn"), copy.deepcopy(single)
    x = fnn.Input((4,))
    both = fnn.Model(x, (a(x) + b(x) + c(x)) * (1 / 3))
    rows = np.random.default_rng(0).random((5, 4), "f4")
    np.testing.assert_allclose(both.predict(rows), single.predict(rows), rtol=1e-5, atol=1e-6)
    names = [layer.name for layer in both.layers]
    assert len(set(names)) == len(names) and {"first", "first_2", "first_3"} <= set(names)
    both.save(tmp_path / "both.fnn")
    assert np.array_equal(fnn.load(tmp_path / "both.fnn").predict(rows), both.predict(rows))
    with refuses(ValueError, "Model: layer names must differ, got 'a' twice"):
        fnn.Model([nn.Dense(1, name="a"), nn.Dense(1, name="a")], input_shape=(2,))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", ["layer", "model"])
def test_running_statistics_follow_all_calls_as_in_pytorch(dtype, way):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a, b = (rng.normal(mean, 1, (64, 3)).astype(dtype) for mean in (5, -5))
    p, q = fnn.Input((3,), name="p"), fnn.Input((3,), name="q")
    norm = (
        nn.BatchNorm()
        if way == "layer"
        else fnn.Model([nn.BatchNorm()], input_shape=(3,), dtype=dtype)
    )
    model = fnn.Model([p, q], [norm(p), norm(q)], dtype=dtype)
    t = fnn.Trainer(model, "mse", optim.SGD(0.1))
    theirs = torch.nn.BatchNorm1d(3, dtype=getattr(torch, dtype))
    descent = torch.optim.SGD(theirs.parameters(), 0.1)
    ta, tb = torch.from_numpy(a), torch.from_numpy(b)
    for _ in range(5):
        t.step((a, b), (a, b))
        cost = sum(((theirs(x) - x) ** 2).mean() for x in (ta, tb))
        descent.zero_grad()
        cost.backward()
        descent.step()
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-12}
    for name in ("running_mean", "running_var"):
        ours = model.states[f"batchnorm1.{name}"]
        np.testing.assert_allclose(ours, getattr(theirs, name).numpy(), **close)
    for name, w in model.parameters.items():
        np.testing.assert_allclose(w, getattr(theirs, name.split(".")[1]).detach().numpy(), **close)
    theirs.eval()
    with torch.no_grad():
        want = [theirs(x).numpy() for x in (ta, tb)]
    for ours, wanted in zip(model.predict((a, b)), want, strict=True):
        np.testing.assert_allclose(ours, wanted, **close)
    loss = sum(((w - x) ** 2).mean() for w, x in zip(want, (a, b), strict=True))
    np.testing.assert_allclose(t.evaluate(((a, b), (a, b)))["loss"], loss, **close)


def test_a_model_is_not_called_on_tensors_and_arrays_at_once():
    p, q = fnn.Input((3,), name="p"), fnn.Input((3,), name="q")
    model = fnn.Model([p, q], p + q)
    text = (
        "Model: inputs must be all tensors or all arrays, got ndarray beside tensors; make it an input "
        "of the larger model"
    )
    with refuses(TypeError, text):
        model(fnn.Input((3,)), np.ones((1, 3)))


def test_what_a_trainer_was_made_of_stays():
    t = fnn.Trainer(fnn.Model([nn.Dense(1)], input_shape=(1,)), "mse", metrics=["mae"])
    for name in ("model", "loss", "metrics", "precision"):
        with pytest.raises(AttributeError):
            setattr(t, name, getattr(t, name))
    t.step([[1.0]], [[2.0]])
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(
            TypeError, match=r"^Trainer: copies must go through a file, .*Trainer\.resume"
        ):
            copied(t)
    text = "Trainer.fit: validation: Batches: dataset must have at least 1 sample, got 0"
    with refuses(ValueError, text):
        t.fit(([[1.0]], [[2.0]]), validation=(np.zeros((0, 1)), np.zeros((0, 1))), verbose=0)


def flatten_of(x):
    return ops.reshape(x, (None, 12))


VIEWS = {
    "one": lambda h: flatten_of(h),
    "the same twice": lambda h: flatten_of(h) * ops.tanh(flatten_of(h)),
    "of a view": lambda h: ops.reshape(ops.reshape(h, (None, 3, 4)), (None, 12)),
    "beside other terms": lambda h: flatten_of(h) + flatten_of(ops.tanh(h)) * flatten_of(h * h),
    "of the input": lambda h: flatten_of(h) * flatten_of(fnn.nn.Dropout(0.0)(h)),
}


@pytest.mark.parametrize("views", VIEWS)
def test_a_view_passes_its_gradient_on(views):
    """Without a copy in training, with one where all is kept for inspection."""
    x = fnn.Input((2, 6))
    y = nn.Dense(1)(VIEWS[views](nn.Dense(6, "tanh")(x)) + flatten_of(x))
    model = fnn.Model(x, y, dtype="float64", seed=3)

    def cost(a, t):
        return ops.reshape(ops.mean((a - t) ** 2), ())

    trainer = fnn.Trainer(model, cost)
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((5, 2, 6)), rng.standard_normal((5, 1))
    seen = trainer.inspect(x, t)
    for name, gradient in trainer.gradient(x, t).items():
        np.testing.assert_allclose(gradient, seen[name].grad, rtol=1e-12, atol=1e-15)
        flat = model.parameters[name].reshape(-1)
        before, step = flat[0], 1e-6
        costs = []
        for flat[0] in (before - step, before + step):
            costs.append(trainer.evaluate((x, t))["loss"])
        flat[0] = before
        slope = (costs[1] - costs[0]) / (2 * step)
        np.testing.assert_allclose(gradient.reshape(-1)[0], slope, rtol=1e-6, atol=1e-9)


def all_but(model, *starts):
    return {name for name in model.parameters if not name.startswith(starts)}


@pytest.mark.parametrize("way", ["copy", "part", "copy of a part"])
def test_a_copy_is_frozen_and_thawed_by_its_own_layers(way):
    original = fnn.Model([Block(), nn.Dense(1, init=0.1, name="last")], input_shape=(3,))
    model, x = original, fnn.Input((3,))
    if "part" in way:
        model = fnn.Model(x, nn.Dense(1, init=0.1, name="end")(model(x)))
    if "copy" in way:
        model = copy.deepcopy(model)
    block = next(layer for layer in model.layers if layer.kind == "Block")
    inner = ("block", "dense")
    block.trainable = False
    assert moves(model) == all_but(model, *inner) and moves(original) == set(original.parameters)
    block.trainable = True
    assert moves(model) == set(model.parameters)
    # The model that it is a copy of has no say, that which it is a part of has.
    original.layers[0].trainable = original.layers[1].trainable = False
    kept = {name for name in model.parameters if name.startswith(inner)} if "part" in way else set()
    assert set(model.parameters) - moves(model) == kept
    original.layers[0].trainable = original.layers[1].trainable = True
    assert moves(model) == set(model.parameters)


def test_a_copy_made_of_a_frozen_part_can_be_thawed():
    base, x = fnn.Model([nn.Dense(3, init=0.1)], input_shape=(3,)), fnn.Input((3,))
    model = fnn.Model(x, nn.Dense(1, init=0.1)(base(x)))
    base.layers[0].trainable = False
    copied = copy.deepcopy(model)
    assert moves(copied) == {"dense2.weight", "dense2.bias"}
    base.layers[0].trainable = True
    assert moves(copied) == set(copied.parameters)


class Times(nn.Layer):
    def forward(self, x, y):
        return x * y


class Scaled(nn.Layer):
    """A layer whose parameter another layer computes with."""

    def build(self, x):
        self.times = Times()
        self.factor = self.parameter("factor", (3,), "ones")

    def forward(self, x):
        return self.times(x, self.factor)


def test_a_layer_freezes_parameters_that_others_compute_with():
    scaled = Scaled()
    model = fnn.Model([scaled, nn.Dense(1, init=0.1)], input_shape=(3,))
    scaled.trainable = False
    copied = copy.deepcopy(model)
    assert moves(model) == moves(copied) == all_but(model, "factor")
    scaled.trainable = True
    assert moves(model) == moves(copied) == set(model.parameters)


def test_who_made_a_parameter_keeps_it_though_nobody_else_knows_him():
    def frozen():
        x, lender = fnn.Input((3,)), nn.Dense(3, name="lender")
        lender(x)
        lender.trainable = False
        h = ops.matmul(x, lender.parameters["weight"])
        return fnn.Model(x, nn.Dense(1, init=0.1, name="own")(h))

    model = frozen()
    gc.collect()
    assert moves(model) == {"own.weight", "own.bias"}


class Pair(nn.Layer):
    """Two parameters under one name, and false: it has no elements."""

    def __len__(self):
        return 0

    def build(self, x):
        self.a = self.parameter("w", (3,), "ones")
        self.b = self.parameter("w", (3,), "ones")

    def forward(self, x):
        return x * self.a * self.b


@pytest.mark.parametrize("called", [True, False])
def test_every_parameter_that_a_layer_made_is_kept(called):
    pair, x = Pair(), fnn.Input((3,))
    y = pair(x)
    model = fnn.Model(x, nn.Dense(1, init=0.1, name="end")(y if called else x * pair.a * pair.b))
    pair.trainable = False
    assert moves(model) == moves(copy.deepcopy(model)) == {"end.weight", "end.bias"}


def test_a_copied_layer_keeps_what_it_lends():
    lender, x = nn.Dense(3), fnn.Input((3,))
    lender(x)
    copied = copy.deepcopy(lender)
    copied.trainable = False
    own = nn.Dense(1, init=0.1, name="own")
    model = fnn.Model(x, own(ops.matmul(x, copied.parameters["weight"])))
    assert moves(model) == {"own.weight", "own.bias"}
