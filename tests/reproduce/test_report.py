"""Comparing with printed digits, and the verdict of a report."""

from __future__ import annotations

import pytest

from fastnn.reproduce import Report
from fastnn.reproduce.report import agrees


@pytest.mark.parametrize(
    ("printed", "value", "same"),
    [
        ("0.277", 0.277404, True),
        ("0.991", 0.99198, True),  # cut off
        ("0.992", 0.99198, True),  # rounded
        ("0.993", 0.99198, False),
        ("-0.009", -0.00972, True),
        ("-0.010", -0.00972, True),
        ("0.009", -0.00972, False),
        ("5.92e-07", 5.924e-07, True),
        ("5.92e-07", 2.918e-07, False),
        ("0.0000636", 6.361e-05, True),
        ("2", 2.0, True),
        ("2", 2.999, True),
        ("2", 3.0, False),
    ],
)
def test_agrees(printed, value, same):
    assert agrees(printed, value) is same


def test_passed():
    row = {"quantity": "q", "result": "ok"}
    assert Report(["quantity"], [row, row | {"result": "slip"}, row | {"result": "rounded"}]).passed
    assert not Report(["quantity"], [row, row | {"result": "short"}]).passed
    assert not Report(["quantity"]).passed
