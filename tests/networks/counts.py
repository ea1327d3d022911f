"""Counts of parameters as the docstrings of networks tell them."""

from __future__ import annotations

import inspect
import re


def told_counts(network):
    """Numbers written as ``61 706`` in a docstring."""
    text = inspect.getdoc(network)
    return {int(n.replace(" ", "")) for n in re.findall(r"(?<![\d.])\d{1,3}(?: \d{3})+\b", text)}
