"""Google's depth photos of 2014 to 2018: a picture as text in the photo's extended XMP.

https://developers.google.com/depthmap-metadata: black is near, white is far.
"""

import base64
import binascii

from . import jpeg, xmp
from .ranges import law
from .stored import BrokenDepthError, File, Stored

_DEPTH = "http://ns.google.com/photos/1.0/depthmap/"
_IMAGE = "http://ns.google.com/photos/1.0/image/"
_NOTE = "http://ns.adobe.com/xmp/note/"


def find(file: File) -> Stored | None:
    """Return the depth of a JPEG file; None where its XMP names none."""
    packet = jpeg.xmp(file)
    if _DEPTH.encode() not in packet:
        return None
    root = xmp.parse(packet)
    said, image = xmp.properties(root, _DEPTH), xmp.properties(root, _IMAGE)
    guid = xmp.properties(root, _NOTE).get("HasExtendedXMP", "")
    if "Data" not in said and guid:
        more = xmp.parse(jpeg.extended_xmp(file, guid))
        said = xmp.properties(more, _DEPTH) | said
        image = xmp.properties(more, _IMAGE) | image
    if "Data" not in said:
        return None
    return Stored(
        "GDepth",
        law(said),
        _decoded(said["Data"]),
        confidence=_decoded(said.get("Confidence", "")),
        sharp=_decoded(image.get("Data", "")),
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()) + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise BrokenDepthError(f"is damaged ({error})") from error
