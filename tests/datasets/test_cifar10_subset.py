"""cifar10_subset(): one npz file, checked."""

import hashlib
import re

import numpy as np
import pytest

from fastnn import datasets
from fastnn.datasets._cifar10_subset import Part, load

RNG = np.random.default_rng(0)
COUNTS = {"train": 20, "val": 7, "test": 3}
ARRAYS = {}
for _name, _n in COUNTS.items():
    ARRAYS[f"x_{_name}"] = RNG.integers(0, 256, (_n, 32, 32, 3)).astype("u1")
    ARRAYS[f"y_{_name}"] = RNG.integers(0, 10, _n).astype("u1")


def parts_of(arrays):
    return tuple(
        Part(n, c, hashlib.md5(bytes(arrays[f"x_{n}"]) + bytes(arrays[f"y_{n}"])).hexdigest())
        for n, c in COUNTS.items()
    )


PARTS = parts_of(ARRAYS)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No files but the test's own."""
    monkeypatch.delenv("FASTNN_DATA", raising=False)
    monkeypatch.setenv("FASTNN_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("below", [".", "cifar10_subset"])
@pytest.mark.parametrize("by", ["root", "FASTNN_DATA"])
def test_the_file_is_found_and_its_layout_changed(tmp_path, monkeypatch, below, by):
    folder = tmp_path / below
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "cifar10_subset.npz", **ARRAYS)
    monkeypatch.setenv("FASTNN_DATA", str(tmp_path) if by != "root" else "/nowhere")
    for part, name in zip(load(tmp_path if by == "root" else None, PARTS), COUNTS, strict=True):
        images = ARRAYS[f"x_{name}"]
        assert part.inputs[0].array.dtype == np.uint8
        np.testing.assert_array_equal(part.x, (images.transpose(0, 3, 1, 2) / 255).astype("f4"))
        np.testing.assert_array_equal(part.y, ARRAYS[f"y_{name}"])
        assert part[2:].take(1).class_names[6] == "frog"


def test_it_tells_where_it_looked(tmp_path):
    text = (
        "cifar10_subset: root, FASTNN_DATA or the cache must hold cifar10_subset.npz, got none in "
        f"{tmp_path}/cifar10_subset, {tmp_path}"
    )
    with pytest.raises(OSError, match=f"^{re.escape(text)}$"):
        datasets.cifar10_subset(tmp_path)


def test_bad_files_are_named_and_refused(tmp_path):
    path = tmp_path / "cifar10_subset.npz"

    def refused(rest, **changes):
        arrays = {k: v for k, v in (ARRAYS | changes).items() if v is not None}
        np.savez(path, **arrays)
        with pytest.raises(OSError, match=f"^{re.escape(f'cifar10_subset: {path} {rest}')}$"):
            load(tmp_path, PARTS)

    refused("must hold y_val, got x_train, y_train, x_val, x_test, y_test", y_val=None)
    refused(
        "must hold x_test as uint8 (3, 32, 32, 3), got uint8 (2, 32, 32, 3)",
        x_test=ARRAYS["x_test"][:2],
    )
    refused("must hold y_train as uint8 (20,), got int64 (20,)", y_train=np.zeros(20, "i8"))
    other = ARRAYS | {"y_train": ARRAYS["y_train"][::-1].copy()}
    refused(
        f"must have the MD5 {PARTS[0].md5} in x_train and y_train, got {parts_of(other)[0].md5}",
        y_train=other["y_train"],
    )
    np.savez(path, **ARRAYS)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(
        OSError, match=f"^{re.escape(f'cifar10_subset: {path} must be a sound npz')}"
    ):
        load(tmp_path, PARTS)
    path.write_bytes(b"PK junk")
    with pytest.raises(OSError, match="must be a sound npz file, got one that is no zip archive$"):
        load(tmp_path, PARTS)
    path.write_bytes(b"<html>")
    with pytest.raises(
        OSError, match=f"^{re.escape(f'cifar10_subset: {path} must be a sound npz')}"
    ):
        load(tmp_path, PARTS)


def test_the_subset_itself(shared_data):
    if not (shared_data / "cifar10_subset").is_dir():
        pytest.skip("needs cifar10_subset/cifar10_subset.npz beside mnist/")
    train, validation, test = datasets.cifar10_subset(shared_data)
    assert np.bincount(train.y).tolist() == [1000] * 10
    assert np.bincount(validation.y).tolist() == [200] * 10
    assert np.bincount(test.y).tolist() == [103, 89, 100, 103, 90, 86, 112, 102, 106, 109]
    pixels = train.inputs[0].array
    assert pixels.shape == (10000, 3, 32, 32)
    mean = pixels.mean(axis=(0, 2, 3)) / 255
    np.testing.assert_allclose(mean, [0.4936, 0.4832, 0.4470], atol=5e-5)
    std = pixels.std(axis=(0, 2, 3)) / 255
    np.testing.assert_allclose(std, [0.2478, 0.2448, 0.2626], atol=5e-5)
