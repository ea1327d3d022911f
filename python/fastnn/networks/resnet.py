"""Residual networks."""

from __future__ import annotations

from typing import Any

from fastnn import nn, ops
from fastnn._checks import check_count, check_flag, check_integer, is_one_of
from fastnn.assembly import Input
from fastnn.model import Model
from fastnn.ops.tensor import Tensor

# Blocks of the four stages, and how much a block's outputs are wider than its inside.
_DEPTHS = {
    18: ((2, 2, 2, 2), 1),
    34: ((3, 4, 6, 3), 1),
    50: ((3, 4, 6, 3), 4),
    101: ((3, 4, 23, 3), 4),
    152: ((3, 8, 36, 3), 4),
}


def resnet(
    depth: int = 50,
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (3, 224, 224),
    seed: int = 0,
) -> Model:
    """Residual network for ImageNet: a 7 x 7 stem, four stages, global average pooling.

    Parameters
    ----------
    depth : 18, 34, 50, 101 or 152
        Layers with weights. From 50 on blocks are bottlenecks; their stride is in the 3 x 3
        convolution, as in all implementations since.
    classes : int, >= 1
    input_shape : tuple of int
        Channels, height and width of an image.
    seed : int
        Decides the initial weights (He's normal).

    Returns
    -------
    Model
        (N, C, H, W) to class probabilities (N, classes).

    Raises
    ------
    ValueError
        If ``depth`` is none of these, or ``input_shape`` no image's.
    TypeError
        If ``depth`` or ``classes`` is no integer.

    Notes
    -----
    Parameters with 1000 classes and 3 channels: 11 689 512 (depth 18), 21 797 672 (34),
    25 557 032 (50), 44 549 160 (101), 60 192 808 (152).

    Source
    ------
    He, Zhang, Ren and Sun, Deep residual learning for image recognition, CVPR (2016).

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.networks.resnet(18, classes=10, input_shape=(3, 32, 32))
    >>> sum(p.size for p in model.parameters.values())
    11181642
    """
    rule = f"one of {', '.join(map(str, _DEPTHS))}"
    depth = check_integer("resnet", "depth", depth, rule, lambda n: n in _DEPTHS)
    blocks, wider = _DEPTHS[depth]
    classes = check_count("resnet", "classes", classes)
    x = _image(input_shape, "resnet")
    y = _normalised(x, 64, 7, 2, "conv1", "bn1", relu=True)
    y = nn.MaxPool2d(3, 2, padding=1, name="maxpool")(y)
    for stage, count in enumerate(blocks):
        for i in range(count):
            stride = 2 if stage > 0 and i == 0 else 1
            y = _block(y, 64 << stage, wider, stride, f"layer{stage + 1}.{i}")
    return _classified(x, y, classes, seed)


def resnet_cifar(
    depth: int = 20,
    classes: int = 10,
    input_shape: tuple[int, int, int] = (3, 32, 32),
    shortcut: str = "pad",
    residual: bool = True,
    seed: int = 0,
) -> Model:
    """Residual network for CIFAR-10: 3 x 3 convolutions, three stages of 16, 32 and 64 channels.

    Parameters
    ----------
    depth : int, 6 n + 2
        Layers with weights: 20, 32, 44, 56 and 110 in the paper.
    classes : int, >= 1
    input_shape : tuple of int
        Channels, height and width of an image.
    shortcut : "pad" or "projection"
        Where a stage begins: every other pixel with channels of zeros (the paper's option A, no
        parameters), or a 1 x 1 convolution with batch normalisation (option B).
    residual : bool
        False leaves the shortcuts out: the plain network of the paper.
    seed : int
        Decides the initial weights (He's normal).

    Returns
    -------
    Model
        (N, C, H, W) to class probabilities (N, classes).

    Raises
    ------
    ValueError
        If ``depth`` is not 6 n + 2, ``shortcut`` is unknown, or ``input_shape`` no image's.
    TypeError
        If ``depth`` or ``classes`` is no integer, or ``residual`` no bool.

    Notes
    -----
    Parameters with 10 classes and 3 channels, and those with projections; the plain network has as
    many as the first:

    ===== ========= ===========
    depth       pad  projection
    ===== ========= ===========
       20   269 722     272 474
       32   464 154     466 906
       44   658 586     661 338
       56   853 018     855 770
      110 1 727 962   1 730 714
    ===== ========= ===========

    Source
    ------
    He, Zhang, Ren and Sun, Deep residual learning for image recognition, CVPR (2016), section 4.2.

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.networks.resnet_cifar(20)
    >>> sum(p.size for p in model.parameters.values())
    269722
    """
    rule = "6 n + 2 with n >= 1"
    depth = check_integer("resnet_cifar", "depth", depth, rule, lambda n: n >= 8 and n % 6 == 2)
    if not is_one_of(shortcut, ("pad", "projection")):
        raise ValueError(f"resnet_cifar: shortcut must be 'pad' or 'projection', got {shortcut!r}")
    classes = check_count("resnet_cifar", "classes", classes)
    residual = check_flag("resnet_cifar", "residual", residual)
    x = _image(input_shape, "resnet_cifar")
    y = _normalised(x, 16, 3, 1, "conv1", "bn1", relu=True)
    for stage in range(3):
        for i in range((depth - 2) // 6):
            stride = 2 if stage > 0 and i == 0 else 1
            name = f"layer{stage + 1}.{i}"
            y = _block(y, 16 << stage, 1, stride, name, shortcut if residual else None)
    return _classified(x, y, classes, seed)


def _image(input_shape: tuple[int, int, int], where: str) -> Tensor:
    x = Input(input_shape, name="image")
    if x.ndim != 4:
        raise ValueError(f"{where}: input_shape must be (C, H, W), got {input_shape!r}")
    return x


def _normalised(
    x: Tensor, filters: int, kernel: int, stride: int, conv: str, bn: str, relu: bool = False
) -> Any:
    """Convolution without bias, batch normalisation and, if wanted, ReLU."""
    y = nn.Conv2d(
        filters, kernel, stride, kernel // 2, use_bias=False, init="he_normal", name=conv
    )(x)
    y = nn.BatchNorm(name=bn)(y)
    return ops.relu(y) if relu else y


def _block(
    x: Tensor, width: int, wider: int, stride: int, name: str, shortcut: str | None = "projection"
) -> Any:
    """relu(f(x) + x), f two convolutions, or three where the outputs are ``wider``."""

    def part(y: Tensor, number: int, filters: int, kernel: int, step: int, relu: bool) -> Any:
        return _normalised(
            y, filters, kernel, step, f"{name}.conv{number}", f"{name}.bn{number}", relu
        )

    if wider == 1:
        y = part(x, 1, width, 3, stride, relu=True)
        y = part(y, 2, width, 3, 1, relu=False)
    else:
        y = part(x, 1, width, 1, 1, relu=True)
        y = part(y, 2, width, 3, stride, relu=True)
        y = part(y, 3, width * wider, 1, 1, relu=False)
    if shortcut is None:
        return ops.relu(y)
    channels = x.shape[1]
    assert channels is not None
    if stride > 1 or channels != width * wider:
        if shortcut == "pad":
            x = _padded(x, stride, width * wider - channels)
        else:
            down = f"{name}.downsample"
            x = _normalised(x, width * wider, 1, stride, f"{down}.0", f"{down}.1")
    return ops.relu(y + x)


def _padded(x: Tensor, stride: int, more: int) -> Any:
    """Every ``stride``-th pixel, ``more`` channels of zeros around the others."""
    x = ops.avg_pool2d(x, 1, stride)
    return ops.pad(x, (0, 0, 0, 0, more // 2, more - more // 2))


def _classified(x: Tensor, y: Tensor, classes: int, seed: int) -> Model:
    y = nn.Flatten(name="flatten")(nn.GlobalAvgPool2d(name="avgpool")(y))
    return Model(x, nn.Dense(classes, "softmax", init="lecun_uniform", name="fc")(y), seed=seed)
