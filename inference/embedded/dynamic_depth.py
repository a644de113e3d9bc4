"""Dynamic Depth 1.0: pictures behind the photo, one after the other, listed with their lengths in its XMP.

Google, Dynamic Depth, 2019. https://developer.android.com/static/media/camera/camera2/Dynamic-depth-v1.0.pdf. Where an
item lies follows from the lengths alone: to look for where pictures begin would find their thumbnails.
"""

from collections.abc import Sequence

from . import jpeg, xmp
from .ranges import law
from .stored import BrokenDepthError, File, Stored

_DEPTH = "http://ns.google.com/photos/dd/1.0/depthmap/"
_ITEMS = ("http://ns.google.com/photos/dd/1.0/item/", "http://ns.google.com/photos/1.0/container/item/")


def find(file: File) -> Stored | None:
    """Return the depth of a JPEG file; None where its XMP names none: a gain map is a list of items too."""
    packet = jpeg.xmp(file)
    if _DEPTH.encode() not in packet:
        return None
    root = xmp.parse(packet)
    said = next((said for said in xmp.groups(root, _DEPTH) if said.get("ItemSemantic", "Depth") == "Depth"), None)
    if said is None or "DepthURI" not in said:
        return None
    items = [item for names in _ITEMS for item in xmp.groups(root, names)]
    places = _places(file, items)
    picture = _cut(file, items, places, said["DepthURI"], "Depth")
    if not picture:
        raise BrokenDepthError("is named in the file, but not in it")
    return Stored(
        "Dynamic Depth",
        law(said),
        picture,
        confidence=_cut(file, items, places, said.get("ConfidenceURI", ""), "Confidence"),
    )


def _places(file: File, items: Sequence[dict[str, str]]) -> list[tuple[int, int]]:
    """Return where each item begins and ends; the first one is the photo itself."""
    at, places = jpeg.end_of(file), []
    for number, item in enumerate(items):
        length, padding = (int(xmp.number(item, name) or 0) for name in ("Length", "Padding"))
        if length < 0 or padding < 0:
            raise BrokenDepthError("is listed with a negative length")
        if number == 0:
            places.append((0, at))
        elif length:
            places.append((at, at + length))
        else:
            places.append(places[-1])  # two descriptions of one picture
        at = places[-1][1] + padding
    return places


def _cut(
    file: File, items: Sequence[dict[str, str]], places: Sequence[tuple[int, int]], uri: str, semantic: str
) -> bytes:
    for item, (begin, end) in zip(items, places, strict=True):
        named = item.get("DataURI", "")
        if uri and (named == uri or (not named and item.get("Semantic") == semantic)):
            if end > len(file):
                raise BrokenDepthError(f"is cut off: it would end {end - len(file)} bytes behind the file")
            return file[begin:end]
    return b""
