"""Feature maps, saliency and class activation: the numbers drawn, where, and what is refused."""

import re
import sys

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, plot

pytest.importorskip("matplotlib")
RNG = np.random.default_rng(0)


def net(channels=1):
    x = fnn.Input((channels, 12, 10), name="image")
    h = nn.Conv2d(4, 3, activation="relu", name="conv1")(x)
    h = nn.MaxPool2d(2, name="pool1")(h)
    h = nn.Conv2d(6, 3, padding=1, activation="relu", name="conv2")(h)
    h = nn.GlobalAvgPool2d(name="mean")(h)
    return fnn.Model(x, nn.Dense(3, "softmax", name="out")(nn.Flatten()(h)), seed=3)


def images(n, channels=1):
    return RNG.random((n, channels, 12, 10), dtype="f4")


def drawn(axis, i=-1):
    return np.asarray(axis.images[i].get_array())


def titles(figure):
    return [a.get_title() for a in figure.axes]


@pytest.mark.parametrize("x", [images(1), images(1)[0]])
def test_feature_maps(x, tmp_path):
    model = net()
    figure = plot.feature_maps(model, x, "conv1", path=tmp_path / "a.png")
    maps = model.inspect(x.reshape(1, 1, 12, 10))["conv1.relu"].value[0]
    assert titles(figure) == ["image", "0", "1", "2", "3"]
    np.testing.assert_allclose(drawn(figure.axes[0]), x.reshape(12, 10))
    for k, axis in enumerate(figure.axes[1:]):
        np.testing.assert_allclose(drawn(axis), maps[k], rtol=1e-5)
        assert axis.images[0].get_clim() == (0, pytest.approx(np.percentile(maps, 99.5)))
    text = f"conv1: 4 maps of 10 x 8, 0 (dark) to {np.percentile(maps, 99.5):.3g} or more"
    assert figure.get_suptitle() == text
    assert (tmp_path / "a.png").stat().st_size > 1000


def segmenter(*wanted):
    x = fnn.Input((1, 12, 10), name="image")
    first = nn.BatchNorm(name="norm")(nn.Conv2d(4, 3, activation="relu", name="conv1")(x))
    mask = nn.Conv2d(2, 1, activation="sigmoid", name="mask")(first)
    number = nn.Dense(1, name="number")(nn.Flatten()(first))
    values = {"first": first, "mask": mask, "number": number}
    model = fnn.Model(x, [values[name] for name in wanted], seed=1)
    model.parameters["norm.weight"][...] = [1, 2, 3, 4]
    return model


@pytest.mark.parametrize("ends", [("mask",), ("mask", "number"), ("number",)])
def test_feature_maps_need_no_class_scores(ends):
    """They are a forward run: of a network for segmentation, of several outputs, of one number."""
    x = images(1)
    figure = plot.feature_maps(segmenter(*ends), x, "norm")
    maps = segmenter("first").predict(x)[0]
    for axis, one in zip(figure.axes[1:], maps, strict=True):
        np.testing.assert_allclose(drawn(axis), one, rtol=1e-5, atol=1e-6)


def test_a_data_set_brings_its_images_and_names():
    model, x = net(), images(3)
    data = fnn.Dataset(x, [0, 1, 2], class_names=("a", "b", "c"))
    assert titles(plot.saliency(model, data, [2, 1, 0])) == ["c", "b", "a", "", "", ""]
    assert titles(plot.class_activation(model, data, 1, class_names=["xyz"]))[0] == "1"
    figure = plot.feature_maps(model, data[1:2], "conv1")
    np.testing.assert_allclose(drawn(figure.axes[0]), x[1, 0])
    changed = fnn.data.Augmented(data, [fnn.data.augment.Flip(p=1.0)])
    figure = plot.saliency(model, changed, 2)
    assert titles(figure)[:3] == ["c", "c", "c"]
    np.testing.assert_allclose(drawn(figure.axes[0]), x[0, 0, :, ::-1])


@pytest.mark.parametrize("draw", [plot.saliency, plot.class_activation])
def test_labels_without_a_name_are_numbers(draw):
    assert titles(draw(net(), images(2), [0, 2], class_names=["a"]))[:2] == ["a", "2"]


def test_feature_maps_before_the_activation_and_some_of_them():
    model, x = net(), images(1)
    figure = plot.feature_maps(model, x, "conv1.channels_first", most=2)
    maps = model.inspect(x)["conv1.channels_first"].value[0]
    assert maps.min() < 0 and len(figure.axes) == 3
    low, high = maps[:2].min(), np.percentile(maps[:2], 99.5)
    assert figure.axes[1].images[0].get_clim() == pytest.approx((low, high))
    assert "2 of 4 maps" in figure.get_suptitle()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("n", "columns"), [(1, 8), (3, 8), (5, 2)])
def test_saliency(channels, n, columns):
    model, x = net(channels), images(n, channels)
    labels = np.arange(n) % 3
    figure = plot.saliency(model, x, labels, columns=columns, class_names=("a", "b", "c"))
    gradient = np.abs(model.inspect(x, labels)["image"].grad).max(axis=1)
    columns = min(columns, n)
    for i in range(n):
        top = i // columns * 2 * columns + i % columns
        above, below = figure.axes[top], figure.axes[top + columns]
        assert above.get_title() == "abc"[i % 3] and below.get_title() == ""
        want = x[i, 0] if channels == 1 else x[i].transpose(1, 2, 0)
        np.testing.assert_allclose(drawn(above), want)
        np.testing.assert_allclose(drawn(below), gradient[i] / gradient[i].max(), rtol=1e-6)
    assert sum(bool(a.images) for a in figure.axes) == 2 * n


def test_one_image_and_one_label():
    model, x = net(), images(1)
    first = plot.saliency(model, x[0], 2)
    assert titles(first) == ["2", ""]
    predicted = int(model.predict(x).argmax())
    assert titles(plot.class_activation(model, x[0]))[0] == str(predicted)


def heat_of(model, x, labels, name):
    """Selvaraju et al., equations 1 and 2."""
    maps, gradient = (a.astype("f8") for a in model.inspect(x, labels)[name])
    a = gradient.mean(axis=(2, 3))
    heat = np.maximum(np.einsum("nk,nkhw->nhw", a, maps), 0)
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-300)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("layer", "name"), [(None, "conv2.relu"), ("conv1", "conv1.relu")])
def test_class_activation(channels, layer, name, tmp_path):
    model, x = net(channels), images(4, channels)
    for part in ("conv2.weight", "out.weight"):  # so that something speaks for class 1
        np.abs(model.parameters[part], out=model.parameters[part])
    figure = plot.class_activation(model, x, 1, layer, path=tmp_path / "a.png")
    heat = heat_of(model, x, np.ones(4, int), name)
    assert heat.max() == 1
    for i in range(4):
        axis = figure.axes[4 + i]
        np.testing.assert_allclose(drawn(axis), heat[i], atol=1e-6)
        # conv1 sees 3 x 3 pixels without padding: its first place is pixel 1; pooled, 1.5.
        left, right, bottom, top = axis.images[-1].get_extent()
        first, step = (1, 1) if layer else (1.5, 2)
        assert (left, top) == (first - step / 2, first - step / 2)
        assert right == first + step * (heat.shape[2] - 0.5)
        assert bottom == first + step * (heat.shape[1] - 0.5)
        assert axis.get_xlim() == (-0.5, 9.5) and axis.get_ylim() == (11.5, -0.5)


def test_class_activation_is_zhous_where_a_mean_and_a_dense_layer_follow():
    model, x = net(), images(2)
    maps = model.inspect(x, 2)["conv2.relu"].value
    cam = np.einsum("k,nkhw->nhw", model.parameters["out.weight"][2], maps)
    want = np.maximum(cam, 0)
    for got, one in zip(heat_of(model, x, [2, 2], "conv2.relu"), want, strict=True):
        np.testing.assert_allclose(got, one / (one.max() or 1), atol=1e-5)


def test_maps_of_unknown_place_lie_over_the_whole_image():
    x = fnn.Input((1, 6, 6), name="image")
    h = nn.Conv2d(2, 3, name="conv1")(nn.Upsample(scale_factor=2)(x))
    model = fnn.Model(x, nn.Dense(2)(nn.Flatten()(h)))
    figure = plot.class_activation(model, RNG.random((1, 1, 6, 6)), 0)
    assert figure.axes[1].images[-1].get_extent() == [-0.5, 5.5, 5.5, -0.5]


IMAGE = "must have shape (N, H, W) or (N, C, H, W) with C 1 or 3"


def sequences():
    layers = [nn.Conv1d(4, 3, name="conv1"), nn.Flatten(), nn.Dense(3, "softmax")]
    return fnn.Model(layers, input_shape=(2, 20))


def pairs():
    a, b = fnn.Input((1, 12, 10), name="a"), fnn.Input((1, 12, 10), name="b")
    h = nn.Conv2d(4, 3, name="conv1")(a + b)
    return fnn.Model([a, b], nn.Dense(3, "softmax")(nn.Flatten()(h)))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("feature_maps", ("conv1",)), ("saliency", ()), ("class_activation", ())],
)
def test_what_is_no_model_of_one_input_of_images(name, arguments):
    def error(kind, text):
        return pytest.raises(kind, match=f"^{re.escape(f'{name}: model must {text}')}$")

    draw = getattr(plot, name)
    rule, remedy = "have one input of images (N, C, H, W)", "; model.inspect tells its numbers"
    with error(ValueError, f'{rule}, got "x" (N, 2, 20){remedy}'):
        draw(sequences(), RNG.random((1, 2, 20)), *arguments)
    with error(ValueError, f'{rule}, got "a" (N, 1, 12, 10), "b" (N, 1, 12, 10){remedy}'):
        draw(pairs(), (images(1), images(1)), *arguments)
    with error(TypeError, "be a Model, got NoneType"):
        draw(None, images(1), *arguments)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda m: plot.saliency(m, images(2), [0.5, 1.0]),
            TypeError,
            "saliency: label must be an integer in [0, 3), or one for each of 2 images, "
            "got [0.5, 1.0]",
        ),
        (
            lambda m: plot.class_activation(m, images(2), [0, 1, 2]),
            ValueError,
            "class_activation: label must be an integer in [0, 3), or one for each of 2 images, "
            "got [0, 1, 2]",
        ),
        (
            lambda m: plot.saliency(m, images(2), class_names=3),
            TypeError,
            "saliency: class_names must be a sequence of str, got 3",
        ),
        (
            lambda m: plot.class_activation(m, images(2), class_names="abc"),
            TypeError,
            "class_activation: class_names must be a sequence of str, got 'abc'",
        ),
        (
            lambda m: plot.saliency(m, images(2)[:, :, 1:]),
            ValueError,
            'saliency: x must have shape (N, 1, 12, 10) as input "image" has, got (2, 1, 11, 10)',
        ),
        (
            lambda m: plot.saliency(m, fnn.Dataset((images(2), images(2)))),
            ValueError,
            "saliency: data must have one array of images, got 2",
        ),
        (
            lambda m: plot.feature_maps(m, fnn.Dataset(images(2)), "conv1"),
            ValueError,
            "feature_maps: x must be one image, (C, H, W) or (1, C, H, W), got shape (2, 1, 12, 10)",
        ),
        (
            lambda m: plot.feature_maps(m, images(1)[:, :, 1:], "conv1"),
            ValueError,
            'feature_maps: x must have shape (N, 1, 12, 10) as input "image" has, '
            "got (1, 1, 11, 10)",
        ),
        (
            lambda m: plot.saliency(m, images(1), path=3),
            TypeError,
            "saliency: path must be a str or a path, got 3",
        ),
        (
            lambda m: plot.feature_maps(m, images(2), "conv1"),
            ValueError,
            "feature_maps: x must be one image, (C, H, W) or (1, C, H, W), got shape (2, 1, 12, 10)",
        ),
        (
            lambda m: plot.feature_maps(m, images(1), "out"),
            ValueError,
            "feature_maps: layer must be one that gives images (N, C, H, W), of conv1, pool1, "
            "conv2, got 'out'",
        ),
        (
            lambda m: plot.feature_maps(m, images(1), "conv1", most=0),
            ValueError,
            "feature_maps: most must be an integer >= 1, got 0",
        ),
        (
            lambda m: plot.saliency(m, RNG.random((2, 5, 12, 10))),
            ValueError,
            f"saliency: x {IMAGE}, got (2, 5, 12, 10)",
        ),
        (
            lambda m: plot.saliency(m, images(2), 3),
            ValueError,
            "saliency: label must be an integer in [0, 3), or one for each of 2 images, got 3",
        ),
        (
            lambda m: plot.saliency(m, images(2), columns=0),
            ValueError,
            "saliency: columns must be an integer >= 1, got 0",
        ),
        (
            lambda m: plot.class_activation(m, images(2), layer="conv3"),
            ValueError,
            "class_activation: layer must be one that gives images (N, C, H, W), of conv1, pool1, "
            "conv2, got 'conv3'",
        ),
        (
            lambda m: plot.class_activation(
                fnn.Model([nn.Conv2d(2, 3)], input_shape=(1, 12, 10)), images(1)
            ),
            ValueError,
            "class_activation: model must give a number for each class, (N, K), got shape "
            "(N, 2, 10, 8)",
        ),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        call(net())


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("feature_maps", ("conv1",)), ("saliency", ()), ("class_activation", ())],
)
def test_without_matplotlib(name, arguments, monkeypatch):
    for module in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    text = f"{name}: matplotlib must be installed, got none; pip install matplotlib"
    with pytest.raises(RuntimeError, match=f"^{re.escape(text)}$"):
        getattr(plot, name)(net(), images(1), *arguments)


@pytest.mark.parametrize("name", ["saliency", "class_activation"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_not_hot(name, value):
    x = images(2)
    x[0, 0, 3, 3] = value
    figure = getattr(plot, name)(net(), x, 1)
    figure.canvas.draw()
    heats = [axis.images[-1].get_array() for axis in figure.axes[2:4]]
    assert all(np.isfinite(heat).all() for heat in heats) and heats[1].max() == 1
