"""Images sampled at other places: planar affine maps and elastic displacements."""

from __future__ import annotations

import math
from typing import Any

from fastnn._checks import check_fraction, check_not_negative, check_positive, check_real
from fastnn.data.augment.transform import Outside, Shape, Transform, check_fill, check_p, outside


class Affine(Transform):
    """Shift, rotate, zoom, squeeze and shear, in one bilinear sampling.

    A pixel at ``p`` from the centre of the image (x to the right, y down) goes to
    ``t + R S Z p``: zoom and squeeze Z, then shear S, then rotation R, then shift t. Each quantity
    is drawn uniformly from its range, for each sample anew. Several `Affine` in a row, and an
    `Elastic` after them, are one sampling where their ``fill`` agrees: nothing is blurred twice.

    Parameters
    ----------
    shift : float or (float, float), >= 0
        Largest shift in pixels, vertical and horizontal. (`Crop` with padding shifts by whole
        pixels, which blurs nothing.)
    rotate : float, in [0, 180]
        Largest angle in degrees.
    scale : float in [0, 1), or (float, float)
        Zoom by a factor in [1 - scale, 1 + scale], or in the range given.
    squeeze : float, in [0, 1)
        Widths times f, heights over f, with f in [1 - squeeze, 1 + squeeze].
    shear : float, in [0, 90)
        Largest angle in degrees by which verticals lean.
    fill : float or "edge"
        What lies outside of the image: a value (in the network's units, after ``Dataset.scale``),
        or the outermost pixels continued.
    p : float, in [0, 1]
        Share of the samples that are changed.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or no number.

    Source
    ------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document
    recognition, Proc. IEEE 86 (1998), section III C.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.data import Augmented, Dataset
    >>> image = np.zeros((1, 1, 3, 3)); image[0, 0, 1, 1] = 1
    >>> turned = Augmented(Dataset(image), [Affine(shift=1.0)], seed=1)
    >>> x, _ = turned.gather(np.array([0]), epoch=4)
    >>> x[0, 0].round(2).tolist(), float(x.sum().round(6))
    ([[0.0, 0.36, 0.28], [0.0, 0.2, 0.16], [0.0, 0.0, 0.0]], 1.0)
    """

    def __init__(
        self,
        shift: Any = 0.0,
        rotate: float = 0.0,
        scale: Any = 0.0,
        squeeze: float = 0.0,
        shear: float = 0.0,
        fill: Outside = 0.0,
        p: float = 1.0,
    ) -> None:
        self.shift = shift
        self.rotate = rotate
        self.scale = scale
        self.squeeze = squeeze
        self.shear = shear
        self.fill = fill
        self.p = p
        for distance in _two("shift", shift):
            check_not_negative("Affine", "shift", distance)
        check_real("Affine", "rotate", rotate, "degrees in [0, 180]", lambda v: 0 <= v <= 180)
        if isinstance(scale, tuple | list):
            for factor in _two("scale", scale):
                check_positive("Affine", "scale", factor)
            if scale[0] > scale[1]:
                raise ValueError(f"Affine: scale must be (low, high), got {scale!r}")
        else:
            check_fraction("Affine", "scale", scale)
        check_fraction("Affine", "squeeze", squeeze)
        check_real("Affine", "shear", shear, "degrees in [0, 90)", lambda v: 0 <= v < 90)
        check_fill("Affine", fill)
        check_p("Affine", p)

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """Ranges of shifts, angle, zoom, squeeze and shear."""
        low, high = (
            self.scale if isinstance(self.scale, tuple | list) else (1 - self.scale, 1 + self.scale)
        )
        angles = math.radians(self.rotate), math.radians(self.shear)
        return "affine", [
            *map(float, _two("shift", self.shift)), angles[0], float(low), float(high),
            float(self.squeeze), angles[1], *outside(self.fill),
        ]  # fmt: skip


class Elastic(Transform):
    """Elastic distortions, as of a hand that trembles.

    Every pixel is taken from ``alpha * d`` beside it: d is uniform noise in [-1, 1] for each pixel
    and direction, smoothed by a Gaussian of standard deviation ``sigma`` (cut off at 3 sigma; noise
    outside of the image counts as 0). In between, images are bilinear.

    Parameters
    ----------
    alpha : float, >= 0
        Strength. Away from the border displacements have a standard deviation of about
        ``0.163 * alpha / sigma`` pixels: 1.4 for the defaults.
    sigma : float, > 0
        Smoothness, in pixels.
    fill : float or "edge"
        What lies outside of the image, as in `Affine`.
    p : float, in [0, 1]
        Share of the samples that are changed.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or no number.

    Source
    ------
    P. Y. Simard, D. Steinkraus, J. C. Platt, Best practices for convolutional neural networks
    applied to visual document analysis, ICDAR 2003. Its values are the defaults.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.data import Augmented, Dataset
    >>> bent = Augmented(Dataset(np.ones((1, 1, 9, 9))), [Elastic(fill="edge")])
    >>> bool((bent.gather(np.array([0]))[0] == 1).all())
    True
    """

    def __init__(
        self, alpha: float = 34.0, sigma: float = 4.0, fill: Outside = 0.0, p: float = 1.0
    ) -> None:
        self.alpha = alpha
        self.sigma = sigma
        self.fill = fill
        self.p = p
        check_not_negative("Elastic", "alpha", alpha)
        check_real("Elastic", "sigma", sigma, "a number in (0, 1000]", lambda v: 0 < v <= 1000)
        check_fill("Elastic", fill)
        check_p("Elastic", p)

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """alpha and sigma."""
        return "elastic", [float(self.alpha), float(self.sigma), *outside(self.fill)]


def _two(argument: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, tuple | list):
        return value, value
    if len(value) != 2:
        raise ValueError(f"Affine: {argument} must be a number or a pair of them, got {value!r}")
    return value[0], value[1]
