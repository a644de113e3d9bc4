"""Apple's portraits as JPEG: further pictures behind the photo, each with XMP that says what it is."""

from . import jpeg
from .apple import described
from .stored import File, Stored


def find(file: File) -> Stored | None:
    """Return the depth of a JPEG file; None where no further picture is disparity or depth."""
    for begin, end in jpeg.pictures(file):
        packet = jpeg.xmp(file, begin)
        if b"http://ns.apple.com/pixeldatainfo/1.0/" in packet:
            found = described(packet, "Apple JPEG", file[begin:end])
            if found is not None:
                return found
    return None
