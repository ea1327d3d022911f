"""The built-in rasteriser and its letters."""

import io
import string

import numpy as np
import pytest

from fastnn._glyphs import _STROKES, outline
from fastnn._raster import Canvas, png, text_width

BLACK = (0, 0, 0)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (7, 4, 3), (1, 9, 3)])
def test_png_is_read_back_by_pillow(shape):
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype("u1")
    np.testing.assert_array_equal(np.asarray(image.open(io.BytesIO(png(pixels)))), pixels)


def test_every_letter_and_digit_has_a_glyph_of_its_own():
    letters = string.ascii_lowercase + string.digits + ".,:-+=_/()%"
    assert set(letters) <= set(_STROKES)
    pictures = set()
    for letter in letters:
        canvas = Canvas(20, 30)
        canvas.text(3, 20, letter, BLACK, 14)
        assert (canvas.pixels != 255).any()
        pictures.add(canvas.pixels.tobytes())
    assert len(pictures) == len(letters)


def test_capitals_are_small_letters_and_unknown_letters_a_box():
    assert text_width("LOSS", 12) == text_width("loss", 12) > 0
    assert len(outline("²")[0]) == 1
    assert outline("") == ([], 0.0)


def test_text_is_aligned_by_its_width():
    for align, edge in (("left", 40), ("centre", 40 - text_width("888", 12) / 2), ("right", None)):
        canvas = Canvas(80, 24)
        canvas.text(40, 18, "888", BLACK, 12, align)
        columns = np.flatnonzero((canvas.pixels < 128).any(axis=(0, 2)))
        if edge is None:
            assert abs(columns.max() - 40) <= 2
        else:
            assert abs(columns.min() - edge) <= 2


def test_line_covers_its_width_with_smooth_edges():
    canvas = Canvas(30, 20)
    canvas.line([[5, 10.25], [25, 10.25]], BLACK, 3)
    column = 255 - canvas.pixels[:, 15, 0].astype(int)
    assert abs(column.sum() / 255 - 3) < 0.02
    assert 0 < column[8] < 255
    assert column[10] == 255


def test_overlap_of_strokes_is_not_drawn_twice():
    once, twice = Canvas(20, 20), Canvas(20, 20)
    once.line([[3, 3], [17, 12]], (200, 0, 0), 2)
    twice.line([[3, 3], [17, 12], [3, 3]], (200, 0, 0), 2)
    np.testing.assert_array_equal(once.pixels, twice.pixels)


def test_drawing_outside_the_canvas_is_cut_off():
    canvas = Canvas(10, 10)
    canvas.line([[-50, -50], [-20, -30]], BLACK, 2)
    canvas.text(500, 500, "out", BLACK, 12)
    assert (canvas.pixels == 255).all()
    canvas.line([[-50, 5], [50, 5]], BLACK, 2)
    assert (canvas.pixels[5] == 0).all()


def test_nan_breaks_a_line_and_nothing_draws_nothing():
    canvas = Canvas(30, 10)
    canvas.line([[2, 5], [8, 5], [np.nan, 5], [20, 5], [28, 5]], BLACK, 2)
    assert (canvas.pixels[5, 12:17] == 255).all()
    assert canvas.pixels[5, 24].max() == 0
    empty = Canvas(30, 10)
    empty.line([[np.nan, 1]], BLACK, 2)
    empty.line(np.empty((0, 2)), BLACK, 2)
    assert (empty.pixels == 255).all()
