"""Residual networks: counts, shapes, shortcuts, errors."""

import re

import numpy as np
import pytest

from fastnn.networks import resnet, resnet_cifar
from network_laws import check_kept, check_learns, images, size
from networks.counts import told_counts

COUNTS = [(18, 11689512), (34, 21797672), (50, 25557032), (101, 44549160), (152, 60192808)]
CIFAR_COUNTS = [
    (20, 269722, 272474),
    (32, 464154, 466906),
    (44, 658586, 661338),
    (56, 853018, 855770),
    (110, 1727962, 1730714),
]


@pytest.mark.parametrize(("depth", "count"), COUNTS)
def test_counts(depth, count):
    model = resnet(depth)
    assert size(model) == count
    with_weights = [
        p for name, p in model.parameters.items() if p.ndim > 1 and "downsample" not in name
    ]
    assert len(with_weights) == depth
    assert model.outputs[0].shape == (None, 1000)


@pytest.mark.parametrize(("depth", "count", "projected"), CIFAR_COUNTS)
def test_counts_for_cifar(depth, count, projected):
    model = resnet_cifar(depth)
    assert size(model) == count
    assert sum(p.ndim > 1 for p in model.parameters.values()) == depth
    assert size(resnet_cifar(depth, shortcut="projection")) == projected
    assert size(resnet_cifar(depth, residual=False)) == count


def test_the_docstrings_tell_the_counts():
    assert told_counts(resnet) == {count for _, count in COUNTS}
    assert told_counts(resnet_cifar) == {n for _, *counts in CIFAR_COUNTS for n in counts}


def test_numpys_integers_are_depths():
    small = {"input_shape": (3, 8, 8)}
    assert size(resnet_cifar(np.int64(8), **small)) == size(resnet_cifar(8, **small))
    assert size(resnet(np.int32(18), **small)) == size(resnet(18, **small))


def test_the_plain_network_has_no_shortcuts():
    added = {
        residual: sum(n.op == "add" for n in resnet_cifar(20, residual=residual).structure.nodes)
        for residual in (True, False)
    }
    assert added == {True: 9, False: 0}


def test_a_stage_begins_with_every_other_pixel_and_channels_of_zeros():
    """With convolutions of zeros a block is its shortcut."""
    model = resnet_cifar(8, input_shape=(1, 8, 8))
    for name, p in model.parameters.items():
        if name.startswith("layer"):
            p[...] = 0
    model.parameters["fc.weight"][...] = 0
    model.parameters["fc.weight"][0, :] = 1 / 64
    x = images(model, 2)
    stem = model.parameters["conv1.weight"].astype("f8")
    padded = np.pad(x[:, 0].astype("f8"), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    y = np.einsum("nhwij,kij->nkhw", windows, stem[:, 0]) / np.sqrt(1 + 1e-5)
    y = np.maximum(y, 0)[:, :, ::4, ::4]  # 16 channels of 2 x 2, in the middle of the 64
    logit = y.mean(axis=(2, 3)).sum(axis=1) / 64
    e = np.exp(logit)
    np.testing.assert_allclose(model.predict(x)[:, 0], e / (e + 9), rtol=1e-5)


def test_a_bottlenecks_stride_is_in_its_3_x_3():
    model = resnet(50, classes=2, input_shape=(3, 32, 32))
    strides = {x.name: x.config()["stride"] for x in model.layers if x.kind == "Conv2d"}
    assert strides["layer2.0.conv1"] == 1 and strides["layer2.0.conv2"] == 2
    assert strides["layer2.0.downsample.0"] == 2 and strides["layer2.1.conv2"] == 1


@pytest.mark.parametrize(
    "arguments", [{}, {"shortcut": "projection"}, {"residual": False}], ids=str
)
def test_cifar_learns_and_is_kept(arguments, tmp_path):
    model = resnet_cifar(8, classes=3, input_shape=(3, 16, 16), **arguments)
    check_learns(model, images(model, 12), np.arange(12) % 3, 0.5, rate=3e-3)
    check_kept(model, tmp_path)


@pytest.mark.parametrize("depth", [18, 50])
def test_learns_and_is_kept(depth, tmp_path):
    model = resnet(depth, classes=3, input_shape=(3, 32, 32))
    check_learns(model, images(model, 6), np.arange(6) % 3, 0.9, steps=5)
    check_kept(model, tmp_path)


WORDS = np.array(["a", "b"])  # where one word belongs


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: resnet(20),
            ValueError,
            "resnet: depth must be one of 18, 34, 50, 101, 152, got 20",
        ),
        (
            lambda: resnet(18, input_shape=(32, 32)),
            ValueError,
            "resnet: input_shape must be (C, H, W), got (32, 32)",
        ),
        (
            lambda: resnet(18, classes=0),
            ValueError,
            "resnet: classes must be an integer >= 1, got 0",
        ),
        (
            lambda: resnet_cifar(21),
            ValueError,
            "resnet_cifar: depth must be 6 n + 2 with n >= 1, got 21",
        ),
        (
            lambda: resnet_cifar(2),
            ValueError,
            "resnet_cifar: depth must be 6 n + 2 with n >= 1, got 2",
        ),
        (
            lambda: resnet_cifar("20"),
            TypeError,
            "resnet_cifar: depth must be 6 n + 2 with n >= 1, got '20'",
        ),
        (
            lambda: resnet_cifar(20.0),
            TypeError,
            "resnet_cifar: depth must be 6 n + 2 with n >= 1, got 20.0",
        ),
        (
            lambda: resnet(18.0),
            TypeError,
            "resnet: depth must be one of 18, 34, 50, 101, 152, got 18.0",
        ),
        (
            lambda: resnet([18]),
            TypeError,
            "resnet: depth must be one of 18, 34, 50, 101, 152, got [18]",
        ),
        (
            lambda: resnet(True),
            TypeError,
            "resnet: depth must be one of 18, 34, 50, 101, 152, got True",
        ),
        (
            lambda: resnet_cifar(residual="no"),
            TypeError,
            "resnet_cifar: residual must be True or False, got 'no'",
        ),
        (
            lambda: resnet_cifar(shortcut="A"),
            ValueError,
            "resnet_cifar: shortcut must be 'pad' or 'projection', got 'A'",
        ),
        (
            lambda: resnet_cifar(shortcut=WORDS),
            ValueError,
            f"resnet_cifar: shortcut must be 'pad' or 'projection', got {WORDS!r}",
        ),
        (
            lambda: resnet_cifar(input_shape=(3, 32, 32, 1)),
            ValueError,
            "resnet_cifar: input_shape must be (C, H, W), got (3, 32, 32, 1)",
        ),
        (
            lambda: resnet_cifar(classes=1.5),
            TypeError,
            "resnet_cifar: classes must be an integer >= 1, got 1.5",
        ),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        call()
