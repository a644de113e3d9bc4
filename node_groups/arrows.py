"""The arrows of Depth Relief in the viewport: each stands at the value that it drags."""

from . import choices, nodes
from .builder import Tree
from .value import Operand, Value


def front(tree: Tree) -> Value:
    """An arrow on the front of the relief."""
    height = tree.input("Scale") * (1.0 - tree.input("Midlevel"))
    return _arrow(tree, "Scale", tree.xyz(0.0, 0.0, height), (0.0, 0.0, 1.0), "PRIMARY")


def planes(tree: Tree, viewpoint: Value) -> Value:
    """An arrow on the near plane of a scene and one on the far plane, to either side; none where depth is measured."""
    arrows = []
    for name, side in (("Near Distance", -0.25), ("Far Distance", 0.25)):
        distance = tree.input(name)
        place = viewpoint + tree.xyz(distance * side, 0.0, distance * -1.0)
        arrows.append(_arrow(tree, name, place, (0.0, 0.0, -1.0), "SECONDARY"))
    measured = tree.chosen(choices.KIND, choices.DISTANCE)
    return tree.add.switch(measured, false=tree.join(*arrows), input_type="GEOMETRY")


def _arrow(
    tree: Tree, name: str, place: Operand, direction: tuple[float, float, float], color: nodes.GizmoLinearColorId
) -> Value:
    """An arrow that drags the input of that name, seen where its result is part of the geometry."""
    arrow = tree.add.gizmo_linear(tree.input(name), place, direction, color_id=color)
    arrow.socket.node.label = name
    return arrow
