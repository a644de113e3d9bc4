"""Image Grid: the flat surface that will carry the depth, with one UV a vertex."""

from . import choices
from .builder import Tree
from .sockets import Bool, Geometry, Group, Image, Int, Menu, Vector
from .value import Operand, Value

LONG_SIDE = 2.0  # metres, like Blender's own plane
_UNIT = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0))  # the picture's corners in UV

RESOLUTION = Int("Resolution", "Vertices along the longer side", 1024, 2, 8192)

GROUP = Group(
    "Image Grid",
    "A flat grid of the image's aspect in the place of a plane, its vertices on pixel centres; or the incoming mesh itself",
    inputs=(
        Geometry("Geometry", "A plane to take the place, the size and the UV map from, or any mesh"),
        Image("Image", "The image whose aspect the grid has"),
        Vector("UV", "The UV map of the incoming mesh", "UVMap"),
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
    catalog="Depth/Utilities",
    tags=("depth", "grid", "plane"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("Is it a plane? A single quad, or nothing at all, gives way to a grid"):
        mesh = tree.input("Geometry")
        points, faces = tree.count(mesh, "Point Count"), tree.count(mesh, "Face Count")
        bare = (points <= 4) & (faces <= 1)
        is_quad = tree.compare("EQUAL", points, 4) & tree.compare("EQUAL", faces, 1)
        wanted = tree.chosen(choices.SURFACE, choices.GRID)
        wanted = wanted | (tree.chosen(choices.SURFACE, choices.AUTOMATIC) & bare)
    width, height, p, q = _corners(tree, is_quad)
    with tree.frame(
        "Vertices: the picture's longer side has the resolution, every side of the plane its share of pixels"
    ):
        longer = tree.math("MAXIMUM", width, height) - 1.0
        cells = tree.real("SUBTRACT", tree.input("Resolution"), 1.0)
        pixels = tree.xyz(width - 1.0, height - 1.0, 0.0)
        counts = []
        for corner in (q[1], q[3]):
            count = tree.real("ROUND", tree.length((corner - q[0]) * pixels) * cells / longer) + 1.0
            counts.append(tree.real("MAXIMUM", count, 2.0))
        across, up = p[1] - p[0], p[3] - p[0]
        sizes = {"Size X": tree.length(across), "Size Y": tree.length(up)}
        counted: dict[str, Operand] = {"Vertices X": counts[0], "Vertices Y": counts[1]}
        grid = tree.node("GeometryNodeMeshGrid", {**sizes, **counted})
    with tree.frame("UV: from the first pixel centre to the last, uv' = (uv (n - 1) + 0.5) / n"):
        size_x, size_y = sizes["Size X"], sizes["Size Y"]
        place = tree.node("GeometryNodeInputPosition")
        share = place / tree.xyz(size_x, size_y, 1.0) + (0.5, 0.5, 0.0)
        size = tree.xyz(width, height, 1.0)
        at = [(corner * (size - (1.0, 1.0, 0.0)) + (0.5, 0.5, 0.0)) / size for corner in q]
    with tree.frame(
        "Where the picture stands straight on its plane, each UV follows from one coordinate alone: quicker"
    ):
        right, top = at[1] - at[0], at[3] - at[0]
        skew = tree.length(right * (0.0, 1.0, 0.0)) + tree.length(top * (1.0, 0.0, 0.0))
        skew = skew + tree.length((at[2] - at[1]) - top)
        slope = (right + top) / tree.xyz(size_x, size_y, 1.0)
        straight = tree.math("MULTIPLY_ADD", place, slope, at[0] + (right + top) * 0.5)
        grid, uv = tree.capture(grid, tree.switch(skew <= 0.0, _between(tree, at, share), straight))
    with tree.frame("Laid between the plane's corners, unless it lies there already: straight and around the origin"):
        half = tree.xyz(size_x * 0.5, size_y * 0.5, 0.0)
        right, left = half * (1.0, -1.0, 0.0), half * (-1.0, 1.0, 0.0)
        off = [tree.length(a - b) for a, b in zip(p, (half * -1.0, right, half, left), strict=True)]
        lies = ((off[0] + off[1]) + (off[2] + off[3])) <= 0.0
        laid = tree.node("GeometryNodeSetPosition", {"Geometry": grid, "Position": _between(tree, p, share)})
        grid = tree.switch(lies, laid, grid)
        grid_normal = tree.node("ShaderNodeVectorMath", [tree.math("CROSS_PRODUCT", across, up)], operation="NORMALIZE")
    with tree.frame("The incoming mesh as it is; its normals are read from here only where they are asked for"):
        mesh = tree.input("Geometry")
        face_normal, face = tree.node("GeometryNodeInputNormal", out="True Normal"), tree.node("GeometryNodeInputIndex")
        mesh_normal = tree.sample_index(mesh, face_normal, face, "FACE")
    with tree.frame("Without an image nothing changes"):
        wanted = wanted & (width > 0.0)
        tree.output("Geometry", tree.switch(wanted, mesh, grid))
        tree.output("UV", tree.switch(wanted, tree.input("UV"), uv))
        tree.output("Normal", tree.switch(wanted, mesh_normal, grid_normal))
        tree.output("Is Grid", wanted)
    with tree.frame("As many vertices as pixels, over all of the picture: each lies on a pixel's centre"):
        off = [tree.math("ABSOLUTE", count - side) for count, side in zip(counts, (width, height), strict=True)]
        off += [tree.length(corner - default) for corner, default in zip(q[:3], _UNIT[:3], strict=True)]
        total = (off[0] + off[1]) + (off[2] + off[3]) + off[4]
        tree.output("Per Pixel", wanted & (total <= 0.0))


def _corners(tree: Tree, is_quad: Value) -> tuple[Value, Value, list[Value], list[Value]]:
    """Width and height of the picture in pixels; the place and the UV of the plane's four corners in turn."""
    with tree.frame("The plane's corners: places and UVs"):
        mesh = tree.input("Geometry")
        place, uv = tree.node("GeometryNodeInputPosition"), tree.input("UV")
        p = [tree.sample_index(mesh, place, corner, "CORNER") for corner in range(4)]
        q = [tree.sample_index(mesh, uv, corner, "CORNER") for corner in range(4)]
    with tree.frame("A UV map that spans no area counts as none: the corners then stand for the picture's"):
        (ax, ay, _), (bx, by, _) = tree.split(q[2] - q[0]), tree.split(q[3] - q[1])
        spans = is_quad & (tree.real("ABSOLUTE", ax * by - ay * bx) > 0.0)
        q = [tree.switch(spans, default, known) for default, known in zip(_UNIT, q, strict=True)]
        advice = "The plane has no UV map: the picture fills it corner to corner. Unwrap it to place it yourself"
        tree.warn(is_quad & ~spans, advice, "INFO")
    with tree.frame("Anything but a plane: a standing size, the longer side 2 m, around the origin"):
        width, height = tree.image_size(tree.input("Image"))
        longer = tree.real("MAXIMUM", width, height)
        x, y = (side * (LONG_SIDE / 2) / longer for side in (width, height))
        left, down = x * -1.0, y * -1.0
        standing = (tree.xyz(left, down), tree.xyz(x, down), tree.xyz(x, y), tree.xyz(left, y))
        p = [tree.switch(is_quad, default, known) for default, known in zip(standing, p, strict=True)]
    return width, height, p, q


def _between(tree: Tree, corners: list[Value], share: Value) -> Value:
    """The point between four corners, at a share along the first side and along the last: bilinear."""
    s, t, _ = tree.split(share)
    skew = (corners[2] - corners[1]) - (corners[3] - corners[0])
    return corners[0] + (corners[1] - corners[0]) * s + (corners[3] - corners[0]) * t + skew * (s * t)
