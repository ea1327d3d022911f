"""What Trainer says of data, arguments and numbers that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, optim
from fastnn.data import Dataset
from runs import D, blobs, net, trainer


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


def test_labels_that_were_changed_between_two_fits_are_named_by_their_row():
    y = np.zeros(100, int)
    data = Dataset(np.zeros((100, 6), "f4"), y)
    t = trainer()
    t.fit(data, 1, 10, verbose=0)
    y[50] = 7
    text = (
        "^Trainer.fit: y must hold labels in \\[0, 3\\) as the output has 3 units, got 7 in row 50$"
    )
    with pytest.raises(ValueError, match=text):
        t.fit(data, 1, 10, verbose=0)


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
    ("rate", "place"), [(1e20, "output of loss"), (1e30, 'output of Dense "dense2"')]
)
def test_divergence_names_layer_and_step_and_keeps_the_last_good_weights(rate, place):
    model = fnn.Model([nn.Dense(8, "relu"), nn.Dense(1)], input_shape=(3,))
    t = fnn.Trainer(model, "quadratic", optim.SGD(rate))
    x, y = np.ones((4, 3), "f"), np.ones((4, 1))
    with pytest.raises(RuntimeError) as error:
        t.fit((x, y), 20, 4, verbose=0)
    assert str(error.value) == (
        f"Trainer.fit: loss and gradient must be finite, got NaN or infinity in the {place} (epoch 2, "
        "step 2); lower the learning rate or set clip_norm=1.0; the weights are those before that step"
    )
    again = fnn.Trainer(
        fnn.Model([nn.Dense(8, "relu"), nn.Dense(1)], input_shape=(3,)),
        "quadratic",
        optim.SGD(rate),
    )
    again.step(x, y)
    assert np.array_equal(model.theta, again.model.theta)


NO_TARGETS = (
    "Trainer: y must be given, got data without targets; arrays go together in a tuple (x, y), a list "
    "holds batches"
)
ERRORS = [
    (lambda: fnn.Trainer(3), TypeError, "Trainer: model must be a Model, got int"),
    (lambda: trainer(precision="float16"), ValueError,
     "Trainer: precision must be 'float32' or 'bf16', got 'float16'"),
    (lambda: trainer(l2=-1), ValueError, "Trainer: l2 must be a finite number >= 0, got -1"),
    (lambda: trainer(l1="x"), TypeError, "Trainer: l1 must be a finite number >= 0, got 'x'"),
    (lambda: trainer(l2=None), TypeError, "Trainer: l2 must be a finite number >= 0, got None"),
    (lambda: trainer(clip_norm=True), TypeError,
     "Trainer: clip_norm must be a finite number >= 0, got True"),
    (lambda: trainer(max_norm=float("inf")), ValueError,
     "Trainer: max_norm must be a finite number >= 0, got inf"),
    (lambda: trainer(l1=10**400), ValueError,
     f"Trainer: l1 must be a finite number >= 0, got {10**400}"),
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
    (lambda: trainer().fit(Dataset(D.x), 1, verbose=0), ValueError, NO_TARGETS),
    (lambda: trainer().fit([D.x, D.y], 1, verbose=0), ValueError, NO_TARGETS),
    (lambda: trainer().evaluate([D.x, D.x]), ValueError, NO_TARGETS),
    (lambda: fnn.Trainer(net(), lambda p, y: p).step(D.x, D.y), ValueError,
     "Trainer: loss must be a function that gives a tensor of shape (), got Tensor(softmax, "
     "shape=(N, 3), dtype=float32) from <lambda>"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_errors_in_full(act, kind, text):
    with pytest.raises(kind) as error:
        act()
    assert str(error.value) == text


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


@pytest.mark.parametrize("act", ["fit", "step", "gradient"])
def test_weights_that_were_not_finite_before_the_first_step_are_no_updates(act):
    t = trainer()
    t.model.parameters["dense2.bias"][1] = np.nan
    with pytest.raises(RuntimeError) as error:
        t.fit(D, verbose=0) if act == "fit" else getattr(t, act)(D.x, D.y)
    assert str(error.value) == (
        f"Trainer.{act}: weights must be finite, got NaN or infinity in dense2.bias before the first "
        "step; set them anew"
    )


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
    # What fit gathers is float32 already.
    got = "NaN or infinity" if act == "fit" else "what float32 does not hold"
    with pytest.raises(ValueError, match=f"x must be finite, got {got} in row 1 "):
        t.fit((x, [0, 1]), 1, verbose=0) if act == "fit" else getattr(t, act)(x, [0, 1])
    assert np.isfinite(t.model.theta).all() and t.steps == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("act", ["step", "gradient"])
def test_targets_that_float32_does_not_hold_are_told_by_row(act):
    t = fnn.Trainer(fnn.Model([nn.Dense(1)], input_shape=(2,)), "mse")
    with pytest.raises(
        ValueError, match="y must be finite, got what float32 does not hold in row 1 "
    ):
        getattr(t, act)(np.ones((2, 2)), np.array([[1.0], [1e300]]))
    assert t.steps == 0
