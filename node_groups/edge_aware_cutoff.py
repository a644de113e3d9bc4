"""Edge-Aware Cutoff: no face bridges a jump in depth.

jump  = farthest corner > nearest corner (1 + threshold), of distances from the viewer
steep = |normal . view| < cos(angle)  and  farthest corner > nearest corner (1 + least gap)
keep  = not (jump or steep or a corner unknown), and part of a piece of at least Minimum Island faces
"""

from math import radians
from typing import Literal

from .builder import Tree
from .sockets import Bool, Float, Geometry, Group, Int, Vector
from .value import Value

THRESHOLD = Float(
    "Threshold", "Depth jump that makes an edge: the gap over the nearer distance", 0.2, 0.0, 1e6, single=True
)
LIMITS = (
    THRESHOLD,
    Float("Angle", "The steepest face that stays, as its normal's angle to the view ray", radians(85), 0.0, radians(90), "ANGLE", single=True),
    Float("Least Gap", "Camera projection: keep steep faces whose depth gap is smaller than this. Far away, flat ground and a single level of the map look steep", 0.03, 0.0, 1e6, single=True),
    Int("Minimum Island", "Loose pieces with fewer faces are deleted", 64, 0, 10**6),
    Int("Edge Falloff", "Flatten towards the edge over so many steps of the grid, instead of cutting; 0 cuts", 0, 0, 256),
)  # fmt: skip

GROUP = Group(
    "Edge-Aware Cutoff",
    "Delete faces that bridge a depth jump, are seen edge-on or touch unknown pixels, and small loose pieces left behind",
    inputs=(
        Geometry("Geometry", "The displaced or unprojected surface"),
        Float("Distance", "Distance of each vertex from the viewer, from Disparity to Distance", 1.0),
        Float("Validity", "Faces with a vertex below 0.5 go", 1.0, 0.0, 1.0, "FACTOR"),
        Vector("View", "The direction from the surface towards the viewer"),
        Vector("Rest Position", "Where each vertex lies without any relief; Edge Falloff flattens to it"),
        Bool("Delete", "Delete the faces; otherwise only say which, in Keep and Edge", True),
        *LIMITS,
    ),
    outputs=(
        Geometry("Geometry", "What is kept"),
        Bool("Edge", "Vertices of a face that bridges a jump", single=False),
        Bool("Keep", "Faces that stay", single=False),
    ),
    tags=("depth", "edge", "cut", "discontinuity"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("Unknown vertices get distance 0: no face may touch one"):
        known = tree.input("Validity") >= 0.5
        mesh, distance = tree.capture(
            tree.input("Geometry"), tree.switch(known, true=tree.input("Distance"), false=0.0)
        )
    with tree.frame("The nearest and the farthest corner of each face (an n-gon is judged by its first four)"):
        vertices = _corner_vertices(tree, mesh)
        corners = [tree.sample_index(mesh, distance, vertex) for vertex in vertices]
        nearest = _fold(tree, "MINIMUM", corners)
        farthest = _fold(tree, "MAXIMUM", corners)
    with tree.frame("The jump is relative: the gap over the nearer distance"):
        unknown = nearest <= 0.0
        jump = farthest > nearest * (tree.input("Threshold") + 1.0)
    with tree.frame("The angle between the face's normal and the view ray"):
        normal = tree.add.normal().true_normal
        view = tree.add.vector_math(tree.input("View"), operation="NORMALIZE")
        facing = tree.add.vector_math(normal, view, operation="DOT_PRODUCT")
        steep = tree.real("ABSOLUTE", facing) < tree.real("COSINE", tree.input("Angle"))
        steep = steep & (farthest > nearest * (tree.input("Least Gap") + 1.0))
        mesh, torn, unknown = tree.capture(mesh, jump | steep, unknown, domain="FACE")
    mesh, bad = _flattened(tree, mesh, torn)
    with tree.frame("Islands: what hangs together once the bad faces are gone"):
        minimum = tree.input("Minimum Island")
        bad = bad | unknown
        pieces = tree.call("Small Islands", {"Geometry": mesh, "Selection": ~bad, "Minimum Island": minimum})
        some = minimum > 1
        mesh = tree.switch(some, true=pieces("Geometry"), false=mesh)
        keep = ~(bad | tree.switch(some, true=pieces("Small"), false=False))
    with tree.frame("Delete"):
        delete = tree.input("Delete")
        mesh, edge = tree.capture(mesh, tree.on_domain(torn, "FACE"))
        gone = tree.add.delete_geometry(geometry=mesh, selection=~keep, domain="FACE")
        marked, kept = tree.capture(mesh, keep, domain="FACE")
        tree.output("Geometry", tree.switch(delete, true=gone, false=marked))
        tree.output("Keep", tree.switch(delete, true=True, false=kept))
        tree.output("Edge", edge)


def _flattened(tree: Tree, mesh: Value, torn: Value) -> tuple[Value, Value]:
    """The mesh, sunk around the cut where Edge Falloff says so, and the torn faces that are left to delete."""
    with tree.frame("Edge Falloff: a soft mask around the cut; the surface sinks into its rest there and is not cut"):
        falloff = tree.input("Edge Falloff")
        soft = falloff > 0
        sink = (tree.input("Rest Position") - tree.add.position()) * _mask(tree, torn, falloff)
        mesh = tree.switch(soft, true=tree.add.set_position(mesh, offset=sink), false=mesh)
        return mesh, tree.switch(soft, true=False, false=torn)


def _corner_vertices(tree: Tree, mesh: Value) -> list[Value]:
    """The vertices of a face's first four corners; a grid's follow from the face's number, which is much quicker."""
    shape = tree.call("Grid Shape", {"Geometry": mesh})
    rows = shape("Rows")
    face = tree.add.index()
    first = face + tree.math("DIVIDE_FLOOR", face, rows - 1)
    steps: tuple[Value | int, ...] = (0, rows, rows + 1, 1)
    vertices = []
    for place, step in enumerate(steps):
        corner = tree.add.corners_of_face(sort_index=place).corner_index
        any_mesh = tree.add.vertex_of_corner(corner)
        vertices.append(tree.switch(shape("Is Grid"), true=first + step, false=any_mesh))
    return vertices


def _fold(tree: Tree, operation: Literal["MINIMUM", "MAXIMUM"], values: list[Value]) -> Value:
    a, b, c, d = values
    return tree.math(operation, tree.math(operation, a, b), tree.math(operation, c, d))


def _mask(tree: Tree, torn: Value, steps: Value) -> Value:
    """1 on the vertices of torn faces, falling to 0 over about so many edges."""
    at_cut = tree.switch(tree.on_domain(torn, "FACE"), true=1.0, false=0.0)
    spread = tree.add.blur_attribute(value=at_cut, iterations=steps)
    # A thin line blurred n times peaks near 1 / sqrt(n): scale it back, so that the mask reaches 1 next to the cut.
    strength = tree.real("SQRT", tree.real("ADD", steps, 1.0))
    return tree.math("MAXIMUM", at_cut, tree.math("MULTIPLY", spread, strength, clamp=True))
