"""The interface in Chinese: new data has translated names, and so has everything that is drawn."""

import bpy

from tests.gui.driver import Steps, area, measured, see, within
from tests.gui.scenes import dialogs, minute
from tests.gui.stage import addon, plane, positions, relief, tab


def chinese() -> Steps:
    """A relief is imported, frozen and shaped, and the modifier reads a mesh whose UV map Blender named."""
    yield from _translate()
    inputs, api = addon("scene.inputs"), addon("api")
    ob = plane()
    measured["uv map"] = ob.data.uv_layers.active.name
    with within(area("VIEW_3D")):
        bpy.ops.object.mode_set(mode="EDIT")
        bpy.ops.mesh.subdivide(number_cuts=31)
        bpy.ops.object.mode_set(mode="OBJECT")
        bpy.ops.depth_nodes.add_modifier()
    modifier = ob.modifiers[0]
    inputs.set_input(modifier, "Image", addon("depth.image").write("depth", _ramp(), kind="disparity"))
    measured["height"] = [float(value) for value in (positions(ob)[:, 2].min(), positions(ob)[:, 2].max())]
    measured["menus"] = {name: inputs.get_input(modifier, name) for name in ("Kind", "Projection", "Surface")}
    bpy.data.objects.remove(ob)
    ob = relief()
    before = len(positions(ob))
    api.freeze(ob)
    measured["frozen"] = [addon("scene.freeze").is_frozen(ob, ob.modifiers[0]), len(positions(ob)) == before]
    api.unfreeze(ob)
    inputs.set_input(ob.modifiers[0], "Projection", "Camera")
    yield from tab(area("VIEW_3D"))
    yield 1.0
    see("chinese")


def first_minute() -> Steps:
    """Dropped, looked at, shaped, moved before and rendered, all of it in Chinese."""
    yield from _translate()
    yield from minute.play()


def dialogs_again() -> Steps:
    """An import that fails and is mended, in Chinese."""
    yield from _translate()
    yield from dialogs.again()


def _translate() -> Steps:
    view = bpy.context.preferences.view
    view.language = "zh_HANS"
    view.use_translate_new_dataname = view.use_translate_interface = view.use_translate_tooltips = True
    yield 1.0


def _ramp() -> object:
    import numpy as np

    return np.tile(np.linspace(0, 1, 33, dtype=np.float32), (33, 1))
