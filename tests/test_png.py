"""PNG files that lack pixels, of every kind of pixel; and whole ones, which pass."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from fastnn._png import check_whole

PNG = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# The order of Adam7 as the specification draws it: the pass of each pixel of a tile of 8 x 8.
TILE = np.array(
    [
        [1, 6, 4, 6, 2, 6, 4, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
        [5, 6, 5, 6, 5, 6, 5, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
        [3, 6, 4, 6, 3, 6, 4, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
        [5, 6, 5, 6, 5, 6, 5, 6],
        [7, 7, 7, 7, 7, 7, 7, 7],
    ]
)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour, interlaced, size):
    """A file whose pixel data unpack to ``size`` zero bytes, in two chunks."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    packed = zlib.compress(bytes(size))
    parts = [(b"IHDR", header)]
    parts += [(b"PLTE", bytes(3))] if colour == 3 else []
    parts += [(b"IDAT", packed[:5]), (b"IDAT", packed[5:]), (b"IEND", b"")]
    return PNG + b"".join(chunk(*part) for part in parts)


def needed(width, height, bits, interlaced):
    """Bytes of the rows, by counting pixels one by one."""
    passes = np.tile(TILE, (height // 8 + 1, width // 8 + 1))[:height, :width]
    total = 0
    for number in range(1, 8) if interlaced else [None]:
        for row in passes:
            n = width if number is None else int((row == number).sum())
            total += 1 + -(-n * bits // 8) if n else 0
    return total


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize(
    ("colour", "depth"), [(0, 1), (0, 8), (0, 16), (2, 8), (3, 4), (4, 8), (6, 16)]
)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (8, 8), (9, 13), (17, 5)])
def test_the_last_byte_is_missed(width, height, colour, depth, interlaced):
    whole = needed(width, height, depth * SAMPLES[colour], interlaced)
    check_whole(png(width, height, depth, colour, interlaced, whole))
    check_whole(png(width, height, depth, colour, interlaced, whole + 1))
    for size in (whole - 1, whole // 2, 0):
        with pytest.raises(ValueError) as error:
            check_whole(png(width, height, depth, colour, interlaced, size))
        assert str(error.value) == f"{size} of {whole} bytes of pixels"


def test_other_kinds_of_files_pass():
    check_whole(b"")
    check_whole(b"GIF89a")


def test_pillows_own_files_pass(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (37, 51, 4)).astype("u1")
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"):
        image = pillow.fromarray(pixels[..., 0].astype("u2")) if mode == "I;16" else None
        image = image or pillow.fromarray(pixels).convert(mode)
        image.save(tmp_path / "a.png")
        check_whole((tmp_path / "a.png").read_bytes())
