"""Image Grid: the flat surface that will carry the depth, with one UV a vertex."""

from . import choices
from .builder import Tree, Value
from .sockets import Bool, Geometry, Group, Image, Int, Menu, Vector

LONG_SIDE = 2.0  # metres, like Blender's own plane

GROUP = Group(
    "Image Grid",
    "A flat grid of the image's aspect in the place of a plane, its vertices on pixel centres; or the incoming mesh itself",
    inputs=(
        Geometry("Geometry", "A plane to take the place, the size and the UV map from, or any mesh"),
        Image("Image", "The image whose aspect the grid has"),
        Vector("UV", "The UV map of the incoming mesh", "UVMap"),
        Menu(choices.SURFACE),
        Int("Resolution", "Vertices along the longer side", 1024, 2, 8192),
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
        quad = (points <= 4) & (faces <= 1)
        is_quad = tree.compare("EQUAL", points, 4) & tree.compare("EQUAL", faces, 1)
        wanted = tree.chosen(choices.SURFACE, choices.GRID)
        wanted = wanted | (tree.chosen(choices.SURFACE, choices.AUTOMATIC) & quad)
    origin, along_u, along_v, uv_low, uv_high, mirrored = _placement(tree, is_quad)
    with tree.frame("Vertices: the longer side has the resolution, the shorter follows the pixels' aspect"):
        width, height = tree.image_size(tree.input("Image"))
        longer = tree.math("MAXIMUM", width, height) - 1.0
        cells = tree.real("SUBTRACT", tree.input("Resolution"), 1.0)
        counts = [tree.real("ROUND", cells * (side - 1.0) / longer) + 1.0 for side in (width, height)]
        counts = [tree.real("MAXIMUM", count, 2.0) for count in counts]
        span = uv_high - uv_low
        across, up = along_u * tree.split(span)[0], along_v * tree.split(span)[1]
        size_x, size_y = (
            tree.node("ShaderNodeVectorMath", [side], out="Value", operation="LENGTH") for side in (across, up)
        )
        sizes = {"Size X": size_x, "Size Y": size_y, "Vertices X": counts[0], "Vertices Y": counts[1]}
        grid = tree.node("GeometryNodeMeshGrid", sizes)
    with tree.frame("UV: from the first pixel centre to the last, uv' = (uv (n - 1) + 0.5) / n"):
        position = tree.node("GeometryNodeInputPosition")
        share = position / tree.xyz(size_x, size_y, 1.0) + (0.5, 0.5, 0.0)
        plain = uv_low + share * span
        size = tree.xyz(width, height, 1.0)
        centred = (plain * (size - (1.0, 1.0, 0.0)) + (0.5, 0.5, 0.0)) / size
        grid, uv = tree.capture(grid, centred)
    with tree.frame("Laid over the plane, unless it already lies there: straight and around the origin"):
        middle = origin + _combine(tree, (uv_low + uv_high) * 0.5, along_u, along_v)
        x_axis, y_axis = tree.xyz(size_x, 0.0, 0.0), tree.xyz(0.0, size_y, 0.0)
        off = [
            tree.node("ShaderNodeVectorMath", [difference], out="Value", operation="LENGTH")
            for difference in (across - x_axis, up - y_axis, middle)
        ]
        lies = tree.real("ADD", tree.real("ADD", *off[:2]), off[2]) <= 0.0
        place = middle + _combine(tree, share - (0.5, 0.5, 0.0), across, up)
        laid = tree.node("GeometryNodeSetPosition", {"Geometry": grid, "Position": place})
        grid = tree.switch(lies, laid, grid)
    with tree.frame("A mirrored UV map turns the faces around"):
        grid = tree.switch(mirrored, grid, tree.node("GeometryNodeFlipFaces", [grid]))
        cross = tree.math("CROSS_PRODUCT", along_u, along_v)
        grid_normal = tree.node("ShaderNodeVectorMath", [cross], operation="NORMALIZE")
        grid_normal = tree.switch(mirrored, grid_normal, grid_normal * -1.0)
    with tree.frame("The incoming mesh as it is, with the normals of its faces before anything moves"):
        mesh, mesh_normal = tree.capture(
            tree.input("Geometry"), tree.node("GeometryNodeInputNormal", out="True Normal"), domain="FACE"
        )
    with tree.frame("Without an image nothing changes"):
        wanted = wanted & (width > 0.0)
        tree.output("Geometry", tree.switch(wanted, mesh, grid))
        tree.output("UV", tree.switch(wanted, tree.input("UV"), uv))
        tree.output("Normal", tree.switch(wanted, mesh_normal, grid_normal))
        tree.output("Is Grid", wanted)
    with tree.frame("As many vertices as pixels, over all of the picture: each lies on a pixel's centre"):
        off = [tree.math("ABSOLUTE", count - side) for count, side in zip(counts, (width, height), strict=True)]
        for bound, edge in ((uv_low, (0.0, 0.0, 0.0)), (uv_high, (1.0, 1.0, 0.0))):
            off.append(tree.node("ShaderNodeVectorMath", [bound - edge], out="Value", operation="LENGTH"))
        total = (off[0] + off[1]) + (off[2] + off[3])
        tree.output("Per Pixel", wanted & (total <= 0.0))


def _combine(tree: Tree, uv: Value, along_u: Value, along_v: Value) -> Value:
    u, v, _ = tree.split(uv)
    return along_u * u + along_v * v


def _placement(tree: Tree, is_quad: Value) -> tuple[Value, Value, Value, Value, Value, Value]:
    """Where UV (0, 0) lies, how far one unit of u and of v reaches, the UV map's bounds, and whether it is mirrored."""
    with tree.frame("The plane's corners, 0, 1 and 3: places and UVs"):
        mesh = tree.input("Geometry")
        place, uv = tree.node("GeometryNodeInputPosition"), tree.input("UV")
        p = [tree.sample_index(mesh, place, corner, "CORNER") for corner in (0, 1, 3)]
        q = [tree.sample_index(mesh, uv, corner, "CORNER") for corner in (0, 1, 2, 3)]
    with tree.frame("A UV map that spans no area counts as none: the corners then stand for the picture's"):
        area = _area(tree, q[1] - q[0], q[3] - q[0])
        spans = tree.real("ABSOLUTE", area) > 0.0
        q0, q1, q2, q3 = (
            tree.switch(spans, default, known)
            for default, known in zip(
                ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0)), q, strict=True
            )
        )
        tree.warn(
            is_quad & ~spans,
            "The plane has no UV map: the picture fills it corner to corner. Unwrap it to place the picture yourself",
            "INFO",
        )
    with tree.frame("The affine map from UV to the plane: solve P = P0 + s (P1 - P0) + t (P3 - P0) for s and t"):
        e1, e3 = q1 - q0, q3 - q0
        det = _area(tree, e1, e3)
        (e1x, e1y, _), (e3x, e3y, _) = tree.split(e1), tree.split(e3)
        p1, p3 = p[1] - p[0], p[2] - p[0]
        along_u = (p1 * (e3y / det)) - (p3 * (e1y / det))
        along_v = (p3 * (e1x / det)) - (p1 * (e3x / det))
        origin = p[0] - _combine(tree, q0, along_u, along_v)
        low = tree.math("MINIMUM", tree.math("MINIMUM", q0, q1), tree.math("MINIMUM", q2, q3))
        high = tree.math("MAXIMUM", tree.math("MAXIMUM", q0, q1), tree.math("MAXIMUM", q2, q3))
    with tree.frame("Anything but a plane: a standing size, the longer side 2 m, around the origin"):
        sides = tree.image_size(tree.input("Image"))
        longer = tree.real("MAXIMUM", *sides)
        across, up = (side * LONG_SIDE / longer for side in sides)
        origin = tree.switch(is_quad, tree.xyz(across * -0.5, up * -0.5, 0.0), origin)
        along_u = tree.switch(is_quad, tree.xyz(across, 0.0, 0.0), along_u)
        along_v = tree.switch(is_quad, tree.xyz(0.0, up, 0.0), along_v)
        low, high = tree.switch(is_quad, tree.xyz(), low), tree.switch(is_quad, tree.xyz(1.0, 1.0, 0.0), high)
        mirrored = is_quad & (det < 0.0)
    return origin, along_u, along_v, low, high, mirrored


def _area(tree: Tree, first: Value, second: Value) -> Value:
    """The signed area that two UV vectors span."""
    (ax, ay, _), (bx, by, _) = tree.split(first), tree.split(second)
    return ax * by - ay * bx
