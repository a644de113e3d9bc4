"""Edge-Aware Cutoff: no face bridges a jump in depth.

span  = max(1, pixels of the picture that a face spans),  edge = max(1, span / 3), for an edge is blurred over some pixels
jump  = farthest corner > nearest corner (1 + threshold)^edge, of distances from the viewer
steep = |normal . view| < cos(angle)  and  farthest corner > nearest corner (1 + least gap)^span  and  covered
weak  = farthest corner > nearest corner (1 + threshold / 2)^edge

With Steps, a quarter of the least gap decides for faces of a grid with an uneven vertex: one beside which, along the rows
or the columns, the inverse distance n changes faster than it goes on changing on the flatter side, since on a plane it
changes evenly:

uneven = |n(1) - n(-1)| / 2 > 1.25 min(|n(8) - n|, |n - n(-8)|) / 8 + 0.002 n

An edge is torn whole or not at all: what is jump or steep spreads over two rings of weak faces, and specks of torn faces,
fewer than min(8, sqrt(faces) / 8), stay, if specks are closed, but needles go. Faces with an unknown corner count as torn,
so that what is torn beside them is no speck:

needle = a speck with a face whose farthest corner > nearest corner (1 + 2 threshold)^edge

keep  = not (torn or a corner unknown), and part of a piece of at least min(Minimum Island, faces / 16) faces or not covered
"""

from math import radians
from typing import Literal

from .builder import Outputs, Tree
from .sockets import Bool, Float, Geometry, Group, Int, Vector
from .value import Value

THRESHOLD = Float(
    "Threshold", "Depth jump that makes an edge: the gap over the nearer distance", 0.2, 0.0, 1e6, single=True
)
LIMITS = (
    Float("Angle", "Steepest face that stays: the angle between its normal and the view ray", radians(85), 0.0, radians(90), "ANGLE", single=True),
    Float("Least Gap", "Camera projection: keep steep faces whose depth gap is smaller than this. Far away, flat ground and a single level of the map look steep", 0.03, 0.0, 1e6, single=True),
    Int("Minimum Island", "Delete loose pieces with fewer faces than this, unless they are a sixteenth of the mesh", 64, 0, 10**6),
    Int("Edge Falloff", "Flatten the surface towards the edge over this many steps of the grid instead of cutting it. 0 cuts", 0, 0, 256),
)  # fmt: skip

TINY = 1e-12
BLUR = 3.0  # pixels over which an edge is blurred
WEAK = 0.5  # the share of Threshold from which on an edge goes on
NEEDLE = 2.0  # the share of Threshold from which on a speck is worse closed than open
RINGS = 2  # how far it goes on
REACH = 8  # vertices over which a plane goes on
EVEN, NOISE = 1.25, 0.002  # how much faster a plane may seem to rise at one vertex
LEAST = 0.25  # the share of Least Gap for a step
SPECK = 8.0  # a hole of fewer faces is no edge; on a small mesh the eighth part of a side

GROUP = Group(
    "Edge-Aware Cutoff",
    "Delete faces that bridge a depth jump, are seen edge-on or touch unknown pixels, and small loose pieces left behind",
    inputs=(
        Geometry("Geometry", "The displaced or unprojected surface"),
        Float("Distance", "Distance of each vertex from the viewer, from Disparity to Distance", 1.0),
        Float("Validity", "Faces with a vertex below 0.5 are deleted", 1.0, 0.0, 1.0, "FACTOR"),
        Vector("View", "The direction from the surface towards the viewer"),
        Vector("Rest Position", "Where each vertex lies without any relief; Edge Falloff flattens to it"),
        Vector(
            "Ray",
            "How far each vertex moves when its distance grows by 1; Edge Falloff flattens along it to what lies behind",
        ),
        Vector(
            "Pixel",
            "Where each vertex lies in the picture, in pixels, so that coarse faces are judged by what lies between",
        ),
        Bool("Close Specks", "Leave holes of a few faces closed, unless a needle stands there", True),
        Bool("Steps", "On grids, tear steep steps from a quarter of Least Gap on; ground that goes on evenly stays"),
        Bool(
            "Covered",
            "Small pieces, and faces that are steep without a jump, go only where this holds: elsewhere nothing would show in their place",
            True,
            single=False,
        ),
        Bool("Delete", "Delete the faces. If off, Keep and Edge only mark them", True),
        THRESHOLD,
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
        shape, vertices = _corner_vertices(tree, mesh)
        corners = [tree.sample_index(mesh, distance, vertex) for vertex in vertices]
        nearest = _fold(tree, "MINIMUM", corners)
        farthest = _fold(tree, "MAXIMUM", corners)
    span = _span(tree, mesh, shape, vertices)
    with tree.frame("The jump is relative: the gap over the nearer distance"):
        unknown = nearest <= 0.0
        weak = farthest > nearest * _limit(tree, WEAK, span)
    steep = _steep(tree)
    with tree.frame("Faces that may be torn: only they are cut out and looked at closely"):
        judged = tree.input("Steps") & shape("Is Grid")
        least = tree.input("Least Gap") * tree.switch(judged, true=LEAST, false=1.0)
        gap = farthest > nearest * tree.real("POWER", least + 1.0, span)
        steep = tree.switch(least > 0.0, true=gap, false=steep)  # without a least gap the angle alone tells most
        # A face with an unknown corner is weak and torn: it jumps from distance 0.
        mesh, possible, unknown, steep, held, nearest, farthest = tree.capture(
            mesh, (weak | steep) & (farthest > 0.0), unknown, steep, span, nearest, farthest, domain="FACE"
        )
        span = tree.switch(shape("Is Grid"), true=span, false=held)  # a grid has one for all of its faces
        numbered, vertex = tree.capture(mesh, tree.add.index())
        parts = tree.add.delete_geometry(numbered, ~possible, domain="FACE")
    least_gap = _least_gap(tree, mesh, distance, vertex, shape)
    seen = _steep(tree)
    with tree.frame("Torn: they jump, or they are steep and their gap is more than the least"):
        steep = tree.switch(least > 0.0, true=seen, false=steep)
        steep = steep & (farthest > nearest * tree.real("POWER", least_gap + 1.0, span))
        torn = (farthest > nearest * _limit(tree, 1.0, span)) | (steep & tree.input("Covered"))
        may = torn | (farthest > nearest * _limit(tree, WEAK, span))
        needle = farthest > nearest * _limit(tree, NEEDLE, span)
        parts, torn, may, needle = tree.capture(parts, torn, may, needle, domain="FACE")
    mesh, torn = _whole(tree, mesh, parts, possible, torn, may, needle)
    with tree.frame("Unknown faces are not an edge; they go anyway"):
        torn = torn & ~unknown
    mesh, bad = _flattened(tree, mesh, torn, distance, farthest)
    with tree.frame("Islands: what hangs together once the bad faces are gone"):
        most = tree.math("DIVIDE_FLOOR", tree.count(mesh).face_count, 16)  # lest a coarse mesh be a small island itself
        minimum = tree.math("MINIMUM", tree.input("Minimum Island"), most)
        bad = bad | unknown
        islands = {"Geometry": mesh, "Selection": ~bad, "Minimum Island": minimum, **tree.inputs("Covered")}
        pieces = tree.call("Small Islands", islands)
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


def _span(tree: Tree, mesh: Value, shape: Outputs, vertices: list[Value]) -> Value:
    """How many pixels of the picture each face spans along its longer side; the faces of a grid are alike."""
    with tree.frame("How many pixels a face spans: the longer way between opposite corners"):

        def of_face(corners: list[Value | int]) -> Value:
            lengths = []
            for one, other in ((0, 2), (1, 3)):
                ends = (tree.sample_index(mesh, tree.input("Pixel"), corners[place]) for place in (one, other))
                apart = tree.split(tree.add.vector_math(next(ends) - next(ends), operation="ABSOLUTE"))
                lengths.append(tree.math("MAXIMUM", apart.x, apart.y))
            return tree.math("MAXIMUM", *lengths)

        # Read at four numbers, not at four fields: for those, Blender would compute the pixel of every vertex first.
        first = of_face([0, shape("Rows"), shape("Rows") + 1, 1])
        return tree.math("MAXIMUM", tree.switch(shape("Is Grid"), true=first, false=of_face([*vertices])), 1.0)


def _limit(tree: Tree, share: float, span: Value) -> Value:
    """How many times as far as its nearest corner a face's farthest may be, at a share of the threshold."""
    edge = tree.math("MAXIMUM", span / BLUR, 1.0)
    return tree.real("POWER", tree.input("Threshold") * share + 1.0, edge)


def _steep(tree: Tree) -> Value:
    """Whether a face is seen edge-on."""
    with tree.frame("The angle between the face's normal and the view ray"):
        normal = tree.add.normal().true_normal
        view = tree.add.vector_math(tree.input("View"), operation="NORMALIZE")
        facing = tree.add.vector_math(normal, view, operation="DOT_PRODUCT")
        return tree.real("ABSOLUTE", facing) < tree.real("COSINE", tree.input("Angle"))


def _least_gap(tree: Tree, mesh: Value, distance: Value, vertex: Value, shape: Outputs) -> Value:
    """The gap from which on a steep face is torn: less where the depth steps. `vertex` is the number of each in the mesh."""
    with tree.frame("A step: the inverse distance, even on a plane, changes faster here than on its flatter side"):

        def at(moved: Value | int) -> Value:
            away = tree.sample_index(mesh, distance, vertex + moved)
            return tree.switch(away > 0.0, true=1.0 / away, false=0.0)

        rows = shape("Rows")
        column = tree.math("DIVIDE_FLOOR", vertex, rows)
        near = at(0)
        steps = []
        for place, count, stride in ((vertex - column * rows, rows, 1), (column, shape("Columns"), rows)):
            before = tree.math("MINIMUM", place, 1) * -1
            after = tree.math("MINIMUM", (count - 1) - place, 1)
            here = tree.math("ABSOLUTE", at(after * stride) - at(before * stride)) * 0.5
            reach = tree.math("MINIMUM", tree.math("DIVIDE_FLOOR", count - 1, 2), REACH)
            # Where the picture ends, the other side counts.
            down = tree.switch(place < reach, true=reach, false=reach * -1)
            up = tree.switch(place + reach < count, true=reach, false=reach * -1)
            sides = [tree.math("ABSOLUTE", at(moved * stride) - near) for moved in (down, up)]
            flat = tree.math("MINIMUM", *sides) / tree.math("MAXIMUM", tree.real("ADD", reach, 0.0), 1.0)
            steps.append(here > flat * EVEN + near * NOISE)
        uneven = tree.on_domain(tree.switch(steps[0] | steps[1], true=1.0, false=0.0), "POINT")
        least = tree.switch(uneven > 0.0, true=tree.input("Least Gap") * LEAST, false=tree.input("Least Gap"))
        return tree.switch(tree.input("Steps") & shape("Is Grid"), true=least, false=tree.input("Least Gap"))


def _whole(
    tree: Tree, mesh: Value, parts: Value, possible: Value, torn: Value, may: Value, needle: Value
) -> tuple[Value, Value]:
    """The mesh, and the torn faces when each edge is torn whole or not at all. `parts` are its possible faces."""
    with tree.frame("An edge is torn whole: the tear goes on over weak faces"):
        tears = torn
        for _ in range(RINGS):
            parts, touched = tree.capture(parts, tree.switch(tears, true=1.0, false=0.0))
            parts, tears = tree.capture(parts, (touched > 0.0) & may, domain="FACE")
    with tree.frame("Or not at all: specks stay; a needle counts as many faces, and goes"):
        edges = tree.add.delete_geometry(parts, ~tears, domain="FACE")
        edges, island = tree.capture(edges, tree.add.mesh_island().island_index)
        corner = tree.add.corners_of_face(sort_index=0).corner_index
        island = tree.sample_index(edges, island, tree.add.vertex_of_corner(corner))
        faces = tree.add.accumulate_field(
            tree.switch(needle, true=SPECK, false=1.0), island, data_type="FLOAT", domain="FACE"
        ).total
        side = tree.real("SQRT", tree.real("ADD", tree.count(mesh).face_count, 0.0))
        least = tree.switch(tree.input("Close Specks"), true=tree.math("MINIMUM", side / 8.0, SPECK), false=0.0)
        edges, large = tree.capture(edges, faces >= least, domain="FACE")
        parts, stay = tree.capture(
            parts, tears & tree.sample_index(edges, large, _rank(tree, tears), "FACE"), domain="FACE"
        )
    with tree.frame("Back to the mesh: a face's number among those cut out is how many came before"):
        result = possible & tree.sample_index(parts, stay, _rank(tree, possible), "FACE")
        mesh, torn = tree.capture(mesh, result, domain="FACE")
        return mesh, torn


def _rank(tree: Tree, chosen: Value) -> Value:
    """How many of the chosen faces come before each face."""
    return tree.add.accumulate_field(tree.switch(chosen, true=1, false=0), data_type="INT", domain="FACE").trailing


def _flattened(tree: Tree, mesh: Value, torn: Value, distance: Value, farthest: Value) -> tuple[Value, Value]:
    """The mesh, sunk around the cut where Edge Falloff says so, and the torn faces that are left to delete."""
    with tree.frame("Edge Falloff: a soft mask around the cut; the surface sinks into its rest there and is not cut"):
        falloff = tree.input("Edge Falloff")
        soft = falloff > 0
        torn_share = tree.on_domain(tree.switch(torn, true=1.0, false=0.0), "FACE")
        behind = tree.on_domain(tree.switch(torn, true=farthest, false=0.0), "FACE")
        at_cut = tree.switch(torn_share > 0.0, true=1.0, false=0.0)
        behind = tree.switch(torn_share > 0.0, true=behind / torn_share, false=0.0)
        spread, behind = (tree.add.blur_attribute(value=value, iterations=falloff) for value in (at_cut, behind))
        back = tree.math("MAXIMUM", behind / tree.math("MAXIMUM", spread, TINY) - distance, 0.0)
        # A thin line blurred n times peaks near 1 / sqrt(n): scale it back, so that the mask reaches 1 next to the cut.
        strength = tree.real("SQRT", tree.real("ADD", falloff, 1.0))
        mask = tree.math("MAXIMUM", at_cut, tree.math("MULTIPLY", spread, strength, clamp=True))
        sink = ((tree.input("Rest Position") - tree.add.position()) + tree.input("Ray") * back) * mask
        mesh = tree.switch(soft, true=tree.add.set_position(mesh, offset=sink), false=mesh)
        return mesh, tree.switch(soft, true=False, false=torn)


def _corner_vertices(tree: Tree, mesh: Value) -> tuple[Outputs, list[Value]]:
    """The shape of the grid that the mesh may be, and the vertices of a face's first four corners; a grid's follow from the face's number, which is much quicker."""
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
    return shape, vertices


def _fold(tree: Tree, operation: Literal["MINIMUM", "MAXIMUM"], values: list[Value]) -> Value:
    a, b, c, d = values
    return tree.math(operation, tree.math(operation, a, b), tree.math(operation, c, d))
