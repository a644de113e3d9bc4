"""What the scenes begin with: the editors side by side, a plane, the sample as a relief, an engine."""

import importlib
import os
from types import ModuleType

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d

from tests.gui import driver
from tests.gui.window import ROOT

EXTENSION = "bl_ext.user_default.depth_nodes"
PHOTO = ROOT / "assets" / "sample_photo.jpg"
DEPTH = ROOT / "assets" / "sample_depth.exr"
LIBRARY = "Depth Nodes"


def addon(name: str) -> ModuleType:
    """Return a module of the installed extension."""
    return importlib.import_module(f"{EXTENSION}.addon.{name}")


def preferences() -> bpy.types.AddonPreferences:
    """Return the extension's preferences."""
    return bpy.context.preferences.addons[EXTENSION].preferences


def use_engine() -> None:
    """Have the extension estimate with the Python that has torch, and with seeded weights."""
    preferences().existing_python = os.environ["GUI_PYTHON"]
    preferences().weights = os.environ["GUI_WEIGHTS"]


def editors(kind: str, *, share: float = 0.5, direction: str = "VERTICAL") -> driver.Steps:
    """Split the viewport, and show an editor in the right or lower part; return that area and the viewport's."""
    driver.split(driver.area("VIEW_3D"), direction, share)
    yield driver.BEAT
    parts = sorted(
        (one for one in driver.window().screen.areas if one.type == "VIEW_3D"), key=lambda one: one.y - one.x
    )
    parts[0].ui_type = kind
    parts[0].spaces.active.show_region_ui = False
    yield 1.0
    return parts


def plane() -> bpy.types.Object:
    """Put a plane in the place of the default cube, and show the properties of its modifiers."""
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    with driver.within(driver.area("VIEW_3D")):
        bpy.ops.mesh.primitive_plane_add()
    driver.area("PROPERTIES").spaces.active.context = "MODIFIER"
    return driver.window().view_layer.objects.active


def depth_image() -> bpy.types.Image:
    """Return the sample's depth as the image that the modifiers sample."""
    depth = addon("depth.meaning").read(DEPTH)
    info = addon("depth.image").DepthInfo(depth.kind, source=DEPTH.name)
    return addon("depth.image").write("Sample Depth", depth.values, kind=depth.kind, info=info)


def relief() -> bpy.types.Object:
    """Add the sample as a relief at 256 vertices, as File > Import does, in the place of the default cube."""
    if "Cube" in bpy.data.objects:
        bpy.data.objects.remove(bpy.data.objects["Cube"])
    with driver.within(driver.area("VIEW_3D")):
        bpy.ops.depth_nodes.import_relief(filepath=str(PHOTO), depth_path=str(DEPTH))
    ob = driver.window().view_layer.objects.active
    addon("scene.inputs").set_input(ob.modifiers[0], "Resolution", 256)
    return ob


def tab(of: bpy.types.Area, name: str = "Depth") -> driver.Steps:
    """Open a tab of an area's sidebar."""
    of.spaces.active.show_region_ui = True
    yield driver.BEAT
    driver.region(of, "UI").active_panel_category = name
    yield driver.BEAT


def positions(ob: bpy.types.Object) -> np.ndarray:
    """Return the vertices (N, 3) of what an object's modifiers make of it."""
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    found = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", found.ravel())
    return found


def over(of: bpy.types.Area, point: tuple[float, float, float]) -> driver.Place:
    """Return where a point of the scene is seen in a viewport."""
    inner = driver.region(of)
    with driver.within(of):
        x, y = location_3d_to_region_2d(inner, of.spaces.active.region_3d, point)
    return inner.x + x, inner.y + y
