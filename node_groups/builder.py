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
from typing import Any, TypeAlias

import bpy

from . import interface, layout, nodes
from .sockets import Choice, Group, Item, choices_of, keyword, keywords
from .value import Number, Operand, Value
from .value_types import DATA_TYPE, arithmetic_type, switch_type

Outputs: TypeAlias = Callable[[str], Value]  # the outputs of a group that was called, by name
Arithmetic: TypeAlias = nodes.MathOperation | nodes.IntegerMathOperation | nodes.VectorMathOperation
Domain: TypeAlias = nodes.AccumulateFieldDomain

_MATH = {
    "VALUE": ("ShaderNodeMath", "value"),
    "INT": ("FunctionNodeIntegerMath", "value"),
    "VECTOR": ("ShaderNodeVectorMath", "vector"),
}


class Tree:
    """A node group under construction."""

    def __init__(self, group: Group, trees: Mapping[str, bpy.types.NodeTree], order: Sequence[str]) -> None:
        """Start `group` as a new datablock.

        `trees` holds the finished groups that it may use, by name; `order` is that of its identifiers, from the lock.
        """
        self.group = group
        self._trees = trees
        self.data = bpy.data.node_groups.new(group.name, "GeometryNodeTree")
        self.data.description = group.description
        self.data.is_modifier = group.is_modifier
        self._frame: bpy.types.Node | None = None
        self._inputs: bpy.types.Node | None = None
        self.add = nodes.Nodes(self)
        interface.build(self.data, group, order)
        self._outputs = self.data.nodes.new("NodeGroupOutput")

    # The interface

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

    def _make(self, idname: str, inputs: Mapping[str, Operand], settings: Mapping[str, Any]) -> bpy.types.Node:
        node = self._new(idname)
        for name, value in settings.items():
            if value is not None:
                setattr(node, name, value)
        self._fill(node, inputs)
        return node

    def _fill(self, node: bpy.types.Node, inputs: Mapping[str, Operand]) -> None:
        sockets = dict(zip(keywords(node.inputs), (socket for socket in node.inputs if socket.enabled), strict=False))
        for name, operand in inputs.items():
            if operand is not None:
                if name not in sockets:
                    raise KeyError(f"{node.bl_idname} has no input {name!r}; it has {[*sockets]}")
                self._connect(sockets[name], operand)

    def _connect(self, socket: bpy.types.NodeSocket, operand: Operand) -> None:
        if isinstance(operand, Value):
            self.data.links.new(operand.socket, socket)
        else:
            socket.default_value = operand

    def one(self, idname: str, inputs: Mapping[str, Operand], **settings: Any) -> Value:
        """Make a node and return its first visible output. Group modules say `tree.add.mesh_grid(...)` instead."""
        node = self._make(idname, inputs, settings)
        return Value(self, next(socket for socket in node.outputs if socket.enabled))

    def all(self, idname: str, inputs: Mapping[str, Operand], **settings: Any) -> Iterator[Value]:
        """Make a node and return its outputs, of those with one name the visible one."""
        outputs = self._make(idname, inputs, settings).outputs
        by_name = {keyword(socket.name): socket for socket in outputs}
        by_name |= {keyword(socket.name): socket for socket in outputs if socket.enabled}
        return (Value(self, socket) for socket in by_name.values())

    def call(self, name: str, inputs: Mapping[str, Operand]) -> Outputs:
        """Use another of our groups; the result gives its outputs by name."""
        node = self._new("GeometryNodeGroup")
        node.node_tree = self._trees[name]
        node.width = 180
        self._fill(node, {keyword(name): operand for name, operand in inputs.items()})
        return lambda output: Value(self, node.outputs[output])

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

    def math(self, operation: Arithmetic, *operands: Operand, clamp: bool = False) -> Value:
        """Arithmetic in the operands' type: whole numbers stay whole, a vector makes it a vector operation."""
        kind = arithmetic_type(*operands)
        if kind == "VECTOR":
            operands = tuple((o, o, o) if isinstance(o, (int, float)) else o for o in operands)
        elif kind == "VALUE":
            operands = tuple(float(o) if isinstance(o, int) else o for o in operands)
        idname, name = _MATH[kind]
        inputs = dict(zip((name, f"{name}_2", f"{name}_3"), operands, strict=False))
        return self.one(idname, inputs, operation=operation, use_clamp=clamp or None)

    def real(self, operation: nodes.MathOperation, *operands: Operand) -> Value:
        """Float arithmetic, whatever the operands' types."""
        return self.add.math(*operands, operation=operation)

    def turns_to(self, value: Operand, base: float) -> Value:
        """How often 1 has to be multiplied by `base` to reach a whole number: its logarithm, rounded up."""
        return self.real("CEIL", self.real("LOGARITHM", value, base) - 1e-4)  # that of 9 may come out as 2.0000002

    def compare(self, operation: nodes.CompareOperation, left: Operand, right: Operand) -> Value:
        """A comparison without tolerance."""
        if arithmetic_type(left, right) == "INT":
            return self.add.compare(left, right, data_type="INT", operation=operation)
        left, right = (float(o) if isinstance(o, int) else o for o in (left, right))
        epsilon = 0.0 if operation in {"EQUAL", "NOT_EQUAL"} else None  # the others have none
        return self.add.compare(left, right, epsilon, data_type="FLOAT", operation=operation)

    def logic(self, operation: nodes.BooleanMathOperation, *operands: Value) -> Value:
        """Boolean algebra."""
        return self.add.boolean_math(*operands, operation=operation)

    def switch(self, condition: Value, *, true: Operand, false: Operand) -> Value:
        """One of two values. With a single condition only the chosen side is computed."""
        return self.add.switch(condition, true=true, false=false, input_type=switch_type(false, true))

    def _index(self, choice: Choice) -> Value:
        """The place of the chosen item. One Menu Switch a menu, in a group of its own: Blender takes two for a conflict."""
        return self.call(choice.group, {"Menu": self.input(choice.name)})("Index")

    def choose(self, choice: Choice, values: Mapping[Item, Operand]) -> Value:
        """The value that belongs to the chosen item. Only the chosen one is computed."""
        node = self._make("GeometryNodeIndexSwitch", {}, {"data_type": switch_type(*values.values())})
        while len(node.index_switch_items) < len(choice.items):
            node.index_switch_items.new()
        self._connect(node.inputs["Index"], self._index(choice))
        for place, item in enumerate(choice.items):
            self._connect(node.inputs[1 + place], values[item])
        return Value(self, node.outputs[0])

    def chosen(self, choice: Choice, item: Item) -> Value:
        """Whether the menu stands on that item."""
        return self.compare("EQUAL", self._index(choice), choice.items.index(item))

    def xyz(self, x: Operand = 0.0, y: Operand = 0.0, z: Operand = 0.0) -> Value:
        """A vector of three numbers."""
        return self.add.combine_xyz(x, y, z)

    def length(self, vector: Value) -> Value:
        """The length of a vector."""
        return self.add.vector_math(vector, operation="LENGTH")

    def split(self, vector: Value) -> nodes.SeparateXYZ:
        """The three numbers of a vector."""
        return self.add.separate_xyz(vector)

    def attribute(self, name: str) -> Value:
        """A named attribute of the geometry, as floats."""
        return self.add.named_attribute(name, data_type="FLOAT").attribute

    def store(
        self,
        geometry: Value,
        name: str,
        value: Value,
        domain: Domain = "POINT",
        data_type: nodes.BlurAttributeDataType = "FLOAT",
    ) -> Value:
        """The geometry with a named attribute written."""
        return self.add.store_named_attribute(geometry, name=name, value=value, data_type=data_type, domain=domain)

    def capture(self, geometry: Value, *values: Value, domain: Domain = "POINT") -> tuple[Value, ...]:
        """The geometry, and the values as they are there now, whatever becomes of the geometry later."""
        node = self._make("GeometryNodeCaptureAttribute", {}, {"domain": domain})
        self._connect(node.inputs["Geometry"], geometry)
        for place, value in enumerate(values, start=1):
            node.capture_items.new({"VALUE": "FLOAT"}.get(value.type, value.type), f"Value {place}")
            self._connect(node.inputs[place], value)
        return tuple(Value(self, node.outputs[place]) for place in range(len(values) + 1))

    def sample_index(self, geometry: Value, value: Value, index: Operand, domain: Domain = "POINT") -> Value:
        """The value at one element of a geometry, the nearest one where the index runs over."""
        kind = DATA_TYPE[value.type]
        return self.add.sample_index(geometry, value, index, data_type=kind, domain=domain, clamp=True)

    def count(self, mesh: Value) -> nodes.AttributeDomainSize:
        """How many points, edges, faces and corners a mesh has."""
        return self.add.attribute_domain_size(mesh, component="MESH")

    def join(self, *parts: Value) -> Value:
        """One geometry of several. The first part's elements and materials come first."""
        node = self._new("GeometryNodeJoinGeometry")
        for part in reversed(parts):  # the last one linked comes first
            self.data.links.new(part.socket, node.inputs[0])
        return Value(self, node.outputs[0])

    def image_size(self) -> tuple[Value, Value]:
        """Width and height of the group's Image at its Frame in pixels, as floats; 0 without an image."""
        info = self.add.image_info(self.input("Image"), self.input("Frame"))
        return self.real("ADD", info.width, 0.0), self.real("ADD", info.height, 0.0)

    def warn(self, show: Value, message: str, level: nodes.WarningWarningType = "WARNING") -> Value:
        """A message on the node and the modifier while `show` holds, which is handed on.

        Where what is handed on is used, the message comes only with it; otherwise always.
        """
        return self.add.warning(show, message, warning_type=level)

    def on_domain(self, value: Value, domain: Domain) -> Value:
        """The field, computed on a domain and brought from there to the one in use."""
        return self.add.field_on_domain(value, data_type=DATA_TYPE[value.type], domain=domain)

    # The end

    def finish(self) -> bpy.types.NodeTree:
        """Set the menus' defaults (their items exist once they are linked), hide what is unused, and lay the tree out."""
        menus = {choice.name: choice.items[0].name for choice in choices_of(self.group)}
        for item in self.data.interface.items_tree:
            if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name in menus:
                item.default_value = menus[item.name]
        for node in self.data.nodes:
            if node.bl_idname == "NodeGroupInput":
                for socket in node.outputs:
                    socket.hide = not socket.is_linked
        layout.apply(self.data)
        return self.data
