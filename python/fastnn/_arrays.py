"""What users hand over as an array, before anybody looks at its dtype and shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def detached(x: Any, where: str, argument: str) -> Any:
    """What ``numpy.asarray`` can take: a tensor of PyTorch off its graph and its device.

    Raises
    ------
    TypeError
        If it is a masked array, whose mask nobody would see again, or of a dtype NumPy lacks.

    Examples
    --------
    >>> detached([1.0, 2.0], "mean", "x")
    [1.0, 2.0]
    """
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"{where}: {argument} must be an array without a mask, got a masked one; fill it, "
            "x.filled(0), or leave those rows out"
        )
    if hasattr(x, "detach"):
        x = x.detach()
    if hasattr(x, "cpu"):
        x = x.cpu()
    if hasattr(x, "numpy") and not isinstance(x, np.ndarray | np.generic):
        try:
            x = x.numpy()
        except TypeError:
            raise TypeError(
                f"{where}: {argument} must be of a dtype that NumPy has, got {x.dtype}; "
                "x.float() makes it float32"
            ) from None
    return x


def check_int64(array: NDArray[Any], where: str, argument: str) -> None:
    """Raise where integers do not fit into 64 bits with a sign: a cast would wrap them.

    Examples
    --------
    >>> check_int64(np.array([1, 2**63], "u8"), "Dataset", "x")
    Traceback (most recent call last):
    ValueError: Dataset: x must be below 2**63, got 9223372036854775808
    """
    is_wide = array.dtype.kind == "u" and array.dtype.itemsize == 8
    if is_wide and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{where}: {argument} must be below 2**63, got {array.max()}")
