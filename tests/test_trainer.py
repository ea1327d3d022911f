"""Trainer: exactness over threads and resumes, gradients, penalties, callbacks, and errors in full."""

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
from fastnn.data import Batches, Dataset


def blobs(n=200, d=6, k=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    x = rng.standard_normal((n, d)) * 0.7 + 2.0 * np.eye(k, d)[y]
    return Dataset(x.astype("f"), y)


def net(d=6, k=3, seed=0, dtype="float32", rate=0.2):
    layers = [nn.Dense(16, "relu"), nn.Dropout(rate), nn.Dense(k, "softmax")]
    return fnn.Model(layers, input_shape=(d,), seed=seed, dtype=dtype)


def trainer(**kwargs):
    kwargs = {"optimizer": optim.Adam(0.01), "metrics": ["accuracy"], **kwargs}
    return fnn.Trainer(net(), "cross_entropy", **kwargs)


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


def test_second_fit_continues():
    a, b = trainer(), trainer()
    a.fit(blobs(), 4, 32, verbose=0)
    b.fit(blobs(), 2, 32, verbose=0)
    b.fit(blobs(), 2, 32, verbose=0)
    assert np.array_equal(a.model.theta, b.model.theta)
    assert b.history.epochs == 4


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


def nan_in(where):
    data = blobs(64)
    x, y = data.x.copy(), np.eye(3, dtype="f")[data.y]
    (x if where == "x" else y)[17, 1] = np.nan
    return x, y


@pytest.mark.parametrize("where", ["x", "y"])
def test_nan_in_data_is_named_and_weights_are_kept(where):
    t = trainer()
    before = t.model.theta.copy()
    with pytest.raises(ValueError) as error:
        t.fit(nan_in(where), 1, 64, verbose=0)
    assert str(error.value) == (
        f"Trainer.fit: {where} must be finite, got NaN or infinity in row 17 (epoch 1, step 1); "
        "the weights are those before that step"
    )
    assert np.array_equal(t.model.theta, before)


@pytest.mark.parametrize("where", ["x", "y"])
def test_the_gradient_of_a_batch_with_nan_is_not_that_of_the_batch_before(where):
    t = trainer()
    t.gradient(D.x, D.y)
    with pytest.raises(ValueError) as error:
        t.gradient(*nan_in(where))
    assert str(error.value) == (
        f"Trainer.gradient: {where} must be finite, got NaN or infinity in row 17 (epoch 1, step 1); "
        "the weights are those before that step"
    )
    t.model.theta[:] = 1e38
    with pytest.raises(RuntimeError, match=r"Trainer\.gradient: loss and gradient must be finite"):
        t.gradient(D.x, D.y)


def test_labels_that_no_output_has_are_named_beside_the_place():
    t = fnn.Trainer(net(), lambda p, y: fnn.ops.nll_loss(fnn.ops.log(p), y))
    x, y = blobs(8).x, np.array([0, 1, 2, 0, 1, 3, 0, 1])
    for act, where in ((t.step, "step"), (t.gradient, "gradient")):
        with pytest.raises(RuntimeError) as error:
            act(x, y)
        text = str(error.value)
        assert text.startswith(f"Trainer.{where}: loss and gradient must be finite, got NaN")
        assert (
            "look at y, which has label 3 in row 5 for an output of 3 units, or lower the learning "
            "rate or set clip_norm=1.0; the weights are those before that step"
        ) in text


def partial_named(name):
    def metric(p, y):
        return fnn.ops.accuracy(p, y)

    metric.__name__ = name
    return metric


@pytest.mark.parametrize(
    ("metrics", "got"),
    [
        ([partial_named("a"), partial_named("a")], "'a' twice"),
        ([partial_named("loss")], "'loss'"),
        ([partial_named("lr")], "'lr'"),
        ([partial_named("val_loss")], "'val_loss'"),
    ],
)
def test_metrics_have_names_of_their_own(metrics, got):
    with pytest.raises(ValueError) as error:
        trainer(metrics=metrics)
    assert str(error.value) == (
        f"Trainer: metrics must have names of their own in the history, got {got}; set __name__ of "
        "the function"
    )


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


def test_a_metric_named_twice_is_computed_once():
    t = trainer(metrics=["accuracy", "accuracy"])
    assert list(t.evaluate(D)) == ["loss", "accuracy"]


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


def test_divergence_names_layer_and_step_and_keeps_the_last_good_weights():
    model = fnn.Model([nn.Dense(8, "relu"), nn.Dense(1)], input_shape=(3,))
    t = fnn.Trainer(model, "quadratic", optim.SGD(1e20))
    x = np.ones((4, 3), "f")
    with pytest.raises(RuntimeError) as error:
        t.fit((x, np.ones((4, 1))), 20, 4, verbose=0)
    text = str(error.value)
    assert text.startswith(
        "Trainer.fit: loss and gradient must be finite, got NaN or infinity in the "
    )
    assert 'Dense "dense' in text or "loss" in text
    assert text.endswith("lower the learning rate or set clip_norm=1.0; the weights are those before "
                         "that step")  # fmt: skip
    assert np.isfinite(model.theta).all()


D = blobs(20)
ERRORS = [
    (lambda: fnn.Trainer(3), TypeError, "Trainer: model must be a Model, got int"),
    (lambda: trainer(precision="float16"), ValueError,
     "Trainer: precision must be 'float32' or 'bf16', got 'float16'"),
    (lambda: trainer(l2=-1), ValueError, "Trainer: l2 must be a finite number >= 0, got -1"),
    (lambda: fnn.Trainer(net(), "cross"), ValueError,
     "Trainer: loss must be one of cross_entropy, binary_cross_entropy, quadratic, mse, mae, huber, "
     "hinge, nll_loss, got 'cross'"),
    (lambda: trainer(metrics=["f1"]), ValueError,
     "Trainer: metrics must be one of accuracy, top_k_accuracy, cross_entropy, binary_cross_entropy, "
     "quadratic, mse, mae, huber, hinge, nll_loss, got 'f1'"),
    (lambda: trainer().fit(D, 0), ValueError, "Trainer.fit: epochs must be an integer >= 1, got 0"),
    (lambda: trainer().fit(D, 1, 0), ValueError, "Trainer.fit: batch_size must be an integer >= 1, got 0"),
    (lambda: trainer().fit((D.x, D.y + 1), 1, verbose=0), ValueError,
     "Trainer.fit: y must hold labels in [0, 3) as the output has 3 units, got 3 in row "
     f"{int((D.y == 2).argmax())}"),
    (lambda: trainer().fit((D.x[:, :5], D.y), 1, verbose=0), ValueError,
     'Trainer.fit: x must have shape (N, 6) as input "x" has, got (20, 5)'),
    (lambda: trainer().fit(D.x, 1, verbose=0), TypeError,
     "data: source must be a Dataset, a tuple (x, y), a map-style data set, an iterable over batches "
     "(x, y) or a function that returns one, got ndarray"),
    (lambda: trainer().fit((D.x[:0], D.y[:0]), 1, verbose=0), ValueError,
     "Batches: dataset must have at least 1 sample, got 0"),
    (lambda: trainer().fit((D.x, D.y[:5]), 1, verbose=0), ValueError,
     "Dataset: y must have 20 rows as x has, got 5"),
    (lambda: trainer().step(D.x, D.y[:5]), ValueError,
     "Trainer.step: y must have 20 rows as x has, got 5"),
    (lambda: trainer().fit(Dataset(D.x), 1, verbose=0), ValueError,
     "Trainer: y must be given, got data without targets"),
    (lambda: fnn.Trainer(net(), lambda p, y: p).step(D.x, D.y), ValueError,
     "Trainer: loss must be a function that gives a tensor of shape (), got Tensor(softmax, "
     "shape=(N, 3), dtype=float32) from <lambda>"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_errors_in_full(act, kind, text):
    with pytest.raises(kind) as error:
        act()
    assert str(error.value) == text


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


# -- what a fit leaves behind, whatever ends it ------------------------------------------------------


@pytest.mark.parametrize("optimizer", [optim.SGD(1e300), optim.Adam(1e39), optim.SGD(1e39)])
def test_a_rate_that_the_dtype_cannot_hold(optimizer):
    t = trainer(optimizer=optimizer)
    before = t.model.theta.copy()
    for act in (lambda: t.fit(D, verbose=0), lambda: t.step(D.x, D.y)):
        with pytest.raises(ValueError) as error:
            act()
        assert str(error.value) == f"Trainer: lr must be in [0, 3.4e+38], got {optimizer.lr:g}"
    assert np.array_equal(t.model.theta, before)


class NaNFrom(fnn.schedules.Schedule):
    def __init__(self, step):
        self.step = step

    def rates(self, steps):
        return np.where(steps < self.step, 0.1, np.nan)


def test_a_schedule_that_gives_nan_is_named_with_its_step():
    t = trainer(optimizer=optim.SGD(NaNFrom(3)))
    with pytest.raises(ValueError) as error:
        t.fit(blobs(100), 5, 50, verbose=0)
    assert str(error.value) == (
        "Trainer: lr must be in [0, 3.4e+38], got nan from NaNFrom(step=3) at step 3"
    )
    assert t.steps == 2 and np.isfinite(t.model.theta).all()


@pytest.mark.parametrize(
    ("schedule", "kind", "got"),
    [
        (lambda steps: None, ValueError, "a schedule that gives a rate for each step, shape (1,), got None"),
        (lambda steps: 0.1, ValueError, "a schedule that gives a rate for each step, shape (1,), got 0.1"),
        (lambda steps: np.ones(5), ValueError,
         "a schedule that gives a rate for each step, shape (1,), got shape (5,)"),
        (lambda steps: ["a"] * len(steps), TypeError, "numbers, got 'a'"),
    ],
)  # fmt: skip
def test_schedules_that_return_no_rates(schedule, kind, got):
    t = trainer(optimizer=optim.SGD(schedule))
    with pytest.raises(kind) as error:
        t.fit(blobs(100), 1, 50, verbose=0)
    assert str(error.value) == f"Trainer: lr must be {got}"


def overflowing():
    """A rate that float32 can hold times a gradient: what it cannot."""
    x = np.full((4, 3), 1e10, "f")
    model = fnn.Model([nn.Dense(1)], input_shape=(3,))
    return fnn.Trainer(model, "mse", optim.SGD(1e35)), x, np.ones((4, 1))


def test_weights_that_an_update_destroyed_are_told():
    t, x, y = overflowing()
    text = (
        "Trainer.{}: weights must be finite, got NaN or infinity in dense1.weight, dense1.bias "
        "(epoch 1, after step 1); an update overflowed and the weights are lost: begin anew or "
        "from a checkpoint with a lower learning rate"
    )
    with pytest.raises(RuntimeError) as error:
        t.fit((x, y), 1, 4, verbose=0)
    assert str(error.value) == text.format("fit")
    assert t.epoch == t.history.epochs == 0
    t, x, y = overflowing()
    t.step(x, y)
    with pytest.raises(RuntimeError) as error:
        t.step(x, y)
    assert str(error.value) == text.format("step")


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


EMPTY = [
    (lambda t: t.evaluate([]), "Trainer.evaluate: data must give at least 1 batch, got none"),
    (lambda t: t.evaluate(lambda: iter(())), "Trainer.evaluate: data must give at least 1 batch, got none"),
    (lambda t: t.fit([], verbose=0), "Trainer.fit: data must give at least 1 batch, got none"),
    (lambda t: t.fit(D, validation=[], verbose=0),
     "Trainer.fit: validation: data must give at least 1 batch, got none"),
    (lambda t: t.step(D.x[:0], D.y[:0]), "Trainer.step: x must have at least 1 row, got 0"),
    (lambda t: t.gradient(D.x[:0], D.y[:0]), "Trainer.gradient: x must have at least 1 row, got 0"),
    (lambda t: t.inspect(D.x[:0], D.y[:0]), "Trainer.inspect: x must have at least 1 row, got 0"),
    (lambda t: t.step(D.x, 3), "Trainer: y must have at least 1 axis, the rows, got shape ()"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "text"), EMPTY, ids=range(len(EMPTY)))
def test_data_without_rows(act, text):
    t = trainer()
    with pytest.raises(ValueError) as error:
        act(t)
    assert str(error.value) == text
    assert t.steps == t.epoch == t.history.epochs == 0


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


MISFITS = [
    ((D.x[:, :5], D.y), 'x must have shape (N, 6) as input "x" has, got (20, 5)'),
    ([(D.x[:, :5], D.y)], 'x must have shape (N, 6) as input "x" has, got (20, 5)'),
    ((D.x, np.full(20, 3)), "y must hold labels in [0, 3) as the output has 3 units, got 3 in row 0"),
    (lambda: iter([(D.x, np.full(20, 3))]),
     "y must hold labels in [0, 3) as the output has 3 units, got 3 in row 0"),
]  # fmt: skip


@pytest.mark.parametrize(("validation", "text"), MISFITS, ids=range(len(MISFITS)))
def test_validation_data_are_checked_before_the_first_step(validation, text):
    t = trainer()
    with pytest.raises(ValueError) as error:
        t.fit(D, 1, validation=validation, verbose=0)
    assert str(error.value) == f"Trainer.fit: validation: {text}"
    assert t.steps == 0


def test_validation_by_an_iterator_serves_one_epoch():
    t = trainer()
    t.fit(D, 1, validation=iter([(D.x, D.y)]), verbose=0)
    with pytest.raises(RuntimeError, match="iterable once per epoch"):
        t.fit(D, 2, validation=iter([(D.x, D.y)]), verbose=0)
    assert t.epoch == t.history.epochs == 3


# -- settings that change during a run ---------------------------------------------------------------

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


LISTS = [
    (lambda: trainer(metrics="accuracy"),
     "Trainer: metrics must be a list of names or functions, got 'accuracy'"),
    (lambda: trainer(metrics=3), "Trainer: metrics must be a list of names or functions, got 3"),
    (lambda: trainer(metrics=[3]),
     "Trainer: metrics must be a name or a function of two tensors, got 3"),
    (lambda: setattr(trainer(), "optimizer", 3),
     "Trainer: optimizer must be an Optimizer or a name, got 3"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "text"), LISTS, ids=range(len(LISTS)))
def test_arguments_of_the_wrong_kind(act, text):
    with pytest.raises(TypeError) as error:
        act()
    assert str(error.value) == text


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


def test_every_batch_of_shares_is_looked_at():
    t = fnn.Trainer(fnn.Model([nn.Dense(2, "softmax")], input_shape=(2,)))
    x, y = np.ones((3, 2), "f4"), np.eye(2, dtype="f4")[[0, 1, 0]]
    t.step(x, y)
    before = t.model.theta.copy()
    with pytest.raises(
        ValueError, match="y must hold labels or numbers >= 0 for cross_entropy, got -1"
    ):
        t.step(x, -y)
    with pytest.raises(
        ValueError, match="y must hold labels or numbers >= 0 for cross_entropy, got -1"
    ):
        t.fit(lambda: iter([(x, y), (x, -y)]), 1, verbose=0)
    assert t.steps == 2 and not np.array_equal(t.model.theta, before)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("act", ["step", "gradient", "fit"])
def test_numbers_that_float32_does_not_hold_are_told_by_row(act):
    t = fnn.Trainer(fnn.Model([nn.Dense(2, "softmax")], input_shape=(2,)))
    x = np.array([[1.0, 2.0], [1e300, 1.0]])
    with pytest.raises(ValueError, match="x must be finite, got NaN or infinity in row 1 "):
        t.fit((x, [0, 1]), 1, verbose=0) if act == "fit" else getattr(t, act)(x, [0, 1])
    assert np.isfinite(t.model.theta).all() and t.steps == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("act", ["step", "gradient"])
def test_targets_that_float32_does_not_hold_are_told_by_row(act):
    t = fnn.Trainer(fnn.Model([nn.Dense(1)], input_shape=(2,)), "mse")
    with pytest.raises(ValueError, match="y must be finite, got NaN or infinity in row 1 "):
        getattr(t, act)(np.ones((2, 2)), np.array([[1.0], [1e300]]))
    assert t.steps == 0
