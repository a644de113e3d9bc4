"""Displace Grid: a grid of the image's aspect, or a mesh, as a relief.

    position' = position + offset direction, as in Displace

On a grid the direction along Z is the plane's own normal; on any other mesh it is the object's Z.
"""

from . import choices
from .builder import Tree
from .displace import HEIGHT
from .image_grid import MESH_UV, PLANE, RESOLUTION
from .sample_depth import FRAME
from .sockets import Geometry, Group, Image, Menu, Vector

GROUP = Group(
    "Displace Grid",
    "A relief: a grid of the image's aspect, or the incoming mesh by its UV map, pushed out along Z or its normals",
    inputs=(
        PLANE,
        Image("Image", "The depth image, for the aspect of the grid"),
        FRAME,
        MESH_UV,
        Menu(choices.SURFACE),
        RESOLUTION,
        *HEIGHT,
    ),
    outputs=(
        Geometry("Geometry", "The relief"),
        Vector("UV", "Where each vertex lies in the picture"),
    ),
    tags=("depth", "displace", "relief", "grid"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("The flat surface"):
        flat = tree.call("Image Grid", tree.inputs("Geometry", "Image", "Frame", "UV", "Surface", "Resolution"))
    with tree.frame("Pushed out"):
        inputs = tree.inputs("Image", "Frame", *(socket.name for socket in HEIGHT))
        axis = tree.switch(flat("Is Grid"), true=flat("Normal"), false=tree.xyz(0.0, 0.0, 1.0))
        moved = tree.call("Displace", {"Geometry": flat("Geometry"), "UV": flat("UV"), "Axis": axis, **inputs})
        tree.output("Geometry", moved("Geometry"))
        tree.output("UV", flat("UV"))
