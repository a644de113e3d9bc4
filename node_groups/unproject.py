"""Unproject: every pixel at its distance along the camera's ray.

    x, y = (uv - 0.5) (width, height) / longer side + shift,  width = aspect height where an aspect is given
    position = (x spread distance, y spread distance, -distance),  spread = sensor width / focal length = 2 tan(field of view / 2)

With an orthographic camera the rays are parallel: x and y times its width instead of the distance.
"""

from . import choices
from .builder import Tree
from .displace import VERTEX_UV
from .sample_depth import FRAME
from .sockets import Float, Geometry, Group, Image, Menu, Object, Vector
from .value import Value

LENS = (
    Menu(choices.LENS),
    Float("Focal Length", "Focal length of the photo's camera in millimetres", 50.0, 0.1, 10000.0, single=True),
    Float("Sensor Width", "Sensor size along the longer side of the picture, in millimetres", 36.0, 0.1, 1000.0, single=True),
    Float("Field of View", "Angle of view over the longer side of the picture", 0.69, 0.001, 3.1, "ANGLE", single=True),
    Object("Camera", "A camera of the scene: the relief is built in front of it"),
    Float("Shift X", "Shift of the lens to the right, in shares of the longer side", 0.0, -10.0, 10.0, single=True),
    Float("Shift Y", "Shift of the lens upwards, in shares of the longer side", 0.0, -10.0, 10.0, single=True),
    Float("Aspect", "Width over height of the photo, where the depth image has another shape; 0 takes the depth image's", 0.0, 0.0, 1000.0, single=True),
)  # fmt: skip

GROUP = Group(
    "Unproject",
    "The scene as the camera saw it: every vertex on the true ray of its pixel, at its distance. "
    "The camera stands at the object's origin and looks along -Z, or is an object of the scene",
    inputs=(
        Geometry("Geometry", "A grid or mesh with a UV for each vertex"),
        Float("Distance", "Distance of each vertex along the view axis, from Disparity to Distance", 1.0),
        VERTEX_UV,
        Image("Image", "The picture, for its aspect"),
        FRAME,
        *LENS,
    ),
    outputs=(
        Geometry("Geometry", "The surface in the camera's space"),
        Vector("Viewpoint", "Where the camera stands"),
        Vector("Ray", "How far each vertex moves when its distance grows by 1"),
    ),
    tags=("depth", "camera", "unproject", "point cloud"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    seen, middle, parallel = _camera(tree)
    with tree.frame("The lens: width of the view at distance 1, over the longer side"):
        half = tree.real("TANGENT", tree.input("Field of View") * 0.5)
        lenses = {
            choices.FOCAL_LENGTH: tree.input("Sensor Width") / tree.input("Focal Length"),
            choices.FIELD_OF_VIEW: half * 2.0,
            choices.CAMERA_OBJECT: seen,
        }
        spread = tree.choose(choices.LENS, lenses)
        from_object = tree.chosen(choices.LENS, choices.CAMERA_OBJECT)
        shift_x = tree.switch(from_object, true=middle[0], false=tree.input("Shift X"))
        shift_y = tree.switch(from_object, true=middle[1], false=tree.input("Shift Y"))
    with tree.frame("The ray of each vertex: from the middle of the picture, in shares of its longer side"):
        width, height = tree.image_size()
        given = tree.input("Aspect") * height
        width = tree.switch(tree.input("Aspect") > 0.0, true=given, false=width)
        longer = tree.real("MAXIMUM", width, height)
        u, v, _ = tree.split(tree.input("UV"))
        across = (u - 0.5) * (width / longer) + shift_x
        up = (v - 0.5) * (height / longer) + shift_y
    with tree.frame("Along the ray; an orthographic camera's rays are parallel"):
        distance = tree.input("Distance")
        parallel = tree.switch(from_object, true=parallel, false=False)
        reach = tree.switch(parallel, true=spread, false=spread * distance)
        ahead = tree.xyz(across * reach, up * reach, distance * -1.0)
        slope = tree.switch(parallel, true=0.0, false=spread)
        ray = tree.xyz(across * slope, up * slope, -1.0)
    with tree.frame("From the camera to this object; the camera's own scale counts for nothing"):
        place = tree.add.object_info(tree.input("Camera"), transform_space="RELATIVE")
        own = tree.add.object_info(tree.input("Camera"), transform_space="ORIGINAL").scale
        size = tree.math("ABSOLUTE", own)  # a mirrored camera looks the same way
        to_here = tree.add.transform_point(ahead / size, place.transform)
        position = tree.switch(from_object, true=to_here, false=ahead)
        moved = tree.add.set_position(geometry=tree.input("Geometry"), position=position)
        none = ~(tree.add.camera_info(tree.input("Camera")).focal_length > 0.0)
        missing = tree.switch(from_object, true=none, false=False)
        missing = tree.warn(missing, "No camera is chosen. Pick one")
        tree.output("Geometry", tree.switch(missing, true=tree.input("Geometry"), false=moved))
        tree.output("Viewpoint", tree.switch(from_object, true=place.location, false=tree.xyz()))
        turned = tree.add.transform_point(ray / size, place.transform) - place.location
        tree.output("Ray", tree.switch(from_object, true=turned, false=ray))


def _camera(tree: Tree) -> tuple[Value, list[Value], Value]:
    """What the scene's camera sees: the longer side at distance 1, the middle in shares of it, and whether rays are parallel."""
    with tree.frame("A camera's projection matrix says what it sees, however its sensor is fitted"):
        camera = tree.add.camera_info(tree.input("Camera"))
        matrix = tree.add.separate_matrix(camera.projection_matrix)
        wide, high = 2.0 / matrix.column_1_row_1, 2.0 / matrix.column_2_row_2
        seen = tree.math("MAXIMUM", wide, high)
        # The middle of the view: x P00 + z P02 = 0 in perspective, x P00 + P03 = 0 without it.
        horizontal = wide, matrix.column_3_row_1, matrix.column_4_row_1
        vertical = high, matrix.column_3_row_2, matrix.column_4_row_2
        middle = []
        for side, turn, move in (horizontal, vertical):
            off = tree.switch(camera.is_orthographic, true=move * (side * -0.5), false=turn * (side * 0.5))
            middle.append(off / seen)
    return seen, middle, camera.is_orthographic
