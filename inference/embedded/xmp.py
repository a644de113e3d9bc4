"""XMP packets, which are XML of strangers: read without entities, and no more of them than a photo can need."""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.parsers import expat

from .stored import BrokenDepthError

LONGEST = 64 << 20  # bytes of a packet, which holds whole pictures as text
_MOST_ELEMENTS = 10_000

Element = ElementTree.Element


def parse(packet: bytes) -> Element:
    """Return the root of a packet; names are "namespace}name". Raises `BrokenDepthError` for what is not one.

    A document type, where entities would be declared, is none of XMP (ISO 16684-1, section 7.3), and is refused.
    """
    if len(packet) > LONGEST:
        raise BrokenDepthError(f"is described in more than {LONGEST >> 20} MiB of text")
    builder = ElementTree.TreeBuilder()
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _MOST_ELEMENTS:
            raise BrokenDepthError(f"is described by more than {_MOST_ELEMENTS} elements")
        builder.start(tag, attributes)

    def refuse(*_: object) -> None:
        raise BrokenDepthError("is described by XML with a document type, which may ask for other files")

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(packet.strip(b"\0"), True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError) as error:
        if isinstance(error, BrokenDepthError):
            raise
        raise BrokenDepthError(f"is described by XML that is damaged ({error})") from error


def properties(root: Element, namespace: str) -> dict[str, str]:
    """Return all properties of a namespace below an element, the first of each name, as attributes or as elements."""
    found: dict[str, str] = {}
    for said in groups(root, namespace):
        for name, value in said.items():
            found.setdefault(name, value)
    return found


def groups(root: Element, namespace: str) -> Iterator[dict[str, str]]:
    """Yield the properties of a namespace of each element that has any, in the order of the document."""
    own = namespace + "}"
    for element in root.iter():
        said = {name[len(own) :]: value for name, value in element.attrib.items() if name.startswith(own)}
        said |= {child.tag[len(own) :]: (child.text or "").strip() for child in element if child.tag.startswith(own)}
        if said:
            yield said


def numbers(root: Element, name: str) -> list[float]:
    """Return the numbers of a list, by the name of its property; none where it is missing or holds anything else."""
    element = next(root.iter(name), None)
    try:
        return [] if element is None else [float(item.text or "") for item in element.iter() if not len(item)]
    except ValueError:
        return []


def number(said: dict[str, str], name: str) -> float | None:
    """Return a property that is a finite number; None where it is missing or no such number."""
    try:
        value = float(said[name])
    except (KeyError, ValueError):
        return None
    return value if abs(value) < 1e30 else None  # neither infinite nor "nan"
