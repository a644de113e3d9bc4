"""A small declarative way to write Geometry Nodes groups: sockets as data, the tree as Python expressions.

A group module declares a `Group` at its top and a function that draws its tree:

    GROUP = Group("Double", "Twice the value.", inputs=(Float("Value", "Any number."),), outputs=(Float("Result", "Twice it."),))

    def build(tree: Tree) -> None:
        with tree.frame("Twice the value"):
            tree.output("Result", tree.input("Value") * 2.0)

Values are `Value`s: handles of an output socket that understand + - * / and comparisons. Frames are the paragraphs of
a tree: every node is made inside one, and `layout.py` sets the frames side by side in the order of their making.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import bpy

from . import layout
from .sockets import Choice, Group, Item, Panel, Socket
from .value import Number, Operand, Value

_MATH = {"VALUE": "ShaderNodeMath", "INT": "FunctionNodeIntegerMath", "VECTOR": "ShaderNodeVectorMath"}
_DATA_TYPE = {"VALUE": "FLOAT", "INT": "INT", "VECTOR": "FLOAT_VECTOR", "BOOLEAN": "BOOLEAN", "RGBA": "FLOAT_COLOR"}
_SWITCH_TYPE = {
    "VALUE": "FLOAT",
    "RGBA": "RGBA",
    "INT": "INT",
    "VECTOR": "VECTOR",
    "BOOLEAN": "BOOLEAN",
    "GEOMETRY": "GEOMETRY",
}


class Tree:
    """A node group under construction."""

    def __init__(self, group: Group, trees: Mapping[str, bpy.types.NodeTree]) -> None:
        """Start `group` as a new datablock; `trees` holds the finished groups that it may use, by name."""
        self.group = group
        self._trees = trees
        self.data = bpy.data.node_groups.new(group.name, "GeometryNodeTree")
        self.data.description = group.description
        self.data.is_modifier = group.is_modifier
        self._frame: bpy.types.Node | None = None
        self._inputs: bpy.types.Node | None = None
        self._menus: dict[str, str] = {}
        self._interface()
        self._outputs = self.data.nodes.new("NodeGroupOutput")

    # The interface

    def _interface(self) -> None:
        for item in self.group.outputs:
            self._declare(item, "OUTPUT", None)
        for entry in self.group.inputs:
            if isinstance(entry, Panel):
                panel = self.data.interface.new_panel(entry.name, description=entry.description)
                for socket in entry.sockets:
                    self._declare(socket, "INPUT", panel)
            else:
                self._declare(entry, "INPUT", None)

    def _declare(self, socket: Socket, in_out: Literal["INPUT", "OUTPUT"], parent: Any) -> None:
        item = self.data.interface.new_socket(socket.name, in_out=in_out, socket_type=socket.idname, parent=parent)
        item.description = socket.description
        for name, value in socket.properties.items():
            if in_out == "INPUT" or name not in {"default_value", "min_value", "max_value", "structure_type"}:
                setattr(item, name, value)
        if socket.choice:
            self._menus[socket.name] = socket.choice.items[0].name

    def input(self, name: str) -> Value:
        """The group's input of that name, from a Group Input node inside the current frame that shows only what it gives."""
        if self._inputs is None or self._inputs.parent != self._frame:
            self._inputs = self._new("NodeGroupInput")
        return Value(self, self._inputs.outputs[name])

    def inputs(self, *names: str) -> dict[str, Operand]:
        """Several of the group's inputs by name, to hand on to a group that calls them the same."""
        return {name: self.input(name) for name in names}

    def output(self, name: str, value: Value | Number) -> None:
        """Give the group's output of that name its value."""
        self._connect(self._outputs.inputs[name], value)

    # Nodes

    @contextmanager
    def frame(self, label: str) -> Iterator[None]:
        """A titled frame around all nodes made inside the block. Frames don't nest: a frame is a paragraph."""
        self._frame = self.data.nodes.new("NodeFrame")
        self._frame.label = label
        self._frame.label_size = 20
        self._frame.shrink = True
        self._inputs = None
        yield
        self._frame = self._inputs = None

    def _new(self, idname: str) -> bpy.types.Node:
        node = self.data.nodes.new(idname)
        node.parent = self._frame
        return node

    def make(
        self, idname: str, inputs: Sequence[Operand] | Mapping[str, Operand] = (), **properties: Any
    ) -> bpy.types.Node:
        """Make a node, set its properties, and connect its inputs: a sequence fills the visible ones, a mapping goes by name."""
        node = self._new(idname)
        for name, value in properties.items():
            setattr(node, name, value)
        self._fill(node, inputs)
        return node

    def _fill(self, node: bpy.types.Node, inputs: Sequence[Operand] | Mapping[str, Operand]) -> None:
        visible = [socket for socket in node.inputs if socket.enabled]
        if isinstance(inputs, Mapping):
            for name, operand in inputs.items():
                named = [socket for socket in visible if socket.name == name]
                if not named:
                    raise KeyError(f"{node.bl_idname} has no input {name!r}; it has {[s.name for s in visible]}")
                self._connect(named[0], operand)
        else:
            for socket, operand in zip(visible, inputs, strict=False):
                self._connect(socket, operand)

    def _connect(self, socket: bpy.types.NodeSocket, operand: Operand) -> None:
        if isinstance(operand, Value):
            self.data.links.new(operand.socket, socket)
        elif operand is not None:
            socket.default_value = operand

    def node(
        self, idname: str, inputs: Sequence[Operand] | Mapping[str, Operand] = (), out: str | int = 0, **properties: Any
    ) -> Value:
        """Make a node and return one of its visible outputs, by place or by name."""
        return self.out(self.make(idname, inputs, **properties), out)

    def out(self, node: bpy.types.Node, which: str | int) -> Value:
        """One of a node's visible outputs, by place or by name."""
        visible = [socket for socket in node.outputs if socket.enabled]
        if isinstance(which, int):
            return Value(self, visible[which])
        return Value(self, next(socket for socket in visible if socket.name == which))

    def call(self, name: str, inputs: Mapping[str, Operand]) -> Callable[[str], Value]:
        """Use another of our groups; the result gives its outputs by name."""
        node = self._new("GeometryNodeGroup")
        node.node_tree = self._trees[name]
        node.width = 180
        self._fill(node, inputs)
        return lambda output: self.out(node, output)

    def repeat(
        self, iterations: Operand, state: Mapping[str, Value], step: Callable[[dict[str, Value]], Mapping[str, Value]]
    ) -> dict[str, Value]:
        """Apply `step` to the named values so many times: a repeat zone. The values keep their types."""
        start, end = self._new("GeometryNodeRepeatInput"), self._new("GeometryNodeRepeatOutput")
        start.pair_with_output(end)
        end.repeat_items.clear()
        for name, value in state.items():
            end.repeat_items.new({"VALUE": "FLOAT"}.get(value.type, value.type), name)
        self._connect(start.inputs["Iterations"], iterations)
        for name, value in state.items():
            self._connect(start.inputs[name], value)
        for name, value in step({name: Value(self, start.outputs[name]) for name in state}).items():
            self._connect(end.inputs[name], value)
        return {name: Value(self, end.outputs[name]) for name in state}

    # Expressions

    def _kind(self, *operands: Operand) -> str:
        kinds = {operand.type for operand in operands if isinstance(operand, Value)}
        if "VECTOR" in kinds or any(isinstance(operand, tuple) for operand in operands):
            return "VECTOR"
        whole = kinds <= {"INT", "BOOLEAN"} and not any(isinstance(operand, float) for operand in operands)
        return "INT" if whole else "VALUE"

    def math(self, operation: str, *operands: Operand, clamp: bool = False) -> Value:
        """Arithmetic in the operands' type: whole numbers stay whole, a vector makes it a vector operation."""
        kind = self._kind(*operands)
        if kind == "VECTOR":
            operands = tuple((o, o, o) if isinstance(o, (int, float)) else o for o in operands)
        elif kind == "VALUE":
            operands = tuple(float(o) if isinstance(o, int) else o for o in operands)
        properties = {"use_clamp": True} if clamp else {}
        return self.node(_MATH[kind], operands, operation=operation, **properties)

    def real(self, operation: str, *operands: Operand) -> Value:
        """Float arithmetic, whatever the operands' types."""
        return self.node("ShaderNodeMath", operands, operation=operation)

    def compare(self, operation: str, left: Operand, right: Operand) -> Value:
        """A comparison without tolerance."""
        kind = self._kind(left, right)
        node = self.make("FunctionNodeCompare", data_type={"VALUE": "FLOAT", "INT": "INT"}[kind], operation=operation)
        for name, operand in (("A", left), ("B", right), ("Epsilon", 0.0)):
            for socket in node.inputs:
                if socket.enabled and socket.name == name:
                    self._connect(socket, float(operand) if kind == "VALUE" and isinstance(operand, int) else operand)
        return self.out(node, 0)

    def logic(self, operation: str, *operands: Value) -> Value:
        """Boolean algebra."""
        return self.node("FunctionNodeBooleanMath", operands, operation=operation)

    def switch(self, condition: Value, false: Operand, true: Operand) -> Value:
        """One of two values. With a single condition only the chosen side is computed."""
        return self.node("GeometryNodeSwitch", [condition, false, true], input_type=_switch_type(false, true))

    def _index(self, choice: Choice) -> Value:
        """The place of the chosen item. One Menu Switch a menu, in a group of its own: Blender takes two for a conflict."""
        return self.call(choice.group, {"Menu": self.input(choice.name)})("Index")

    def choose(self, choice: Choice, values: Mapping[Item, Operand]) -> Value:
        """The value that belongs to the chosen item. Only the chosen one is computed."""
        node = self.make("GeometryNodeIndexSwitch", data_type=_switch_type(*values.values()))
        while len(node.index_switch_items) < len(choice.items):
            node.index_switch_items.new()
        self._connect(node.inputs["Index"], self._index(choice))
        for place, item in enumerate(choice.items):
            self._connect(node.inputs[1 + place], values[item])
        return self.out(node, 0)

    def chosen(self, choice: Choice, item: Item) -> Value:
        """Whether the menu stands on that item."""
        return self.compare("EQUAL", self._index(choice), choice.items.index(item))

    def xyz(self, x: Operand = 0.0, y: Operand = 0.0, z: Operand = 0.0) -> Value:
        """A vector of three numbers."""
        return self.node("ShaderNodeCombineXYZ", [x, y, z])

    def length(self, vector: Value) -> Value:
        """The length of a vector."""
        return self.node("ShaderNodeVectorMath", [vector], out="Value", operation="LENGTH")

    def split(self, vector: Value) -> tuple[Value, Value, Value]:
        """The three numbers of a vector."""
        node = self.make("ShaderNodeSeparateXYZ", [vector])
        return self.out(node, 0), self.out(node, 1), self.out(node, 2)

    def attribute(self, name: str) -> Value:
        """A named attribute of the geometry, as floats."""
        return self.node("GeometryNodeInputNamedAttribute", [name], data_type="FLOAT")

    def store(self, geometry: Value, name: str, value: Value, domain: str = "POINT", data_type: str = "FLOAT") -> Value:
        """The geometry with a named attribute written."""
        inputs: dict[str, Operand] = {"Geometry": geometry, "Name": name, "Value": value}
        return self.node("GeometryNodeStoreNamedAttribute", inputs, data_type=data_type, domain=domain)

    def capture(self, geometry: Value, *values: Value, domain: str = "POINT") -> tuple[Value, ...]:
        """The geometry, and the values as they are there now, whatever becomes of the geometry later."""
        node = self.make("GeometryNodeCaptureAttribute", domain=domain)
        self._connect(node.inputs["Geometry"], geometry)
        for place, value in enumerate(values, start=1):
            node.capture_items.new({"VALUE": "FLOAT"}.get(value.type, value.type), f"Value {place}")
            self._connect(node.inputs[place], value)
        return tuple(Value(self, node.outputs[place]) for place in range(len(values) + 1))

    def sample_index(self, geometry: Value, value: Value, index: Operand, domain: str = "POINT") -> Value:
        """The value at one element of a geometry, the nearest one where the index runs over."""
        inputs = {"Geometry": geometry, "Value": value, "Index": index}
        kind = _DATA_TYPE[value.type]
        return self.node("GeometryNodeSampleIndex", inputs, data_type=kind, domain=domain, clamp=True)

    def count(self, geometry: Value, element: str, component: str = "MESH") -> Value:
        """How many elements there are: 'Point Count', of a mesh also 'Edge Count', 'Face Count', 'Face Corner Count'."""
        return self.node("GeometryNodeAttributeDomainSize", [geometry], out=element, component=component)

    def image_size(self, image: Value) -> tuple[Value, Value]:
        """Width and height in pixels, as floats; 0 without an image."""
        info = self.make("GeometryNodeImageInfo", [image])
        return self.real("ADD", self.out(info, "Width"), 0.0), self.real("ADD", self.out(info, "Height"), 0.0)

    def warn(self, show: Value, message: str, level: str = "WARNING") -> Value:
        """A message on the node and the modifier while `show` holds, which is handed on.

        Where what is handed on is used, the message comes only with it; otherwise always.
        """
        return self.node("GeometryNodeWarning", [show, message], warning_type=level)

    def on_domain(self, value: Value, domain: str) -> Value:
        """The field, computed on a domain and brought from there to the one in use."""
        return self.node("GeometryNodeFieldOnDomain", [value], data_type=_DATA_TYPE[value.type], domain=domain)

    # The end

    def finish(self) -> bpy.types.NodeTree:
        """Set the menus' defaults (their items exist once they are linked), hide what is unused, and lay the tree out."""
        for item in self.data.interface.items_tree:
            if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name in self._menus:
                item.default_value = self._menus[item.name]
        for node in self.data.nodes:
            if node.bl_idname == "NodeGroupInput":
                for socket in node.outputs:
                    socket.hide = not socket.is_linked
        layout.apply(self.data)
        return self.data


def _switch_type(*operands: Operand) -> str:
    """The type of a switch's sides: that of its first linked side, else that of plain numbers."""
    types = [operand.type for operand in operands if isinstance(operand, Value)]
    plain = "INT" if all(isinstance(operand, int) for operand in operands) else "VALUE"
    return _SWITCH_TYPE[types[0] if types else plain]
