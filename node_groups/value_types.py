"""What Blender's nodes call the types of the values that they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from . import nodes
from .value import Operand, Value

DATA_TYPE: Mapping[str, Literal["FLOAT", "INT", "FLOAT_VECTOR", "BOOLEAN", "FLOAT_COLOR"]] = {
    "VALUE": "FLOAT",
    "INT": "INT",
    "VECTOR": "FLOAT_VECTOR",
    "BOOLEAN": "BOOLEAN",
    "RGBA": "FLOAT_COLOR",
}
_SWITCH_TYPE: Mapping[str, nodes.CompareDataType] = {
    "VALUE": "FLOAT",
    "RGBA": "RGBA",
    "INT": "INT",
    "VECTOR": "VECTOR",
    "BOOLEAN": "BOOLEAN",
    "GEOMETRY": "GEOMETRY",
}


def arithmetic_type(*operands: Operand) -> str:
    """The type of arithmetic: a vector makes it one of vectors, and whole numbers alone stay whole."""
    kinds = {operand.type for operand in operands if isinstance(operand, Value)}
    if "VECTOR" in kinds or any(isinstance(operand, tuple) for operand in operands):
        return "VECTOR"
    whole = kinds <= {"INT", "BOOLEAN"} and not any(isinstance(operand, float) for operand in operands)
    return "INT" if whole else "VALUE"


def switch_type(*operands: Operand) -> nodes.CompareDataType:
    """The type of a switch's sides: that of its first linked side, else that of plain numbers."""
    types = [operand.type for operand in operands if isinstance(operand, Value)]
    plain = "INT" if all(isinstance(operand, int) for operand in operands) else "VALUE"
    return _SWITCH_TYPE[types[0] if types else plain]
