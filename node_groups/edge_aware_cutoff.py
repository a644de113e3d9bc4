"""Edge-Aware Cutoff: no face bridges a jump in depth."""

from math import radians

from .builder import Tree
from .sockets import Bool, Float, Geometry, Group, Int, Vector
from .value import Value

GROUP = Group(
    "Edge-Aware Cutoff",
    "Delete the faces that bridge a jump in depth, look at the viewer edge-on or lie on unknown pixels, and the crumbs that are left",
    inputs=(
        Geometry("Geometry", "The displaced or unprojected surface"),
        Float("Distance", "Distance of each vertex from the viewer, from Disparity to Distance", 1.0),
        Float("Validity", "Faces with a vertex below 0.5 go", 1.0, 0.0, 1.0, "FACTOR"),
        Vector("View", "The direction from the surface towards the viewer"),
        Vector("Rest Position", "Where each vertex lies without any relief; Edge Falloff flattens to it"),
        Bool("Delete", "Delete the faces; otherwise only say which, in Keep and Edge", True),
        Float(
            "Threshold",
            "The largest jump a face may bridge: the gap over the nearer distance",
            0.2,
            0.0,
            1e6,
            single=True,
        ),
        Float(
            "Angle",
            "The steepest face that stays, as its normal's angle to the view ray",
            radians(85),
            0.0,
            radians(90),
            "ANGLE",
            single=True,
        ),
        Float(
            "Least Gap",
            "Steep faces stay where they bridge a smaller gap: far from a camera one level of an 8-bit map is steep; 0 for a relief",
            0.03,
            0.0,
            1e6,
            single=True,
        ),
        Int("Minimum Island", "Loose pieces with fewer faces go too", 64, 0, 10**6),
        Int(
            "Edge Falloff",
            "Flatten towards the cut over so many steps of the grid, instead of tearing; 0 cuts",
            0,
            0,
            256,
        ),
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
        mesh, distance = tree.capture(tree.input("Geometry"), tree.switch(known, 0.0, tree.input("Distance")))
    with tree.frame("The nearest and the farthest corner of each face (an n-gon is judged by its first four)"):
        vertices = _corner_vertices(tree, mesh)
        corners = [tree.sample_index(mesh, distance, vertex) for vertex in vertices]
        nearest = _fold(tree, "MINIMUM", corners)
        farthest = _fold(tree, "MAXIMUM", corners)
    with tree.frame("The jump is relative: the gap over the nearer distance"):
        unknown = nearest <= 0.0
        jump = farthest > nearest * (tree.input("Threshold") + 1.0)
    with tree.frame("The angle between the face's normal and the view ray"):
        normal = tree.node("GeometryNodeInputNormal", out="True Normal")
        view = tree.node("ShaderNodeVectorMath", [tree.input("View")], operation="NORMALIZE")
        facing = tree.node("ShaderNodeVectorMath", [normal, view], out="Value", operation="DOT_PRODUCT")
        steep = tree.real("ABSOLUTE", facing) < tree.real("COSINE", tree.input("Angle"))
        steep = steep & (farthest > nearest * (tree.input("Least Gap") + 1.0))
        mesh, torn, unknown = tree.capture(mesh, jump | steep, unknown, domain="FACE")
    with tree.frame("Edge Falloff: a soft mask around the cut; the surface sinks into its rest there and is not cut"):
        falloff = tree.input("Edge Falloff")
        soft = falloff > 0
        mask = _mask(tree, torn, falloff)
        sink = (tree.input("Rest Position") - tree.node("GeometryNodeInputPosition")) * mask
        flattened = tree.node("GeometryNodeSetPosition", {"Geometry": mesh, "Offset": sink})
        mesh = tree.switch(soft, mesh, flattened)
        bad = tree.switch(soft, torn, False) | unknown
    with tree.frame("Islands: what hangs together once the bad faces are gone"):
        minimum = tree.input("Minimum Island")
        pieces = tree.call("Small Islands", {"Geometry": mesh, "Selection": ~bad, "Minimum Island": minimum})
        some = minimum > 1
        mesh = tree.switch(some, mesh, pieces("Geometry"))
        keep = ~(bad | tree.switch(some, False, pieces("Small")))
    with tree.frame("Delete"):
        delete = tree.input("Delete")
        mesh, edge = tree.capture(mesh, tree.on_domain(torn, "FACE"))
        gone = tree.node("GeometryNodeDeleteGeometry", {"Geometry": mesh, "Selection": ~keep}, domain="FACE")
        marked, kept = tree.capture(mesh, keep, domain="FACE")
        tree.output("Geometry", tree.switch(delete, marked, gone))
        tree.output("Keep", tree.switch(delete, kept, True))
        tree.output("Edge", edge)


def _corner_vertices(tree: Tree, mesh: Value) -> list[Value]:
    """The vertices of a face's first four corners; a grid's follow from the face's number, which is much quicker."""
    shape = tree.call("Grid Shape", {"Geometry": mesh})
    rows = shape("Rows")
    face = tree.node("GeometryNodeInputIndex")
    first = face + tree.math("DIVIDE_FLOOR", face, rows - 1)
    steps: tuple[Value | int, ...] = (0, rows, rows + 1, 1)
    vertices = []
    for place, step in enumerate(steps):
        corner = tree.node("GeometryNodeCornersOfFace", {"Sort Index": place})
        any_mesh = tree.node("GeometryNodeVertexOfCorner", [corner])
        vertices.append(tree.switch(shape("Is Grid"), any_mesh, first + step))
    return vertices


def _fold(tree: Tree, operation: str, values: list[Value]) -> Value:
    a, b, c, d = values
    return tree.math(operation, tree.math(operation, a, b), tree.math(operation, c, d))


def _mask(tree: Tree, torn: Value, steps: Value) -> Value:
    """1 on the vertices of torn faces, falling to 0 over about so many edges."""
    at_cut = tree.switch(tree.on_domain(torn, "FACE"), 0.0, 1.0)
    spread = tree.node("GeometryNodeBlurAttribute", {"Value": at_cut, "Iterations": steps})
    # A thin line blurred n times peaks near 1 / sqrt(n): scale it back, so that the mask reaches 1 next to the cut.
    strength = tree.real("SQRT", tree.real("ADD", steps, 1.0))
    return tree.math("MAXIMUM", at_cut, tree.math("MULTIPLY", spread, strength, clamp=True))
