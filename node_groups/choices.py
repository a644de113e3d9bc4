"""The menus that several groups share, so that one word means one thing everywhere."""

from .sockets import Choice, Item

DISPARITY = Item("Disparity", "Relative depth: larger is nearer (Depth Anything V2 and most depth maps)")
DISTANCE = Item("Distance", "Metric depth in metres: larger is farther")
KIND = Choice("Kind", "What the depth image holds: relative disparity, or metric distance", (DISPARITY, DISTANCE))

LINEAR = Item("Linear", "Blend the four nearest pixels; exact at pixel centres")
CLOSEST = Item("Closest", "The nearest pixel as it is; keeps edges hard")
CUBIC = Item("Cubic", "A smooth B-spline: softens stair-steps and edges alike")
INTERPOLATION = Choice("Interpolation", "How the depth image is read between its pixels", (LINEAR, CLOSEST, CUBIC))

AUTOMATIC = Item("Automatic", "A single quad becomes a grid, a denser mesh is used as it is")
GRID = Item("Grid", "A grid of the picture's aspect, whatever comes in")
MESH = Item("Mesh", "The incoming mesh, by its UV map")
FROZEN = Item("Frozen", "The incoming mesh, by its stored depth attribute; the image is not read again")
SURFACE = Choice("Surface", "What carries the depth: a new grid or the incoming mesh", (AUTOMATIC, GRID, MESH, FROZEN))

Z = Item("Z", "Along the object's Z axis; where a grid takes the place of a plane, along the plane's normal")
NORMAL = Item("Normal", "Along the normals of the surface")
DIRECTION = Choice("Direction", "Which way the relief is pushed out", (Z, NORMAL))

FOCAL_LENGTH = Item("Focal Length", "A lens in millimetres on a sensor of the given width")
FIELD_OF_VIEW = Item("Field of View", "An angle over the longer side of the picture")
CAMERA_OBJECT = Item("Camera Object", "The lens, the shift and the place of a camera of the scene")
LENS = Choice("Lens", "Where the camera's angle of view is taken from", (FOCAL_LENGTH, FIELD_OF_VIEW, CAMERA_OBJECT))

RELIEF = Item("Relief", "Push the surface out, as a sculptor's relief")
CAMERA = Item("Camera", "Set every pixel at its distance along the camera's ray")
PROJECTION = Choice("Projection", "A relief on the surface, or the scene as a camera sees it", (RELIEF, CAMERA))

ALL = (KIND, INTERPOLATION, SURFACE, DIRECTION, LENS, PROJECTION)
