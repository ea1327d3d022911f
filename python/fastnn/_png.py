"""Whether a PNG holds all of its pixels: decoders take those that are missing for black."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by colour type
# Column and row of the first pixel, and the steps to the next, of the passes of Adam7.
_ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip


def check_whole(content: bytes) -> None:
    """Raise ValueError unless the pixel data of a PNG that a decoder has read are complete.

    Parameters
    ----------
    content : bytes
        The file; one of another kind passes.

    Source
    ------
    Portable Network Graphics (PNG) Specification, W3C (2003), sections 7 and 8.
    """
    if not content.startswith(_SIGNATURE):
        return
    data = b""
    expected = 0
    for kind, body in _chunks(content):
        if kind == b"IHDR":
            expected = _size(body)
        elif kind == b"IDAT":
            data += body
    found = len(zlib.decompressobj().decompress(data, max(expected, 1)))
    if found < expected:
        raise ValueError(f"{found} of {expected} bytes of pixels")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at + 8 : at + 8 + length]
        at += 12 + length  # a checksum ends a chunk


def _size(header: bytes) -> int:
    """Bytes of the filtered rows, each of them led by the number of its filter."""
    width, height, depth, colour, interlaced = struct.unpack(">IIBBxxB", header)
    bits = depth * _SAMPLES[colour]
    total = 0
    for x, y, right, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // right), -(-(height - y) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
