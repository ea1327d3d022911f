"""Several trainings in one picture."""

import io

import numpy as np
import pytest

from fastnn import plot

pytest.importorskip("matplotlib")
RUNS = {
    "fast": {"val_accuracy": [0.6, 0.8, 0.9], "seconds": [1.0, 1.0, 2.0]},
    "slow": {"val_accuracy": [0.3, float("nan")], "seconds": [5.0, 5.0]},
}


def test_a_line_for_each_training(tmp_path):
    path = tmp_path / "runs.png"
    figure = plot.comparison(RUNS, path=path)
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["fast", "slow"]
    fast, slow = axis.lines
    np.testing.assert_array_equal(fast.get_xydata(), [[1, 0.6], [2, 0.8], [3, 0.9]])
    np.testing.assert_array_equal(slow.get_xydata(), [[1, 0.3], [2, np.nan]])
    assert fast.get_color() != slow.get_color()
    assert axis.get_xlabel() == "epoch" and path.read_bytes()[:4] == b"\x89PNG"


def test_over_seconds_which_are_added_up_and_on_given_axes():
    axis = plot.comparison({"one": {"a": [1.0]}}, "a").axes[0]
    plot.comparison(RUNS, over="seconds", ax=axis)
    assert [line.get_label() for line in axis.lines] == ["one", "fast", "slow"]
    legend = axis.get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["one", "fast", "slow"]
    assert axis.lines[1].get_xdata().tolist() == [1.0, 2.0, 4.0]


def test_epochs_are_whole():
    ticks = plot.comparison(RUNS).axes[0].get_xticks()
    assert (ticks == ticks.round()).all()


def test_a_single_epoch_has_one_tick():
    axis = plot.comparison({"a": {"loss": [1.0]}}, "loss").axes[0]
    low, high = axis.get_xlim()
    assert [tick for tick in axis.get_xticks() if low <= tick <= high] == [1]


def test_names_are_written_as_they_are():
    """Those of matplotlib's hidden lines too, and what would be formulas."""
    runs = {"_hidden": {"loss": [1.0]}, r"$\foo{$": {"loss": [2.0]}}
    figure = plot.comparison(runs, "loss")
    texts = figure.axes[0].get_legend().get_texts()
    assert [text.get_text() for text in texts] == list(runs)
    figure.savefig(io.BytesIO())


def test_the_legend_keeps_what_others_drew():
    axis = plot.comparison({"_first": {"a": [1.0]}, r"$\foo{$": {"a": [1.0]}}, "a").axes[0]
    axis.plot([1], [1], label=r"$\alpha$")
    plot.comparison({"second": {"a": [2.0]}}, "a", ax=axis)
    texts = axis.get_legend().get_texts()
    names = [r"$\alpha$", "_first", r"$\foo{$", "second"]
    assert [text.get_text() for text in texts] == names
    assert [text.get_parse_math() for text in texts] == [True, False, False, False]
    axis.get_figure().savefig(io.BytesIO())


def test_more_trainings_than_colours_differ_by_their_dashes():
    lines = plot.comparison({str(i): {"a": [1.0, 2.0]} for i in range(9)}, "a").axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 9


WORDS = np.array(["a", "b"])  # where one word belongs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), "comparison: histories must hold at least 1 training, got none"),
        (
            ({"a": {"loss": [1.0]}},),
            "comparison: histories must each have 'val_accuracy', got 'a' with ['loss']",
        ),
        (
            ({"a": {"loss": [1.0]}}, "loss", "seconds"),
            "comparison: histories must each have 'seconds', got 'a' with ['loss']",
        ),
        (
            ({"a": {"loss": [1.0, 2.0], "seconds": [1.0]}}, "loss", "seconds"),
            "comparison: seconds must be as many as 'loss', 2 in 'a', got 1",
        ),
        ((RUNS, "loss", "step"), "comparison: over must be 'epoch' or 'seconds', got 'step'"),
        (
            (RUNS, "loss", WORDS),
            f"comparison: over must be 'epoch' or 'seconds', got {WORDS!r}",
        ),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError) as caught:
        plot.comparison(*arguments)
    assert str(caught.value) == message


NUMBERS = "comparison: histories must hold a list of numbers as"
EACH = "comparison: histories must each be a mapping of names to lists, as Trainer.fit returns,"


@pytest.mark.parametrize(
    ("histories", "more", "text"),
    [
        ([1], {}, "comparison: histories must be a mapping of names to histories, got [1]"),
        ({"a": 3}, {}, f"{EACH} got 'a' with 3"),
        ({"a": {"val_accuracy": ["x"]}}, {}, f"{NUMBERS} 'val_accuracy', got ['x']"),
        ({"a": {"val_accuracy": 3}}, {}, f"{NUMBERS} 'val_accuracy', got 3"),
        ({"a": {"val_accuracy": [[1.0]]}}, {}, f"{NUMBERS} 'val_accuracy', got [[1.0]]"),
        (
            {"a": {"val_accuracy": [1.0], "seconds": ["x"]}},
            {"over": "seconds"},
            f"{NUMBERS} 'seconds', got ['x']",
        ),
        (RUNS, {"ax": 3}, "comparison: ax must be matplotlib Axes, got 3"),
        (RUNS, {"path": 3}, "comparison: path must be a str or a path, got 3"),
    ],
)
def test_wrong_kinds(histories, more, text):
    with pytest.raises(TypeError) as caught:
        plot.comparison(histories, **more)
    assert str(caught.value) == text


def test_what_no_axis_can_hold_leaves_a_gap(tmp_path):
    runs = {"a": {"loss": [1e308, -1e308, 1.0, 2.0]}}
    (line,) = plot.comparison(runs, "loss", path=tmp_path / "a.png").axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [np.nan, np.nan, 1.0, 2.0])


def test_without_matplotlib(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(RuntimeError) as caught:
        plot.comparison(RUNS)
    assert str(caught.value) == (
        "comparison: matplotlib must be installed, got none; pip install matplotlib"
    )
