"""Picture files written byte by byte, so that what a loader should see is known without asking a loader."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def png(
    samples: NDArray[np.uint8] | NDArray[np.uint16], transparent: tuple[int, ...] | None = None, bits: int | None = None
) -> bytes:
    """Encode (H, W, channels) as a plain PNG; `transparent` becomes its tRNS chunk.

    bits: of a sample; as many as the array has, or 1, 2 or 4 of grey, which share bytes.
    """
    height, width, channels = samples.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(height, -1)
    if bits is None:
        bits = samples.dtype.itemsize * 8
    else:
        rows = np.packbits((rows[:, :, None] >> np.arange(bits)[::-1] & 1).reshape(height, -1), axis=1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [(b"IHDR", struct.pack(">2I5B", width, height, bits, colour_type, 0, 0, 0))]
    if transparent is not None:
        chunks.append((b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)))
    chunks += [(b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def png_claiming(width: int, height: int) -> bytes:
    """Return a PNG that says it is that large, and holds one row of a few pixels."""
    return with_header(png(np.zeros((1, 4, 3), np.uint8)), width, height)


def with_header(whole: bytes, width: int, height: int, bits: int = 8, colour_type: int = 2) -> bytes:
    """Return a PNG with another header, whose checksum is right."""
    header = b"IHDR" + struct.pack(">2I5B", width, height, bits, colour_type, 0, 0, 0)
    return whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]


def tiff16(samples: NDArray[np.uint16], byte_order: str) -> bytes:
    """Encode (H, W, 3 or 4) as an uncompressed 16-bit TIFF; `byte_order` is "<" or ">"."""
    height, width, channels = samples.shape
    pixels = samples.astype(samples.dtype.newbyteorder(byte_order)).tobytes()
    bits_at = 8 + len(pixels)
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, bits_at),
        (259, 3, 1, 1),  # no compression
        (262, 3, 1, 2),  # RGB
        (273, 4, 1, 8),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(pixels)),
    ]
    if channels == 4:
        entries.append((338, 3, 1, 2))  # the fourth is straight alpha
    directory = struct.pack(byte_order + "H", len(entries))
    for tag, kind, count, value in entries:
        short = kind == 3 and count == 1
        directory += struct.pack(byte_order + "HHI" + ("HH" if short else "I"), tag, kind, count, value, *([0] * short))
    head = (b"II*\0" if byte_order == "<" else b"MM\0*") + struct.pack(byte_order + "I", bits_at + 2 * channels)
    return head + pixels + struct.pack(f"{byte_order}{channels}H", *[16] * channels) + directory + bytes(4)


# XYZ of the sRGB primaries, adapted to D50 (IEC 61966-2-1).
_RED, _GREEN, _BLUE = (0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)


def swapped_icc() -> bytes:
    """Return an ICC profile of gamma 2.2 that takes the first channel for green and the second for red."""

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    text = b"first is green\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {
        b"desc": description,
        b"wtpt": xyz((0.96420, 1.0, 0.82491)),
        b"rXYZ": xyz(_GREEN),
        b"gXYZ": xyz(_RED),
        b"bXYZ": xyz(_BLUE),
        b"cprt": b"text\0\0\0\0none\0",
    }
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">2I", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", *(round(v * 65536) for v in (0.96420, 1.0, 0.82491)))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def tiff_of_directories(*directories: tuple[int, int, dict[int, int]], below: int = 0) -> bytes:
    """Return a TIFF of grey pictures, each (width, height, more tags of 32 bits), in a chain.

    The last `below` of them are not in the chain: the first names them as belonging to it (SubIFDs).
    """
    blocks, starts, at = [], [], 8
    for width, height, _ in directories:
        starts.append(at + width * height)
        blocks.append(bytes(width * height))
        at += width * height + 2 + 12 * 12 + 4
    for place, (width, height, more) in enumerate(directories):
        tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: starts[place] - width * height, 277: 1}
        tags |= {278: height, 279: width * height, **more}
        if below and place == 0:
            assert below == 1
            tags[330] = starts[-1]
        after = place + 1 < len(directories) - below
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
        directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", starts[place + 1] if after else 0)
        blocks[place] += directory.ljust(2 + 12 * 12 + 4, b"\0")
    return b"II*\0" + struct.pack("<I", starts[0]) + b"".join(blocks)


def cursor(black: NDArray[np.bool_], opaque: NDArray[np.bool_]) -> bytes:
    """Return a Windows cursor of one bit a pixel, (32, 32) each: which pixels are black, and which are seen."""
    colours = struct.pack("<8B", 0, 0, 0, 0, 255, 255, 255, 0)
    bits = np.packbits(~black[::-1], axis=1).tobytes() + np.packbits(~opaque[::-1], axis=1).tobytes()
    bitmap = struct.pack("<IiiHHIIiiII", 40, 32, 64, 1, 1, 0, len(bits), 0, 0, 2, 0) + colours + bits
    return struct.pack("<HHHBBBBHHII", 0, 2, 1, 32, 32, 2, 0, 0, 0, len(bitmap), 22) + bitmap
