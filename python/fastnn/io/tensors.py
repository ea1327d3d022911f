"""The safetensors format, with a checksum: named arrays and a JSON text in one file.

8 bytes: length of the header; the header, JSON: ``{"__metadata__": {...}, name: {"dtype", "shape",
"data_offsets"}}``; then the arrays' bytes, row-major, little-endian. Reading runs no code.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.atomic import file_name, told, write_whole

Arrays = dict[str, NDArray[Any]]

_CODES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_NAMES = {np.dtype(v): k for k, v in _CODES.items()}
_BF16 = "BF16"  # the upper half of a float32, as which it is read


def write(
    path: Any, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str], where: str = "save"
) -> None:
    """Write arrays and metadata; the file appears whole or not at all.

    Parameters
    ----------
    path : str or path
        Replaced where it exists, only once the new file is complete and on disk.
    arrays : dict of str to array
        Of float64, float32, float16, integers or bool.
    metadata : dict of str to str
        "sha256" is added: of the rest of the header and all bytes.
    where : str
        Head of error texts.

    Raises
    ------
    OSError
        If the file cannot be written; an old one is then as it was.
    TypeError, ValueError
        If ``path`` is no name of a file.

    Examples
    --------
    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "a.safetensors")
    >>> write(path, {"w": np.ones(2, np.float32)}, {"made by": "me"})
    >>> arrays, metadata = read(path, "read")
    >>> arrays["w"], metadata["made by"]
    (array([1., 1.], dtype=float32), 'me')
    """
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        data = little.tobytes()
        header[name] = {
            "dtype": _NAMES[little.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(data)],
        }
        parts.append(data)
        at += len(data)
    header["__metadata__"] = dict(metadata)
    header["__metadata__"]["sha256"] = _checksum(header, parts)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of 8
    write_whole(path, [struct.pack("<Q", len(text)), text, *parts], where)


def read(path: Any, where: str) -> tuple[Arrays, dict[str, str]]:
    """Read what `write` wrote, or any safetensors file of these dtypes.

    Parameters
    ----------
    path : str or path
    where : str
        Head of error texts.

    Returns
    -------
    arrays : dict of str to array
        Read-only views of the file's bytes; what is stored as BF16 becomes float32.
    metadata : dict of str to str

    Raises
    ------
    OSError
        If the file is missing, truncated, damaged, or of another kind; or fastnn's without a
        checksum, which others' need not have.
    TypeError, ValueError
        If ``path`` is no name of a file.
    """
    shown = file_name(path, where)
    try:
        with open(shown, "rb") as file:
            content = file.read()
    except OSError as error:
        got = {
            FileNotFoundError: f"a file, got {shown!r}",
            IsADirectoryError: f"a file, got the folder {shown!r}",
        }.get(type(error), f"a file that can be read, got {shown!r} with {error.strerror}")
        raise told(error, shown, f"{where}: path must name {got}") from None
    try:
        if len(content) < 8:
            raise ValueError(f"{len(content)} bytes")
        (length,) = struct.unpack_from("<Q", content)
        if length > len(content) - 8:
            raise ValueError("a header longer than the file")
        header = json.loads(content[8 : 8 + length])
        metadata = header.get("__metadata__", {})
        if any(not isinstance(text, str) for text in metadata.values()):
            raise ValueError("metadata other than text")
        data = memoryview(content)[8 + length :]
        arrays = {n: _array(e, data) for n, e in header.items() if n != "__metadata__"}
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OSError(
            f"{where}: file must be a whole safetensors file, got {shown!r} with {error}; "
            "it is truncated, damaged or of another kind"
        ) from None
    checksum = metadata.get("sha256")
    is_own = metadata.get("format") == "fastnn"  # and has one
    if (is_own or checksum is not None) and checksum != _checksum(header, [data]):
        raise OSError(
            f"{where}: file must have the checksum it was written with, got {shown!r} "
            f"with {'none' if checksum is None else 'another'}; it is damaged: use a copy"
        )
    return arrays, metadata


def _array(entry: Any, data: memoryview) -> NDArray[Any]:
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    is_bf16 = entry["dtype"] == _BF16
    dtype = np.dtype("<u2" if is_bf16 else _CODES[entry["dtype"]])
    if any(not isinstance(d, int) or d < 0 for d in (begin, end, *shape)):
        raise ValueError("a size that is not an integer >= 0")
    if not begin <= end <= len(data) or math.prod(shape) * dtype.itemsize != end - begin:
        raise ValueError(f"bytes {begin}..{end} of {len(data)} for shape {shape}")
    array = np.frombuffer(data[begin:end], dtype=dtype).reshape(shape)
    return (array.astype("u4") << 16).view("f4") if is_bf16 else array


def _checksum(header: Mapping[str, Any], parts: list[Any]) -> str:
    plain = dict(header)
    plain["__metadata__"] = {k: v for k, v in header["__metadata__"].items() if k != "sha256"}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
