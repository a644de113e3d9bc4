"""Apple's portraits as HEIC: depth is an auxiliary picture of the photo, of the type that HEVC has for depth.

ISO/IEC 23008-12, sections 6.6.2.1 and 10.2. libheif cuts the picture out, and turns it as it turns the photo; the XMP
beside it, which libheif doesn't hand on, is found in the file by what it says.
"""

from .apple import described
from .stored import BrokenDepthError, File, Law, Stored

_DEPTH = b"urn:mpeg:hevc:2015:auxid:2\0"
_BEGIN, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_NAMES = b"http://ns.apple.com/pixeldatainfo/1.0/"
_LONGEST, _MOST_PACKETS = 1 << 20, 64


def find(file: File) -> Stored | None:
    """Return the depth of a HEIC file, without its picture; None where there is none."""
    if file[4:8] != b"ftyp":
        return None
    if _DEPTH not in _index(file):
        return None
    at = 0
    for _ in range(_MOST_PACKETS):
        if (at := file.find(_BEGIN, at)) < 0:
            break
        end = file.find(_END, at, at + _LONGEST)
        packet = file[at : end + len(_END)] if end >= 0 else b""
        if _NAMES in packet and (found := described(packet, "Apple HEIC")):
            return found
        at += len(_BEGIN)
    return Stored("Apple HEIC", Law("inverse", 0.0, 1.0))  # inverse depth, of no unit that is known


def _index(file: File) -> bytes:
    """Return the box that lists the pictures of the file."""
    at = 0
    while at + 8 <= len(file):
        size, kind = int.from_bytes(file[at : at + 4], "big"), file[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(file[at + 8 : at + 16], "big")
        end = at + size if size else len(file)
        if kind == b"meta":
            if end > len(file):
                raise BrokenDepthError("can't be found: the file is cut off")
            return file[at:end]
        if size and size < 8:
            break
        at = end
    return b""
