"""IDX files: two zero bytes, type, rank, the axis lengths as big-endian uint32, then the values."""

from __future__ import annotations

import math
import os
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

_DTYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_GZIP = b"\x1f\x8b"
_MOST_INFLATION = 1032  # deflate's limit, bytes out per byte in


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, plain or gzip.

    Parameters
    ----------
    path : path
        A plain file of bytes is memory-mapped, not read.

    Returns
    -------
    array : uint8, int8, int16, int32, float32 or float64 array
        Of the shape in the file's head.

    Raises
    ------
    OSError
        If the file is missing, not IDX, damaged, or shorter or longer than its head says.

    Source
    ------
    Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, section
    "File formats".

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "two-idx1-ubyte")
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 30, 40]))
    >>> read_idx(path).tolist()
    [30, 40]
    """
    from pathlib import Path

    return read_checked(Path(path), "read_idx")


def read_checked(
    path: Path,
    where: str,
    *,
    shape: tuple[int, ...] | None = None,
    md5: str | None = None,
    remedy: str = "",
) -> NDArray[Any]:
    """``read_idx`` that also insists on uint8 values of ``shape`` and on an MD5 of the whole
    uncompressed file; ``remedy`` ends the text of each refusal."""
    import gzip  # here and below: `import fastnn` should not pay for them
    import hashlib
    import zlib

    def refuse(rule: str, got: str) -> NoReturn:
        raise OSError(f"{where}: {path} must {rule}, got {got}{remedy}")

    with _opened(path, where, remedy) as raw:
        begin = raw.read(2)
        raw.seek(0)
        packed = begin == _GZIP
        if path.suffix == ".gz" and not packed:
            refuse("be a gzip file, as its name says", f"one that begins with {list(begin)}")
        file: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        try:
            head, dtype, dims = _read_head(file, refuse)
            if shape is not None and (dtype != "u1" or dims != shape):
                refuse(
                    f"hold uint8 values of shape {shape} (magic number {2048 + len(shape)})",
                    f"{np.dtype(dtype).name} values of shape {dims} "
                    f"(magic number {int.from_bytes(head[:4], 'big')})",
                )
            size = math.prod(dims) * np.dtype(dtype).itemsize
            data = _read_data(file, path, packed, len(head), size, refuse)
        except EOFError:
            refuse("be a whole gzip file", "one that ends too early")
        except (gzip.BadGzipFile, zlib.error) as error:
            refuse("be a sound gzip file", f"one that does not unpack ({error})")
    if md5 is not None:
        digest = hashlib.md5(head, usedforsecurity=False)
        digest.update(data.data)
        if digest.hexdigest() != md5:
            refuse(f"have the MD5 {md5} (uncompressed)", digest.hexdigest())
    try:
        values = data.view(dtype).reshape(dims)
    except ValueError as error:  # more axes than NumPy has, or lengths beyond its own beside a 0
        refuse("hold an array that NumPy has room for", f"one of rank {len(dims)} ({error})")
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _opened(path: Path, where: str, remedy: str) -> IO[bytes]:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        text = f"name a file, got {str(path)!r}"
        raise FileNotFoundError(f"{where}: path must {text}{remedy}") from None
    except IsADirectoryError:
        text = f"name a file, got the folder {str(path)!r}"
        raise IsADirectoryError(f"{where}: path must {text}{remedy}") from None
    except OSError as error:
        text = f"name a file that can be read, got {str(path)!r} with {error.strerror}"
        raise type(error)(f"{where}: path must {text}{remedy}") from None


def _read_head(file: IO[bytes], refuse: Any) -> tuple[bytes, str, tuple[int, ...]]:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _DTYPES or head[3] == 0:
        refuse("be an IDX file, which begins with 0, 0, type, rank", f"{list(head)}")
    lengths = file.read(4 * head[3])
    if len(lengths) < 4 * head[3]:
        refuse(
            f"hold {head[3]} axis lengths", f"a file that ends after {len(head + lengths)} bytes"
        )
    dims = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    return head + lengths, _DTYPES[head[2]], dims


def _read_data(
    file: IO[bytes], path: Path, packed: bool, offset: int, size: int, refuse: Any
) -> NDArray[np.uint8]:
    rule = f"hold {size} bytes after its head"
    on_disk = path.stat().st_size
    if not packed:
        if on_disk - offset != size:
            refuse(rule, f"{on_disk - offset}")
        return np.memmap(path, np.uint8, "r", offset, (size,)) if size else np.empty(0, np.uint8)
    if size > _MOST_INFLATION * on_disk:
        refuse(rule, f"a gzip file of {on_disk} bytes")
    data = np.empty(size, np.uint8)
    view, filled = data.data, 0
    while filled < size:
        chunk = file.read(min(size - filled, 1 << 20))
        if not chunk:
            refuse(rule, f"{filled}")
        view[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
    if file.read(1):
        refuse(rule, "more")
    return data
