"""image_folder(): classes by folder, sizes, kinds of files, and what is refused."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from fastnn.datasets import image_folder

pillow = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


def save(path, shape=(6, 5, 3), mode=None, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, shape).astype("u1")
    image = pillow.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **how)
    return pixels


def error(kind, text):
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


def test_classes_are_sorted_folders(tmp_path):
    wanted = {
        name: save(tmp_path / name) for name in ("b/2.png", "b/10.bmp", "a/x.png", "c/d/z.png")
    }
    (tmp_path / "notes.txt").write_text("no class")
    (tmp_path / "a" / "Thumbs.db").write_text("no image")
    (tmp_path / "a" / ".hidden.png").write_text("no image")
    (tmp_path / ".git").mkdir()
    data = image_folder(tmp_path)
    assert data.class_names == ("a", "b", "c")
    assert data.y.tolist() == [0, 1, 1, 2]
    order = ["a/x.png", "b/10.bmp", "b/2.png", "c/d/z.png"]
    want = np.stack([wanted[n] for n in order]).transpose(0, 3, 1, 2)
    assert data.inputs[0].array.tobytes() == want.tobytes()
    np.testing.assert_array_equal(data.x, (want / 255).astype("f4"))
    assert data[[3, 0]].class_names == ("a", "b", "c")


def test_a_path_may_be_relative(tmp_path, monkeypatch):
    save(tmp_path / "sets" / "a" / "1.png")
    save(tmp_path / "sets" / "a" / "below" / "2.png")
    monkeypatch.chdir(tmp_path)
    for root in ("sets", "./sets", Path("sets"), "../" + tmp_path.name + "/sets"):
        assert len(image_folder(root)) == 2


def test_modes(tmp_path):
    pixels = save(tmp_path / "a" / "1.png")
    grey = image_folder(tmp_path, mode="L").inputs[0].array
    assert grey.shape == (1, 1, 6, 5)
    weights = pixels @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(grey[0, 0], weights, atol=1)
    (tmp_path / "g" / "x").mkdir(parents=True)
    save(tmp_path / "g" / "x" / "1.png", (6, 5))
    assert image_folder(tmp_path / "g").inputs[0].array.shape == (1, 3, 6, 5)


def test_transparent_parts_are_white_and_16_bits_are_kept(tmp_path):
    clear = np.zeros((2, 2, 4), "u1")
    clear[0, 0] = [10, 20, 30, 255]
    (tmp_path / "a").mkdir()
    pillow.fromarray(clear).save(tmp_path / "a" / "1.png")
    deep = np.array([[0, 65535], [256, 32768]], "u2")
    pillow.fromarray(deep).save(tmp_path / "a" / "2.png")
    first, second = image_folder(tmp_path).inputs[0].array
    assert first[:, 0, 0].tolist() == [10, 20, 30]
    assert (first[:, 1] == 255).all()
    assert second[0].tolist() == [[0, 255], [1, 128]]


def test_numbers_from_0_to_1_are_greys(tmp_path):
    (tmp_path / "a").mkdir()
    pillow.fromarray(np.array([[0, 0.5], [1, 7]], "f4")).save(tmp_path / "a" / "1.tif")
    assert image_folder(tmp_path, mode="L").inputs[0].array.tolist() == [[[[0, 128], [255, 255]]]]


def test_photographs_are_turned_as_the_camera_says(tmp_path):
    save(tmp_path / "a" / "1.png", (6, 4, 3))
    image = pillow.open(tmp_path / "a" / "1.png")
    exif = image.getexif()
    exif[0x0112] = 6  # a quarter turn
    image.save(tmp_path / "a" / "1.png", exif=exif)
    assert image_folder(tmp_path).inputs[0].array.shape == (1, 3, 4, 6)


@pytest.mark.parametrize("size", [4, (3, 5), (40, 20), 1])
def test_sizes_are_covered_and_the_middle_is_kept(tmp_path, size):
    """Left and right, or up and down, are cut off alike: a centred disc stays where it is."""
    height, width = (size, size) if isinstance(size, int) else size
    for name, shape in (("1", (20, 60)), ("2", (60, 20)), ("3", (21, 21))):
        y, x = np.mgrid[: shape[0], : shape[1]]
        disc = (y - (shape[0] - 1) / 2) ** 2 + (x - (shape[1] - 1) / 2) ** 2 < 64
        (tmp_path / "a").mkdir(exist_ok=True)
        pillow.fromarray((disc * 255).astype("u1")).save(tmp_path / "a" / f"{name}.png")
    x = image_folder(tmp_path, size, "L").x
    assert x.shape == (3, 1, height, width)
    np.testing.assert_allclose(x, x[..., ::-1], atol=0.02)
    np.testing.assert_allclose(x, x[..., ::-1, :], atol=0.02)
    assert x[:, 0, height // 2, width // 2].min() > 0.3


def test_sizes_that_differ_are_told(tmp_path):
    save(tmp_path / "a" / "1.png")
    save(tmp_path / "a" / "2.png", (6, 4, 3))
    with error(
        ValueError,
        f"image_folder: images must be 6 x 5 pixels as {tmp_path}/a/1.png is, got 6 x 4 in "
        f"{tmp_path}/a/2.png; give a size, such as size=32",
    ):
        image_folder(tmp_path)


def test_bad_files_are_named(tmp_path):
    save(tmp_path / "a" / "1.png", (40, 40, 3))
    path = tmp_path / "a" / "2.png"
    good = (tmp_path / "a" / "1.png").read_bytes()
    path.write_bytes(b"<html>")
    with error(
        OSError, f"image_folder: {path} must be a readable image, got bytes that are no image"
    ):
        image_folder(tmp_path)
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(OSError, match=f"^{re.escape(f'image_folder: {path} must be a readable')}"):
        image_folder(tmp_path)
    path.unlink()
    path.mkdir()
    assert len(image_folder(tmp_path)) == 1  # a folder of such a name is no file


def test_error_texts(tmp_path, monkeypatch):
    with error(TypeError, "image_folder: root must be a str or a path, got None"):
        image_folder(None)
    with error(OSError, f"image_folder: root must name a folder, got '{tmp_path}/none'"):
        image_folder(tmp_path / "none")
    with error(
        OSError, f"image_folder: root must hold a folder for each class, got none in '{tmp_path}'"
    ):
        image_folder(tmp_path)
    (tmp_path / "a").mkdir()
    with error(
        OSError, f"image_folder: root must hold images of every class, got none in {tmp_path}/a"
    ):
        image_folder(tmp_path)
    with error(ValueError, "image_folder: mode must be RGB or L, got 'CMYK'"):
        image_folder(tmp_path, mode="CMYK")
    with error(ValueError, "image_folder: size must be an integer >= 1, got 0"):
        image_folder(tmp_path, 0)
    with error(TypeError, "image_folder: size must be an integer >= 1, got 2.5"):
        image_folder(tmp_path, (2.5, 3))
    with error(
        ValueError, "image_folder: size must be an integer or (height, width), got (1, 2, 3)"
    ):
        image_folder(tmp_path, (1, 2, 3))
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with error(
        RuntimeError,
        "image_folder: Pillow must be installed to read images, got none; pip install pillow",
    ):
        image_folder(tmp_path)
