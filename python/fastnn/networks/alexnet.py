"""AlexNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import nn
from fastnn._checks import check_count, check_flag, check_integer
from fastnn.assembly import Input
from fastnn.model import Model
from fastnn.ops.attributes import wholes

_NORMAL = nn.init.Normal(0.01)  # the paper's initial weights
_WIDTHS = (96, 256, 384, 384, 256)  # channels of the convolutions

# For Model.load_weights: what the layers are called here, by their names in torchvision's alexnet.
ALEXNET_TORCHVISION = {
    "features.0": "conv1", "features.3": "conv2", "features.6": "conv3", "features.8": "conv4",
    "features.10": "conv5", "classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8",
}  # fmt: skip


def alexnet(
    classes: int = 1000,
    groups: int = 2,
    input_shape: tuple[int, int, int] = (3, 227, 227),
    dropout: float = 0.5,
    normalise: bool = True,
    widths: Sequence[int] = _WIDTHS,
    padding: int = 0,
    init: Any = _NORMAL,
    seed: int = 0,
) -> Model:
    """AlexNet: five convolutions, overlapping pooling, local response normalisation, dropout.

    Parameters
    ----------
    classes : int, >= 1
    groups : 1 or 2
        2 as in the paper, where two GPUs saw half of the channels each in the second, fourth and
        fifth convolution. 1: all of them see all channels.
    input_shape : tuple of int
        Channels, height and width; 67 x 67 are the least, less twice the padding.
    dropout : float, in [0, 1]
        Of the two hidden dense layers.
    normalise : bool
        Whether local response normalisation follows the first two convolutions.
    widths : sequence of 5 int
        Channels of the convolutions.
    padding : int, >= 0
        Zeros around the image.
    init : str or callable
        Initial weights; N(0, 0.01^2) in the paper. With few images SGD learns nothing from there
        for many epochs (Adam does), with "he_normal" it does at once.
    seed : int
        Decides the initial weights. Biases begin with 1 in the second, fourth and fifth
        convolution and the hidden dense layers, else with 0.

    Returns
    -------
    Model
        (N, C, H, W) to class probabilities (N, classes).

    Raises
    ------
    ValueError
        If ``groups`` is neither 1 nor 2, ``widths`` are not 5, or the image is too small.
    TypeError
        If a number is no integer, or ``normalise`` no bool.

    Notes
    -----
    Parameters with 1000 classes and images of 3 x 227 x 227: 60 965 224 with 2 groups, 62 378 344
    with 1.

    torchvision's alexnet is the one of Krizhevsky, One weird trick for parallelizing convolutional
    neural networks (2014), 61 100 840 parameters: ``alexnet(groups=1, normalise=False,
    widths=(64, 192, 384, 256, 256), input_shape=(3, 224, 224), padding=2)``. Its weights come by
    ``model.load_weights(path, rename=fnn.networks.ALEXNET_TORCHVISION)``.

    Source
    ------
    Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural
    networks, NIPS (2012).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.networks.alexnet(classes=10, input_shape=(3, 67, 67)).outputs[0].shape
    (None, 10)
    """
    groups = check_integer("alexnet", "groups", groups, "1 or 2", lambda n: n in (1, 2))
    normalise = check_flag("alexnet", "normalise", normalise)
    classes = check_count("alexnet", "classes", classes)
    padding = check_count("alexnet", "padding", padding, 0)
    counts = wholes("alexnet", "widths", widths)
    if len(counts) != 5 or any(count < 1 for count in counts):
        raise ValueError(f"alexnet: widths must be 5 integers >= 1, got {widths!r}")
    x = Input(input_shape, name="image")
    if x.ndim != 4 or min(wholes("alexnet", "input_shape", x.shape[1:])[1:]) < 67 - 2 * padding:
        raise ValueError(
            f"alexnet: input_shape must be (C, H, W) with H and W >= {67 - 2 * padding}, "
            f"got {input_shape!r}"
        )

    def conv(kernel: int, number: int, bias: float, **more: Any) -> nn.Conv2d:
        return nn.Conv2d(
            counts[number - 1], kernel, activation="relu", init=init, bias_init=bias,
            name=f"conv{number}", **more,
        )  # fmt: skip

    def narrowed(y: Any, number: int) -> Any:
        if normalise and number < 5:
            # The paper's alpha is per element of the sum, this one per mean of 5.
            y = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0, name=f"norm{number}")(y)
        return nn.MaxPool2d(3, 2, name=f"pool{number}")(y)

    y = narrowed(conv(11, 1, 0.0, stride=4, padding=padding)(x), 1)
    y = narrowed(conv(5, 2, 1.0, padding=2, groups=groups)(y), 2)
    y = conv(3, 3, 0.0, padding=1)(y)
    y = conv(3, 4, 1.0, padding=1, groups=groups)(y)
    y = narrowed(conv(3, 5, 1.0, padding=1, groups=groups)(y), 5)
    y = nn.Flatten(name="flatten")(y)
    for number in (6, 7):
        y = nn.Dense(4096, "relu", init=init, bias_init=1.0, name=f"fc{number}")(y)
        y = nn.Dropout(dropout, name=f"drop{number}")(y)
    y = nn.Dense(classes, "softmax", init=init, name="fc8")(y)
    return Model(x, y, seed=seed)
