"""Trainer.fit, step, gradient, evaluate and inspect against NumPy, finite differences and each other."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, optim
from fastnn.data import Batches, Dataset
from runs import D, blobs, net, trainer


def test_learns_and_records():
    t = trainer()
    history = t.fit(blobs(), 10, 20, validation=blobs(seed=1), verbose=0)
    assert set(history) == {"loss", "accuracy", "lr", "seconds", "val_loss", "val_accuracy"}
    assert history.epochs == 10 == t.epoch and t.steps == 100
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["val_accuracy"][-1] > 0.9
    assert t.evaluate(blobs(seed=1))["accuracy"] == pytest.approx(history["val_accuracy"][-1])


def test_evaluate_equals_numpy():
    t = trainer(l1=0.01, l2=0.1)
    data = blobs(137)
    p = t.model.predict(data.x).astype("f8")
    cost = -np.log(p[np.arange(137), data.y]).mean()
    weights = [t.model.parameters[n].astype("f8") for n in ("dense1.weight", "dense2.weight")]
    penalty = sum(0.01 * np.abs(w).sum() + 0.05 * np.square(w).sum() for w in weights)
    seen = t.evaluate(data, batch_size=50)
    assert seen["loss"] == pytest.approx(cost + penalty, rel=1e-5)
    assert seen["accuracy"] == pytest.approx((p.argmax(1) == data.y).mean())
    batches = [(data.x[:100], data.y[:100]), (data.x[100:], data.y[100:])]
    assert t.evaluate(batches) == pytest.approx(seen, rel=1e-5)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "quadratic", "mse"])
def test_gradient_of_a_float64_model_equals_finite_differences(loss):
    activation = "softmax" if loss == "cross_entropy" else "sigmoid"
    model = fnn.Model(
        [nn.Dense(5, "tanh"), nn.Dense(3, activation)], input_shape=(4,), dtype="float64"
    )
    t = fnn.Trainer(model, loss)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((7, 4)), np.eye(3)[rng.integers(0, 3, 7)]
    grads = np.concatenate([g.ravel() for g in t.gradient(x, y).values()])
    for i in range(0, model.theta.size, 3):
        keep = model.theta[i]
        costs = []
        for step in (1e-6, -1e-6):
            model.theta[i] = keep + step
            costs.append(t.evaluate((x, y))["loss"])
        model.theta[i] = keep
        assert grads[i] == pytest.approx((costs[0] - costs[1]) / 2e-6, rel=1e-6, abs=1e-8)


def test_gradient_of_shared_layers_and_residuals_equals_finite_differences():
    x = fnn.Input((4,))
    shared = nn.Dense(4, "tanh")
    h = shared(shared(x)) + x
    model = fnn.Model(x, nn.Dense(2, "sigmoid")(nn.Concatenate()(h, shared(h))), dtype="float64")
    t = fnn.Trainer(model, "quadratic")
    rng = np.random.default_rng(0)
    data, y = rng.standard_normal((5, 4)), rng.random((5, 2))
    grads = np.concatenate([g.ravel() for g in t.gradient(data, y).values()])
    for i in range(model.theta.size):
        keep = model.theta[i]
        costs = []
        for step in (1e-6, -1e-6):
            model.theta[i] = keep + step
            costs.append(t.evaluate((data, y))["loss"])
        model.theta[i] = keep
        assert grads[i] == pytest.approx((costs[0] - costs[1]) / 2e-6, rel=1e-6, abs=1e-8)


def wide():
    """Large enough that a second thread takes part in GEMM, update and elementwise steps."""
    rng = np.random.default_rng(0)
    data = Dataset(rng.standard_normal((700, 300)).astype("f"), rng.integers(0, 10, 700))
    layers = [
        nn.Dense(256, "relu"),
        nn.Dropout(0.3),
        nn.Dense(200, "gelu"),
        nn.Dense(10, "softmax"),
    ]
    return data, fnn.Model(layers, input_shape=(300,), seed=4)


@pytest.mark.parametrize("optimizer", [optim.SGD(0.1, momentum=0.9), optim.Adam(), optim.AdamW()])
def test_same_bits_for_any_number_of_threads(optimizer, threads):
    thetas, losses = [], []
    for count in (1, 2, 3, 8):
        threads(count)
        data, model = wide()
        t = fnn.Trainer(model, optimizer=optimizer, l2=1e-4, clip_norm=1.0, metrics=["accuracy"])
        history = t.fit(data, 2, 128, verbose=0)
        thetas.append(model.theta.tobytes())
        losses.append((history["loss"], history["accuracy"]))
    assert len(set(thetas)) == 1
    assert all(x == losses[0] for x in losses)


def test_same_bits_from_batches_of_any_source():
    data = blobs(103)
    whole = trainer()
    whole.fit(data, 3, 16, verbose=0)
    one_by_one = trainer()
    one_by_one.fit(list(Batches(data, 16, seed=0)), 1, verbose=0)
    expected = trainer()
    expected.fit(data, 1, 16, verbose=0)
    assert np.array_equal(one_by_one.model.theta, expected.model.theta)
    by_step = trainer()
    batches = Batches(data, 16, seed=0)
    for _ in range(3):
        for x, y in batches:
            by_step.step(x, y)
    assert np.array_equal(by_step.model.theta, whole.model.theta)


def test_uint8_scaled_on_the_fly_equals_floats():
    rng = np.random.default_rng(0)
    pixels, y = rng.integers(0, 256, (90, 6), dtype=np.uint8), rng.integers(0, 3, 90)
    a, b = trainer(), trainer()
    a.fit(Dataset(pixels, y, scale=1 / 255), 2, 16, verbose=0)
    b.fit(Dataset(pixels.astype("f") * np.float32(1 / 255), y), 2, 16, verbose=0)
    np.testing.assert_allclose(a.model.theta, b.model.theta, rtol=1e-5, atol=1e-6)


def test_memory_map_and_one_hot_and_one_row(tmp_path):
    data = blobs(50)
    np.save(tmp_path / "x.npy", data.x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    a, b = trainer(), trainer()
    a.fit((mapped, data.y), 1, 16, verbose=0)
    b.fit((data.x, np.eye(3)[data.y]), 1, 16, verbose=0)
    np.testing.assert_allclose(a.model.theta, b.model.theta, rtol=1e-6, atol=1e-7)
    t = trainer()
    t.fit(data[:1], 1, 16, verbose=0)
    assert t.steps == 1


def test_loss_of_ones_own_equals_the_built_in():
    def squares(p, y):
        return fnn.ops.mean((p - y) * (p - y))

    a, b = (fnn.Trainer(net(rate=0.0), f, optim.SGD(0.1)) for f in (squares, "mse"))
    data = blobs(64)
    y = np.eye(3, dtype="f")[data.y]
    for _ in range(5):
        assert a.step(data.x, y) == pytest.approx(b.step(data.x, y), rel=1e-5)
    np.testing.assert_allclose(a.model.theta, b.model.theta, rtol=1e-5, atol=1e-6)


def test_regression_on_a_vector_of_targets():
    x = np.linspace(-1, 1, 64, dtype="f")[:, None]
    model = fnn.Model([nn.Dense(16, "tanh"), nn.Dense(1)], input_shape=(1,))
    t = fnn.Trainer(model, "mse", optim.Adam(0.02))
    t.fit((x, x[:, 0] ** 2), 200, 16, verbose=0)
    assert t.evaluate((x, x[:, 0] ** 2))["loss"] < 2e-3


def test_inspect_shows_the_lectures_quantities():
    layer = nn.Dense(1, "sigmoid", init=2.0, bias_init=2.0)
    t = fnn.Trainer(fnn.Model([layer], input_shape=(1,), dtype="float64"), "quadratic")
    seen = t.inspect([[1.0]], [[0.0]])
    a = 1 / (1 + np.exp(-4.0))
    assert seen["dense1.linear"].value == 4.0
    assert seen["dense1.sigmoid"].value == pytest.approx(a)
    assert seen["dense1.sigmoid"].grad == pytest.approx(a)  # dC/da = a - y
    assert seen["dense1.linear"].grad == pytest.approx(a * a * (1 - a))  # delta
    assert seen["dense1.weight"].grad == pytest.approx(a * a * (1 - a))


@pytest.mark.parametrize("stream", [False, True])
def test_the_rate_of_an_epoch_is_that_of_its_first_step(stream):
    def source(data):
        return Batches(data, 20, drop_last=True) if stream else data

    t = trainer(optimizer=optim.SGD(1.0))
    with pytest.raises(ValueError, match=r"^Trainer\.fit: x must be finite"):
        t.fit(source(Dataset(np.full_like(D.x, np.nan), D.y)), 1, verbose=0)
    t.optimizer = optim.SGD(0.125)
    assert t.fit(source(D), 1, verbose=0)["lr"] == [0.125]


def test_a_metric_named_twice_is_computed_once():
    t = trainer(metrics=["accuracy", "accuracy"])
    assert list(t.evaluate(D)) == ["loss", "accuracy"]


def test_evaluate_runs_batches_as_they_come():
    alive = []

    def stream():
        for part in np.array_split(np.arange(137), 9):
            alive.append(len(part))
            assert len(alive) - len(seen) <= 2  # at most the next batch is made ahead
            yield data.x[part], data.y[part]

    data, t, seen = blobs(137), trainer(), []
    t.gradient(data.x, data.y)
    sums = t._objective.sums
    t._objective.sums = lambda feeds, rows: (seen.append(rows), sums(feeds, rows))[1]
    assert t.evaluate(stream) == pytest.approx(t.evaluate(data), rel=1e-6)
    assert seen == alive and sum(seen) == 137


def test_inspect_sees_the_dropout_of_the_step():
    data = blobs(64)
    t = fnn.Trainer(net(rate=0.5), seed=7)
    for _ in range(3):
        gradient = t.gradient(data.x, data.y)
        seen = t.inspect(data.x, data.y)
        for name, g in gradient.items():
            np.testing.assert_allclose(seen[name].grad, g, rtol=1e-5, atol=1e-7)
        t.step(data.x, data.y)
