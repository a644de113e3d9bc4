"""An artist's first minute: a photo is dropped, looked at, shaped in the sidebar, moved before and rendered."""

import shutil
from collections.abc import Iterator

import bpy
import numpy as np
from mathutils import Vector

from tests.gui.driver import FOLDER, Hand, Steps, area, at, measured, region, see, split, until, window, within
from tests.gui.scenes.photo import drop_photo
from tests.gui.stage import DEPTH, PHOTO, addon, depth_image, over, plane, positions, relief, tab

ARROW = 75  # pixels from an arrow's place to its head


def play() -> Steps:
    """Dropped, looked at, shaped and moved by hand; then rendered."""
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    last = bpy.context.window_manager.operator_properties_last("depth_nodes.import_photo")
    last.projection, last.use_camera = "Camera", True
    viewport = yield from drop_photo("dialog")
    ob = bpy.context.view_layer.objects.active
    space = viewport.spaces.active
    assert (space.shading.light, space.shading.color_type) == ("FLAT", "TEXTURE")
    assert space.region_3d.view_perspective == "CAMERA"
    assert bpy.context.scene.camera.parent == ob
    see("first_sight")
    hand, inputs = Hand(), addon("scene.inputs")
    modifier = addon("scene.relief").find_modifier(ob)
    before = positions(ob)
    near = yield from _slider(hand, viewport, inputs.identifiers(modifier)["Near Distance"])
    yield from hand.double_click(near)
    yield from hand.press("ctrl+a")
    yield from hand.write("1.5")
    yield from hand.press("Return")
    assert round(inputs.get_input(modifier, "Near Distance"), 6) == 1.5
    assert not np.array_equal(before, positions(ob))
    see("shaped")
    yield from _two_points(hand, viewport, modifier)
    button = yield from hand.find(viewport, "depth_nodes.parallax")
    yield from hand.click(button)
    assert bpy.context.scene.camera.animation_data is not None
    after = positions(ob)
    for frame in (1, 33, 65):
        bpy.context.scene.frame_set(frame)
        yield 1.0
        see(f"parallax_{frame:02}")
        assert np.array_equal(after, positions(ob))  # the scene stays
    render = bpy.context.scene.render
    render.engine, render.resolution_percentage = "BLENDER_WORKBENCH", 25
    bpy.context.scene.display.shading.color_type = "TEXTURE"
    bpy.context.scene.display.shading.light = "FLAT"
    render.film_transparent = True
    render.filepath = str(FOLDER / "rendered.png")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(render.filepath)
    alpha = np.array(image.pixels[:]).reshape(-1, 4)[:, 3]
    measured["holes"] = round(float((alpha < 0.5).mean()), 4)


def _slider(hand: Hand, of: bpy.types.Area, identifier: str) -> Iterator[float]:
    """Go down the sidebar to the field of one input of the modifier, and return its place."""
    inner = region(of, "UI")
    for y in range(inner.y + inner.height - 12, inner.y + 4, -9):
        place = (inner.x + inner.width * 0.75, y)
        hand.move(place)
        yield 0.06
        with within(of, "UI"):
            hovered = bpy.context.property
        if hovered is not None and identifier in hovered[1]:
            return place
    raise AssertionError(f"{identifier} is not in the sidebar")


def _two_points(hand: Hand, viewport: bpy.types.Area, modifier: bpy.types.NodesModifier) -> Steps:
    """Click on the table and on the wall, and take the distances that the dialog begins with."""
    button = yield from hand.find(viewport, "depth_nodes.pick_points")
    yield from hand.click(button)
    yield 1.0
    yield from hand.click(at(viewport, 0.45, 0.35))
    yield 2.0
    see("first_point")
    yield from hand.click(at(viewport, 0.45, 0.75))
    yield 4.0
    see("distances")
    yield from hand.press("Return")
    yield until("both points are set", lambda: _last_operator() == "DEPTH_NODES_OT_anchor")
    inputs, anchor = addon("scene.inputs"), addon("scene.anchor")
    assert round(inputs.get_input(modifier, "Near Distance"), 3) == 1.5
    assert round(inputs.get_input(modifier, "Far Distance"), 3) == 4.0
    done = bpy.context.window_manager.operators[-1].properties
    assert done.first_distance < done.second_distance
    for point, distance in ((done.first, done.first_distance), (done.second, done.second_distance)):
        assert abs(anchor.distance_at(modifier.id_data, modifier, tuple(point)) - distance) < 1e-3


def _last_operator() -> str:
    operators = bpy.context.window_manager.operators
    return operators[-1].bl_idname if operators else ""


def first_sight() -> Steps:
    """An import with all defaults, into the file that Blender starts with; then three photos at once."""
    viewport = area("VIEW_3D")
    yield from tab(viewport)
    with within(viewport):
        bpy.ops.depth_nodes.import_relief(filepath=str(PHOTO), depth_path=str(DEPTH))
    yield 2.0
    see("beside_the_cube")
    assert viewport.spaces.active.local_view is not None
    hidden = bpy.data.objects["Cube"]
    assert hidden.visible_get()
    assert not hidden.visible_in_viewport_get(viewport.spaces.active)
    with within(viewport):
        bpy.ops.view3d.localview()
    for ob in (hidden, bpy.context.view_layer.objects.active):
        bpy.data.objects.remove(ob)
    viewport.spaces.active.shading.light, viewport.spaces.active.shading.color_type = "STUDIO", "MATERIAL"
    with within(viewport):
        bpy.ops.depth_nodes.import_relief(filepath=str(PHOTO), depth_path=str(DEPTH))
    yield 2.0
    see("one")
    ob = bpy.context.view_layer.objects.active
    view = viewport.spaces.active.region_3d
    assert viewport.spaces.active.local_view is None
    shading = viewport.spaces.active.shading
    assert (shading.light, shading.color_type) == ("FLAT", "TEXTURE")
    facing = (view.view_rotation.to_matrix().col[2]).dot(ob.matrix_world.to_quaternion().to_matrix().col[2])
    assert facing > 0.5, facing
    bpy.data.objects.remove(ob)
    shading.light = "STUDIO"  # somebody's choice, which stays
    names = ["one.jpg", "two.jpg", "three.jpg"]
    for name in names:
        shutil.copy(PHOTO, FOLDER / name)
    bpy.ops.ed.undo_push(message="before")
    with within(viewport):
        bpy.ops.depth_nodes.photo_as_relief(
            "INVOKE_DEFAULT", directory=str(FOLDER), files=[{"name": name} for name in names]
        )
    yield until("all three are there", lambda: not addon("engine.jobs").waiting())
    yield 2.0
    see("three")
    assert {one.name for one in bpy.context.selected_objects} == {"one", "two", "three"}
    assert shading.light == "STUDIO"


def panels() -> Steps:
    """How high the modifier's panel is as it opens, with everything above it."""
    ob = plane()
    with within(area("VIEW_3D")):
        bpy.ops.depth_nodes.add_modifier()
    inputs, modifier = addon("scene.inputs"), ob.modifiers[0]
    inputs.set_input(modifier, "Image", depth_image())
    inputs.set_input(modifier, "Resolution", 64)
    properties = area("PROPERTIES")
    split(properties, "HORIZONTAL", 0.6)  # the panel has to be scrolled, which tells its height
    yield 1.0
    properties = max((one for one in window().screen.areas if one.type == "PROPERTIES"), key=lambda one: one.y)
    for projection in ("Relief", "Camera"):
        inputs.set_input(modifier, "Projection", projection)
        yield 1.0
        inner = region(properties)
        with within(properties):
            for _ in range(40):
                bpy.ops.view2d.scroll_up(deltay=200)
        yield 0.5
        see(f"panel_{projection.lower()}", properties)
        with within(properties):
            for _ in range(40):
                bpy.ops.view2d.scroll_down(deltay=200)
        yield 0.5
        measured[projection] = round(-inner.view2d.region_to_view(0, 0)[1])


def gizmos() -> Steps:
    """The arrows stand at their values, and only where they act: where each is seen, from the screen's upper left."""
    ob = relief()
    inputs, modifier = addon("scene.inputs"), ob.modifiers[0]
    viewport = area("VIEW_3D")
    viewport.spaces.active.show_region_ui = False

    def seen(*place: float) -> list[float]:
        x, y = over(viewport, ob.matrix_world @ Vector(place))
        return [x, window().height - y]

    inputs.set_input(modifier, "Scale", 1.5)
    yield 2.0
    see("arrow_relief")
    measured["front"] = seen(0.0, 0.0, 1.5)
    inputs.set_input(modifier, "Kind", "Disparity")
    inputs.set_input(modifier, "Invert", True)
    inputs.set_input(modifier, "Projection", "Camera")
    with within(viewport):
        bpy.ops.object.modifier_set_active(modifier=modifier.name)  # Blender makes the arrows anew, as after a click
        bpy.ops.view3d.view_axis(type="TOP")
        bpy.ops.view3d.view_selected()
    yield 2.0
    see("arrow_camera")
    measured["near"], measured["far"] = seen(-0.25, 0.0, -1.0), seen(1.0, 0.0, -4.0)
    hand, height = Hand(), window().height
    for arrow, other in (("Near", "Far"), ("Far", "Near")):  # each by itself
        before = {name: inputs.get_input(modifier, f"{name} Distance") for name in (arrow, other)}
        x, y = measured[arrow.lower()]
        head = (x, height - y + ARROW)
        yield from hand.drag(head, (x, head[1] - 60), f"drag_{arrow.lower()}")
        assert inputs.get_input(modifier, f"{arrow} Distance") < before[arrow] - 0.1
        assert inputs.get_input(modifier, f"{other} Distance") == before[other]
