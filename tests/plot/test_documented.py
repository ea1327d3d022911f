"""Everything of `fastnn.plot` is described, and shows an example that runs."""

import inspect

import pytest

from fastnn import plot


@pytest.mark.parametrize("name", plot.__all__)
def test_sections(name):
    function = getattr(plot, name)
    text = inspect.getdoc(function)
    lines = text.splitlines()
    found = {a for a, b in zip(lines, lines[1:], strict=False) if a and set(b) == {"-"}}
    assert {"Parameters", "Returns", "Raises", "Examples"} <= found
    assert ">>>" in text and "+SKIP" not in text
    described = {word.strip(",*") for line in lines for word in line.partition(" : ")[0].split()}
    assert set(inspect.signature(function).parameters) <= described
