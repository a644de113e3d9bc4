"""Unproject: every pixel at its distance along the camera's ray."""

from . import choices
from .builder import Tree
from .sockets import Float, Geometry, Group, Image, Menu, Object, Vector

GROUP = Group(
    "Unproject",
    "The scene as the camera saw it: every vertex on the true ray of its pixel, at its distance. "
    "The camera stands at the object's origin and looks along -Z, or is an object of the scene",
    inputs=(
        Geometry("Geometry", "A grid or mesh with a UV for each vertex"),
        Float("Distance", "Distance of each vertex along the view axis, from Disparity to Distance", 1.0),
        Vector("UV", "Where each vertex lies in the picture", "UVMap"),
        Image("Image", "The picture, for its aspect"),
        Menu(choices.LENS),
        Float("Focal Length", "Focal length in millimetres", 50.0, 0.1, 10000.0, single=True),
        Float(
            "Sensor Width",
            "Sensor size along the longer side of the picture, in millimetres",
            36.0,
            0.1,
            1000.0,
            single=True,
        ),
        Float(
            "Field of View", "Angle of view over the longer side of the picture", 0.69, 0.001, 3.1, "ANGLE", single=True
        ),
        Object("Camera", "A camera of the scene"),
        Float("Shift X", "Shift of the lens to the right, in shares of the longer side", 0.0, -10.0, 10.0, single=True),
        Float("Shift Y", "Shift of the lens upwards, in shares of the longer side", 0.0, -10.0, 10.0, single=True),
    ),
    outputs=(
        Geometry("Geometry", "The surface in the camera's space"),
        Vector("Viewpoint", "Where the camera stands"),
    ),
    tags=("depth", "camera", "unproject", "point cloud"),
)


def build(tree: Tree) -> None:
    """Draw the tree."""
    with tree.frame("A camera's projection matrix says what it sees, however its sensor is fitted"):
        camera = tree.make("GeometryNodeCameraInfo", [tree.input("Camera")])
        parallel = tree.out(camera, "Is Orthographic")
        matrix = tree.make("FunctionNodeSeparateMatrix", [tree.out(camera, "Projection Matrix")])
        wide, high = (2.0 / tree.out(matrix, f"Column {axis} Row {axis}") for axis in (1, 2))
        seen = tree.math("MAXIMUM", wide, high)
        # The middle of the view: x P00 + z P02 = 0 in perspective, x P00 + P03 = 0 without it.
        middle = []
        for row, side in ((1, wide), (2, high)):
            turned = tree.out(matrix, f"Column 3 Row {row}") * (side * 0.5)
            moved = tree.out(matrix, f"Column 4 Row {row}") * (side * -0.5)
            middle.append(tree.switch(parallel, turned, moved) / seen)
    with tree.frame("The lens: width of the view at distance 1, over the longer side"):
        half = tree.real("TANGENT", tree.input("Field of View") * 0.5)
        lenses = {
            choices.FOCAL_LENGTH: tree.input("Sensor Width") / tree.input("Focal Length"),
            choices.FIELD_OF_VIEW: half * 2.0,
            choices.CAMERA_OBJECT: seen,
        }
        spread = tree.choose(choices.LENS, lenses)
        from_object = tree.chosen(choices.LENS, choices.CAMERA_OBJECT)
        shift_x = tree.switch(from_object, tree.input("Shift X"), middle[0])
        shift_y = tree.switch(from_object, tree.input("Shift Y"), middle[1])
    with tree.frame("The ray of each vertex: from the middle of the picture, in shares of its longer side"):
        sides = tree.image_size(tree.input("Image"))
        longer = tree.real("MAXIMUM", *sides)
        u, v, _ = tree.split(tree.input("UV"))
        across = (u - 0.5) * (sides[0] / longer) + shift_x
        up = (v - 0.5) * (sides[1] / longer) + shift_y
    with tree.frame("Along the ray; an orthographic camera's rays are parallel"):
        distance = tree.input("Distance")
        reach = tree.switch(from_object & parallel, spread * distance, spread)
        ahead = tree.xyz(across * reach, up * reach, distance * -1.0)
    with tree.frame("From the camera to this object; the camera's own scale counts for nothing"):
        place = tree.make("GeometryNodeObjectInfo", [tree.input("Camera")], transform_space="RELATIVE")
        own = tree.node("GeometryNodeObjectInfo", [tree.input("Camera")], out="Scale", transform_space="ORIGINAL")
        to_here = {"Vector": ahead / own, "Transform": tree.out(place, "Transform")}
        position = tree.switch(from_object, ahead, tree.node("FunctionNodeTransformPoint", to_here))
        moved = tree.node("GeometryNodeSetPosition", {"Geometry": tree.input("Geometry"), "Position": position})
        missing = from_object & ~(tree.out(camera, "Focal Length") > 0.0)
        missing = tree.warn(missing, "Pick a camera, or take the lens from a focal length or an angle")
        tree.output("Geometry", tree.switch(missing, moved, tree.input("Geometry")))
        tree.output("Viewpoint", tree.switch(from_object, tree.xyz(), tree.out(place, "Location")))
