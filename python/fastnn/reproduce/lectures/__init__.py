"""The lectures' worked examples, each printed digit compared with what the library computes."""

from __future__ import annotations

from collections import Counter

from fastnn.reproduce.lectures import (
    back_propagation,
    convolution,
    formulas,
    two_two_one,
    two_two_two,
)
from fastnn.reproduce.lectures.comparison import Comparison
from fastnn.reproduce.report import Options, Report, System


def run(options: Options) -> Report:
    """Compare every example.

    Parameters
    ----------
    options : Options
        Not used: the examples need no data.

    Returns
    -------
    Report

    Examples
    --------
    >>> run(Options()).passed
    True
    """
    table = Comparison()
    two_two_two.compare(table)
    two_two_one.compare(table)
    convolution.compare(table)
    formulas.compare_graph(table)
    formulas.compare_sigmoid(table)
    formulas.compare_slips(table)
    back_propagation.compare(table)
    report = table.report
    printed = [row for row in report.rows if row["lecture"] not in ("-", "equal")]
    count = Counter(row["result"] for row in printed)
    report.notes.append(
        f"{len(printed)} printed figures: {count['ok']} equal (rounded or cut off as printed), "
        f"{count['rounded']} differ as the lecture rounds on the way, {count['slip']} are slips of "
        f"the lectures, explained, {count['short']} are not met"
    )
    return report


SYSTEM = System("lectures", "The lectures' worked examples, to the printed digit", "1 s", run)
