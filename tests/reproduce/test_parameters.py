"""`reproduce parameters`: every network is counted, and a wrong count falls short."""

from __future__ import annotations

import pytest

from fastnn import networks
from fastnn.reproduce import parameters
from fastnn.reproduce.report import Options


def test_every_network_is_counted():
    counted = {name.partition("(")[0] for name, *_ in parameters.NETWORKS}
    assert counted == set(networks.__all__) - {
        "ALEXNET_TORCHVISION",
        "lenet5_images",
        "lenet5_loss",
    }


@pytest.mark.parametrize(("more", "passed"), [(0, True), (1, False)])
def test_a_count_that_differs_falls_short(monkeypatch, more, passed):
    small = [
        (name, source, expected + more, make)
        for name, source, expected, make in parameters.NETWORKS
        if expected < 500_000
    ]
    assert len(small) >= 5
    monkeypatch.setattr(parameters, "NETWORKS", small)
    report = parameters.run(Options())
    assert report.passed is passed
    assert [row["own"] for row in report.rows] == [expected - more for _, _, expected, _ in small]
