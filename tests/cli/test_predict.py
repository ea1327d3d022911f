"""``fastnn predict``: images of every kind, either way round; and what is no image."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import fastnn as fnn
from fastnn.cli import images

pillow = pytest.importorskip("PIL.Image")


@pytest.fixture
def digit():
    """A held-out image as uint8 (64, 64), light on dark, and its label."""
    _, test = fnn.datasets.digits()
    x, y = test[3]
    return np.kron((x[0] * 255).astype(np.uint8), np.ones((8, 8), np.uint8)), int(y)


def save(array, name, mode=None):
    image = pillow.fromarray(array)
    (image.convert(mode) if mode else image).save(name)
    return name


def test_classes_are_told_by_name_where_the_model_has_noted_them(run, model, digit):
    pixels, label = digit
    save(pixels, "light.png")
    named = fnn.load(model)
    named.notes["class_names"] = [f"digit {i}" for i in range(10)]
    named.save("named.fnn")
    line = run("predict", "named.fnn", "light.png").out
    assert line.startswith(f"light.png  digit {label}  ") and f"(digit {label}: " in line
    told = run("predict", "named.fnn", "light.png", "--json").json["predictions"][0]
    assert (told["class"], told["name"]) == (label, f"digit {label}")
    assert [t["name"] for t in told["top"]] == [f"digit {t['class']}" for t in told["top"]]
    for odd in ([], ["one"], "abcdefghij", 3, ["\x1b[2J"] * 10, ["a", None] * 5, [""] * 10):
        named.notes["class_names"] = odd
        named.save("odd.fnn")
        assert run("predict", "odd.fnn", "light.png").out.split()[1] == str(label)


def test_either_way_round_is_the_same(run, model, digit):
    pixels, label = digit
    save(pixels, "light.png")
    save(255 - pixels, "dark.png")
    save(255 - pixels, "colour.png", "RGB")
    save(pixels, "palette.png", "P")
    save(pixels.astype(np.uint16) * 257, "deep.png")
    names = ["light.png", "dark.png", "colour.png", "palette.png", "deep.png"]
    seen = run("predict", model, *names)
    assert (seen.code, seen.err) == (0, "")
    lines = seen.out.splitlines()
    assert [line.split()[:2] for line in lines] == [[n, str(label)] for n in names]
    told = run("predict", model, *names, "--json").json
    assert told["model"] == "digits.fnn"
    first = told["predictions"][0]
    x = pixels[::8, ::8].astype("f")[None, None] / 255
    expected = fnn.load(model).predict(x)[0]
    assert first["class"] == label == expected.argmax()
    assert first["probability"] == pytest.approx(float(expected.max()), rel=1e-5)
    assert len(first["top"]) == 3 and first["top"][0]["class"] == label
    order = [t["probability"] for t in first["top"]]
    assert order == sorted(order, reverse=True)
    for other in told["predictions"][1:]:
        assert other["probability"] == pytest.approx(first["probability"], rel=1e-4)
    assert lines[0] == "light.png    {}  {:.1%}  ({})".format(
        label, first["probability"],
        ", ".join(f"{t['class']}: {t['probability']:.1%}" for t in first["top"]),
    )  # fmt: skip


def test_invert_decides_instead_of_the_border(run, model, digit):
    pixels, label = digit
    save(255 - pixels, "dark.png")
    save(pixels, "light.png")
    told = run("predict", model, "dark.png", "--no-invert", "--json").json["predictions"][0]
    plain = run("predict", model, "light.png", "--invert", "--json").json["predictions"][0]
    assert told["class"] == plain["class"]
    assert told["probability"] == pytest.approx(plain["probability"], rel=1e-4)
    right = run("predict", model, "dark.png", "--invert", "--json").json["predictions"][0]
    assert right["class"] == label and abs(right["probability"] - told["probability"]) > 1e-3


def test_transparent_parts_are_white(tmp_path):
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[2:6, 3:5, 3] = 255  # black where it is not transparent
    pillow.fromarray(ink).save(tmp_path / "a.png")
    seen = images.read(str(tmp_path / "a.png"), 8, 8, None)
    expected = np.zeros((8, 8), np.float32)
    expected[2:6, 3:5] = 1
    np.testing.assert_array_equal(seen, expected)


def test_photographs_of_digits_are_turned_as_the_camera_says(tmp_path, digit):
    lying = pillow.fromarray(np.rot90(digit[0]).copy())
    exif = pillow.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise makes it upright
    lying.save(tmp_path / "lying.png", exif=exif)
    upright = images.read(str(tmp_path / "lying.png"), 8, 8, None)
    np.testing.assert_allclose(upright, digit[0][::8, ::8] / 255, atol=1e-6)


def test_other_ratios_are_padded_with_the_ground(tmp_path):
    ink = np.full((4, 16), 200, np.uint8)
    ink[1:3, 4:12] = 0
    pillow.fromarray(ink).save(tmp_path / "a.png")
    seen = images.read(str(tmp_path / "a.png"), 16, 16, None)
    ground, light = np.float32(55 / 255), np.float32(1)
    expected = np.full((16, 16), ground)
    expected[7:9, 4:12] = light
    np.testing.assert_allclose(seen, expected, atol=1e-6)


def test_shrinking_averages_over_areas(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (32, 32)).astype(np.uint8)
    pillow.fromarray(pixels).save(tmp_path / "a.png")
    seen = images.read(str(tmp_path / "a.png"), 8, 8, False)
    expected = pixels.reshape(8, 4, 8, 4).mean((1, 3)) / 255
    np.testing.assert_allclose(seen, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (8, 8), (64,)])
def test_models_of_each_image_shape(run, digit, shape):
    save(digit[0], "a.png")
    fnn.Model([fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")], input_shape=shape).save("m.fnn")
    assert run("predict", "m.fnn", "a.png").code == 0


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "log_softmax"])
def test_probabilities_are_those_of_the_last_layer(run, digit, activation):
    save(digit[0], "a.png")
    layers = [fnn.nn.Flatten(), fnn.nn.Dense(10, activation)]
    model = fnn.Model(layers, input_shape=(1, 8, 8))
    model.save("m.fnn")
    y = model.predict(digit[0][::8, ::8].astype("f")[None, None] / 255)[0]
    expected = np.exp(y) if activation == "log_softmax" else y
    told = run("predict", "m.fnn", "a.png", "--json").json["predictions"][0]
    assert told["probability"] == pytest.approx(float(expected.max()), rel=1e-5)
    assert told["class"] == expected.argmax() and set(told["top"][0]) == {"class", "probability"}
    seen = run("predict", "m.fnn", "a.png").out
    assert seen.startswith(f"a.png  {told['class']}  {told['probability']:.1%}  (")


@pytest.mark.parametrize("activation", [None, "tanh"])
def test_other_outputs_are_scores(run, digit, activation):
    save(digit[0], "a.png")
    layers = [fnn.nn.Flatten(), fnn.nn.Dense(10, activation)]
    model = fnn.Model(layers, input_shape=(1, 8, 8))
    model.save("m.fnn")
    y = model.predict(digit[0][::8, ::8].astype("f")[None, None] / 255)[0]
    seen = run("predict", "m.fnn", "a.png", "--json")
    told = seen.json["predictions"][0]
    assert told["score"] == pytest.approx(float(y.max()), rel=1e-5)
    assert set(told["top"][0]) == {"class", "score"} and "probability" not in seen.out
    top = ", ".join(f"{t['class']}: {t['score']:.4g}" for t in told["top"])
    line = f"a.png  {told['class']}  score {told['score']:.4g}  ({top})\n"
    assert run("predict", "m.fnn", "a.png").out == line


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_outputs_that_are_no_numbers(fails, digit, value):
    save(digit[0], "a.png")
    model = fnn.Model([fnn.nn.Flatten(), fnn.nn.Dense(10)], input_shape=(1, 8, 8))
    model.theta[-1] = value
    model.save("lost.fnn")
    line = (
        "predict: MODEL must give finite outputs, got NaN or infinity from 'lost.fnn'; its weights "
        "are lost or too large: train it again, with a lower --lr, or use a copy"
    )
    fails(1, line, "predict", "lost.fnn", "a.png")


def test_a_model_that_calls_python(fails, digit):
    save(digit[0], "a.png")
    fnn.Model([fnn.nn.Function(np.sin), fnn.nn.Dense(3)], input_shape=(64,)).save("sine.fnn")
    rule = "must name a file whose model calls no Python functions, as files hold no code"
    remedy = "use it in Python, where fastnn.load and Trainer.resume take them"
    line = f"predict: MODEL {rule}, got 'sine.fnn', which calls sin; {remedy}"
    fails(1, line, "predict", "sine.fnn", "a.png")


def test_what_is_no_image(fails, model, digit, tmp_path):
    save(digit[0], "good.png")
    fails(1, "predict: IMAGE must name a file, got 'none.png'", "predict", model, "none.png")
    Path("folder").mkdir()
    fails(1, "predict: IMAGE must name a file, got the folder 'folder'", "predict", model, "folder")
    Path("text.png").write_text("no image")
    line = "predict: IMAGE must be an image such as PNG or JPEG, got 'text.png'"
    fails(1, line, "predict", model, "good.png", "text.png")
    Path("cut.png").write_bytes(Path("good.png").read_bytes()[:80])
    seen_line = "predict: IMAGE must be readable, got 'cut.png' with "
    from fastnn.cli.output import Failure

    with pytest.raises(Failure) as caught:
        images.read("cut.png", 8, 8, None)
    assert str(caught.value).startswith(seen_line)
    fails(
        2,
        "the following arguments are required: IMAGE; see fastnn predict --help",
        "predict",
        model,
    )
    line = "argument --no-invert: not allowed with argument --invert; see fastnn predict --help"
    fails(2, line, "predict", model, "good.png", "--invert", "--no-invert")


def test_photographs_for_a_network_of_colours_are_read_as_by_image_folder(run, fails, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "set" / "a").mkdir(parents=True)
    sizes = [(32, 32), (50, 70), (20, 33)]
    names = [
        save(rng.integers(0, 256, (*s, 3), np.uint8), f"set/a/{i}.png") for i, s in enumerate(sizes)
    ]
    model = fnn.networks.resnet_cifar(8, seed=1)
    model.save("colours.fnn")
    told = run("predict", "colours.fnn", *names, "--json").json["predictions"]
    seen = model.predict(fnn.datasets.image_folder("set", size=32).x)
    assert [p["class"] for p in told] == seen.argmax(1).tolist()
    np.testing.assert_allclose([p["probability"] for p in told], seen.max(1), rtol=1e-6)
    swapped = run("predict", "colours.fnn", names[0], "--invert", "--json").json["predictions"][0]
    assert swapped["probability"] != told[0]["probability"]
    Path("broken.png").write_bytes(b"no image")
    line = "predict: IMAGE must be an image such as PNG or JPEG, got 'broken.png'"
    fails(1, line, "predict", "colours.fnn", "broken.png")
    line = "predict: IMAGE must name a file, got 'none.png'"
    fails(1, line, "predict", "colours.fnn", "none.png")


def test_integers_whose_white_is_not_known_are_refused(fails, model):
    pillow.fromarray(np.full((8, 8), 1 << 20, np.int32)).save("deep.tiff")
    rule = "integers beyond 16 bits, of which nobody knows what is white"
    fails(1, f"predict: IMAGE must be readable, got 'deep.tiff' with {rule}",
          "predict", model, "deep.tiff")  # fmt: skip
    fnn.networks.resnet_cifar(8).save("colours.fnn")
    fails(1, f"predict: IMAGE must be readable, got 'deep.tiff' with {rule}",
          "predict", "colours.fnn", "deep.tiff")  # fmt: skip


def test_what_is_no_model_of_images(fails, digit):
    save(digit[0], "a.png")
    fails(1, "predict: MODEL must name a file, got 'none.fnn'", "predict", "none.fnn", "a.png")
    fnn.Model([fnn.nn.Dense(3)], input_shape=(5,)).save("m.fnn")
    line = (
        "predict: MODEL must take images, (N, 1, H, W), (N, H, W) or (N, H * H) in grey or "
        "(N, 3, H, W) in colour, got one that takes (N, 5)"
    )
    fails(1, line, "predict", "m.fnn", "a.png")
    x = fnn.Input((4,))
    fnn.Model(x, [fnn.nn.Dense(2)(x), fnn.nn.Dense(3)(x)]).save("two.fnn")
    line = (
        "predict: MODEL must have one input and one output of shape (N, K), "
        "got 1 and 2 of shapes (N, 2) and (N, 3)"
    )
    fails(1, line, "predict", "two.fnn", "a.png")


def test_without_pillow(fails, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    line = "predict: Pillow must be installed to read images, got none; pip install pillow"
    fails(1, line, "predict", model, "a.png")


def test_a_png_that_lacks_pixels_is_refused_by_name(fails, model):
    rows = zlib.compress(bytes(65 * 32))  # of 64
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")
    ):  # fmt: skip
        content += struct.pack(">I", len(body)) + kind + body
        content += struct.pack(">I", zlib.crc32(kind + body))
    Path("half.png").write_bytes(content)
    line = "predict: IMAGE must be readable, got 'half.png' with 2080 of 4160 bytes of pixels"
    fails(1, line, "predict", model, "half.png")
