"""cifar10(): files found, downloaded, unpacked, checked and refused."""

import hashlib
import io
import re
import tarfile

import numpy as np
import pytest

from fastnn import datasets
from fastnn.datasets._cifar10 import CIFAR10, CLASSES, Archive, File, load
from loopback import serve

RNG = np.random.default_rng(0)
NAMES = [f.name for f in (*CIFAR10.train, CIFAR10.test)]
RECORDS = [RNG.integers(0, 256, (n, 3073)).astype("u1") for n in (4, 3, 2, 5, 1, 6)]
for _records in RECORDS:
    _records[:, 0] %= 10
FOLDER = "cifar-10-batches-bin"


def md5(data):
    return hashlib.md5(bytes(data)).hexdigest()


def packed(names=NAMES, prefix=FOLDER):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        others = [("batches.meta.txt", b"airplane\n"), ("../outside.bin", b"x")]
        for name, data in [*zip(names, map(bytes, RECORDS), strict=False), *others]:
            info = tarfile.TarInfo(f"{prefix}/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


TAR = packed()


def archive(tar=TAR, records=RECORDS):
    files = [File(n, len(r), md5(r)) for n, r in zip(NAMES, records, strict=True)]
    mirrors = ("http://127.0.0.1:1/",)
    return Archive("cifar10", FOLDER, CIFAR10.tar, md5(tar), mirrors, tuple(files[:5]), files[5])


SMALL = archive()


def put(folder, records=RECORDS):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in zip(NAMES, records, strict=True):
        (folder / name).write_bytes(bytes(data))
    return folder


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No files but the test's own, no network but loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("FASTNN_DATA", raising=False)
    monkeypatch.setenv("FASTNN_CACHE", str(tmp_path / "cache"))


def check(parts):
    for part, records in zip(parts, (np.concatenate(RECORDS[:5]), RECORDS[5]), strict=True):
        assert part.inputs[0].array.dtype == np.uint8
        assert (part.x.dtype, part.y.dtype) == ("float32", "int64")
        want = (records[:, 1:].reshape(-1, 3, 32, 32) / 255).astype("f4")
        np.testing.assert_array_equal(part.x, want)
        np.testing.assert_array_equal(part.y, records[:, 0])
        assert part.class_names == CLASSES


@pytest.mark.parametrize("below", [".", FOLDER])
@pytest.mark.parametrize("by", ["root", "FASTNN_DATA"])
def test_files_are_found_in_root_and_in_the_environment(tmp_path, monkeypatch, below, by):
    put(tmp_path / below)
    monkeypatch.setenv("FASTNN_DATA", str(tmp_path) if by != "root" else "/nowhere")
    check(load(SMALL, tmp_path if by == "root" else None, download=False))


@pytest.mark.parametrize("by", ["root", "cache"])
def test_archive_is_downloaded_and_unpacked_once(tmp_path, by):
    root = tmp_path / "here" if by == "root" else None
    with serve({}) as empty, serve({f"/{CIFAR10.tar}": TAR}) as mirror:
        mirror.cut = (500, 1)
        for _ in range(2):
            check(load(SMALL, root, True, [empty.url, mirror.url], pause=0.001))
    assert len(mirror.requests) == 2  # the second asks for the rest
    home = root or tmp_path / "cache" / "cifar10"
    assert [p.name for p in home.iterdir()] == [FOLDER]
    assert sorted(p.name for p in (home / FOLDER).iterdir()) == sorted(NAMES)
    assert not list(tmp_path.rglob("outside.bin"))


def test_an_archive_put_there_by_hand_is_unpacked(tmp_path):
    (tmp_path / CIFAR10.tar).write_bytes(TAR)
    check(load(SMALL, tmp_path, True, []))
    assert not (tmp_path / CIFAR10.tar).exists()


def test_wrong_archives_are_refused(tmp_path):
    wrong = packed(NAMES[:5])
    with serve({f"/{CIFAR10.tar}": wrong}) as mirror:
        with pytest.raises(OSError, match="^cifar10: ") as caught:
            load(SMALL, tmp_path, True, [mirror.url], pause=0.001)
        part = tmp_path / f"{CIFAR10.tar}.part"
        assert str(caught.value) == (
            f"cifar10: {CIFAR10.tar} must come from one of 1 mirrors, got "
            f"{mirror.url}{CIFAR10.tar}: cifar10: {part} must have the MD5 {md5(TAR)}, got "
            f"{md5(wrong)}; put the file into {tmp_path} by hand, or call again to go on"
        )
        with pytest.raises(OSError, match="^cifar10: ") as caught:
            load(archive(wrong), tmp_path, True, [mirror.url], pause=0.001)
    assert str(caught.value) == (
        f"cifar10: {tmp_path / CIFAR10.tar} must hold {FOLDER}/test_batch.bin, got an archive "
        "without it"
    )


def test_a_wrong_archive_put_there_by_hand_is_refused(tmp_path):
    path = tmp_path / CIFAR10.tar
    path.write_bytes(b"<html>")
    text = (
        f"cifar10: {path} must have the MD5 {md5(TAR)}, got {md5(b'<html>')}; delete it, or replace "
        "it"
    )
    with pytest.raises(OSError, match=f"^{re.escape(text)}$"):
        load(SMALL, tmp_path, True, [])


def test_no_files_and_no_download_tells_where_it_looked(tmp_path):
    text = (
        "cifar10: root, FASTNN_DATA or the cache must hold the 6 files of cifar-10-binary.tar.gz in "
        f"one folder, got no data_batch_1.bin in {tmp_path}/{FOLDER}, {tmp_path}; "
        "pass download=True"
    )
    with pytest.raises(OSError, match=f"^{re.escape(text)}$"):
        datasets.cifar10(tmp_path, download=False)
    put(tmp_path)
    (tmp_path / NAMES[3]).unlink()
    with pytest.raises(OSError, match=re.escape(text.replace("batch_1", "batch_4"))):
        datasets.cifar10(tmp_path, download=False)


def test_bad_files_are_named_and_refused(tmp_path):
    put(tmp_path)
    path = tmp_path / NAMES[1]
    remedy = "; replace it, or delete it and call cifar10() again to download it"
    good = path.read_bytes()
    changed = good[:-1] + bytes([good[-1] ^ 1])
    for content, rest in [
        (good[:-5], "hold 9219 bytes, got 9214"),
        (good + b"x", "hold 9219 bytes, got 9220"),
        (changed, f"have the MD5 {md5(good)}, got {md5(changed)}"),
    ]:
        path.write_bytes(content)
        text = f"cifar10: {path} must {rest}{remedy}"
        with pytest.raises(OSError, match=f"^{re.escape(text)}$"):
            load(SMALL, tmp_path, download=True)
    labelled = [r.copy() for r in RECORDS]
    labelled[1][2, 0] = 10
    put(tmp_path, labelled)
    text = f"cifar10: {path} must hold labels in 0..9, got 10{remedy}"
    with pytest.raises(OSError, match=f"^{re.escape(text)}$"):
        load(archive(records=labelled), tmp_path, download=True)


def test_the_training_files_are_those_the_subset_was_drawn_from():
    """MD5s as the subset's README quotes them; the sixth is that of public loaders."""
    assert [f.md5[:8] for f in CIFAR10.train] == [
        "5dd7e06a", "5ea93a67", "942cd6a4", "ae636b3b", "53f37980",
    ]  # fmt: skip
    assert sum(f.records for f in CIFAR10.train) == 50000
