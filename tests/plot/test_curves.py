"""Learning curves, with matplotlib and without."""

import io
import re
import subprocess
import sys

import numpy as np
import pytest

from fastnn import plot
from fastnn.plot.panels import panels_of
from fastnn.plot.raster import _log_ticks, _rgb, _ticks, raster

EPOCHS = np.arange(1, 31)
HISTORY = {
    "accuracy": (1 - 0.7 * np.exp(-EPOCHS / 4)).tolist(),
    "loss": np.exp(-EPOCHS / 8).tolist(),
    "lr": [0.1] * 30,
    "seconds": [1.0] * 30,
    "val_accuracy": (0.97 - 0.7 * np.exp(-EPOCHS / 4)).tolist(),
    "val_loss": (np.exp(-EPOCHS / 8) + 0.1 + 0.01 * EPOCHS).tolist(),
}
NAN = float("nan")
SHAPES = [
    HISTORY,
    {"loss": [0.5]},
    {"loss": [0.5], "val_loss": [0.7]},
    {"val_loss": [0.7, 0.6]},
    {"loss": [1.0, 1.0, 1.0]},
    {"loss": [0.0, 0.0]},
    {"loss": [NAN, 0.5, NAN, 0.4, 0.3]},
    {"loss": [NAN, NAN], "val_loss": [NAN, NAN]},
    {"loss": [float("inf"), 2.0, 1.0]},
    {"loss": (10.0 ** -EPOCHS.astype(float)).tolist()},
    {"loss": [1e308, -1e308], "val_loss": [1e308, 1.0]},
    {"loss": [1e300, 1e-300, -1e300]},
    {"loss": [-3.0, -2000.0], "val_loss": [1e9, 2e9]},
    {"loss": list(range(5000))},
    {"a" * 40: [1.0, 2.0], "val_" + "a" * 40: [1.0, 2.0]},
    {name: [1.0, 2.0] for name in ("loss", "f1", "R²", "Top-5")},
    {name: [1.0, 2.0] for name in "abcdefg"},
]


def pixels(data):
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(data))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


@pytest.fixture
def no_matplotlib(monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)


def near(image, color):
    """Where pixels have that colour."""
    want = np.array(_rgb(color), int)
    return (np.abs(image.astype(int) - want) < 8).all(axis=-1)


@pytest.mark.parametrize("history", SHAPES, ids=lambda h: ",".join(h)[:20])
def test_png_without_matplotlib(history, tmp_path, no_matplotlib):
    path = plot.save_learning_curves(history, tmp_path / "curves.png")
    assert list(tmp_path.iterdir()) == [path]
    data = path.read_bytes()
    image = pixels(data)
    assert image.shape[0] % 440 == 0
    assert image.shape[1] % 660 == 0
    assert (image != 255).any()
    assert data == raster(panels_of(history, "again"))


@pytest.mark.parametrize("history", SHAPES, ids=lambda h: ",".join(h)[:20])
def test_png_with_matplotlib(history, tmp_path):
    pytest.importorskip("matplotlib")
    path = plot.save_learning_curves(history, tmp_path / "curves.png")
    assert list(tmp_path.iterdir()) == [path]
    assert (pixels(path.read_bytes()) != 255).any()


def test_raster_draws_curves_where_their_values_are():
    image = pixels(raster(panels_of({"loss": [0.0, 1.0], "val_loss": [1.0, 0.0]}, "x")))
    frame = image[70:370, 90:625]  # inside the axes: above it is the legend
    rows, columns = np.nonzero(near(frame, "#1f6fb4"))
    assert np.corrcoef(rows, columns)[0, 1] < -0.99  # rises: y runs down
    assert columns.max() - columns.min() > 480
    assert rows.max() - rows.min() > 250
    rows, columns = np.nonzero(near(frame, "#e07b28"))
    assert np.corrcoef(rows, columns)[0, 1] > 0.99


def test_raster_leaves_a_gap_at_nan():
    image = pixels(raster(panels_of({"loss": [1.0, 1.0, NAN, 1.0, 1.0]}, "x")))
    columns = np.flatnonzero(near(image[70:370, 90:625], "#1f6fb4").any(axis=0))
    assert np.diff(columns).max() > 200


def test_panels_are_quantities_with_the_loss_first():
    panels = panels_of(HISTORY, "x")
    assert [p.name for p in panels] == ["loss", "accuracy"]
    assert panels[0].best() == (20, pytest.approx(HISTORY["val_loss"][19]))
    assert panels[1].best() == (30, pytest.approx(HISTORY["val_accuracy"][29]))
    assert [text for _, text in panels[1].legend()] == [
        "training",
        "validation, best 0.9696 at epoch 30",
    ]
    assert not panels[0].is_log
    assert panels_of({"loss": [1.0, 1e-3]}, "x")[0].is_log
    assert not panels_of({"loss": [1.0, 0.0]}, "x")[0].is_log


def test_figure_has_an_axes_for_each_quantity(tmp_path):
    pytest.importorskip("matplotlib")
    figure = plot.learning_curves(HISTORY, tmp_path / "curves.svg")
    assert [a.get_title("left") for a in figure.axes] == ["loss", "accuracy"]
    line = figure.axes[1].get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), EPOCHS)
    np.testing.assert_array_equal(line.get_ydata(), HISTORY["accuracy"])
    assert (tmp_path / "curves.svg").read_text().startswith("<?xml")


def test_axes_of_the_callers_own_are_used():
    figure_type = pytest.importorskip("matplotlib.figure").Figure
    figure = figure_type()
    axes = figure.subplots(1, 2)
    assert plot.learning_curves(HISTORY, ax=axes) is figure
    assert [a.get_title("left") for a in axes] == ["loss", "accuracy"]
    one = figure_type().subplots()
    plot.learning_curves(HISTORY, ax=one)
    assert one.get_title("left") == "loss"


def test_pyplot_and_its_backend_are_not_touched(tmp_path):
    pytest.importorskip("matplotlib")
    code = (
        "import sys; from fastnn import plot; assert 'matplotlib' not in sys.modules; "
        f"plot.save_learning_curves({{'loss': [1.0, 0.5]}}, {str(tmp_path / 'a.png')!r}); "
        "assert 'matplotlib.figure' in sys.modules; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("low", "high", "most", "whole", "texts"),
    [
        (0.13, 0.98, 6, False, ["0.2", "0.4", "0.6", "0.8"]),
        (0.0, 1.0, 6, False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-3.0, 4.0, 8, False, ["-3", "-2", "-1", "0", "1", "2", "3", "4"]),
        (0.975, 0.981, 6, False, ["0.975", "0.976", "0.977", "0.978", "0.979", "0.980", "0.981"]),
        (1.0, 30.0, 8, True, ["5", "10", "15", "20", "25", "30"]),
        (0.5, 1.5, 8, True, ["1"]),
        (1.0, 3.0, 8, True, ["1", "2", "3"]),
        (1e9, 2e9, 4, False, ["1e+09", "1.5e+09", "2e+09"]),
        (0.0, 2e-7, 4, False, ["0", "5e-08", "1e-07", "1.5e-07", "2e-07"]),
    ],
)
def test_ticks_are_round(low, high, most, whole, texts):
    assert [text for _, text in _ticks(low, high, most, whole)] == texts


def test_logarithmic_ticks_are_powers_of_ten():
    assert [t for _, t in _log_ticks(-3.2, 1.1)] == ["0.001", "0.01", "0.1", "1", "10"]
    assert [t for _, t in _log_ticks(-30.0, 0.0)][-1] == "1"
    assert len(_log_ticks(-30.0, 0.0)) <= 7


def test_what_no_axis_can_hold_leaves_a_gap():
    (panel,) = panels_of({"loss": [1e308, 2.0, -1e308], "val_loss": [1e308, 3.0, 4.0]}, "x")
    np.testing.assert_array_equal(panel.train, [NAN, 2.0, NAN])
    assert panel.best() == (2, 3.0)
    assert panels_of({"loss": [1e300, 1e-300]}, "x")[0].is_log


MAPPING = "history must be a mapping of names to lists, as Trainer.fit returns, got"


@pytest.mark.parametrize("name", ["learning_curves", "save_learning_curves"])
@pytest.mark.parametrize(
    ("history", "text"),
    [
        ([1], f"{MAPPING} [1]"),
        (None, f"{MAPPING} None"),
        ({"loss": ["x"]}, "history must hold a list of numbers as 'loss', got ['x']"),
        ({"loss": 3}, "history must hold a list of numbers as 'loss', got 3"),
        (
            {"loss": [[1], [1, 2]]},
            "history must hold a list of numbers as 'loss', got [[1], [1, 2]]",
        ),
        ({3: [1.0]}, "history must have names of type str, got 3"),
    ],
)
def test_wrong_kinds_of_histories(name, history, text, tmp_path):
    with pytest.raises(TypeError, match=f"^{re.escape(f'{name}: {text}')}$"):
        getattr(plot, name)(history, tmp_path / "a.png")


def test_wrong_kinds_of_axes_and_paths():
    pytest.importorskip("matplotlib")
    rule = "learning_curves: ax must be matplotlib Axes or a list of them, got"
    for ax in (3, []):
        with pytest.raises(TypeError, match=f"^{re.escape(f'{rule} {ax}')}$"):
            plot.learning_curves(HISTORY, ax=ax)
    for draw in (plot.learning_curves, plot.save_learning_curves):
        text = f"{draw.__name__}: path must be a str or a path, got 3"
        with pytest.raises(TypeError, match=f"^{text}$"):
            draw(HISTORY, 3)
        text = rf"^{draw.__name__}: path must end in one of \..*, got 'x\.foo'$"
        with pytest.raises(ValueError, match=text):
            draw(HISTORY, "x.foo")


def test_error_texts(tmp_path, no_matplotlib):
    def error(kind, text):
        return pytest.raises(kind, match=f"^{re.escape(text)}$")

    with error(
        ValueError,
        "save_learning_curves: history must hold at least 1 epoch of a loss or metric, got "
        "['loss', 'lr']; call fit first",
    ):
        plot.save_learning_curves({"loss": [], "lr": [0.1]}, tmp_path / "a.png")
    with error(
        ValueError,
        "learning_curves: history must hold at least 1 epoch of a loss or metric, got []; call fit "
        "first",
    ):
        plot.learning_curves({})
    with error(
        ValueError,
        "save_learning_curves: path must end in .png because matplotlib is not installed, got "
        "'a.svg'",
    ):
        plot.save_learning_curves(HISTORY, "a.svg")
    with error(
        RuntimeError,
        "learning_curves: matplotlib must be installed, got none; pip install matplotlib, or call "
        "save_learning_curves for a PNG without it",
    ):
        plot.learning_curves(HISTORY)
    with pytest.raises(FileNotFoundError):
        plot.save_learning_curves(HISTORY, tmp_path / "none" / "a.png")
