"""The rule of an update: optimiser, penalties and clipping, as the core takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn._checks import check_not_negative
from fastnn.optim import Optimizer

if TYPE_CHECKING:
    from fastnn._core import Rule


def rule_of(optimizer: Optimizer, l1: Any, l2: Any, clip_norm: Any, max_norm: Any) -> Rule:
    """The settings of the moment, unchecked; None, where nothing is clipped, is 0 to the core."""
    try:
        hyper = optimizer.hyper()
    except (TypeError, ValueError):  # of no number
        optimizer.check()
        raise
    return {
        "optimizer": optimizer.name,
        "hyper": hyper,
        "l1": l1,
        "l2": l2,
        "clip_norm": 0.0 if clip_norm is None else clip_norm,
        "max_norm": 0.0 if max_norm is None else max_norm,
    }


def check_rule(rule: Rule) -> None:
    """Raise unless penalties and norms are finite numbers of at least 0.

    Examples
    --------
    >>> from fastnn.optim import SGD
    >>> check_rule(rule_of(SGD(0.1), 0, 1e-4, None, 2.0))
    """
    settings: dict[str, Any] = {**rule}
    for name in ("l1", "l2", "clip_norm", "max_norm"):
        check_not_negative("Trainer", name, settings[name])
