"""Changes of the values of pixels: brightness, contrast, AlexNet's colours, noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn._checks import check_fraction, check_not_negative
from fastnn.data.augment.transform import Shape, Transform, check_p
from fastnn.data.samples import gathers
from fastnn.ops.tensor import as_array


class Color(Transform):
    """Brightness and contrast: ``m + c (x - m) + b``, with m the mean of the whole image.

    Values may leave [0, 1]; nothing is clipped.

    Parameters
    ----------
    brightness : float, >= 0
        b is uniform in [-brightness, brightness], in the network's units.
    contrast : float, in [0, 1)
        c is uniform in [1 - contrast, 1 + contrast].
    p : float, in [0, 1]
        Share of the samples that are changed.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or no number.

    Source
    ------
    A. G. Howard, Some improvements on deep convolutional neural network based image classification,
    ICLR 2014, arXiv:1312.5402.

    Examples
    --------
    >>> from fastnn.data import Augmented, Dataset
    >>> images = np.array([0.0, 0.5, 1.0]).reshape(1, 1, 1, 3)
    >>> x, _ = Augmented(Dataset(images), [Color(contrast=0.5)]).gather(np.array([0]))
    >>> x[0, 0, 0].round(3).tolist()
    [0.113, 0.5, 0.887]
    """

    def __init__(self, brightness: float = 0.0, contrast: float = 0.0, p: float = 1.0) -> None:
        self.brightness = brightness
        self.contrast = contrast
        self.p = p
        check_not_negative("Color", "brightness", brightness)
        check_fraction("Color", "contrast", contrast)
        check_p("Color", p)

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """The two ranges."""
        return "color", [float(self.brightness), float(self.contrast)]


class PCAColor(Transform):
    """AlexNet's change of colours: along the main axes of the colours of all pixels.

    Every pixel of an image gains ``sum_j a_j l_j v_j``, with l_j and v_j the eigenvalues and
    eigenvectors of the covariance of red, green and blue, and the a_j drawn from a normal
    distribution, once for each image.

    Parameters
    ----------
    covariance : array, shape (3, 3)
        Of the channels, in the network's units; ``PCAColor.of`` computes it.
    std : float, >= 0
        Standard deviation of the a_j.
    p : float, in [0, 1]
        Share of the samples that are changed.

    Raises
    ------
    ValueError, TypeError
        If ``covariance`` is not one, or another argument is out of its range.

    Source
    ------
    A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet classification with deep convolutional
    neural networks, NIPS 2012, section 4.1. Eigenvalues grow with the square of the units: 0.1 is
    the paper's value and right for pixels in [0, 1].

    Examples
    --------
    >>> from fastnn.data import Augmented, Dataset
    >>> grey = [[0.1, 0.1, 0.1]] * 3  # all change together
    >>> x, _ = Augmented(Dataset(np.zeros((1, 3, 1, 1))), [PCAColor(grey)]).gather(np.array([0]))
    >>> bool(np.allclose(x, x[0, 0]))
    True
    """

    def __init__(
        self, covariance: Sequence[Sequence[float]] | Any, std: float = 0.1, p: float = 1.0
    ) -> None:
        given = as_array(covariance, "PCAColor", "covariance").astype(np.float64)
        if given.shape != (3, 3):
            raise ValueError(
                f"PCAColor: covariance must have shape (3, 3), one axis for each of red, green and "
                f"blue, got {given.shape}"
            )
        if not np.isfinite(given).all() or not np.allclose(given, given.T):
            raise ValueError(
                f"PCAColor: covariance must be symmetric and finite, got {given.tolist()}"
            )
        self.covariance = given.tolist()
        self.std = std
        self.p = p
        check_not_negative("PCAColor", "std", std)
        check_p("PCAColor", p)

    @classmethod
    def of(cls, dataset: Any, std: float = 0.1, p: float = 1.0) -> PCAColor:
        """With the covariance of a data set's own pixels.

        Parameters
        ----------
        dataset : Dataset, or (x, y), or a map-style data set
            Of images (N, 3, H, W); a few thousand samples tell enough: ``train.take(5000)``.
        std, p : float
            As above.

        Returns
        -------
        PCAColor

        Raises
        ------
        ValueError, TypeError
            If it is no data set of colour images, or holds none.
        """
        dataset = gathers(dataset, "PCAColor.of")
        count, sums, products = 0, np.zeros(3), np.zeros((3, 3))
        for begin in range(0, len(dataset), 256):
            x = dataset.gather(np.arange(begin, min(begin + 256, len(dataset))), "float64")[0]
            if getattr(x, "ndim", 0) != 4 or x.shape[1] != 3:
                raise ValueError(
                    "PCAColor.of: x must have shape (N, 3, H, W), got "
                    f"{('N', *np.shape(x)[1:])}".replace("'", "")
                )
            pixels = x.transpose(1, 0, 2, 3).reshape(3, -1)
            count += pixels.shape[1]
            sums += pixels.sum(axis=1)
            products += pixels @ pixels.T
        if count == 0:
            raise ValueError("PCAColor.of: dataset must have at least 1 sample, got 0")
        mean = sums / count
        return cls(products / count - np.outer(mean, mean), std, p)

    def out_shape(self, shape: Shape) -> Shape:
        """The same, if there are 3 channels."""
        if shape[0] != 3:
            raise ValueError(
                f"PCAColor: x must have 3 channels, red, green and blue, got {shape[0]}"
            )
        return shape

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """Eigenvectors times their eigenvalues and ``std``, a row for each channel."""
        values, vectors = np.linalg.eigh(np.array(self.covariance))
        vectors *= np.where(vectors[np.abs(vectors).argmax(axis=0), range(3)] < 0, -1, 1)
        axes = vectors * np.maximum(values, 0) * self.std
        return "pca", [float(v) for v in axes.reshape(-1)]


class Noise(Transform):
    """Every value gains a normal number of its own.

    Parameters
    ----------
    std : float, >= 0
        Standard deviation, in the network's units.
    p : float, in [0, 1]
        Share of the samples that are changed.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or no number.

    Source
    ------
    C. M. Bishop, Training with noise is equivalent to Tikhonov regularization, Neural Computation 7
    (1995).

    Examples
    --------
    >>> from fastnn.data import Augmented, Dataset
    >>> noisy = Augmented(Dataset(np.zeros((1, 1, 100, 100))), [Noise(2.0)])
    >>> round(float(noisy.gather(np.array([0]))[0].std()), 1)
    2.0
    """

    def __init__(self, std: float, p: float = 1.0) -> None:
        self.std = std
        self.p = p
        check_not_negative("Noise", "std", std)
        check_p("Noise", p)

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """The standard deviation."""
        return "noise", [float(self.std)]
