"""Fixtures that more than one test file uses."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from laws import ISAS, using

# A shell's background job ignores Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets that do not belong to the repository; tests skip where it is not."""
    root = Path(__file__).resolve().parents[1]
    for folder in (os.environ.get("FASTNN_DATA"), root.parent / "shared" / "data"):
        if folder and (Path(folder) / "mnist").is_dir():
            return Path(folder)
    pytest.skip("needs the full MNIST: set FASTNN_DATA to a folder that has mnist/")


@pytest.fixture
def threads():
    """Sets the number of threads; the old one comes back after the test."""
    from fastnn import _core

    before = _core.get_num_threads()
    yield _core.set_num_threads
    _core.set_num_threads(before)


@pytest.fixture(params=ISAS)
def isa(request):
    """The test runs once with each instruction set that this CPU has."""
    with using(request.param):
        yield request.param
