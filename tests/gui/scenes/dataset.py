"""Export Camera and Depth, while Blender renders in its window: to its end, and stopped by Esc."""

import bpy

from tests.gui import driver
from tests.gui.driver import FOLDER, Hand, Steps, area, at, measured, see, until, within
from tests.gui.stage import relief

FRAMES = 3


def export() -> Steps:
    """Chosen in the dialog, it renders picture after picture without a window for each; Esc leaves nothing."""
    relief()
    scene, viewport = bpy.context.scene, area("VIEW_3D")
    scene.render.engine, scene.cycles.samples = "CYCLES", 16
    scene.render.resolution_x, scene.render.resolution_y = 200, 150
    scene.frame_start, scene.frame_end = 1, FRAMES
    folder, stopped = FOLDER / "set", FOLDER / "stopped"
    with within(viewport):
        bpy.ops.depth_nodes.export_camera_and_depth("INVOKE_DEFAULT")
    yield until("the dialog is open", lambda: len(bpy.context.window_manager.windows) == 2)
    dialog = driver.window(1).screen.areas[0]
    yield until("the dialog is ready", lambda: dialog.spaces.active.params is not None)
    dialog.spaces.active.params.directory = str(FOLDER).encode()
    dialog.spaces.active.params.filename = folder.name
    yield 1.5
    see("dialog")
    with within(dialog, number=1):
        bpy.ops.file.execute("INVOKE_DEFAULT")
    yield until("Blender renders", lambda: bpy.app.is_job_running("RENDER"))
    turns = 0
    while not folder.exists():
        turns += 1
        measured["windows"] = max(measured.get("windows", 0), len(bpy.context.window_manager.windows))
        if turns == 4:
            see("rendering")
        yield 0.1
    measured["turns while it rendered"] = turns
    measured["pictures"] = sorted(path.name for path in (folder / "images").iterdir())
    assert (folder / "sparse" / "0" / "depth_params.json").is_file()

    scene.cycles.samples = 4096
    with within(viewport):
        bpy.ops.depth_nodes.render_dataset("INVOKE_DEFAULT", filepath=str(stopped))
    yield until("Blender renders", lambda: bpy.app.is_job_running("RENDER"))
    yield 1.0
    hand = Hand()
    hand.move(at(viewport))
    yield from hand.press("Escape")
    yield until("it has stopped", lambda: len(bpy.data.scenes) == 1)
    yield 0.5
    see("stopped")
    measured["left"] = sorted(path.name for path in FOLDER.iterdir() if "stopped" in path.stem or ".part" in path.name)
    assert not bpy.app.is_job_running("RENDER")
    assert len(bpy.data.cameras) == 1
    assert scene.frame_current == 1
    assert scene.camera.name == "Camera"
    assert bpy.context.preferences.view.render_display_type == "WINDOW"
