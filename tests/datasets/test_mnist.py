"""mnist() and fashion_mnist(): where files are found, downloaded and refused."""

import gzip
import hashlib
import re

import numpy as np
import pytest

from fastnn import datasets
from fastnn.datasets import _mnist
from fastnn.datasets._mnist import MNIST, Archive, File, load
from fastnn.datasets._places import cache_folder
from loopback import serve

RNG = np.random.default_rng(0)
SHAPES = [(20, 28, 28), (20,), (7, 28, 28), (7,)]
ARRAYS = [RNG.integers(0, 256 if len(s) == 3 else 10, s).astype("u1") for s in SHAPES]
NAMES = [file.name for file in MNIST.files]


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes() + array.tobytes()


SMALL = Archive(
    "mnist",
    ("mnist", "MNIST/raw"),
    ("http://127.0.0.1:1/",),
    tuple(
        File(name, array.shape, hashlib.md5(idx(array)).hexdigest())
        for name, array in zip(NAMES, ARRAYS, strict=True)
    ),
)


def put(folder, *, packed=True, arrays=ARRAYS):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(NAMES, arrays, strict=True):
        data = gzip.compress(idx(array)) if packed else idx(array)
        (folder / (name + (".gz" if packed else ""))).write_bytes(data)
    return folder


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No files but the test's own, no network but loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("FASTNN_DATA", raising=False)
    monkeypatch.setenv("FASTNN_CACHE", str(tmp_path / "cache"))


def check(parts):
    for part, images, labels in zip(parts, ARRAYS[::2], ARRAYS[1::2], strict=True):
        assert part.inputs[0].array.dtype == np.uint8
        assert (part.x.dtype, part.y.dtype) == ("float32", "int64")
        np.testing.assert_array_equal(part.x, (images[:, None] / 255).astype("f4"))
        np.testing.assert_array_equal(part.y, labels)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("below", [".", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("by", ["root", "FASTNN_DATA"])
def test_files_are_found_in_root_and_in_the_environment(tmp_path, monkeypatch, packed, below, by):
    put(tmp_path / below, packed=packed)
    monkeypatch.setenv("FASTNN_DATA", str(tmp_path) if by != "root" else "/nowhere")
    check(load(SMALL, tmp_path if by == "root" else None, download=False))


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    assert cache_folder() == tmp_path / "cache"
    put(tmp_path / "cache" / "mnist")
    check(load(SMALL, None, download=False))
    monkeypatch.delenv("FASTNN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "fastnn"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "fastnn"


@pytest.mark.parametrize("by", ["root", "cache"])
def test_missing_files_are_downloaded_once(tmp_path, by):
    root = tmp_path / "here" if by == "root" else None
    files = {f"/{n}.gz": gzip.compress(idx(a)) for n, a in zip(NAMES, ARRAYS, strict=True)}
    with serve({}) as empty, serve(files) as mirror:
        mirror.cut = (500, 1)
        for _ in range(2):
            check(load(SMALL, root, True, [empty.url, mirror.url], pause=0.001))
    assert len(mirror.requests) == 5
    folder = root or tmp_path / "cache" / "mnist"
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{n}.gz" for n in NAMES)


def test_only_what_is_missing_is_downloaded(tmp_path):
    put(tmp_path)
    (tmp_path / f"{NAMES[3]}.gz").unlink()
    with serve({f"/{NAMES[3]}.gz": gzip.compress(idx(ARRAYS[3]))}) as mirror:
        check(load(SMALL, tmp_path, True, [mirror.url], pause=0.001))
    assert len(mirror.requests) == 1


def test_wrong_hash_from_a_mirror_is_refused(tmp_path):
    files = {f"/{n}.gz": gzip.compress(idx(a[::-1])) for n, a in zip(NAMES, ARRAYS, strict=True)}
    with serve(files) as mirror, pytest.raises(OSError, match="^mnist: ") as caught:
        load(SMALL, tmp_path, True, [mirror.url], pause=0.001)
    md5 = hashlib.md5(idx(ARRAYS[0][::-1])).hexdigest()
    part = tmp_path / f"{NAMES[0]}.gz.part"
    assert str(caught.value) == (
        f"mnist: {NAMES[0]}.gz must come from one of 1 mirrors, got {mirror.url}{NAMES[0]}.gz: "
        f"mnist: {part} must have the MD5 {SMALL.files[0].md5} (uncompressed), got {md5}; put the "
        f"file into {tmp_path} by hand, or call again to go on"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", [".", "mnist"])
def test_the_file_that_is_missing_is_named(tmp_path, below):
    put(tmp_path / below)
    (tmp_path / below / f"{NAMES[3]}.gz").unlink()
    with pytest.raises(OSError, match=f"must hold {NAMES[3]} or {NAMES[3]}.gz, got none in"):
        load(SMALL, tmp_path, download=False)


def test_a_folder_of_another_archive_lacks_nothing_of_this_one(tmp_path, monkeypatch):
    put(tmp_path)
    monkeypatch.setenv("FASTNN_DATA", str(tmp_path))
    monkeypatch.setattr("fastnn.datasets._mnist.ARCHIVES", (SMALL, SMALL._replace(name="other")))
    with pytest.raises(OSError, match=f"must hold {NAMES[0]} or {NAMES[0]}.gz, got none in"):
        load(SMALL._replace(name="other"), None, download=False)


def test_no_files_and_no_download_tells_where_it_looked(tmp_path):
    text = (
        f"mnist: root, FASTNN_DATA or the cache must hold {NAMES[0]} or {NAMES[0]}.gz, got none in "
        f"{tmp_path}/mnist, {tmp_path}/MNIST/raw, {tmp_path}; pass download=True"
    )
    with pytest.raises(OSError, match=f"^{re.escape(text)}$"):
        datasets.mnist(tmp_path, download=False)


def test_bad_files_are_named_and_refused(tmp_path):
    put(tmp_path, packed=False)
    path = tmp_path / NAMES[2]
    remedy = "; replace it, or delete it and call mnist() again to download it"
    good = path.read_bytes()
    shape = "hold uint8 values of shape (7, 28, 28) (magic number 2051)"
    for content, rest in [
        (good[:-5], "hold 5488 bytes after its head, got 5483"),
        (idx(ARRAYS[3]), f"{shape}, got uint8 values of shape (7,) (magic number 2049)"),
        (idx(ARRAYS[0]), f"{shape}, got uint8 values of shape (20, 28, 28) (magic number 2051)"),
        (b"<html>", "be an IDX file, which begins with 0, 0, type, rank, got [60, 104, 116, 109]"),
        (
            good[:-1] + bytes([good[-1] ^ 1]),
            f"have the MD5 {SMALL.files[2].md5} (uncompressed), got "
            + hashlib.md5(good[:-1] + bytes([good[-1] ^ 1])).hexdigest(),
        ),
    ]:
        path.write_bytes(content)
        with pytest.raises(OSError, match=f"^{re.escape(f'mnist: {path} must {rest}{remedy}')}$"):
            load(SMALL, tmp_path, download=True)


def test_folder_of_another_archive_is_passed_over(tmp_path, monkeypatch):
    """FASTNN_DATA may be the folder of MNIST itself: fashion_mnist() must not take its files."""
    reverse = [a[::-1] for a in ARRAYS]
    fashion = SMALL._replace(
        name="fashion_mnist",
        folders=("fashion-mnist",),
        files=tuple(
            f._replace(md5=hashlib.md5(idx(a)).hexdigest())
            for f, a in zip(SMALL.files, reverse, strict=True)
        ),
    )
    monkeypatch.setattr(_mnist, "ARCHIVES", (SMALL, fashion))
    put(tmp_path)
    put(tmp_path / "cache" / "fashion_mnist", arrays=reverse)
    monkeypatch.setenv("FASTNN_DATA", str(tmp_path))
    check(load(SMALL, None, download=False))
    train, _ = load(fashion, None, download=False)
    np.testing.assert_array_equal(train.y, ARRAYS[1][::-1])


def test_full_mnist(shared_data, monkeypatch):
    monkeypatch.setenv("FASTNN_DATA", str(shared_data))
    train, test = datasets.mnist(download=False)
    assert (len(train), len(test)) == (60000, 10000)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.y).tolist() == counts
    pixels = train.inputs[0].array
    assert pixels.dtype == np.uint8
    mean = pixels.mean() / 255
    assert abs(mean - 0.1307) < 5e-5
    x = test[:3].x
    assert x.shape == (3, 1, 28, 28)
    assert 0 <= x.min() < x.max() <= 1
