"""Photos that bring depth, written byte by byte from the published layouts: what a reader should find is known here."""

import base64
import hashlib
import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def encoded(pixels: Grey, kind: str = "JPEG", orientation: int = 1, equivalent: int = 0) -> bytes:
    """Return a picture file. equivalent: the 35 mm equivalent that its EXIF data states."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    if equivalent:
        exif.get_ifd(0x8769)[0xA405] = equivalent
    file = io.BytesIO()
    options = {"quality": 95, "exif": exif} if kind == "JPEG" else {}
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def with_segments(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """Return a JPEG file with application segments behind its start, each (number, content)."""
    written = b"".join(struct.pack(">BBH", 0xFF, 0xE0 + number, 2 + len(body)) + body for number, body in segments)
    return jpeg[:2] + written + jpeg[2:]


def packet(description: str, namespaces: str = "") -> bytes:
    """Return XMP around the attributes and elements of one description."""
    text = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>{description}</rdf:RDF></x:xmpmeta>'
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{text}<?xpacket end="w"?>'.encode()


def xmp(description: str) -> tuple[int, bytes]:
    """Return the segment of a standard XMP packet."""
    return 1, b"http://ns.adobe.com/xap/1.0/\0" + packet(description)


def gdepth(
    photo: bytes, picture: bytes, said: dict[str, str], sharp: bytes = b"", chunk: int = 3000, extended: bytes = b""
) -> bytes:
    """Return a photo with depth in its extended XMP. said: GDepth's properties. extended: in the place of its own."""
    texts = {"GDepth:Data": picture, "GImage:Data": sharp}
    large = " ".join(f'{name}="{base64.b64encode(data).decode()}"' for name, data in texts.items() if data)
    names = (
        'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" xmlns:GImage="http://ns.google.com/photos/1.0/image/"'
    )
    body = f'<rdf:Description rdf:about="" {names} {large}/>'
    extended = extended or f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>{body}</rdf:RDF></x:xmpmeta>'.encode()
    guid = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper()
    small = " ".join(f'GDepth:{name}="{value}"' for name, value in said.items())
    note = f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{guid}"'
    parts = [
        (1, b"http://ns.adobe.com/xmp/extension/\0" + guid.encode() + struct.pack(">II", len(extended), at) + cut)
        for at in range(0, len(extended), chunk)
        for cut in [extended[at : at + chunk]]
    ]
    return with_segments(photo, xmp(f'<rdf:Description rdf:about="" {names} {note} {small}/>'), *parts)


DYNAMIC = " ".join(
    f'xmlns:{name}="http://ns.google.com/photos/dd/1.0/{name.lower()}/"'
    for name in ("Device", "Container", "Item", "Camera", "DepthMap")
)


def dynamic_depth(
    photo: bytes,
    items: list[tuple[str, bytes]],
    said: dict[str, str],
    *,
    padding: int = 0,
    lengths: dict[str, int] | None = None,
) -> bytes:
    """Return a photo with items behind it, each (URI, file). lengths: what is stated in the place of the truth."""

    def item(uri: str, length: int, more: str = "") -> str:
        return (
            f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" Item:Length="{length}" '
            f'Item:DataURI="{uri}" {more}/></rdf:li>'
        )

    listed = item("primary_image", 0, f'Item:Padding="{padding}"')
    listed += "".join(item(uri, (lengths or {}).get(uri, len(file))) for uri, file in items)
    stated = " ".join(f'DepthMap:{name}="{value}"' for name, value in said.items())
    description = (
        f'<rdf:Description rdf:about="" {DYNAMIC}><Device:Container rdf:parseType="Resource"><Container:Directory>'
        f"<rdf:Seq>{listed}</rdf:Seq></Container:Directory></Device:Container><Device:Cameras><rdf:Seq>"
        f'<rdf:li rdf:parseType="Resource"><Device:Camera rdf:parseType="Resource"><Camera:DepthMap {stated}/>'
        f"</Device:Camera></rdf:li></rdf:Seq></Device:Cameras></rdf:Description>"
    )
    return with_segments(photo, xmp(description)) + bytes(padding) + b"".join(file for _, file in items)


def apple_xmp(kind: str, low: float, high: float, focal_length: float, width: int, height: int) -> str:
    """Return what Apple says of an auxiliary picture, as elements."""
    matrix = [focal_length, 0, 0, 0, focal_length, 0, width / 2, height / 2, 1]
    numbers = "".join(f"<rdf:li>{number}</rdf:li>" for number in matrix)
    return (
        '<rdf:Description rdf:about="" xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" '
        'xmlns:depthData="http://ns.apple.com/depthData/1.0/">'
        f"<apdi:AuxiliaryImageType>{kind}</apdi:AuxiliaryImageType><apdi:FloatMinValue>{low}</apdi:FloatMinValue>"
        f"<apdi:FloatMaxValue>{high}</apdi:FloatMaxValue><depthData:Accuracy>absolute</depthData:Accuracy>"
        f"<depthData:IntrinsicMatrix><rdf:Seq>{numbers}</rdf:Seq></depthData:IntrinsicMatrix>"
        f"<depthData:IntrinsicMatrixReferenceWidth>{width}</depthData:IntrinsicMatrixReferenceWidth>"
        f"<depthData:IntrinsicMatrixReferenceHeight>{height}</depthData:IntrinsicMatrixReferenceHeight>"
        "</rdf:Description>"
    )


def multi_picture(photo: bytes, others: list[bytes]) -> bytes:
    """Return a photo with further pictures behind it and the index that lists them (CIPA DC-007)."""
    count = 1 + len(others)
    head = b"MPF\0" + b"MM\0*" + struct.pack(">I", 8)
    entries_at = 8 + 2 + 3 * 12 + 4
    directory = struct.pack(">H", 3) + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    directory += struct.pack(">HHII", 0xB001, 4, 1, count)
    directory += struct.pack(">HHII", 0xB002, 7, 16 * count, entries_at) + bytes(4)
    length = len(head) + len(directory) + 16 * count
    whole = len(photo) + 4 + length
    entries = struct.pack(">IIIHH", 0x20030000, whole, 0, 0, 0)
    at = whole - (2 + 4 + 4)  # offsets count from the index's own byte order mark
    for other in others:
        entries += struct.pack(">IIIHH", 0, len(other), at, 0, 0)
        at += len(other)
    return with_segments(photo, (2, head + directory + entries)) + b"".join(others)


def samsung(photo: bytes, blocks: list[tuple[int, str, bytes]]) -> bytes:
    """Return a photo with named blocks behind it, each (type, name, content)."""
    data = [struct.pack("<HHI", 0, kind, len(name)) + name.encode() + body for kind, name, body in blocks]
    listed = b"SEFH" + struct.pack("<II", 101, len(blocks))
    for number, ((kind, _, _), block) in enumerate(zip(blocks, data, strict=True)):
        back = sum(len(other) for other in data[number:])
        listed += struct.pack("<HHII", 0, kind, back, len(block))
    return photo + b"".join(data) + listed + struct.pack("<I", len(listed)) + b"SEFT"


def extra_info(width: int, height: int, at: int = 60) -> bytes:
    """Return Samsung's record of a map's size, which stands behind a mark that moves from model to model."""
    return bytes(at) + b"\x07\0\xff\xff" + struct.pack("<II", width, height) + bytes(96)


def meta_info(**numbers: int) -> bytes:
    """Return Samsung's record of a photo by a single lens: numbers by name."""
    body = b""
    for name, value in numbers.items():
        body += bytes([1, len(name)]) + name.encode() + struct.pack("<HI", 4, value)
    return b"DOFS" + struct.pack("<III", 3, 0, 18 + len(body)) + struct.pack("<H", len(numbers)) + body


def huawei(photo: bytes, sharp: bytes, grey: Grey, turned: int = 0x10) -> bytes:
    """Return a photo with the sharp one and a plain map behind it. turned: how the map lies."""
    height, width = grey.shape
    header = bytearray(64)
    header[3] = turned
    header[4:8] = b"edof"
    struct.pack_into("<HH", header, 12, width, height)
    block = bytes(header) + grey.tobytes()
    head = struct.pack("<I4sI", len(sharp), b"edof", 0)
    return photo + sharp + head + block + struct.pack("<I", len(block)) + b"DepthEn\0"
