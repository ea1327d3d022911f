"""Model.inspect: values and gradients of a class' score, against differences; places of maps."""

import re

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn
from fastnn.inspection import feature_map, places

RNG = np.random.default_rng(0)


def net(end="softmax", dtype="float64"):
    x = fnn.Input((2, 9, 8), name="image")
    h = nn.Conv2d(4, 3, padding=1, activation="tanh", name="conv1")(x)
    h = nn.BatchNorm(name="bn1")(h)
    h = nn.MaxPool2d(2, name="pool1")(h)
    h = fnn.ops.sigmoid(nn.Conv2d(5, 3, name="conv2")(h))
    h = nn.Dropout(0.5)(nn.Flatten()(h))
    model = fnn.Model(x, nn.Dense(3, end, name="out")(h), seed=4, dtype=dtype)
    model.states["bn1.running_mean"][...] = RNG.standard_normal(4)
    model.states["bn1.running_var"][...] = RNG.random(4) + 0.5
    return model


@pytest.mark.parametrize("end", ["softmax", "log_softmax", "sigmoid", "tanh", None])
def test_gradients_are_differences_of_the_score(end):
    model = net(end)
    x, labels, eps = RNG.standard_normal((3, 2, 9, 8)), np.array([2, 0, 1]), 1e-6
    seen = model.inspect(x, labels)
    assert np.array_equal(seen["image"].value, x)

    def total():
        z = model.inspect(x, labels)["out.linear"].value
        return (np.tanh(z) if end == "tanh" else z)[np.arange(3), labels].sum()

    for name, array in [("image", x), *list(model.parameters.items())]:
        for at in RNG.integers(0, array.size, 6):
            place = np.unravel_index(at, array.shape)
            kept, values = array[place], []
            for array[place] in (kept + eps, kept - eps):
                values.append(total())
            array[place] = kept
            want = np.subtract(*values) / (2 * eps)
            assert seen[name].grad[place] == pytest.approx(want, abs=1e-7), (name, place)


def test_values_are_those_of_predictions():
    model = net(dtype="float32")
    x = RNG.standard_normal((3, 2, 9, 8)).astype("f4")
    states = model.state_vector.copy()
    seen = model.inspect(x)
    np.testing.assert_allclose(seen["out.softmax"].value, model.predict(x), rtol=1e-5)
    assert np.array_equal(model.state_vector, states)
    assert seen["conv1.weight"].value.shape == (4, 2, 3, 3)
    assert seen["conv1.tanh"].value.shape == seen["conv1.tanh"].grad.shape == (3, 4, 9, 8)
    assert seen["sigmoid"].value.shape == (3, 5, 2, 2)  # an op outside layers
    assert seen["out.softmax"].grad is None  # the score is what goes in


def test_rows_do_not_depend_on_each_other():
    model = net()
    x = RNG.standard_normal((4, 2, 9, 8))
    together = model.inspect(x, 1)["image"].grad
    for i in range(4):
        alone = model.inspect(x[i : i + 1], [1])["image"].grad
        np.testing.assert_allclose(alone[0], together[i], atol=1e-12)


def test_labels_are_by_default_the_predicted():
    model = net()
    x = RNG.standard_normal((5, 2, 9, 8))
    want = model.inspect(x, model.predict(x).argmax(axis=1))["image"].grad
    assert np.array_equal(model.inspect(x)["image"].grad, want)
    data = fnn.Dataset(x, np.zeros(5, int))
    assert np.array_equal(model.inspect(data)["image"].grad, want)


def test_several_inputs_and_outputs():
    a, b = fnn.Input((3,), name="a"), fnn.Input((3,), name="b")
    h = nn.Dense(2, name="first")(a * b)
    model = fnn.Model([a, b], [h, nn.Dense(1, name="second")(h)], dtype="float64")
    x, z = RNG.standard_normal((2, 4, 3))
    seen = model.inspect({"b": z, "a": x}, 1)
    w = model.parameters["first.weight"]
    np.testing.assert_allclose(seen["a"].grad, w[1] * z, rtol=1e-12)
    np.testing.assert_allclose(seen["b"].grad, w[1] * x, rtol=1e-12)
    assert seen["second.linear"].grad is None


def test_repeated_names_are_numbered_each_by_itself():
    x = fnn.Input((3,))
    shared = nn.Dense(3, "tanh", name="d")
    h = x
    for _ in range(3):
        h = fnn.ops.relu(shared(h)) + x
    model = fnn.Model(x, h)
    seen = model.inspect(np.ones((2, 3)), 0)
    ops = ("d.linear", "d.tanh", "relu", "add")
    want = [op + number for number in ("", "_2", "_3") for op in ops]
    assert [n for n in seen if n not in ("x", "d.weight", "d.bias")] == want
    assert set(want) < set(fnn.Trainer(model, "mse").inspect(np.ones((2, 3)), np.ones((2, 3))))


def test_a_number_that_is_a_name_already_is_passed_over():
    x = fnn.Input((3,), name="relu_2")
    model = fnn.Model(x, fnn.ops.relu(fnn.ops.relu(fnn.ops.relu(x))))
    assert list(model.inspect(np.ones((1, 3)))) == ["relu_2", "relu", "relu_3", "relu_4"]


def test_a_target_that_the_loss_does_not_read_is_not_shown():
    model = fnn.Model([nn.Dense(1, name="d")], input_shape=(2,))
    trainer = fnn.Trainer(model, lambda p, y: fnn.ops.mean(p))
    seen = trainer.inspect(np.ones((3, 2)), np.ones((3, 1)))
    assert list(seen) == ["x", "d.weight", "d.bias", "d.linear", "mean"]


def test_integer_inputs_have_no_gradient():
    x = fnn.Input((4,), dtype="int64", name="words")
    embedded = fnn.ops.embedding(x, RNG.standard_normal((7, 3)))
    model = fnn.Model(x, nn.Dense(2, name="out")(nn.Flatten()(embedded)))
    seen = model.inspect(RNG.integers(0, 7, (5, 4)), 0)
    assert seen["words"].grad is None and seen["embedding"].value.shape == (5, 4, 3)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda m, x: m.inspect(x[:0]),
            "Model.inspect: x must have at least 1 row, got 0",
        ),
        (
            lambda m, x: m.inspect(x, 3),
            "Model.inspect: labels must be 2 integers in [0, 3), one for each row of x, or one for "
            "all, got 3",
        ),
        (
            lambda m, x: m.inspect(x, [0, -1]),
            "Model.inspect: labels must be 2 integers in [0, 3), one for each row of x, or one for "
            "all, got [0, -1]",
        ),
        (
            lambda m, x: m.inspect(x, [0, 1, 2]),
            "Model.inspect: labels must be 2 integers in [0, 3), one for each row of x, or one for "
            "all, got [0, 1, 2]",
        ),
        (
            lambda m, x: m.inspect(x, 0.5),
            "Model.inspect: labels must be 2 integers in [0, 3), one for each row of x, or one for "
            "all, got 0.5",
        ),
        (
            lambda m, x: m.inspect(x[0]),
            'Model.inspect: x must have shape (N, 2, 9, 8) as input "image" has, got (2, 9, 8); '
            "one sample needs a batch axis: x[None]",
        ),
        (
            lambda m, x: fnn.Model([nn.Activation("relu")], input_shape=(2, 9, 8)).inspect(x),
            "Model.inspect: model must give a number for each class, (N, K), got "
            "Tensor(relu, shape=(N, 2, 9, 8), dtype=float32) first",
        ),
        (
            lambda m, x: feature_map(m, "out", "plot"),
            "plot: layer must be one that gives images (N, C, H, W), of conv1, bn1, pool1, conv2, "
            "sigmoid, got 'out'",
        ),
        (
            lambda m, x: feature_map(fnn.Model([nn.Dense(1)], input_shape=(2,)), None, "plot"),
            "plot: layer must be one that gives images (N, C, H, W), of which the model has none, "
            "got None",
        ),
    ],
)
def test_errors(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call(net(), np.zeros((2, 2, 9, 8)))


def test_names_of_feature_maps():
    model = net()
    assert feature_map(model, "conv1", "plot")[0] == "conv1.tanh"
    assert feature_map(model, "conv1.channels_first", "plot")[0] == "conv1.channels_first"
    assert feature_map(model, "pool1", "plot")[0] == "pool1.channels_first"
    assert feature_map(model, None, "plot")[0] == "sigmoid"
    lenet = fnn.networks.lenet5()
    assert feature_map(lenet, None, "plot")[0] == "c3.relu"  # pooled maps are coarser
    residual = fnn.networks.resnet_cifar(8)
    name, tensor = feature_map(residual, None, "plot")
    assert tensor.shape == (None, 64, 8, 8) and name.startswith("relu")


def middle_of_gradient(layers, shape, at):
    """Where in the image one place of a map looks: the middle of the gradient for the pixels."""
    model = fnn.Model([*layers, nn.Flatten()], input_shape=shape, dtype="float64")
    for name, p in model.parameters.items():
        p[...] = 0.01 if name.endswith("weight") else 0.0
    seen = model.inspect(np.ones((1, *shape)), at)[model.input_names[0]].grad[0].sum(axis=0)
    rows, columns = np.nonzero(seen)
    return (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [nn.Conv2d(1, 5)],
        lambda: [nn.Conv2d(1, 3, stride=2, padding=1), nn.Conv2d(1, 3, padding="same")],
        lambda: [nn.Conv2d(1, (2, 5), dilation=(2, 1), padding=(1, 3)), nn.AvgPool2d(2)],
        lambda: [nn.AvgPool2d(3, 2, padding=1), nn.Conv2d(1, 1, stride=2), nn.Activation("relu")],
        lambda: [nn.Conv2d(1, 4, padding="same", stride=3), nn.Activation("tanh")],
    ],
)
def test_places_are_the_middles_of_what_is_seen(layers):
    shape = (2, 37, 41)
    y = fnn.Input(shape)
    for layer in layers():
        y = layer(y)
    rows, columns = y.shape[2:]
    for i, j in ((rows // 2, columns // 2), (rows // 2 + 1, columns // 2 - 1)):
        (top, down), (left, right) = places(y)
        want = middle_of_gradient(layers(), shape, i * columns + j)
        assert (top + i * down, left + j * right) == want


def test_places_that_cannot_be_told():
    x = fnn.Input((2, 4, 4))
    assert places(nn.Upsample(scale_factor=2)(x)) is None
    assert places(nn.Reshape((2, 2, 8))(x)) is None
    assert places(nn.Reshape((1, 3, 3))(nn.Dense(9)(fnn.Input((4,))))) is None
