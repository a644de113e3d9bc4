"""Write nodes.py, the typed names of the node types that the groups use: `python -m node_groups.stubs`, with Blender 4.5.

Add a type to TYPES and run it again. What an editor then offers, and what the type checker refuses, is what Blender has.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import bpy

from . import FLOOR
from .sockets import keywords

STUB = Path(__file__).with_name("nodes.py")

TYPES = (
    "FunctionNodeBooleanMath",
    "FunctionNodeCompare",
    "FunctionNodeFloatToInt",
    "FunctionNodeInputBool",
    "FunctionNodeInputInt",
    "FunctionNodeIntegerMath",
    "FunctionNodeSeparateColor",
    "FunctionNodeSeparateMatrix",
    "FunctionNodeTransformPoint",
    "GeometryNodeAccumulateField",
    "GeometryNodeAttributeDomainSize",
    "GeometryNodeBlurAttribute",
    "GeometryNodeCameraInfo",
    "GeometryNodeCornersOfFace",
    "GeometryNodeCornersOfVertex",
    "GeometryNodeDeleteGeometry",
    "GeometryNodeFieldMinAndMax",
    "GeometryNodeFieldOnDomain",
    "GeometryNodeGizmoLinear",
    "GeometryNodeImageInfo",
    "GeometryNodeImageTexture",
    "GeometryNodeInputIndex",
    "GeometryNodeInputMaterialIndex",
    "GeometryNodeInputMeshIsland",
    "GeometryNodeInputNamedAttribute",
    "GeometryNodeInputNormal",
    "GeometryNodeInputPosition",
    "GeometryNodeIsViewport",
    "GeometryNodeMeshGrid",
    "GeometryNodeObjectInfo",
    "GeometryNodePoints",
    "GeometryNodeRemoveAttribute",
    "GeometryNodeReplaceMaterial",
    "GeometryNodeSampleIndex",
    "GeometryNodeSetMaterial",
    "GeometryNodeSetMaterialIndex",
    "GeometryNodeSetPosition",
    "GeometryNodeSetShadeSmooth",
    "GeometryNodeSortElements",
    "GeometryNodeStoreNamedAttribute",
    "GeometryNodeSwitch",
    "GeometryNodeVertexOfCorner",
    "GeometryNodeWarning",
    "ShaderNodeCombineXYZ",
    "ShaderNodeMapRange",
    "ShaderNodeMath",
    "ShaderNodeSeparateXYZ",
    "ShaderNodeVectorMath",
)

_PLAIN = {"BOOLEAN": "bool", "INT": "int", "FLOAT": "float", "STRING": "str"}

_HEAD = '''"""The node types that the groups use, typed. Written by `python -m node_groups.stubs`: change that, not this."""

# fmt: off
# ruff: noqa: A002, UP014 - inputs are called what Blender calls them; short, since this is a table
from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from .value import Operand, Value

if TYPE_CHECKING:
    from .builder import Tree
'''

_CLASS = '''
class Nodes:
    """One method a node type: inputs by name, settings as keywords; the result is the output, or all of them by name.

    What is not given stays as Blender has it. An input that the settings hide raises a KeyError.
    """

    def __init__(self, tree: Tree) -> None:
        """Make the nodes in `tree`, inside its current frame."""
        self._one, self._all = tree.one, tree.all
'''


def source() -> str:
    """Return the text of nodes.py, from the node types of the running Blender."""
    tree = bpy.data.node_groups.new("stubs", "GeometryNodeTree")
    literals: dict[tuple[str, ...], str] = {}
    types = [_Type(tree, idname, literals) for idname in TYPES]
    bpy.data.node_groups.remove(tree)
    lines = [_HEAD]
    lines += [_wrapped([f"{alias} = Literal[", *map(_quoted, items)], "]") for items, alias in literals.items()]
    for one in types:
        if one.outputs:
            fields = [f'("{output}", Value)' for output in one.outputs]
            lines.append(_wrapped([f'{one.name} = NamedTuple("{one.name}", [', *fields], "])"))
    return "\n".join([*lines, "", _CLASS, "\n\n".join(one.method() for one in types), ""])


class _Type:
    """What one node type has: its inputs and outputs in all of its settings, and the settings themselves."""

    def __init__(self, tree: bpy.types.NodeTree, idname: str, literals: dict[tuple[str, ...], str]) -> None:
        self.idname = idname
        self.name = re.sub(r"^(Geometry|Function|Shader)Node(Input(?!Int|Bool))?", "", idname)
        node = tree.nodes.new(idname)
        self.settings: dict[str, str] = {}
        items: dict[str, tuple[str, ...]] = {}
        own = {prop.identifier for prop in bpy.types.Node.bl_rna.properties}
        for prop in node.bl_rna.properties:
            if prop.identifier in own or prop.is_readonly:
                continue
            if prop.type == "ENUM":
                items[prop.identifier] = tuple(item.identifier for item in prop.enum_items)
                alias = self.name + prop.identifier.title().replace("_", "")
                self.settings[prop.identifier] = literals.setdefault(items[prop.identifier], alias)
            elif prop.type in _PLAIN and not prop.is_array:
                self.settings[prop.identifier] = _PLAIN[prop.type]
        shown = [*_shown(node, items)]
        self.inputs = list(dict.fromkeys(name for inputs, _ in shown for name in inputs))
        several = max(len(outputs) for _, outputs in shown) > 1
        self.outputs = list(dict.fromkeys(name for _, outputs in shown for name in outputs)) if several else []

    def method(self) -> str:
        """Return the source of the method that makes such a node."""
        parameters = ["self", *(f"{name}: Operand = None" for name in self.inputs)]
        if self.settings:
            parameters += ["*", *(f"{name}: {kind} | None = None" for name, kind in self.settings.items())]
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()
        head = _wrapped([f"    def {name}(", *parameters], f") -> {self.name if self.outputs else 'Value'}:")
        given = ", ".join(f'"{name}": {name}' for name in self.inputs)
        arguments = [*f'"{self.idname}", {{{given}}}'.split(", "), *(f"{name}={name}" for name in self.settings)]
        call, end = (f"{self.name}(*self._all(", "))") if self.outputs else ("self._one(", ")")
        return f"{head}\n" + _wrapped([f"        return {call}", *arguments], end)


def _shown(node: bpy.types.Node, items: dict[str, tuple[str, ...]]) -> Iterator[tuple[list[str], list[str]]]:
    """Give the names of the visible inputs and outputs: as the node is made, and for each item of each setting."""
    yield keywords(node.inputs), keywords(node.outputs)
    for setting, choices in items.items():
        before = getattr(node, setting)
        for item in choices:
            try:
                setattr(node, setting, item)
            except TypeError:
                continue  # Blender lists it, and this node type doesn't offer it
            yield keywords(node.inputs), keywords(node.outputs)
        setattr(node, setting, before)


def _wrapped(parts: list[str], end: str) -> str:
    """The parts with commas between them, in lines of at most 120 characters, none broken inside a part."""
    first, *rest = parts
    whole = [f"{part}," for part in rest[:-1]] + [rest[-1] + end]
    indent = " " * (len(first) - len(first.lstrip()) + 4)
    joined = first + " ".join(part.replace(" ", "\0") for part in whole)
    joined = first.replace(" ", "\0") + joined[len(first) :]
    lines = textwrap.wrap(joined, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def _quoted(item: str) -> str:
    return f'"{item}"'


def main() -> None:
    """Check the version and write."""
    if bpy.app.version[:2] != FLOOR:
        sys.exit(f"The stubs are of Blender {FLOOR[0]}.{FLOOR[1]} only; this is {bpy.app.version_string}.")
    STUB.write_text(source(), encoding="utf-8")


if __name__ == "__main__":
    main()
