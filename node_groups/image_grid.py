"""Image Grid: the flat surface that will carry the depth, with one UV a vertex.

    uv'     = (uv (n - 1) + 0.5) / n, from the first pixel centre to the last of n along that side
    columns = round(|pixels along the plane's first side| (resolution - 1) / (longer side - 1)) + 1, rows likewise
    vertex  = bilinear between the plane's corners, its uv between those of the corners

so that a grid of as many vertices as pixels has one on every pixel's centre.
"""

from dataclasses import dataclass

from . import choices
from .builder import Tree
from .sample_depth import FRAME
from .sockets import UV_MAP, Bool, Geometry, Group, Image, Int, Item, Menu, Vector
from .value import Operand, Value

LONG_SIDE = 2.0  # metres, like Blender's own plane
_UNIT = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0))  # the picture's corners in UV

LOOKS = 64  # corners that tell a missing UV map

RESOLUTION = Int("Resolution", "Vertices along the longer side", 1024, 2, 8192)
IN_VIEWPORT = Int(
    "Viewport Resolution", "Resolution in the viewport, where it should be less; 0 takes Resolution", 0, 0, 8192
)

PLANE = Geometry("Geometry", "A plane to take the place, the size and the UV map from, or any mesh")
MESH_UV = Vector("UV", "The UV map that lays the picture over the mesh", UV_MAP)

GROUP = Group(
    "Image Grid",
    "A flat grid of the image's aspect in the place of a plane, its vertices on pixel centres; or the incoming mesh itself",
    inputs=(
        PLANE,
        Image("Image", "The image whose aspect the grid has"),
        FRAME,
        MESH_UV,
        Menu(choices.SURFACE),
        RESOLUTION,
    ),
    outputs=(
        Geometry("Geometry", "The grid, or the incoming mesh"),
        Vector("UV", "Where each vertex lies in the picture"),
        Vector("Normal", "The normal of each face before anything moves"),
        Bool("Is Grid", "Whether it is the grid"),
        Bool("Per Pixel", "Whether each vertex lies on the centre of its own pixel"),
    ),
    catalog="",
    tags=("depth", "grid", "plane"),
)


@dataclass(frozen=True)
class _Plane:
    """The picture's size in pixels, and the plane's four corners in turn: their places and their UVs."""

    width: Value
    height: Value
    places: list[Value]
    uvs: list[Value]


@dataclass(frozen=True)
class _Flat:
    """The grid before it has UVs: its sides' directions and lengths, and how many vertices lie along them."""

    grid: Value
    across: Value
    up: Value
    size_x: Value
    size_y: Value
    counts: list[Value]


def build(tree: Tree) -> None:
    """Draw the tree: a grid with UVs, laid on the plane, or the mesh that came in."""
    with tree.frame("Is it a plane? A single quad, or nothing at all, gives way to a grid"):
        counts = tree.count(tree.input("Geometry"))
        points, faces = counts.point_count, counts.face_count
        bare = (points <= 4) & (faces <= 1)
        is_quad = tree.compare("EQUAL", points, 4) & tree.compare("EQUAL", faces, 1)
        grids: dict[Item, Operand] = {
            choices.AUTOMATIC: bare,
            choices.GRID: True,
            choices.MESH: False,
            choices.FROZEN: False,
        }
        wanted = tree.choose(choices.SURFACE, grids)
    plane = _corners(tree, is_quad)
    flat = _grid(tree, plane)
    grid, uv = _with_uv(tree, plane, flat)
    grid, grid_normal = _laid(tree, plane, flat, grid)
    with tree.frame("The incoming mesh as it is; its normals are read from here only where they are asked for"):
        mesh = tree.input("Geometry")
        face_normal, face = tree.add.normal().true_normal, tree.add.index()
        mesh_normal = tree.sample_index(mesh, face_normal, face, "FACE")
    mesh_uv = _mesh_uv(tree, wanted)
    with tree.frame("Without an image nothing changes"):
        wanted = wanted & (plane.width > 0.0)
        tree.output("Geometry", tree.switch(wanted, true=grid, false=mesh))
        tree.output("UV", tree.switch(wanted, true=uv, false=mesh_uv))
        tree.output("Normal", tree.switch(wanted, true=grid_normal, false=mesh_normal))
        tree.output("Is Grid", wanted)
    with tree.frame("As many vertices as pixels, over all of the picture: each lies on a pixel's centre"):
        sides = zip(flat.counts, (plane.width, plane.height), strict=True)
        off = [tree.math("ABSOLUTE", count - side) for count, side in sides]
        off += [tree.length(corner - default) for corner, default in zip(plane.uvs[:3], _UNIT[:3], strict=True)]
        total = (off[0] + off[1]) + (off[2] + off[3]) + off[4]
        tree.output("Per Pixel", wanted & (total <= 0.0))


def _mesh_uv(tree: Tree, wanted: Value) -> Value:
    """The UV of each vertex of the incoming mesh; warns where the UV map is missing."""
    with tree.frame(
        "A vertex at a seam has several UVs: that of its first face's corner, since no face shows their mean"
    ):
        mesh, uv = tree.input("Geometry"), tree.input("UV")
        corner = tree.add.corners_of_vertex(sort_index=0)
        shown = tree.sample_index(mesh, uv, corner.corner_index, "CORNER")
        loose = corner.total < 1
        frozen = tree.chosen(choices.SURFACE, choices.FROZEN)  # was a grid, which has no seams
        result = tree.switch(frozen, true=uv, false=tree.switch(loose, true=uv, false=shown))
    with tree.frame("A missing UV map reads as 0 everywhere, which some corners tell"):
        counts = tree.count(mesh)
        step = tree.math("DIVIDE_CEIL", counts.face_corner_count, LOOKS)
        some = tree.sample_index(mesh, uv, tree.add.index() * step, "CORNER")
        reach = tree.add.field_min_and_max(tree.length(some)).max
        nowhere = tree.sample_index(tree.add.points(LOOKS), reach, 0) <= 0.0
        used = ~(wanted | frozen) & (counts.face_count > 1)
        advice = "No UV map of that name. Choose one under UV"
        tree.warn(tree.switch(used, true=nowhere, false=False), advice)
    return result


def _corners(tree: Tree, is_quad: Value) -> _Plane:
    with tree.frame("The plane's corners: places and UVs"):
        mesh = tree.input("Geometry")
        place, uv = tree.add.position(), tree.input("UV")
        p = [tree.sample_index(mesh, place, corner, "CORNER") for corner in range(4)]
        q = [tree.sample_index(mesh, uv, corner, "CORNER") for corner in range(4)]
    with tree.frame("A UV map that spans no area counts as none: the corners then stand for the picture's"):
        (ax, ay, _), (bx, by, _) = tree.split(q[2] - q[0]), tree.split(q[3] - q[1])
        spans = is_quad & (tree.real("ABSOLUTE", ax * by - ay * bx) > 0.0)
        q = [tree.switch(spans, true=known, false=default) for default, known in zip(_UNIT, q, strict=True)]
        tree.warn(is_quad & ~spans, "No UV map. The picture fills the plane", "INFO")
    with tree.frame("Anything but a plane: a standing size, the longer side 2 m, around the origin"):
        width, height = tree.image_size()
        longer = tree.real("MAXIMUM", width, height)
        x, y = (side * (LONG_SIDE / 2) / longer for side in (width, height))
        left, down = x * -1.0, y * -1.0
        standing = (tree.xyz(left, down), tree.xyz(x, down), tree.xyz(x, y), tree.xyz(left, y))
        p = [tree.switch(is_quad, true=known, false=default) for default, known in zip(standing, p, strict=True)]
    return _Plane(width, height, p, q)


def _grid(tree: Tree, plane: _Plane) -> _Flat:
    with tree.frame(
        "Vertices: the picture's longer side has the resolution, every side of the plane its share of pixels"
    ):
        p, q = plane.places, plane.uvs
        longer = tree.math("MAXIMUM", plane.width, plane.height) - 1.0
        cells = tree.real("SUBTRACT", tree.input("Resolution"), 1.0)
        pixels = tree.xyz(plane.width - 1.0, plane.height - 1.0, 0.0)
        counts = []
        for corner in (q[1], q[3]):
            count = tree.real("ROUND", tree.length((corner - q[0]) * pixels) * cells / longer) + 1.0
            counts.append(tree.real("MAXIMUM", count, 2.0))
        across, up = p[1] - p[0], p[3] - p[0]
        size_x, size_y = tree.length(across), tree.length(up)
        grid = tree.add.mesh_grid(size_x, size_y, counts[0], counts[1]).mesh
    return _Flat(grid, across, up, size_x, size_y, counts)


def _share(tree: Tree, flat: _Flat) -> Value:
    """How far along the first side of the plane and along the last a vertex of the grid lies, 0 to 1."""
    return tree.add.position() / tree.xyz(flat.size_x, flat.size_y, 1.0) + (0.5, 0.5, 0.0)


def _with_uv(tree: Tree, plane: _Plane, flat: _Flat) -> tuple[Value, ...]:
    """The grid, and the UV of each vertex."""
    with tree.frame("UV: from the first pixel centre to the last, uv' = (uv (n - 1) + 0.5) / n"):
        size = tree.xyz(plane.width, plane.height, 1.0)
        at = [(corner * (size - (1.0, 1.0, 0.0)) + (0.5, 0.5, 0.0)) / size for corner in plane.uvs]
    with tree.frame(
        "Where the picture stands straight on its plane, each UV follows from one coordinate alone: quicker"
    ):
        right, top = at[1] - at[0], at[3] - at[0]
        skew = tree.length(right * (0.0, 1.0, 0.0)) + tree.length(top * (1.0, 0.0, 0.0))
        skew = skew + tree.length((at[2] - at[1]) - top)
        slope = (right + top) / tree.xyz(flat.size_x, flat.size_y, 1.0)
        straight = tree.math("MULTIPLY_ADD", tree.add.position(), slope, at[0] + (right + top) * 0.5)
        turned = _between(tree, at, _share(tree, flat))
        return tree.capture(flat.grid, tree.switch(skew <= 0.0, true=straight, false=turned))


def _laid(tree: Tree, plane: _Plane, flat: _Flat, grid: Value) -> tuple[Value, Value]:
    """The grid where the plane was, and its normal."""
    with tree.frame("Laid between the plane's corners, unless it lies there already: straight and around the origin"):
        half = tree.xyz(flat.size_x * 0.5, flat.size_y * 0.5, 0.0)
        corners = half * -1.0, half * (1.0, -1.0, 0.0), half, half * (-1.0, 1.0, 0.0)
        off = [tree.length(a - b) for a, b in zip(plane.places, corners, strict=True)]
        lies = ((off[0] + off[1]) + (off[2] + off[3])) <= 0.0
        laid = tree.add.set_position(grid, position=_between(tree, plane.places, _share(tree, flat)))
        facing = tree.math("CROSS_PRODUCT", flat.across, flat.up)
        return tree.switch(lies, true=grid, false=laid), tree.add.vector_math(facing, operation="NORMALIZE")


def _between(tree: Tree, corners: list[Value], share: Value) -> Value:
    """The point between four corners, at a share along the first side and along the last: bilinear."""
    s, t, _ = tree.split(share)
    skew = (corners[2] - corners[1]) - (corners[3] - corners[0])
    return corners[0] + (corners[1] - corners[0]) * s + (corners[3] - corners[0]) * t + skew * (s * t)
