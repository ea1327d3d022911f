"""LeNet-5, as its paper has it and as it is drawn today."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import nn, ops
from fastnn._checks import check_count, check_flag
from fastnn.assembly import Input
from fastnn.model import Model
from fastnn.networks.digits import CODES
from fastnn.ops.tensor import Tensor, as_array, shape_text

# Table I of the paper: the maps of S2 that each map of C3 sees, 60 kernels in all.
CONNECTIONS = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
BACKGROUND, FOREGROUND = -0.1, 1.175  # of images, so that their mean is near 0 and variance near 1
_ROOM = 0.1  # beyond [0, 1], for noise and interpolation; bytes lie far outside
REJECTION = 1.0  # j of the loss: the penalty of a class of rubbish


def lenet5(original: bool = False, classes: int = 10, seed: int = 0) -> Model:
    """LeNet-5 for images of digits.

    Parameters
    ----------
    original : bool
        The network of 1998: inputs of 32 x 32 (see `lenet5_images`), the connection table of C3,
        trainable sub-sampling, 1.7159 tanh(2x/3), and outputs that are (negative) distances to
        7 x 12 bitmaps of the digits, drawn anew in the manner of the paper's figure 3; train it
        with `lenet5_loss`. Else the modern form for 28 x 28: maximum pooling, ReLU and softmax.
    classes : int, 1 to 10 where ``original``
        Number of outputs.
    seed : int
        Decides the initial weights: uniform in +-2.4 / inputs of a unit as in the paper, He's
        normal in the modern form.

    Returns
    -------
    Model
        (N, 1, 32, 32) to negative distances (N, classes), or (N, 1, 28, 28) to probabilities.

    Raises
    ------
    ValueError, TypeError
        If ``classes`` is no integer >= 1, or the original has more than 10: there are no bitmaps
        for them; if ``original`` is no bool.

    Notes
    -----
    Parameters: 60 000 in the original, whose bitmaps are fixed; 61 706 in the modern form with 10
    classes.

    Source
    ------
    LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition,
    Proc. IEEE 86 (1998), section II.

    Examples
    --------
    >>> import fastnn as fnn
    >>> sum(p.size for p in fnn.networks.lenet5(original=True).parameters.values())
    60000
    """
    classes = check_count("lenet5", "classes", classes)
    if check_flag("lenet5", "original", original):
        if classes > len(CODES):
            raise ValueError(
                f"lenet5: classes must be 1 to {len(CODES)} in the original, which has as many "
                f"bitmaps, got {classes!r}"
            )
        return _original(classes, seed)
    x = Input((1, 28, 28), name="image")
    y = nn.Conv2d(6, 5, padding=2, activation="relu", init="he_normal", name="c1")(x)
    y = nn.MaxPool2d(2, name="s2")(y)
    y = nn.Conv2d(16, 5, activation="relu", init="he_normal", name="c3")(y)
    y = nn.MaxPool2d(2, name="s4")(y)
    y = nn.Flatten(name="flatten")(y)
    y = nn.Dense(120, "relu", init="he_normal", name="c5")(y)
    y = nn.Dense(84, "relu", init="he_normal", name="f6")(y)
    return Model(x, nn.Dense(classes, "softmax", name="output")(y), seed=seed)


def lenet5_images(x: Any) -> NDArray[np.float32]:
    """Images as the original wants them.

    Parameters
    ----------
    x : array, shape (N, 1, 28, 28), in [0, 1]
        Pixels of a data set's ``x``, 0 the background; bytes 0..255 must be divided by 255 before.

    Returns
    -------
    float32 array, shape (N, 1, 32, 32)
        Two pixels of background around, background -0.1 and foreground 1.175.

    Raises
    ------
    ValueError
        If ``x`` has another shape, or values far outside [0, 1].
    TypeError
        If it holds no numbers.

    Source
    ------
    LeCun et al., Proc. IEEE 86 (1998), section II-B.

    Examples
    --------
    >>> lenet5_images(np.ones((1, 1, 28, 28)))[0, 0, 15, :4]
    array([-0.1  , -0.1  ,  1.175,  1.175], dtype=float32)
    """
    given = as_array(x, "lenet5_images", "x")
    if given.ndim != 4 or given.shape[1:] != (1, 28, 28):
        raise ValueError(f"lenet5_images: x must have shape (N, 1, 28, 28), got {given.shape}")
    low, high = given.min(initial=0), given.max(initial=0)
    if not (low >= -_ROOM and high <= 1 + _ROOM):  # NaN neither
        raise ValueError(
            f"lenet5_images: x must be in [0, 1] but for noise, got values from {low} to {high}"
            f"{'; divide it by 255' if given.dtype == np.uint8 or high == 255 else ''}"
        )
    padded = np.pad(given.astype(np.float32), ((0, 0), (0, 0), (2, 2), (2, 2)))
    return padded * np.float32(FOREGROUND - BACKGROUND) + np.float32(BACKGROUND)


def lenet5_loss(outputs: Tensor, labels: Tensor) -> Any:
    """The loss of the paper, equation 9: distance to the right bitmap, and a push from the others.

    ``E = mean of y_t + log(exp(-j) + sum_i exp(-y_i))``, ``y = -outputs`` and j = 1.

    Parameters
    ----------
    outputs : Tensor or array, shape (N, K)
        Negative distances.
    labels : Tensor or int array, shape (N,)
        Classes in [0, K); or one-hot rows (N, K).

    Returns
    -------
    Tensor, or float where arrays are given
        A number; NaN where a label is out of range.

    Raises
    ------
    ValueError
        If the shapes are not these.
    TypeError
        If an array holds no numbers, or labels (N,) are no integers.

    Source
    ------
    LeCun et al., Proc. IEEE 86 (1998), section II-C.

    Examples
    --------
    >>> float(lenet5_loss(np.array([[-1.0, -9.0]]), np.array([0])).round(4))
    0.6933
    """
    outputs, labels = _operand(outputs, "outputs"), _operand(labels, "labels")
    if outputs.ndim != 2 or outputs.shape[1] == 0:
        raise ValueError(
            f"lenet5_loss: outputs must have shape (N, K), got {shape_text(outputs.shape)}"
        )
    if labels.shape not in (outputs.shape[:1], outputs.shape):
        raise ValueError(
            f"lenet5_loss: labels must have shape {shape_text(outputs.shape[:1])} or "
            f"{shape_text(outputs.shape)} as outputs are {shape_text(outputs.shape)}, "
            f"got {shape_text(labels.shape)}"
        )
    if labels.ndim == 1 and "int" not in str(labels.dtype):
        raise TypeError(
            f"lenet5_loss: labels must be integers, or rows {shape_text(outputs.shape)}, "
            f"got dtype {labels.dtype}"
        )
    rubbish = outputs[:, :1] * 0.0 - REJECTION
    competing = ops.logsumexp(ops.concatenate([outputs, rubbish], axis=1), axis=1)
    return ops.nll_loss(outputs, labels) + ops.mean(competing)


def _operand(x: Any, argument: str) -> Any:
    """A tensor as it is, anything else as an array."""
    return x if isinstance(x, Tensor) else as_array(x, "lenet5_loss", argument)


def squash(x: Any) -> Any:
    """1.7159 tanh(2x / 3): slope 1 around 0, and f(1) = 1, f(-1) = -1."""
    return ops.tanh(x * (2.0 / 3.0)) * 1.7159


def _small(shape: tuple[int, ...], uniform: Any, normal: Any) -> NDArray[np.float64]:
    """Uniform in +-2.4 / fan-in."""
    return nn.init.Uniform(2.4 / nn.init.fans(shape)[0])(shape, uniform, normal)


class ConnectedConv2d(nn.Layer):
    """C3: convolution by 5 x 5 kernels of which each map has only some, then the squashing."""

    def build(self, *inputs: Tensor) -> None:
        count = sum(map(len, CONNECTIONS))
        self.weight = self.parameter("weight", (count, 5, 5), _connected)
        self.bias = self.parameter("bias", (len(CONNECTIONS),), "zeros", weight=False)
        self.places = np.zeros((len(CONNECTIONS) * 6, count), "f4")
        pairs = [(to, map_) for to, maps in enumerate(CONNECTIONS) for map_ in maps]
        for i, (to, map_) in enumerate(pairs):
            self.places[to * 6 + map_, i] = 1.0

    def forward(self, x: Tensor) -> Any:
        kernels = ops.reshape(self.weight, (len(self.places[0]), 25))
        dense = ops.reshape(ops.matmul(self.places, kernels), (len(CONNECTIONS), 6, 5, 5))
        return squash(ops.conv2d(x, dense, self.bias))


def _connected(shape: tuple[int, ...], uniform: Any, normal: Any) -> NDArray[np.float64]:
    """Uniform in +-2.4 / fan-in, which depends on the map."""
    limits = np.concatenate([np.full(len(maps), 2.4 / (25 * len(maps))) for maps in CONNECTIONS])
    drawn: NDArray[np.float64] = nn.init.Uniform(1.0)(shape, uniform, normal)
    drawn *= limits[:, None, None]
    return drawn


class BitmapDistance(nn.Layer):
    """Negative squared distances to the bitmaps: Euclidean radial basis functions."""

    def __init__(self, classes: int, name: str | None = None) -> None:
        super().__init__(name)
        self.classes = classes

    def config(self) -> dict[str, Any]:
        return {"classes": self.classes}

    def forward(self, x: Tensor) -> Any:
        codes = CODES[: self.classes]
        square = ops.sum(x * x, axis=1, keepdims=True)
        return ops.matmul(x, np.ascontiguousarray(2.0 * codes.T)) - square - float(codes.shape[1])


def _original(classes: int, seed: int) -> Model:
    x = Input((1, 32, 32), name="image")
    y = nn.Conv2d(6, 5, activation=squash, init=_small, name="c1")(x)
    y = nn.Subsampling(2, activation=squash, name="s2")(y)
    y = ConnectedConv2d(name="c3")(y)
    y = nn.Subsampling(2, activation=squash, name="s4")(y)
    y = nn.Conv2d(120, 5, activation=squash, init=_small, name="c5")(y)
    y = nn.Flatten(name="flatten")(y)
    y = nn.Dense(84, squash, init=_small, name="f6")(y)
    return Model(x, BitmapDistance(classes, name="output")(y), seed=seed)
