"""Nielsen's networks: one epoch learns as it should, and a figure below the least falls short."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from fastnn.reproduce import Options, nielsen


@pytest.fixture
def short(monkeypatch):
    """One epoch of 5000 images each, with a tolerance that it meets."""
    monkeypatch.setattr(nielsen, "EPOCHS", 1)
    monkeypatch.setattr(nielsen, "TRAINING_IMAGES", 5000)
    wide = [replace(e, goal=replace(e.goal, tolerance=45.0)) for e in nielsen.EXPERIMENTS]
    monkeypatch.setattr(nielsen, "EXPERIMENTS", tuple(wide))


def test_report(shared_data, short, tmp_path):
    plot = str(tmp_path / "nielsen.png")
    report = nielsen.run(Options(str(shared_data), plot))
    assert report.passed
    assert [row["experiment"] for row in report.rows] == [
        "quadratic, eta 3",
        "cross-entropy, eta 0.5",
        "the same, lambda 5",
    ]
    assert [row["expected %"] for row in report.rows] == ["95.42", "95.33", "96.49"]
    for row in report.rows:
        assert 50.0 < float(row["best %"]) < 93.0 and row["epoch"] == 1
        assert row["best %"] == row["last %"]
    assert report.notes == [f"learning curves saved to {plot}"]
    assert os.path.getsize(plot) > 1000


def test_falls_short(shared_data, short, monkeypatch):
    hard = [replace(e, goal=replace(e.goal, tolerance=0.1)) for e in nielsen.EXPERIMENTS[:1]]
    monkeypatch.setattr(nielsen, "EXPERIMENTS", tuple(hard))
    report = nielsen.run(Options(str(shared_data)))
    assert not report.passed and report.rows[0]["result"] == "short"


def test_the_published_setting():
    assert (nielsen.EPOCHS, nielsen.BATCH_SIZE, nielsen.TRAINING_IMAGES) == (30, 10, 50_000)
    assert [(e.loss, e.eta, e.lambda_) for e in nielsen.EXPERIMENTS] == [
        ("quadratic", 3.0, 0.0),
        ("binary_cross_entropy", 0.5, 0.0),
        ("binary_cross_entropy", 0.5, 5.0),
    ]
    assert all(e.goal.tolerance <= 0.5 for e in nielsen.EXPERIMENTS)
