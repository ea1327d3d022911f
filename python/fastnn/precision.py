"""Of what the kernels multiply in training: float32, or bfloat16 that a CPU may have to emulate."""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import TYPE_CHECKING, Any

from fastnn import _core

if TYPE_CHECKING:
    from fastnn._core import Precision

PRECISIONS = ("float32", "bf16")


def check_precision(given: Any, dtype: str) -> Precision:
    """The precision that a trainer of a model of this dtype is asked for; warns of emulation.

    Raises
    ------
    ValueError
        If it is none of `PRECISIONS`, or "bf16" for a model that is not float32.

    Examples
    --------
    >>> check_precision("float32", "float64")
    'float32'
    """
    if isinstance(given, str) and given == "float32":
        return "float32"
    if not isinstance(given, str) or given != "bf16":
        raise ValueError(f"Trainer: precision must be 'float32' or 'bf16', got {given!r}")
    if dtype != "float32":
        raise ValueError(
            f"Trainer: precision must be 'float32' for a model of dtype {dtype}, got 'bf16'; "
            "make the model with dtype='float32'"
        )
    if not _core.has_bf16():
        warnings.warn(
            "Trainer: precision 'bf16' is emulated, because there is no AVX512-BF16 (instruction set "
            f"in use: {_core.isa()}): results are those of bf16, training is slower than with "
            "'float32'",
            UserWarning,
            stacklevel=_calls_inside() + 1,
        )
    return "bf16"


def _calls_inside() -> int:
    """Frames of this package from the caller on: ``Trainer(...)`` has fewer than `Trainer.resume`."""
    package = __name__.partition(".")[0]
    frame: FrameType | None = sys._getframe(1)
    count = 0
    while frame and str(frame.f_globals.get("__name__")).partition(".")[0] == package:
        frame, count = frame.f_back, count + 1
    return count
