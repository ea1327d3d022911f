"""Costs inside a model: every way to write classes gives the same, and what is out of range is told."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import fastnn as fnn
from fastnn import losses, networks, nn, ops, optim
from fastnn.data import Dataset

CLASSES = 4
ENDINGS = {
    "cross_entropy": "softmax",
    "nll_loss": "log_softmax",
    "binary_cross_entropy": "sigmoid",
    "quadratic": "softmax",
    "mse": None,
    "mae": None,
    "huber": None,
    "hinge": None,
}
LABELS = ["int64", "int32", "uint8"]
ONE_HOT = ["float64", "float32", "int64", "int32", "uint8", "bool"]


def trainer(loss, units=CLASSES, metrics=(), dtype="float32", **kwargs):
    layers = [nn.Dense(units, ENDINGS.get(loss))]
    model = fnn.Model(layers, input_shape=(5,), seed=2, dtype=dtype)
    return fnn.Trainer(model, loss, optim.SGD(0.1), metrics, **kwargs)


def samples(n=21):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 5)).astype("f"), rng.integers(0, CLASSES, n)


def results(loss, x, y, dtype="float32"):
    """Cost, metrics, gradient and trained weights, from arrays, batches and a data set."""
    t = trainer(loss, metrics=["accuracy"], dtype=dtype)
    found = [*t.evaluate((x, y)).values(), *t.evaluate([(x, y)]).values()]
    found += list(t.gradient(x, y).values())
    found += [q.grad for name, q in t.inspect(x, y).items() if name.startswith("dense1.")]
    t.fit(Dataset(x, y), 1, 8, verbose=0)
    t.fit([(x, y)], 1, verbose=0)
    return [*found, t.step(x, y), t.model.theta]


@pytest.mark.parametrize("real", ["float32", "float64"])
@pytest.mark.parametrize("loss", losses.NAMES)
def test_classes_mean_the_same_in_any_dtype(loss, real):
    x, y = samples()
    expected = results(loss, x, y, real)
    given = [y.astype(dtype) for dtype in LABELS]
    if loss != "hinge":  # for which rows are signs of the units
        given += [np.eye(CLASSES)[y].astype(dtype) for dtype in ONE_HOT]
    for targets in given:
        found = results(loss, x, targets, real)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-7, err_msg=str(targets.dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "int8"])
def test_hinge_of_signs_equals_the_op(dtype):
    x, y = samples()
    signs = (2 * np.eye(CLASSES)[y] - 1).astype(dtype)
    t = trainer("hinge")
    expected = float(ops.hinge(t.model.predict(x), signs))
    assert t.evaluate((x, signs))["loss"] == pytest.approx(expected, rel=1e-6)
    expected = float(ops.hinge(t.model.predict(x), y))
    assert t.evaluate((x, y))["loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_hinge_of_one_unit_takes_labels_0_and_1(dtype, column):
    x, y = samples()
    labels = (y % 2).astype(dtype)
    t = trainer("hinge", units=1)
    expected = float(ops.hinge(t.model.predict(x), labels.astype("i8")))
    assert expected == pytest.approx(float(ops.hinge(t.model.predict(x)[:, 0], 2.0 * (y % 2) - 1)))
    given = labels[:, None] if column else labels
    assert t.evaluate((x, given))["loss"] == pytest.approx(expected, rel=1e-6)
    assert t.evaluate([(x, given)])["loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
def test_binary_cross_entropy_of_one_unit_in_any_dtype(dtype):
    x, y = samples()
    t = trainer("binary_cross_entropy", units=1)
    expected = float(ops.binary_cross_entropy(t.model.predict(x), (y % 2).astype("f")[:, None]))
    for given in ((y % 2).astype(dtype), (y % 2).astype(dtype)[:, None]):
        assert t.evaluate((x, given))["loss"] == pytest.approx(expected, rel=1e-6)


def test_labels_in_time_of_one_unit():
    x = fnn.Input((3, 2))
    model = fnn.Model(x, ops.sigmoid(nn.Dense(1)(x)))
    t = fnn.Trainer(model, "binary_cross_entropy")
    data, y = np.zeros((4, 3, 2), "f"), np.ones((4, 3), int)
    assert t.evaluate((data, y))["loss"] == pytest.approx(3 * np.log(2), rel=1e-6)


def ways(loss, y, units=CLASSES):
    """Each way in which targets reach a loss, with what its errors begin with."""
    x = np.zeros((len(y), 5), "f")
    make = lambda: trainer(loss, units)  # noqa: E731
    return [
        (lambda: make().fit((x, y), verbose=0), "Trainer.fit"),
        (lambda: make().fit([(x, y)], verbose=0), "Trainer.fit"),
        (lambda: make().evaluate((x, y)), "Trainer.evaluate"),
        (lambda: make().evaluate([(x, y)]), "Trainer.evaluate"),
        (lambda: make().step(x, y), "Trainer.step"),
        (lambda: make().gradient(x, y), "Trainer.gradient"),
        (lambda: make().inspect(x, y), "Trainer.inspect"),
    ]


def rows(value, dtype="float32", row=2):
    y = np.eye(CLASSES)[[0, 1, 2, 3]].astype(dtype)
    y[row, 1] = value
    return y


WRONG = [
    ("binary_cross_entropy", rows(255), CLASSES,
     "y must hold numbers in [0, 1] for binary_cross_entropy, got 255.0 in row 2"),
    ("binary_cross_entropy", rows(-0.5), CLASSES,
     "y must hold numbers in [0, 1] for binary_cross_entropy, got -0.5 in row 2"),
    ("binary_cross_entropy", np.array([0, 1, 1, 2]), 1,
     "y must hold numbers in [0, 1] for binary_cross_entropy, got 2.0 in row 3"),
    ("binary_cross_entropy", rows(-1, "int64"), CLASSES,
     "y must hold numbers in [0, 1] for binary_cross_entropy, got -1.0 in row 2"),
    ("cross_entropy", rows(-1), CLASSES,
     "y must hold labels or numbers >= 0 for cross_entropy, got -1.0 in row 2"),
    ("cross_entropy", rows(-1, "int32"), CLASSES,
     "y must hold labels or numbers >= 0 for cross_entropy, got -1.0 in row 2"),
    ("nll_loss", rows(-0.25), CLASSES,
     "y must hold labels or numbers >= 0 for nll_loss, got -0.25 in row 2"),
    ("mse", np.array([0, 4, 1]), CLASSES,
     "y must hold labels in [0, 4) as the output has 4 units, got 4 in row 1"),
    ("hinge", rows(0), CLASSES,
     "y must hold labels, or -1 and +1 for each unit, for hinge, got 0.0 in row 0"),
    ("hinge", rows(0, "bool"), CLASSES,
     "y must hold labels, or -1 and +1 for each unit, for hinge, got 0.0 in row 0"),
    ("hinge", np.array([1.0, 0.0]), 1,
     "y must hold labels, or -1 and +1 for each unit, for hinge, got 0.0 in row 1"),
    ("hinge", np.array([0, 1, -1, 2]), 1,
     "y must hold 0 (or -1) and 1 for hinge, got 2 in row 3"),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "y", "units", "text"), WRONG, ids=range(len(WRONG)))
def test_targets_out_of_range_are_named(loss, y, units, text):
    for act, where in ways(loss, y, units):
        with pytest.raises(ValueError) as error:
            act()
        assert str(error.value) == f"{where}: {text}"


def test_rows_of_a_data_set_are_counted_through_its_parts(monkeypatch):
    monkeypatch.setattr("fastnn.targets._CHECKED_AT_ONCE", 8)
    y = np.eye(CLASSES)[np.arange(11) % CLASSES]
    y[7, 0] = -1
    data = Dataset(np.zeros((11, 5), "f"), y)
    for part, row in ((data, 7), (data[3:], 4), (data[[0, 1, 7]], 2)):
        with pytest.raises(ValueError, match=rf"got -1.0 in row {row}$"):
            trainer("cross_entropy").fit(part, verbose=0)


def test_weighted_and_smoothed_rows_are_targets():
    x, y = samples()
    for rows in (np.eye(CLASSES)[y] * 3.0, np.eye(CLASSES)[y] * 0.9 + 0.025):
        assert np.isfinite(trainer("cross_entropy").step(x, rows))


ENDS = [
    ("cross_entropy", None, "softmax", "linear"),
    ("cross_entropy", "relu", "softmax", "relu"),
    ("cross_entropy", "sigmoid", "softmax", "sigmoid"),
    ("cross_entropy", "log_softmax", "softmax", "log_softmax"),
    ("nll_loss", "softmax", "log_softmax", "softmax"),
    ("nll_loss", None, "log_softmax", "linear"),
    ("binary_cross_entropy", "tanh", "sigmoid", "tanh"),
    ("binary_cross_entropy", None, "sigmoid", "linear"),
]


@pytest.mark.parametrize(("loss", "activation", "ending", "op"), ENDS)
def test_a_model_that_does_not_end_in_what_the_loss_is_of(loss, activation, ending, op):
    text = (
        f"Trainer: model must end in {ending} for {loss}, got {op}; "
        f'give its last layer activation="{ending}" or take another loss'
    )
    for last in ([], [nn.Reshape((2, 2))]):
        model = fnn.Model([nn.Dense(4, activation), *last], input_shape=(5,))
        for given in (loss, getattr(ops, loss)):
            with pytest.raises(ValueError) as error:
                fnn.Trainer(model, given)
            assert str(error.value) == text
    two = fnn.Model(x := fnn.Input((5,)), [nn.Dense(4, ending)(x), nn.Dense(4, activation)(x)])
    with pytest.raises(ValueError) as error:
        fnn.Trainer(two, loss)
    assert str(error.value) == text
    fnn.Trainer(two, [loss, "mse"])


@pytest.mark.parametrize(
    ("layers", "op"),
    [
        ([nn.Conv2d(4, 1), nn.GlobalAvgPool2d(), nn.Flatten()], "conv2d"),
        (
            [nn.Conv2d(4, 1, activation="relu"), nn.AvgPool2d(6), nn.Flatten(), nn.Dropout(0.5)],
            "relu",
        ),
        ([nn.Conv2d(4, 1), nn.BatchNorm(), nn.GlobalMaxPool2d(), nn.Flatten()], "batch_norm"),
        ([nn.Flatten(), nn.Dense(4), nn.LayerNorm()], "layer_norm"),
    ],
)
def test_scores_are_known_behind_pools_and_dropout(layers, op):
    with pytest.raises(ValueError) as error:
        fnn.Trainer(fnn.Model(layers, input_shape=(2, 6, 6)))
    assert str(error.value) == (
        f"Trainer: model must end in softmax for cross_entropy, got {op}; "
        'give its last layer activation="softmax" or take another loss'
    )


def test_averages_of_probabilities_are_taken():
    image = fnn.Input((2, 6, 6))
    p = ops.exp(nn.Conv2d(4, 1)(image))
    p = p / ops.sum(p, axis=1, keepdims=True)
    model = fnn.Model(image, nn.Flatten()(nn.GlobalAvgPool2d()(p)))
    x = np.random.default_rng(0).random((8, 2, 6, 6))
    assert np.isfinite(fnn.Trainer(model).step(x, np.arange(8) % 4))


def test_outputs_that_are_no_probabilities_end_the_training():
    images, labels = np.zeros((8, 1, 32, 32), "f4"), np.arange(8)
    model = networks.lenet5(original=True)
    theta = model.theta.copy()
    t = fnn.Trainer(model)  # not networks.lenet5_loss
    for act, where in ((t.step, "step"), (t.gradient, "gradient"), (t.fit, "fit")):
        with pytest.raises(ValueError) as error:
            act(*((images, labels) if where != "fit" else ((images, labels), 1, 8)))
        text = str(error.value)
        head = f"Trainer.{where}: outputs must be probabilities in [0, 1] for cross_entropy, got -"
        assert text.startswith(head)
        assert float(text[len(head) - 1 :].split()[0]) < -1
        assert text.endswith(
            " (epoch 1, step 1); let the model end in softmax, nothing behind it, or take another "
            "loss; the weights are those before that step"
        )
    assert np.array_equal(model.theta, theta)
    x = fnn.Input((5,))
    two = fnn.Model(x, [nn.Dense(4, "softmax")(x), 2 - nn.Dense(4, "sigmoid")(x)])
    t = fnn.Trainer(two, ["cross_entropy", "binary_cross_entropy"])
    with pytest.raises(ValueError) as error:
        t.step(np.ones((3, 5)), (np.zeros(3, int), np.zeros((3, 4))))
    head, got = str(error.value).split(", got 1.")
    assert head == "Trainer.step: outputs must be probabilities in [0, 1] for binary_cross_entropy"
    assert got.lstrip("0123456789") == (
        " (epoch 1, step 1); let the model end in sigmoid, nothing behind it, or take another loss; "
        "the weights are those before that step"
    )


def test_probabilities_of_ones_own_making_are_taken():
    x = fnn.Input((5,))
    e = ops.exp(nn.Dense(4)(x))
    p = nn.Dense(4, "softmax")(x)
    confusion = np.full((4, 4), 0.1, "f4") + np.eye(4, dtype="f4") * np.float32(0.6)
    gate = nn.Reshape((1, 3))(nn.Dense(3, "softmax")(x))
    experts = nn.Concatenate(axis=1)(
        *(nn.Reshape((1, 4))(nn.Dense(4, "softmax")(x)) for _ in "abc")
    )
    data, y = samples()
    for made in (
        e / ops.sum(e, axis=1, keepdims=True),
        ops.matmul(p, confusion),
        nn.Flatten()(ops.matmul(gate, experts)),
        0.5 * p + 0.5 * nn.Dense(4, "softmax")(x),
    ):
        assert np.isfinite(fnn.Trainer(fnn.Model(x, made), "cross_entropy").step(data, y))
    two = fnn.Model(x, 1 - nn.Dense(1, "sigmoid")(x))
    assert np.isfinite(fnn.Trainer(two, "binary_cross_entropy").step(data, y[:, None] % 2))
    both = (nn.Dense(4, "softmax")(x) + nn.Dense(4, "softmax")(x)) * 0.5
    assert np.isfinite(fnn.Trainer(fnn.Model(x, both), "cross_entropy").step(data, y))


def test_targets_of_several_outputs_go_by_name():
    x = fnn.Input((2,))
    outputs = [nn.Dense(1, name="first")(x), nn.Dense(1, name="second")(x)]
    model = fnn.Model(x, outputs)
    trainer = fnn.Trainer(model, ["mse", "mse"], optim.SGD(1e-30))
    rows = np.ones((4, 2), "f")
    one, two = np.zeros((4, 1), "f"), np.full((4, 1), 9.0, "f")
    in_order = trainer.step(rows, (one, two))
    assert trainer.step(rows, {"second": two, "first": one}) == in_order
    assert trainer.evaluate(Dataset(rows, {"second": two, "first": one}))["loss"] == pytest.approx(
        in_order
    )
    with pytest.raises(ValueError) as error:
        trainer.step(rows, {"second": two, "third": one})
    assert str(error.value) == (
        "Trainer: y must be a dict with the model's names first, second, got second, third"
    )


def test_a_loss_may_be_an_object_without_a_hash():
    class Scaled:
        def __eq__(self, other):
            return self is other

        def __call__(self, prediction, target):
            return 2.0 * ops.mse(prediction, target)

    model = fnn.Model([nn.Dense(1)], input_shape=(2,), seed=0)
    rows, targets = np.ones((4, 2), "f"), np.zeros((4, 1), "f")
    doubled = fnn.Trainer(model, Scaled()).evaluate((rows, targets))["loss"]
    assert doubled == pytest.approx(2 * fnn.Trainer(model, "mse").evaluate((rows, targets))["loss"])


def test_targets_of_one_output_may_have_any_name():
    model = fnn.Model([nn.Dense(1)], input_shape=(2,), seed=0)
    rows, targets = np.ones((4, 2), "f"), np.zeros((4, 1), "f")
    trainer = fnn.Trainer(model, "mse")
    plain = trainer.evaluate((rows, targets))["loss"]
    assert trainer.evaluate(Dataset({"rows": rows}, {"label": targets}))["loss"] == plain


def test_each_stream_is_looked_at_anew():
    trainer = fnn.Trainer(
        fnn.Model([nn.Dense(1, "sigmoid")], input_shape=(2,)), "binary_cross_entropy"
    )
    rows, targets = np.ones((4, 2), "f"), np.ones((4, 1), "f")
    trainer.fit([(rows, targets)], verbose=0)
    with pytest.raises(ValueError, match="y must"):
        trainer.evaluate([(rows, 255 * targets)])
    with pytest.raises(ValueError, match="y must"):
        trainer.fit([(rows, 255 * targets)], verbose=0)


def test_weights_that_were_infinite_by_wish_are_no_overflow():
    model = fnn.Model([nn.Dense(2), nn.Dense(1)], input_shape=(2,), dtype="float64", seed=0)
    model.layers[0].trainable = False
    model.parameters["dense1.bias"][:] = 1e160  # its square overflows
    model.parameters["dense2.weight"][:] = 0
    trainer = fnn.Trainer(model, lambda prediction, target: ops.mean(prediction * 0.0))
    trainer.fit((np.ones((4, 2)), np.zeros((4, 1))), verbose=0)
    assert trainer.epoch == 1


def test_a_loss_multiplied_by_a_number_stays_a_number():
    """The number has shape (), and so has the product: evaluation gives its mean."""
    model = fnn.Model([nn.Dense(1)], input_shape=(2,), seed=0)
    rows, targets = np.ones((6, 2), "f"), np.zeros((6, 1), "f")
    trainer = fnn.Trainer(model, lambda p, t: 3.0 * ops.mse(p, t) + 1.0)
    plain = fnn.Trainer(model, "mse").evaluate((rows, targets))["loss"]
    assert trainer.evaluate((rows, targets), 4)["loss"] == pytest.approx(3 * plain + 1)


def test_a_loss_is_of_two_tensors():
    def size(p):
        return ops.mean(p)

    def weighted(p, y, w):
        return ops.mean(w * (p - y))

    model = fnn.Model([nn.Dense(1)], input_shape=(2,))
    text = "must be a name or a function of two tensors, got"
    write = "write it as f(prediction, target)"
    for given, arguments in ((size, "(p)"), (weighted, "(p, y, w)")):
        for argument, more in (("loss", {"loss": given}), ("metrics", {"metrics": [given]})):
            with pytest.raises(TypeError) as error:
                fnn.Trainer(model, **{"loss": "mse", **more})
            rule = f"Trainer: {argument} {text} {given!r} of {arguments}; {write}"
            assert str(error.value) == rule
    assert fnn.Trainer(model, lambda p, y, w=2.0: weighted(p, y, w)).epoch == 0


def test_a_loss_may_be_wrapped_by_another_of_more_arguments():
    def scaled(prediction, target, factor):
        return fnn.ops.mse(prediction, target) * factor

    @functools.wraps(scaled)
    def twice(prediction, target):
        return scaled(prediction, target, 2.0)

    model = fnn.Model([nn.Dense(1, init=1.0)], input_shape=(1,))
    assert fnn.Trainer(model, twice).evaluate(([[1.0]], [[3.0]])) == {"loss": 8.0}
    twice.__signature__ = "nonsense"
    assert fnn.Trainer(model, twice).evaluate(([[1.0]], [[3.0]])) == {"loss": 8.0}
