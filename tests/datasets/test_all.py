"""What every data set has in common: documentation, and where FASTNN_DATA leads."""

from __future__ import annotations

import inspect

import pytest

from fastnn import datasets

FROM_FILES = ("cifar10", "cifar10_subset", "fashion_mnist", "mnist")


@pytest.mark.parametrize("name", datasets.__all__)
def test_what_users_call_is_described_and_shown(name):
    function = getattr(datasets, name)
    text = inspect.getdoc(function)
    lines = text.splitlines()
    found = {a for a, b in zip(lines, lines[1:], strict=False) if a and set(b) == {"-"}}
    expected = {"Returns", "Raises", "Examples"}
    assert expected | ({"Parameters"} if inspect.signature(function).parameters else set()) <= found
    examples = [line for line in lines if line.startswith(">>>")]
    assert any("+SKIP" not in line and f"{name}(" in line for line in examples)


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_folder_in_the_environment_that_is_not_there_is_no_reason_to_download(
    name, tmp_path, monkeypatch
):
    def download(*_, **__):
        pytest.fail("a download")

    monkeypatch.setattr("fastnn.datasets._download.fetch", download)
    monkeypatch.setenv("FASTNN_CACHE", str(tmp_path))
    monkeypatch.setenv("FASTNN_DATA", "/nowhere")
    text = f"^{name}: FASTNN_DATA must name a folder that exists, got '/nowhere'; correct it, or "
    with pytest.raises(OSError, match=text):
        getattr(datasets, name)()
