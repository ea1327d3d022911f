"""Pictures of filters: what is drawn where, and what is refused."""

import re
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, plot

pytest.importorskip("matplotlib")
RNG = np.random.default_rng(0)


def drawn(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def title(figure):
    return figure.axes[0].get_title()


def test_filters_of_three_channels_are_colours():
    w = RNG.standard_normal((5, 3, 4, 6))
    figure = plot.filters(w, columns=2)
    shown = drawn(figure)
    assert shown.shape == (3 * 4 + 2, 2 * 6 + 1, 3)
    largest = np.abs(w).max()
    for k in range(5):
        part = shown[k // 2 * 5 : k // 2 * 5 + 4, k % 2 * 7 : k % 2 * 7 + 6]
        np.testing.assert_allclose(part, w[k].transpose(1, 2, 0) / (2 * largest) + 0.5)
    assert np.isnan(shown[10:, 7:]).all() and np.isnan(shown[4]).all()
    assert title(figure) == "5 filters, 3 channels" and len(figure.axes) == 1


@pytest.mark.parametrize("groups", [1, 2])
def test_filters_of_a_transposed_convolution(groups):
    """Its weights (C, K / groups, KH, KW) have the channels it reads first."""
    layer = nn.ConvTranspose2d(6, 3, groups=groups, name="up")
    model = fnn.Model([layer], input_shape=(4, 5, 5))
    figure = plot.filters(model)
    assert title(figure) == f"up: 6 filters, {4 // groups} channels"
    w = model.parameters["up.weight"]
    for k, c in np.ndindex(6, 4 // groups):
        part = drawn(figure)[4 * k : 4 * k + 3, 4 * c : 4 * c + 3]
        group, own = divmod(k, 6 // groups)
        np.testing.assert_allclose(part, w[group * 4 // groups + c, own])


@pytest.mark.parametrize("shape", [(7, 1, 5, 5), (7, 5, 5)])
def test_filters_of_one_channel_have_signs(shape):
    w = RNG.standard_normal(shape)
    figure = plot.filters(w)
    shown = drawn(figure)
    assert shown.shape == (3 * 6 - 1, 3 * 6 - 1)
    np.testing.assert_allclose(shown[6:11, 0:5], w.reshape(7, 5, 5)[3])
    assert figure.axes[0].images[0].get_clim() == (-np.abs(w).max(), np.abs(w).max())
    assert title(figure) == "7 filters" and len(figure.axes) == 2  # with a scale


def test_a_row_for_each_filter_of_many_channels():
    w = RNG.standard_normal((4, 6, 3, 3))
    figure = plot.filters(w)
    shown = drawn(figure)
    assert shown.shape == (4 * 4 - 1, 6 * 4 - 1)
    np.testing.assert_allclose(shown[8:11, 20:23], w[2, 5])
    assert title(figure) == "4 filters, 6 channels"
    few = plot.filters(w, most=2)
    assert drawn(few).shape == (7, 7) and title(few) == "2 of 4 filters, 6 channels"


def test_layers_of_a_model():
    model = fnn.networks.lenet5(original=True)
    assert title(plot.filters(model)) == "c1: 6 filters"
    assert title(plot.filters(model, "c3")) == "c3: 60 filters"
    assert title(plot.filters(model, "c5.weight", most=4)) == "c5: 4 of 120 filters, 16 channels"


@pytest.mark.parametrize("odd", [np.zeros((2, 1, 3, 3)), np.full((2, 3, 3, 3), np.nan)])
def test_odd_values_are_drawn(odd, tmp_path):
    plot.filters(odd, path=tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 500


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: plot.filters(np.zeros((3, 4))),
            ValueError,
            "filters: model_or_weights must be a model or numbers (K, C, KH, KW) or (K, KH, KW), "
            "got shape (3, 4), dtype float64",
        ),
        (
            lambda: plot.filters(np.zeros((2, 3, 3)), "conv1"),
            ValueError,
            "filters: layer must be left out with weights, got 'conv1'",
        ),
        (
            lambda: plot.filters(fnn.networks.lenet5(), "f6"),
            ValueError,
            "filters: layer must be one with weights (K, C, KH, KW), of c1, c3, got 'f6'",
        ),
        (
            lambda: plot.filters(fnn.Model([nn.Dense(1)], input_shape=(2,))),
            ValueError,
            "filters: layer must be one with weights (K, C, KH, KW), of which the model has none, "
            "got None",
        ),
        (
            lambda: plot.filters("abc"),
            TypeError,
            "filters: model_or_weights must hold real numbers, got dtype <U3",
        ),
        (
            lambda: plot.filters([[1], [1, 2]]),
            ValueError,
            "filters: model_or_weights must have rows of one length, got rows of several",
        ),
        (
            lambda: plot.filters(np.zeros((2, 3, 3)), path=3),
            TypeError,
            "filters: path must be a str or a path, got 3",
        ),
        (
            lambda: plot.filters(np.zeros((2, 3, 3)), most=0),
            ValueError,
            "filters: most must be an integer >= 1, got 0",
        ),
        (
            lambda: plot.filters(np.zeros((2, 3, 3)), columns=0),
            ValueError,
            "filters: columns must be an integer >= 1, got 0",
        ),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        call()


def test_an_unknown_format():
    with pytest.raises(ValueError, match=r"^filters: path must end in one of \..*, got 'x\.foo'$"):
        plot.filters(np.zeros((2, 3, 3)), path="x.foo")


def test_without_matplotlib(monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    text = "filters: matplotlib must be installed, got none; pip install matplotlib"
    with pytest.raises(RuntimeError, match=f"^{re.escape(text)}$"):
        plot.filters(np.zeros((2, 3, 3)))


def test_importing_plot_does_not_import_matplotlib():
    code = "import sys, fastnn.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
