"""Fixtures that more than one test file uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets that do not belong to the repository; tests skip where it is not."""
    root = Path(__file__).resolve().parents[1]
    for folder in (os.environ.get("FASTNN_DATA"), root.parent / "shared" / "data"):
        if folder and (Path(folder) / "mnist").is_dir():
            return Path(folder)
    pytest.skip("needs the full MNIST: set FASTNN_DATA to a folder that has mnist/")
