"""Changes by whole pixels: parts of images, mirror images, holes."""

from __future__ import annotations

from typing import Any, Literal

from fastnn._checks import check_count, check_pair, check_real, is_one_of
from fastnn.data.augment.transform import (
    Outside,
    Shape,
    Transform,
    check_fill,
    check_p,
    outside,
)

_MOST_PADDING = 1 << 24  # what the core's float32 places can tell apart


class Crop(Transform):
    """A part of the image at a place drawn at random, after padding.

    With padding and without ``size`` it shifts by whole pixels: ``Crop(padding=4)`` is what
    networks for CIFAR-10 are trained with.

    Parameters
    ----------
    size : int or (height, width), optional
        Of the part; by default that of the image.
    padding : int, >= 0
        Pixels added on each side before.
    fill : float or "edge"
        What the padding is: a value (in the network's units), or the outermost pixels continued.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or no integer; if the part is larger than the image with
        its padding, when images are given.

    Source
    ------
    A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet classification with deep convolutional
    neural networks, NIPS 2012, section 4.1 (224 of 256); K. He, X. Zhang, S. Ren, J. Sun, Deep
    residual learning for image recognition, CVPR 2016, section 4.2 (padding 4).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.data import Augmented, Dataset
    >>> images = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> Augmented(Dataset(images), [Crop(2)], seed=1).gather(np.array([0]))[0].tolist()
    [[[[0.0, 1.0], [3.0, 4.0]]]]
    """

    def __init__(self, size: Any = None, padding: int = 0, fill: Outside = 0.0) -> None:
        self.size = size
        self.padding = padding
        self.fill = fill
        if size is not None:
            check_pair("Crop", "size", size)
        if check_count("Crop", "padding", padding, 0) >= _MOST_PADDING:
            raise ValueError(f"Crop: padding must be < 2**24, got {padding}")
        check_fill("Crop", fill)

    def out_shape(self, shape: Shape) -> Shape:
        """That of the part."""
        return cropped("Crop", shape, self.size, self.padding)

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """Size, padding and what it is."""
        _, height, width = self.out_shape(shape)
        return "crop", [height, width, float(self.padding), 0.0, *outside(self.fill)]


class CenterCrop(Transform):
    """The middle of the image: what a network is tested on that was trained on `Crop`.

    Parameters
    ----------
    size : int or (height, width)

    Raises
    ------
    ValueError, TypeError
        If ``size`` is no integer >= 1; if it is larger than the image, when images are given.

    Source
    ------
    A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet classification with deep convolutional
    neural networks, NIPS 2012, section 4.1: one of the five parts tested on there, the others being
    the corners.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.data import Augmented, Dataset
    >>> images = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> Augmented(Dataset(images), [CenterCrop(2)]).gather(np.array([0]))[0].tolist()
    [[[[5.0, 6.0], [9.0, 10.0]]]]
    """

    def __init__(self, size: Any) -> None:
        self.size = size
        check_pair("CenterCrop", "size", size)

    def out_shape(self, shape: Shape) -> Shape:
        """That of the middle."""
        return cropped("CenterCrop", shape, self.size, 0)

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """Its size."""
        _, height, width = self.out_shape(shape)
        return "crop", [height, width, 0.0, 1.0, 0.0, 0.0]


class Flip(Transform):
    """The mirror image, for a share ``p`` of the samples.

    Parameters
    ----------
    p : float, in [0, 1]
        Share of the samples that are changed.
    axis : "horizontal" or "vertical"
        Left and right change places, or up and down.

    Raises
    ------
    ValueError, TypeError
        If ``p`` or ``axis`` is something else.

    Source
    ------
    A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet classification with deep convolutional
    neural networks, NIPS 2012, section 4.1, horizontal reflections.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.data import Augmented, Dataset
    >>> images = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> Augmented(Dataset(images), [Flip(p=1.0)]).gather(np.array([0]))[0].tolist()
    [[[[1.0, 0.0], [3.0, 2.0]]]]
    """

    def __init__(
        self, p: float = 0.5, axis: Literal["horizontal", "vertical"] = "horizontal"
    ) -> None:
        self.p = p
        self.axis = axis
        check_p("Flip", p)
        if not is_one_of(axis, ("horizontal", "vertical")):
            raise ValueError(f"Flip: axis must be horizontal or vertical, got {axis!r}")

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """The axis."""
        return "flip", [float(self.axis == "vertical")]


class Cutout(Transform):
    """A rectangle of each image is covered; its centre is any pixel, so that it may stick out.

    Parameters
    ----------
    size : int or (height, width)
        Of the rectangle, in pixels. The paper takes 16 for CIFAR-10.
    fill : float
        What covers it, in the network's units.
    p : float, in [0, 1]
        Share of the samples that are changed.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or no number.

    Source
    ------
    T. DeVries, G. W. Taylor, Improved regularization of convolutional neural networks with cutout,
    arXiv:1708.04552 (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.data import Augmented, Dataset
    >>> covered = Augmented(Dataset(np.ones((1, 1, 5, 5))), [Cutout(1)])
    >>> float(covered.gather(np.array([0]))[0].sum())
    24.0
    """

    def __init__(self, size: Any, fill: float = 0.0, p: float = 1.0) -> None:
        self.size = size
        self.fill = fill
        self.p = p
        check_pair("Cutout", "size", size)
        check_real("Cutout", "fill", fill, "a finite number", lambda v: True)
        check_p("Cutout", p)

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """Height, width and value."""
        height, width = check_pair("Cutout", "size", self.size)
        return "cutout", [height, width, float(self.fill)]


def cropped(where: str, shape: Shape, size: Any, padding: int) -> Shape:
    """(C, H, W) of a part of images of ``shape``; raises where it does not fit."""
    channels, height, width = shape
    if size is None:
        return shape
    new_height, new_width = check_pair(where, "size", size)
    if new_height > height + 2 * padding or new_width > width + 2 * padding:
        padded = f" with padding {padding}" if padding else ""
        raise ValueError(
            f"{where}: size must be at most {(height + 2 * padding, width + 2 * padding)}, that of "
            f"the images{padded}, got {(new_height, new_width)}"
        )
    return channels, new_height, new_width
