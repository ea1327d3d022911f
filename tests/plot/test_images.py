"""Grids of samples and of mistakes: what is drawn where, and what is refused."""

import io
import re
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fnn
from fastnn import plot
from fastnn.data import Dataset

pytest.importorskip("matplotlib")
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402

RNG = np.random.default_rng(0)


def titles(figure):
    return [a.get_title() for a in figure.axes]


def pixels(axis):
    return np.asarray(axis.images[0].get_array())


@pytest.mark.parametrize("shape", [(5, 8, 6), (5, 1, 8, 6), (5, 3, 8, 6), (1, 1, 1, 1)])
@pytest.mark.parametrize("columns", [1, 3, 8])
def test_every_sample_has_an_axes(shape, columns):
    x = RNG.random(shape)
    figure = plot.samples(x, columns=columns)
    assert len(figure.axes) == len(x)
    for axis, image in zip(figure.axes, x, strict=True):
        want = image.transpose(1, 2, 0) if image.ndim == 3 and len(image) == 3 else image
        np.testing.assert_allclose(pixels(axis), want.reshape(pixels(axis).shape))
        assert axis.images[0].get_clim() == (0, 1)


def test_limits():
    bytes_ = RNG.integers(0, 256, (2, 3, 4, 4)).astype("u1")
    shown = pixels(plot.samples(bytes_).axes[0])
    np.testing.assert_allclose(shown, bytes_[0].transpose(1, 2, 0) / 255)
    wide = RNG.standard_normal((2, 1, 9, 9)) * 5
    shown = pixels(plot.samples(wide).axes[1])
    np.testing.assert_allclose(shown, (wide[1, 0] - wide.min()) / (wide.max() - wide.min()))
    noisy = np.clip(RNG.random((2, 1, 9, 9)) + 0.1 * RNG.standard_normal((2, 1, 9, 9)), -0.4, 1.4)
    np.testing.assert_allclose(pixels(plot.samples(noisy).axes[0]), np.clip(noisy[0, 0], 0, 1))
    shown = pixels(plot.samples(np.full((1, 4, 4), 3.0), limits=(2, 4)).axes[0])
    np.testing.assert_allclose(shown, 0.5)
    for odd in (np.full((1, 4, 4), np.nan), np.full((1, 4, 4), 7.0)):
        plot.samples(odd)


def test_titles_tell_labels_shares_and_mistakes():
    x = np.zeros((4, 1, 2, 2))
    y = np.array([0, 1, 2, 1])
    names = ("cat", "dog", "bird")
    assert titles(plot.samples(x)) == [""] * 4
    assert titles(plot.samples(x, y)) == ["0", "1", "2", "1"]
    assert titles(plot.samples(x, y, class_names=names)) == ["cat", "dog", "bird", "dog"]
    figure = plot.samples(x, y, [0, 2, 2, 0], class_names=names)
    assert titles(figure) == ["cat", "dog as bird", "bird", "dog as cat"]
    assert [a.title.get_color() for a in figure.axes] == ["#333333", "#c0392b"] * 2
    long = plot.samples(x[:1], [0], [1], class_names=("automobile", "truck"))
    assert titles(long) == ["automobile\nas truck"]
    assert titles(plot.samples(x, None, np.eye(4)[:, :3], class_names=names))[1] == "dog"
    mixed = np.array([[0.7, 0.3, 0], [0, 1, 0], [0.999, 0.001, 0], [0.2, 0.3, 0.5]])
    assert titles(plot.samples(x, mixed, class_names=names)) == [
        "0.70 cat\n0.30 dog", "dog", "cat", "0.50 bird\n0.30 dog",
    ]  # fmt: skip


def test_files_are_written_whole(tmp_path):
    image = pytest.importorskip("PIL.Image")
    plot.samples(RNG.random((9, 3, 8, 8)), np.arange(9), path=tmp_path / "a.png")
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    shown = np.asarray(image.open(io.BytesIO((tmp_path / "a.png").read_bytes())).convert("RGB"))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 100


def trained():
    train, held_out = fnn.datasets.digits()
    layers = [fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")]
    model = fnn.Model(layers, input_shape=(1, 8, 8), seed=0)
    fnn.Trainer(model, optimizer=fnn.optim.Adam(0.01)).fit(train, epochs=2, verbose=0)
    return model, held_out


def test_misclassified_samples_surest_first(tmp_path):
    model, held_out = trained()
    scores = model.predict(held_out.x)
    wrong = np.flatnonzero(scores.argmax(1) != held_out.y)
    order = wrong[np.argsort(-scores[wrong].max(1), kind="stable")][:6]
    figure = plot.misclassified(model, held_out, most=6, columns=3, path=tmp_path / "a.png")
    assert titles(figure) == [f"{held_out.y[i]} as {scores[i].argmax()}" for i in order]
    np.testing.assert_allclose(pixels(figure.axes[2]), held_out.x[order[2], 0])
    assert figure.get_suptitle() == f"{len(wrong)} of 360 misclassified"
    assert (tmp_path / "a.png").is_file()
    rows = Dataset(held_out.x, np.eye(10, dtype="f4")[held_out.y], class_names=list("ABCDEFGHIJ"))
    named = plot.misclassified(model, rows, most=1)
    truth, said = (rows.class_names[i] for i in (held_out.y[order[0]], scores[order[0]].argmax()))
    assert titles(named) == [f"{truth} as {said}"]
    named = plot.misclassified(model, held_out, most=1, class_names=rows.class_names)
    assert titles(named) == [f"{truth} as {said}"]
    with pytest.raises(TypeError, match=r"^misclassified: class_names must be a sequence of str"):
        plot.misclassified(model, held_out, class_names="abc")


def test_a_data_set_brings_its_images_labels_and_names():
    x, names = RNG.random((3, 1, 4, 5)), ("cat", "dog", "bird")
    data = Dataset(x, [0, 1, 2], class_names=names)
    figure = plot.samples(data[1:])
    assert titles(figure) == ["dog", "bird"]
    np.testing.assert_allclose(pixels(figure.axes[0]), x[1, 0])
    assert titles(plot.samples(data, [1, 1, 1], class_names=["a", "b"])) == ["b", "b", "b"]
    assert titles(plot.samples(data, predictions=[0, 1, 1])) == ["cat", "dog", "bird as dog"]
    changed = fnn.data.Augmented(data, [fnn.data.augment.Flip(p=1.0)])
    figure = plot.samples(changed)
    assert titles(figure) == list(names)
    np.testing.assert_allclose(pixels(figure.axes[2]), x[2, 0, :, ::-1])
    assert titles(plot.samples(Dataset(x))) == ["", "", ""]


def test_names_are_written_as_they_are_in_the_room_there_is():
    names = ["a$b_c$", r"$\foo{$", "a name of 23 characters", "a name of more than 25 letters"]
    figure = plot.samples(RNG.random((4, 1, 8, 8)), np.arange(4), class_names=names)
    assert titles(figure) == [*names[:3], "a name of more than 25 l\u2026"]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for axis in figure.axes:
        assert axis.title.get_window_extent(canvas.get_renderer()).width <= 1.1 * figure.dpi


def test_labels_without_a_name_are_numbers():
    assert titles(plot.samples(np.zeros((2, 4, 4)), [0, 1], class_names=["a"])) == ["a", "1"]


def test_misclassified_of_arrays_and_of_augmented_images():
    model, held_out = trained()
    want = titles(plot.misclassified(model, held_out, most=5))
    assert titles(plot.misclassified(model, (held_out.x, held_out.y), most=5)) == want
    assert titles(plot.misclassified(model, held_out[::1], most=5)) == want
    named = Dataset(held_out.x, held_out.y, class_names=list("ABCDEFGHIJ"))
    changed = fnn.data.Augmented(named, [fnn.data.augment.Flip(p=1.0)])
    figure = plot.misclassified(model, changed, most=3)
    scores = model.predict(np.ascontiguousarray(held_out.x[..., ::-1]))
    wrong = np.flatnonzero(scores.argmax(1) != held_out.y)
    first = wrong[np.argmax(scores[wrong].max(1))]
    said = f"{'ABCDEFGHIJ'[held_out.y[first]]} as {'ABCDEFGHIJ'[scores[first].argmax()]}"
    assert titles(figure)[0] == said
    np.testing.assert_allclose(pixels(figure.axes[0]), held_out.x[first, 0, :, ::-1])
    assert figure.get_suptitle() == f"{len(wrong)} of 360 misclassified"


def test_pyplot_and_its_backend_are_not_touched():
    code = (
        "import sys; import numpy as np; from fastnn import plot; "
        "assert 'matplotlib' not in sys.modules; plot.samples(np.zeros((2, 4, 4))); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            (np.zeros((3, 2, 4, 4)),),
            ValueError,
            "samples: x must have shape (N, H, W) or (N, C, H, W) with C 1 or 3, got (3, 2, 4, 4)",
        ),
        (
            (np.zeros((0, 4, 4)),),
            ValueError,
            "samples: x must have shape (N, H, W) or (N, C, H, W) with C 1 or 3, got (0, 4, 4)",
        ),
        (
            (np.full((1, 2, 2), "a"),),
            TypeError,
            "samples: x must hold real numbers, got dtype <U1",
        ),
        (
            (np.zeros((3, 4, 4)), [1, 2]),
            ValueError,
            "samples: y must have shape (3,) or (3, K) as x has 3 images, got (2,)",
        ),
        (
            (np.zeros((3, 4, 4)), None, np.zeros((2, 5))),
            ValueError,
            "samples: predictions must have shape (3,) or (3, K) as x has 3 images, got (2, 5)",
        ),
    ],
)
def test_error_texts_of_samples(arguments, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        plot.samples(*arguments)


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        (
            {"limits": 3},
            ValueError,
            "limits must be two finite numbers (low, high), low < high, got 3",
        ),
        (
            {"limits": (1, 2, 3)},
            ValueError,
            "limits must be two finite numbers (low, high), low < high, got (1, 2, 3)",
        ),
        (
            {"limits": (1.0, 0.0)},
            ValueError,
            "limits must be two finite numbers (low, high), low < high, got (1.0, 0.0)",
        ),
        (
            {"limits": (0, float("inf"))},
            ValueError,
            "limits must be two finite numbers (low, high), low < high, got (0, inf)",
        ),
        ({"limits": "ab"}, TypeError, "limits must hold real numbers, got dtype <U2"),
        ({"y": ["a", "b"]}, TypeError, "y must hold real numbers, got dtype <U1"),
        (
            {"y": [0.5, 1.5]},
            TypeError,
            "y must be integer labels, or rows (2, K), got dtype float64",
        ),
        ({"y": [[1], [1, 2]]}, ValueError, "y must have rows of one length, got rows of several"),
        (
            {"y": np.zeros((2, 0))},
            ValueError,
            "y must have shape (2,) or (2, K) as x has 2 images, got (2, 0)",
        ),
        (
            {"predictions": ["a", "b"]},
            TypeError,
            "predictions must hold real numbers, got dtype <U1",
        ),
        ({"class_names": 3}, TypeError, "class_names must be a sequence of str, got 3"),
        ({"class_names": "ab"}, TypeError, "class_names must be a sequence of str, got 'ab'"),
        ({"class_names": [1]}, TypeError, "class_names must be a sequence of str, got 1 in it"),
        ({"columns": "a"}, TypeError, "columns must be an integer >= 1, got 'a'"),
        ({"path": 3}, TypeError, "path must be a str or a path, got 3"),
        ({"path": None, "x": [[[1]], [[1, 2]]]}, ValueError,
         "x must have rows of one length, got rows of several"),
        (
            {"x": Dataset((np.zeros((1, 4, 4)), np.zeros((1, 4, 4))))},
            ValueError,
            "data must have one array of images, got 2",
        ),
    ],
)  # fmt: skip
def test_error_texts_of_what_else_samples_takes(arguments, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(f'samples: {text}')}$"):
        plot.samples(**{"x": np.zeros((2, 4, 4))} | arguments)


def test_a_format_that_nobody_writes_is_told_before_the_work():
    with pytest.raises(ValueError, match=r"^samples: path must end in one of .*\.png, .*'x\.foo'$"):
        plot.samples(np.zeros((2, 4, 4)), path="x.foo")


def test_error_texts_of_misclassified(monkeypatch):
    def error(kind, text):
        return pytest.raises(kind, match=f"^{re.escape(text)}$")

    model, held_out = trained()
    for data in (None, held_out.x, [held_out]):
        kind = type(data).__name__
        with error(
            TypeError,
            "misclassified: data must be a Dataset, an Augmented one or a tuple (x, y), "
            f"got {kind}",
        ):
            plot.misclassified(model, data)
    with error(ValueError, "misclassified: data must have at least 1 sample, got 0"):
        plot.misclassified(model, held_out[:0])
    with error(TypeError, "misclassified: columns must be an integer >= 1, got 'a'"):
        plot.misclassified(model, held_out, columns="a")
    with error(TypeError, "misclassified: model must be a Model, got int"):
        plot.misclassified(3, held_out)
    with error(
        ValueError,
        "misclassified: data must have labels (N,) or one-hot rows (N, K), got shape (360,), "
        "dtype float32",
    ):
        plot.misclassified(model, Dataset(held_out.x, held_out.y.astype("f4")))
    with error(
        ValueError,
        'misclassified: x must have shape (N, 1, 8, 8) as input "x" has, got (5, 1, 4, 4)',
    ):
        plot.misclassified(model, (np.zeros((5, 1, 4, 4)), np.arange(5)))
    with error(
        ValueError, "misclassified: data must have labels (N,) or one-hot rows (N, K), got none"
    ):
        plot.misclassified(model, Dataset(held_out.x))
    right = Dataset(held_out.x, model.predict(held_out.x).argmax(1))
    with error(ValueError, "misclassified: data must have mistakes, got 360 right answers"):
        plot.misclassified(model, right)
    one = fnn.Model([fnn.nn.Flatten(), fnn.nn.Dense(1)], input_shape=(1, 8, 8))
    with error(
        ValueError,
        "misclassified: model must give a number for each class, (N, K), got shape (N, 1)",
    ):
        plot.misclassified(one, held_out)
    with error(ValueError, "misclassified: most must be an integer >= 1, got 0"):
        plot.misclassified(model, held_out, most=0)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with error(
        RuntimeError, "samples: matplotlib must be installed, got none; pip install matplotlib"
    ):
        plot.samples(np.zeros((1, 4, 4)))


def test_more_samples_than_anybody_looks_at():
    text = "samples: x must be 2000 images at most, got 2001; give a part of them"
    with pytest.raises(ValueError) as raised:
        plot.samples(np.zeros((2001, 1, 1)))
    assert str(raised.value) == text
    with pytest.raises(ValueError, match="^samples: x must have shape"):
        plot.samples(np.array(3.0))


def test_too_many_samples_are_refused_before_any_is_copied(monkeypatch):
    def gather(*_):
        raise AssertionError("gathered")

    data = Dataset(np.zeros((2001, 1, 8, 8), "u1"), np.zeros(2001, int))
    changed = fnn.data.Augmented(data, [fnn.data.augment.Flip(p=1.0)])
    monkeypatch.setattr(Dataset, "gather", gather)
    monkeypatch.setattr(fnn.data.Augmented, "gather", gather)
    layers = [fnn.nn.Flatten(), fnn.nn.Dense(10)]
    model = fnn.Model(layers, input_shape=(1, 8, 8))
    for many in (data, changed, [[[0.0]]] * 2001):
        for where, draw in (
            ("samples", plot.samples),
            ("saliency", lambda x: plot.saliency(model, x)),
            ("feature_maps", lambda x: plot.feature_maps(model, x, "flatten")),
        ):
            text = f"{where}: x must be 2000 images at most, got 2001; give a part of them"
            with pytest.raises(ValueError, match=f"^{text}$"):
                draw(many)


def test_misclassified_draws_no_more_than_samples():
    model, held_out = trained()
    with pytest.raises(ValueError, match=r"^misclassified: most must be at most 2000, got 2001$"):
        plot.misclassified(model, held_out, most=2001)
    plot.misclassified(model, held_out[:50], most=2000)
