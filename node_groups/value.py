"""The operands of a tree's expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import bpy

if TYPE_CHECKING:
    from .builder import Tree

Number: TypeAlias = float | int | bool
Operand: TypeAlias = "Value | Number | tuple[float, float, float] | str | None"


@dataclass(frozen=True)
class Value:
    """What an output socket carries: one operand of the tree's expressions."""

    tree: Tree
    socket: bpy.types.NodeSocket

    @property
    def type(self) -> str:
        """The socket's type: 'VALUE' for a float, 'INT', 'VECTOR', 'BOOLEAN', 'GEOMETRY', ..."""
        return self.socket.type

    def __add__(self, other: Operand) -> Value:
        return self.tree.math("ADD", self, other)

    def __radd__(self, other: Operand) -> Value:
        return self.tree.math("ADD", other, self)

    def __sub__(self, other: Operand) -> Value:
        return self.tree.math("SUBTRACT", self, other)

    def __rsub__(self, other: Operand) -> Value:
        return self.tree.math("SUBTRACT", other, self)

    def __mul__(self, other: Operand) -> Value:
        if self.type == "VECTOR" and isinstance(other, Value) and other.type == "VALUE":
            return self.tree.add.vector_math(self, scale=other, operation="SCALE")
        return self.tree.math("MULTIPLY", self, other)

    def __rmul__(self, other: Operand) -> Value:
        return self.tree.math("MULTIPLY", other, self)

    def __truediv__(self, other: Operand) -> Value:
        return self.tree.math("DIVIDE", self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self.tree.math("DIVIDE", other, self)

    def __gt__(self, other: Operand) -> Value:
        return self.tree.compare("GREATER_THAN", self, other)

    def __ge__(self, other: Operand) -> Value:
        return self.tree.compare("GREATER_EQUAL", self, other)

    def __lt__(self, other: Operand) -> Value:
        return self.tree.compare("LESS_THAN", self, other)

    def __le__(self, other: Operand) -> Value:
        return self.tree.compare("LESS_EQUAL", self, other)

    def __and__(self, other: Value) -> Value:
        return self.tree.logic("AND", self, other)

    def __or__(self, other: Value) -> Value:
        return self.tree.logic("OR", self, other)

    def __invert__(self) -> Value:
        return self.tree.logic("NOT", self)
