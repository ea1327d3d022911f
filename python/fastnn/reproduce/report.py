"""A system to reproduce, and the report of how that went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any


@dataclass(frozen=True)
class Options:
    """What the user chose.

    Attributes
    ----------
    data : str or None
        Folder of data sets.
    plot : str or None
        PNG to write, by systems that have one.
    verbose : int
        As in ``Trainer.fit``.
    """

    data: str | None = None
    plot: str | None = None
    verbose: int = 0


@dataclass
class Report:
    """A table with a verdict in each row.

    Attributes
    ----------
    head : sequence of str
        Columns, which are the keys of a row that a table shows.
    rows : list of dict
        ``row["result"]`` is "ok", "rounded" or "slip" (both explained), or "short".
    notes : list of str
        Lines below the table.
    right : sequence of int
        Columns that are flush right.
    """

    head: Sequence[str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    right: Sequence[int] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing falls short."""
        return bool(self.rows) and all(row["result"] != "short" for row in self.rows)

    def cells(self, row: dict[str, Any]) -> list[str]:
        """A row as texts.

        Examples
        --------
        >>> Report(["a", "b"]).cells({"a": "x", "b": 0.123456789, "c": 1})
        ['x', '0.123457']
        """
        values = (row[name] for name in self.head)
        return [f"{v:.6g}" if isinstance(v, float) else str(v) for v in values]


@dataclass(frozen=True)
class System:
    """Something that can be reproduced.

    Attributes
    ----------
    name, title, time : str
        What the command line calls it, what it is, how long it takes.
    run : callable
        ``Options -> Report``; OSError where the data set is neither in the folder of the options
        nor in the cache nor to be had.
    has_plot : bool
    """

    name: str
    title: str
    time: str
    run: Callable[[Options], Report]
    has_plot: bool = False


def agrees(printed: str, value: float) -> bool:
    """Whether a printed number is ``value``, rounded or cut off to the digits printed.

    Examples
    --------
    >>> agrees("0.625", 0.62586), agrees("0.626", 0.62586), agrees("0.624", 0.62586)
    (True, True, False)
    """
    shown = Decimal(printed)
    unit = Decimal((0, (1,), int(shown.as_tuple().exponent)))
    exact = Decimal(repr(float(value)))
    return any(exact.quantize(unit, rounding=way) == shown for way in (ROUND_HALF_UP, ROUND_DOWN))
