"""Writes PNG images with nothing but the standard library."""

import struct
import zlib

__all__ = ["encode_png"]

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Grey, grey with alpha, RGB, RGBA."""


def encode_png(pixels: bytes, *, width: int, height: int, n_channels: int) -> bytes:
    """Returns an image of eight bits a channel.

    Args:
        pixels: Row by row, the channels of a pixel side by side.
        width: In pixels.
        height: Likewise.
        n_channels: 1 grey, 2 with alpha, 3 RGB, 4 with alpha.
    """
    stride = width * n_channels
    # Before each row stands which filter it went through: none.
    rows = b"".join(
        b"\0" + pixels[at : at + stride] for at in range(0, stride * height, stride or 1)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[n_channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
