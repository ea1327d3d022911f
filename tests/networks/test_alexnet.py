"""AlexNet: counts, shapes, the paper's initial values, options, errors."""

import re

import numpy as np
import pytest

from fastnn.networks import ALEXNET_TORCHVISION, alexnet
from network_laws import check_kept, check_learns, images, size
from networks.counts import told_counts

SMALL = {"classes": 3, "input_shape": (3, 67, 67)}


@pytest.mark.parametrize(("groups", "count"), [(2, 60965224), (1, 62378344)])
def test_counts_of_the_paper(groups, count):
    model = alexnet(groups=groups)
    assert size(model) == count and count in told_counts(alexnet)
    assert model.inputs[0].shape == (None, 3, 227, 227)
    assert model.outputs[0].shape == (None, 1000)
    assert [model.parameters[f"conv{i}.weight"].shape for i in range(1, 6)] == [
        (96, 3, 11, 11), (256, 96 // groups, 5, 5), (384, 256, 3, 3), (384, 384 // groups, 3, 3),
        (256, 384 // groups, 3, 3),
    ]  # fmt: skip
    assert model.parameters["fc6.weight"].shape == (4096, 256 * 6 * 6)
    kinds = [layer.kind for layer in model.layers]
    assert kinds == [
        "Conv2d", "LocalResponseNorm", "MaxPool2d", "Conv2d", "LocalResponseNorm", "MaxPool2d",
        "Conv2d", "Conv2d", "Conv2d", "MaxPool2d", "Flatten", "Dense", "Dropout", "Dense",
        "Dropout", "Dense",
    ]  # fmt: skip


def test_normalisation_may_be_left_out():
    kinds = [layer.kind for layer in alexnet(**SMALL, normalise=False).layers]
    assert "LocalResponseNorm" not in kinds and len(kinds) == 14


def test_torchvisions_form():
    model = alexnet(
        groups=1, widths=(64, 192, 384, 256, 256), input_shape=(3, 224, 224), padding=2,
        normalise=False,
    )  # fmt: skip
    assert size(model) == 61100840
    assert told_counts(alexnet) == {60965224, 62378344, 61100840}
    assert set(ALEXNET_TORCHVISION.values()) == {n.partition(".")[0] for n in model.parameters}


def test_initial_values_are_the_papers():
    p = alexnet(**SMALL).parameters
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"):
        assert p[f"{name}.weight"].std() == pytest.approx(0.01, rel=0.03)
        assert (p[f"{name}.bias"] == (name not in ("conv1", "conv3", "fc8"))).all()


def test_learns_and_is_kept(tmp_path):
    """Dark, grey and bright images, with the mean taken away, in 0..255 as the paper has them."""
    model = alexnet(**SMALL, dropout=0.0)
    y = np.arange(6) % 3
    x = (0.2 * images(model, 6) + 0.4 * y.reshape(-1, 1, 1, 1) - 0.5) * 255
    check_learns(model, x, y, 0.3, rate=3e-5, steps=40)
    check_kept(model, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"groups": 3}, ValueError, "alexnet: groups must be 1 or 2, got 3"),
        ({"groups": [1]}, TypeError, "alexnet: groups must be 1 or 2, got [1]"),
        ({"groups": 1.0}, TypeError, "alexnet: groups must be 1 or 2, got 1.0"),
        (
            {"normalise": "no"},
            TypeError,
            "alexnet: normalise must be True or False, got 'no'",
        ),
        ({"classes": 0}, ValueError, "alexnet: classes must be an integer >= 1, got 0"),
        ({"classes": "a"}, TypeError, "alexnet: classes must be an integer >= 1, got 'a'"),
        (
            {"input_shape": (3, 66, 67)},
            ValueError,
            "alexnet: input_shape must be (C, H, W) with H and W >= 67, got (3, 66, 67)",
        ),
        (
            {"input_shape": (227, 227)},
            ValueError,
            "alexnet: input_shape must be (C, H, W) with H and W >= 67, got (227, 227)",
        ),
        (
            {"input_shape": (3, 0, 227)},
            ValueError,
            "Input: shape must hold integers >= 1, got (3, 0, 227)",
        ),
        (
            {"widths": (64, 192)},
            ValueError,
            "alexnet: widths must be 5 integers >= 1, got (64, 192)",
        ),
        (
            {"widths": (1, 2, 3, 4, 0)},
            ValueError,
            "alexnet: widths must be 5 integers >= 1, got (1, 2, 3, 4, 0)",
        ),
        (
            {"widths": "abcde"},
            TypeError,
            "alexnet: widths must be an integer or a sequence of integers, got 'abcde'",
        ),
        ({"padding": -1}, ValueError, "alexnet: padding must be an integer >= 0, got -1"),
        (
            {"input_shape": (3, 62, 62), "padding": 2},
            ValueError,
            "alexnet: input_shape must be (C, H, W) with H and W >= 63, got (3, 62, 62)",
        ),
        ({"dropout": 1.5}, ValueError, 'Dropout "drop6": rate must be a number in [0, 1], got 1.5'),
    ],
)
def test_errors(arguments, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        alexnet(**arguments)
