"""Every control that a text of ours names is there, under that name: in our interface of today or in Blender's own."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import bpy
import pytest

from tools import extension

ROOT = extension.ROOT
NAME = re.compile(r"(?<![\w`/])[A-Z0-9][\w'-]*(?:(?: > | and | in | of | to | )[A-Z0-9][\w'-]*)*")
JOINS = re.compile(" > | and | in | of | to ")  # between two names, or inside one
SENTENCE = re.compile(r"(?<=[.:;?!(])\s+|\n+")
CODE = re.compile(r"[\\|{]|^\s*import ", re.MULTILINE)  # a pattern or a program
SHORT = 3  # words; what has less is a name by itself, and so is what has capitals throughout
DRAWN = {"operator", "label", "prop", "menu", "progress", "panel"}  # what draws a text of its own
# Capitalised, and no control: products, formats, a colour space, an axis of one, and variables of the environment.
NOUN = re.compile(
    "8-bit|16-bit|32-bit|AMD|ARM|AVIF|Anything|Blenders?|CPU|CUDA|Depth|Direction|Draft|EEVEE|EXIF|EXR|Face|False|FLUX|GB|"
    "COLMAP|Gaussian|Instant|NGP|"
    "GIMP|GPU|HEIC|Hugging|I|Intel|JPEG|JSON|KITTI|Linux|MB|MP4|Mac|Metal|Movie|NPY|NPZ|NVIDIA|NaN|Nodes|Non-Color|"
    r"[A-Z]+(?:_[A-Z]+)+|OpenEXR|OpenImageIO|PFM|PNG|Photos|PyPI|PyTorch|Python|ROCm|SD|SDXL|TIFF|TUM|True|UI|UV|V1|V2|WebP|Windows|XPU|Z|\d+"
)


def texts(path: Path) -> Iterator[str]:
    """Yield the texts in a source that can be shown: no docstrings, but those of operators, which are tooltips."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        is_operator = isinstance(node, ast.ClassDef) and "_OT_" in node.name
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and not is_operator:
            inner.add(id(body[0].value))
        if isinstance(node, ast.JoinedStr):
            inner.update(id(part) for part in node.values)
            yield "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def shown() -> Iterator[tuple[str, str]]:
    """Yield every text of ours that an artist can meet, and where it stands."""
    for path in sorted((ROOT / "addon").rglob("*.py")):
        for text in texts(path):
            if not CODE.search(text):
                yield text, path.relative_to(ROOT).as_posix()
    for tree in groups():
        yield tree.description, tree.name
        for item in tree.interface.items_tree:
            yield item.description, tree.name
        for node in tree.nodes:
            if node.bl_idname == "GeometryNodeWarning":
                yield node.inputs["Message"].default_value, tree.name


def names(text: str) -> Iterator[str]:
    """Yield what looks like the name of a control: capitalised words in a sentence, but for its first word."""
    if len(text.split()) < SHORT or text.istitle():
        return
    for sentence in SENTENCE.split(text.strip()):
        for found in NAME.finditer(sentence):
            name = found[0]
            if found.start() == 0 and not is_known(name):
                name = name.partition(" ")[2]
            if name and not name.isdigit():
                yield name


def groups() -> list[bpy.types.NodeTree]:
    """Return the node groups that ship."""
    with bpy.data.libraries.load(str(ROOT / "assets" / "depth_nodes.blend")) as (there, here):
        here.node_groups = there.node_groups
    return here.node_groups


@cache
def labels() -> set[str]:
    """Return every label there is: of Blender's and our types, operators, properties and menus, drawn, of sockets."""
    found: set[str] = set()
    for name in dir(bpy.types):
        cls = getattr(bpy.types, name)
        found.update((getattr(cls, "bl_label", ""), getattr(cls, "bl_category", "")))
        found.update(_of(cls.bl_rna) if hasattr(cls, "bl_rna") else ())
    for module in dir(bpy.ops):
        for name in dir(getattr(bpy.ops, module)):
            found.update(_of(getattr(getattr(bpy.ops, module), name).get_rna_type()))
    found.update(_of(type(bpy.context.preferences.addons[extension.MODULE].preferences).bl_rna))
    for tree in groups():
        found.add(tree.name)
        found.update(item.name for item in tree.interface.items_tree)
        for node in tree.nodes:
            found.update(item.name for item in getattr(node, "enum_items", ()))
    sources = [*(ROOT / "addon" / "ui").rglob("*.py"), *Path(bpy.utils.system_resource("SCRIPTS")).rglob("bl_ui/*.py")]
    for path in sources:
        found.update(_drawn(path))
    return {label.rstrip("….").strip() for label in found} | {label.strip() for label in found}


def _of(struct: bpy.types.Struct) -> Iterator[str]:
    yield struct.name
    for prop in struct.properties:
        yield prop.name
        if prop.type == "ENUM":
            yield from (item.name for item in prop.enum_items_static)


def _drawn(path: Path) -> Iterator[str]:
    """Yield the texts that a source draws."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in DRAWN:
            given = [keyword.value for keyword in node.keywords if keyword.arg in {"text", "heading"}]
            yield from (one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str))


def is_known(name: str) -> bool:
    """Return whether a name is a label, several of them, a way through menus, or made of nouns."""
    parts = [name] if name in labels() else JOINS.split(name.replace("'s", "").rstrip("'"))
    return all(part in labels() or all(map(NOUN.fullmatch, part.split())) for part in parts)


@pytest.fixture(autouse=True)
def _enabled(empty_file: None) -> None:
    extension.enable()


def test_every_control_that_a_text_names_exists() -> None:
    missing = {f"{name}: {where}" for text, where in shown() for name in names(text) if not is_known(name)}
    assert sorted(missing) == []


@pytest.mark.parametrize(
    "text", ["Try again, or tick Turn Around", "Set Kindness to Distance", "Press Estimate Heights first"]
)
def test_a_control_that_is_not_there_is_found(text: str) -> None:
    assert any(not is_known(name) for name in names(text))


@pytest.mark.parametrize("page", ["getting-started", "shaping", "ways-in"])
def test_what_an_artists_pages_set_in_bold_exists(page: str) -> None:
    written = " ".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").split())
    assert [name for name in re.findall(r"\*\*([A-Z][^*]*)\*\*(?!:)", written) if not is_known(name.rstrip("…."))] == []
