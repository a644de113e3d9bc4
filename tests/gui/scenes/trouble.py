"""What is shown when something is missing, and the button that helps."""

import bpy

from tests.gui.driver import Hand, Steps, area, see, until
from tests.gui.stage import EXTENSION, PHOTO, addon, editors, preferences, relief, tab, use_engine


def no_engine() -> Steps:
    """A model that wants the engine, without one: the sidebar leads to it, by going online and then by setting up."""
    preferences().model = "small"
    relief()
    viewport = area("VIEW_3D")
    yield from tab(viewport)
    hand, jobs = Hand(), addon("engine.jobs")
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.estimate_depth")))
    yield until("it has failed", lambda: jobs.last_failed() is not None)
    assert jobs.last_failed().fault == "engine"
    yield 0.5
    see("report")
    yield from hand.aside(viewport)
    see("sidebar")
    yield from hand.click((yield from hand.find(viewport, "extensions.userpref_allow_online")))
    yield until("Blender may go online", lambda: bpy.app.online_access)
    yield from hand.find(viewport, "depth_nodes.set_up_engine")
    see("online")
    bpy.context.preferences.system.use_online_access = False
    bpy.ops.preferences.addon_show(module=EXTENSION)
    yield 1.5
    see("preferences")


def no_licence() -> Steps:
    """A model for which no licence was accepted: the sidebar asks, the dialog tells, and the next try goes on."""
    preferences().model = "large"
    relief()
    viewport = area("VIEW_3D")
    yield from tab(viewport)
    hand, jobs = Hand(), addon("engine.jobs")
    use_engine()
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.estimate_depth")))
    yield until("it has failed", lambda: jobs.last_failed() is not None)
    assert jobs.last_failed().fault == "licence"
    yield from hand.aside(viewport)
    see("licence")
    yield from hand.click((yield from hand.find(viewport, "depth_nodes.accept_licence")))
    yield 1.0
    see("licence_dialog")
    drawn: list[bool] = []  # whether the licence was accepted by then, each time that the panel is drawn
    bpy.types.VIEW3D_PT_depth_nodes.append(lambda _panel, _context: drawn.append("large" in preferences().accepted))
    yield from hand.press("Return")
    yield until("it is accepted", lambda: "large" in preferences().accepted)
    yield until("the panel shows it", lambda: drawn and drawn[-1])
    yield 1.0
    see("accepted")


def image_editor() -> Steps:
    """The Image Editor's tab: a photo, its depth, and a relief of it."""
    use_engine()
    editor, _ = yield from editors("IMAGE_EDITOR")
    photo = bpy.data.images.load(str(PHOTO))
    editor.spaces.active.image = photo
    yield 0.5
    yield from tab(editor, "Depth")
    yield 1.0
    see("image")
    hand, jobs = Hand(), addon("engine.jobs")
    yield from hand.click((yield from hand.find(editor, "depth_nodes.estimate_depth")))
    yield until("it is begun", lambda: jobs.waiting())
    yield 0.5
    see("image_progress")
    yield until("it is over", lambda: not jobs.waiting())
    yield 1.0
    see("image_done")
    assert addon("engine.handover").depth_of(photo) is not None
