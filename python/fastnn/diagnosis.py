"""Why a training stopped: which weights, data or values are not finite, in words."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from fastnn import _core, losses
from fastnn.feeds import cast
from fastnn.objective import Objective
from fastnn.targets import parts_of


def check_weights(objective: Objective, where: str, epoch: int, step: int) -> None:
    """Raise where weights are not finite, as an update may have made them: nothing takes it back."""
    model, kept = objective.model, objective.frozen
    if math.isfinite(_core.sum_of_squares(model.theta)):
        return
    named = zip(model.structure.parameters, model.parameters.items(), strict=True)
    names = [
        name for tensor, (name, w) in named if id(tensor) not in kept and not np.isfinite(w).all()
    ]
    if not names:  # the sum of squares may overflow where all is well
        return
    got = f"{where}: weights must be finite, got NaN or infinity in {', '.join(names)}"
    if not step:
        raise RuntimeError(f"{got} before the first step; set them anew")
    raise RuntimeError(
        f"{got} (epoch {epoch + 1}, after step {step}); an update overflowed and the weights are "
        "lost: begin anew or from a checkpoint with a lower learning rate"
    )


def explain(
    objective: Objective, x: Any, y: Any, rows: Any, where: str, epoch: int, step: int
) -> NoReturn:
    """Raise the error that says why a step was not finite; the weights are those before it.

    Parameters
    ----------
    objective : Objective
    x, y : arrays
        The batch.
    rows : int array, or None
        The batch's rows in the data set.
    where : str
        Head of error texts.
    epoch, step : int
        Done before that step.
    """
    check_weights(objective, where, epoch, step)
    for name, values in (("x", x), ("y", y)):
        for array in parts_of(values):
            row = _bad_row(np.asarray(array), objective.model.dtype)
            if row is not None:
                dtype = objective.model.dtype
                is_large = bool(np.isfinite(np.asarray(array)[row]).all())
                got = f"what {dtype} does not hold" if is_large else "NaN or infinity"
                raise ValueError(
                    f"{where}: {name} must be finite, got {got} in row {_number(row, rows)} "
                    f"(epoch {epoch + 1}, step {step + 1}); the weights are those before that step"
                )
    found = objective.find_not_finite(x, y, where)
    odd = objective.no_probability(x, y) if found and found[0] == "loss" else None
    if odd:
        ending = losses.ENDINGS[odd[0]]
        raise ValueError(
            f"{where}: outputs must be probabilities in [0, 1] for {odd[0]}, got {odd[1]:.6g} "
            f"(epoch {epoch + 1}, step {step + 1}); let the model end in {ending}, nothing behind "
            "it, or take another loss; the weights are those before that step"
        )
    place = f"the {found[1]} of {found[0]}" if found else "the whole gradient"
    raise RuntimeError(
        f"{where}: loss and gradient must be finite, got NaN or infinity in {place} "
        f"(epoch {epoch + 1}, step {step + 1}); {_odd_label(objective, y, rows)}lower the learning "
        "rate or set clip_norm=1.0; the weights are those before that step"
    )


def _bad_row(array: Any, dtype: str) -> int | None:
    """The first row with NaN or infinity, or with what the model's dtype does not hold."""
    if array.dtype.kind != "f":
        return None
    finite = np.isfinite(cast(array, dtype))
    return None if finite.all() else int(np.argwhere(~finite.reshape(len(finite), -1).all(1))[0, 0])


def _odd_label(objective: Objective, y: Any, rows: Any) -> str:
    found = objective.targets.odd_label(y)
    if found is None:
        return ""
    label, row, classes = found
    return (
        f"look at y, which has label {label} in row {_number(row, rows)} for an output of "
        f"{classes} units, or "
    )


def _number(row: int, rows: Any) -> int:
    """A row of the batch as a row of the data set."""
    return row if rows is None else int(rows[row])
