"""A photo becomes a relief that shows it: dropped, or chosen in File > Import with its depth map."""

import bpy

from tests.gui import driver
from tests.gui.driver import FOLDER, Hand, Steps, area, at, measured, region, see, until, within
from tests.gui.stage import DEPTH, PHOTO, addon, editors, over, positions, tab, use_engine

HEIGHT = 3 / 4  # of the sample, as a share of its width
TILES = 125  # pixels between two files in the file browser


def drop() -> Steps:
    """Dragged from a file browser into the viewport, the photo can become a relief, its depth estimated on the way."""
    use_engine()
    yield from drop_photo()


def drop_at_once() -> Steps:
    """The same in a Blender without an engine: the built-in model estimates the depth, and nothing asks for more."""
    settings, before = addon("engine.settings"), set(bpy.data.objects)
    assert not settings.has_engine()
    assert not bpy.app.online_access
    yield from drop_photo()
    (ob,) = set(bpy.data.objects) - before
    modifier = next(modifier for modifier in ob.modifiers if modifier.type == "NODES")
    depth = addon("scene.inputs").get_input(modifier, "Image")
    known = addon("depth.image").info(depth)
    assert (known.kind, known.model) == ("disparity", "draft")
    values, _ = addon("depth.image").read(depth)
    rows = len(values) // 16
    measured["nearer below than above"] = round(float(values[-rows:].mean() - values[:rows].mean()), 3)
    assert addon("engine.jobs").last_failed() is None


def drop_photo(dialog: str = "asked") -> Steps:
    """Drag the photo into the viewport, choose Photo as Relief, agree to what it asks, and wait for the relief.

    Keeps a picture of the dialog under that name, and returns the viewport.
    """
    browser, viewport = yield from editors("FILES", share=0.3, direction="HORIZONTAL")
    yield until("the browser is ready", lambda: browser.spaces.active.params is not None)
    browser.spaces.active.params.directory = str(PHOTO.parent).encode()
    browser.spaces.active.params.display_type = "THUMBNAIL"
    browser.spaces.active.params.filter_search = PHOTO.name
    yield from tab(viewport)
    yield 2.0
    hand = Hand()
    files = region(browser)
    tile = (files.x + 0.5 * TILES, files.y + files.height - 60)
    yield from hand.drag(tile, at(viewport, 0.25, 0.4), "dragged")
    yield 0.5
    see("choice")
    yield from hand.press("p")  # Photo as Relief
    yield 1.0
    see(dialog)
    yield from hand.press("Return")
    jobs = addon("engine.jobs")
    yield until("the estimate is under way", lambda: jobs.waiting())
    yield 0.5
    see("progress")
    yield until("the estimate is over", lambda: not jobs.waiting())
    yield 1.0
    ob = bpy.context.view_layer.objects.active
    assert ob.name == PHOTO.stem
    assert len(positions(ob)) > 10_000
    assert addon("scene.photo").shown_by(ob).image.filepath == str(PHOTO)
    see("relief")
    return viewport


def choose() -> Steps:
    """Photo and depth map, chosen in the dialog; then how the relief looks in each of Blender's three renderers."""
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    viewport = area("VIEW_3D")
    yield from tab(viewport)
    yield 0.5
    hand = Hand()
    button = yield from hand.find(viewport, "depth_nodes.import_relief")
    yield 1.0
    see("tooltip")
    yield from hand.click(button)
    yield until("the dialog is open", lambda: len(bpy.context.window_manager.windows) == 2)
    dialog = driver.window(1).screen.areas[0]
    yield until("the dialog is ready", lambda: dialog.spaces.active.params is not None)
    dialog.spaces.active.params.directory = str(PHOTO.parent).encode()
    dialog.spaces.active.params.filename = PHOTO.name
    dialog.spaces.active.active_operator.depth_path = str(DEPTH)
    dialog.spaces.active.active_operator.use_camera = True
    yield 1.5
    see("dialog")
    with within(dialog, number=1):
        bpy.ops.file.execute("INVOKE_DEFAULT")
    yield until("the relief is there", lambda: PHOTO.stem in bpy.data.objects)
    yield 1.0
    ob = bpy.data.objects[PHOTO.stem]
    addon("scene.inputs").set_input(ob.modifiers[0], "Scale", 0.3)
    see("solid")
    viewport.spaces.active.show_region_ui = False
    with within(viewport):
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    viewport.spaces.active.overlay.show_overlays = False
    viewport.spaces.active.show_gizmo = False
    ob.select_set(False)
    yield 1.0
    left, bottom = over(viewport, (-1.0, 0.0, -HEIGHT))
    right, top = over(viewport, (1.0, 0.0, HEIGHT))
    height = driver.window().height
    measured["frame"] = [left, height - top, right, height - bottom]  # from the screen's upper left corner
    viewport.spaces.active.shading.color_type = "TEXTURE"
    yield 2.0
    see("workbench")
    viewport.spaces.active.shading.type = "MATERIAL"
    yield from _compiled()
    see("eevee")
    viewport.spaces.active.shading.type = "SOLID"
    render = bpy.context.scene.render
    render.engine, render.resolution_percentage = "CYCLES", 50
    bpy.context.scene.cycles.samples = 4
    bpy.context.scene.cycles.use_denoising = False
    bpy.context.scene.view_settings.view_transform = "Standard"
    render.filepath = str(FOLDER / "cycles.png")
    bpy.ops.render.render(write_still=True)


def _compiled() -> Steps:
    """Wait until EEVEE shows what it should: it compiles the engine first, and then the material."""
    quiet = 0
    while quiet < 10:
        yield 1.0
        quiet = 0 if bpy.app.is_job_running("SHADER_COMPILATION") else quiet + 1
