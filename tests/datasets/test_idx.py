"""IDX files: what is read, and what is refused by name."""

import gzip
import re
import zlib

import numpy as np
import pytest

from fastnn.datasets import read_idx


def idx(array, code=None):
    codes = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
    head = bytes([0, 0, code or codes[array.dtype.str[1:]], array.ndim])
    big = array.astype(array.dtype.newbyteorder(">"))
    return head + np.asarray(array.shape, ">u4").tobytes() + big.tobytes()


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(0,), (1,), (5,), (3, 4), (2, 3, 4), (0, 3)])
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_and_shape_comes_back(tmp_path, dtype, shape, packed):
    array = np.arange(np.prod(shape)).astype(dtype).reshape(shape) - np.array(1, dtype)
    path = tmp_path / ("a.gz" if packed else "a")
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    got = read_idx(path)
    assert got.dtype == array.dtype
    assert got.dtype.isnative
    np.testing.assert_array_equal(got, array)


def test_plain_bytes_are_memory_mapped(tmp_path):
    (tmp_path / "a").write_bytes(idx(np.arange(6, dtype="u1").reshape(2, 3)))
    assert isinstance(read_idx(tmp_path / "a"), np.memmap)


HUGE = gzip.compress(bytes([0, 0, 8, 3]) + b"\xff" * 12)
GOOD = idx(np.arange(100, dtype="u1").reshape(10, 10))


def corrupt(data):
    packed = bytearray(gzip.compress(data))
    packed[-6] ^= 0xFF  # the check sum
    return bytes(packed)


@pytest.mark.parametrize(
    ("name", "content", "rest"),
    [
        ("a", b"", "be an IDX file, which begins with 0, 0, type, rank, got []"),
        (
            "a",
            b"<html>",
            "be an IDX file, which begins with 0, 0, type, rank, got [60, 104, 116, 109]",
        ),
        (
            "a",
            b"\0\0\x07\x01",
            "be an IDX file, which begins with 0, 0, type, rank, got [0, 0, 7, 1]",
        ),
        (
            "a",
            b"\0\0\x08\x00",
            "be an IDX file, which begins with 0, 0, type, rank, got [0, 0, 8, 0]",
        ),
        ("a", GOOD[:9], "hold 2 axis lengths, got a file that ends after 9 bytes"),
        ("a", GOOD[:-1], "hold 100 bytes after its head, got 99"),
        ("a", GOOD + b"x", "hold 100 bytes after its head, got 101"),
        ("a.gz", GOOD, "be a gzip file, as its name says, got one that begins with [0, 0]"),
        ("a.gz", b"", "be a gzip file, as its name says, got one that begins with []"),
        ("a.gz", gzip.compress(GOOD)[:-9], "be a whole gzip file, got one that ends too early"),
        ("a.gz", gzip.compress(GOOD[:-1]), "hold 100 bytes after its head, got 99"),
        ("a.gz", gzip.compress(GOOD + b"x"), "hold 100 bytes after its head, got more"),
        (
            "a.gz",
            HUGE,
            f"hold {(2**32 - 1) ** 3} bytes after its head, got a gzip file of {len(HUGE)} bytes",
        ),
    ],
)
def test_bad_files_are_named_and_refused(tmp_path, name, content, rest):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(OSError, match=f"^{re.escape(f'read_idx: {path} must {rest}')}$"):
        read_idx(path)


def test_gzip_that_does_not_unpack_is_refused(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(corrupt(GOOD))
    text = f"read_idx: {path} must be a sound gzip file, got one that does not unpack (CRC check"
    with pytest.raises(OSError, match=f"^{re.escape(text)}"):
        read_idx(path)
    path.write_bytes(gzip.compress(GOOD)[:10] + b"\xff" * 50)
    with pytest.raises(OSError, match="must be a sound gzip file, got one that does not unpack"):
        read_idx(path)
    assert zlib.error  # what the second file raises inside gzip


@pytest.mark.parametrize("rank", [65, 255])
def test_more_axes_than_numpy_has_are_refused_by_name(tmp_path, rank):
    path = tmp_path / "a"
    path.write_bytes(bytes([0, 0, 8, rank]) + bytes([0, 0, 0, 1]) * rank + b"x")
    text = f"read_idx: {path} must hold an array that NumPy has room for, got one of rank {rank} ("
    with pytest.raises(OSError, match=f"^{re.escape(text)}"):
        read_idx(path)


def test_lengths_beyond_numpys_beside_a_zero_are_refused_by_name(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes([0, 0, 8, 5]) + bytes(4) + b"\xff" * 16)
    text = f"read_idx: {path} must hold an array that NumPy has room for, got one of rank 5 ("
    with pytest.raises(OSError, match=f"^{re.escape(text)}"):
        read_idx(path)


def test_what_is_no_file_is_named(tmp_path, monkeypatch):
    text = f"read_idx: path must name a file, got '{tmp_path}/none'"
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(text)}$"):
        read_idx(tmp_path / "none")
    text = f"read_idx: path must name a file, got the folder '{tmp_path}'"
    with pytest.raises(IsADirectoryError, match=f"^{re.escape(text)}$"):
        read_idx(tmp_path)

    def deny(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    text = "read_idx: path must name a file that can be read, got 'a' with Permission denied"
    with pytest.raises(PermissionError, match=f"^{text}$"):
        read_idx("a")
