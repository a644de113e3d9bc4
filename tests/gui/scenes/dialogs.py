"""Import dialogs: the sample's depth map is found, and what can't be used is told where another can be chosen."""

import shutil

import bpy

from tests.gui import driver
from tests.gui.driver import FOLDER, Hand, Steps, area, at, see, until, within
from tests.gui.stage import DEPTH, PHOTO, addon, tab


def alone() -> Steps:
    """The sample photo, chosen alone: its depth map lies beside it."""
    viewport = area("VIEW_3D")
    yield from _open(viewport, "depth_nodes.import_relief")
    _dialog().spaces.active.params.directory = str(PHOTO.parent).encode()
    _dialog().spaces.active.params.filename = PHOTO.name
    yield 1.0
    yield from _agree()
    yield until("the relief is there", lambda: PHOTO.stem in bpy.data.objects)
    depth = addon("scene.relief").depth_of(bpy.data.objects[PHOTO.stem].modifiers[0])
    assert addon("depth.image").info(depth).source == DEPTH.name
    yield until("the background is filled in", lambda: addon("depth.image").info(depth).background)
    yield 1.0
    see("alone")
    assert _background()
    hand = Hand()
    hand.move(at(viewport, 0.3, 0.3))
    hand.strike("ctrl+z")
    yield until("the relief is without its background", lambda: _background() is False)
    hand.strike("ctrl+shift+z")
    yield until("the background is back", _background)
    hand.strike("ctrl+z")
    yield until("the relief is without its background", lambda: _background() is False)
    hand.strike("ctrl+z")
    yield until("the relief is gone", lambda: PHOTO.stem not in bpy.data.objects)


def again() -> Steps:
    """Two photos and no depth map: the dialog is back with both of them and every choice, and says what is wrong."""
    names = ["one.jpg", "two.jpg"]
    for name in names:
        shutil.copy(PHOTO, FOLDER / name)
    viewport = area("VIEW_3D")
    yield from _open(viewport, "depth_nodes.import_relief")
    space = _dialog().spaces.active
    space.params.directory = str(FOLDER).encode()
    yield 1.5
    with within(_dialog(), number=1):
        for name in names:
            space.activate_file_by_relative_path(relative_path=name)
    space.active_operator.projection, space.active_operator.use_camera = "Camera", True
    space.active_operator.fill_gaps = 5
    yield 0.5
    see("chosen")
    yield from _agree()
    yield until("the dialog is back", _problem)
    yield until("both photos are selected", lambda: _selected() == set(names))
    yield 1.0
    see("again")
    operator = _dialog().spaces.active.active_operator
    assert "depth map" in operator.problem
    assert _dialog().spaces.active.params.directory.decode().rstrip("/") == str(FOLDER)
    assert (operator.projection, operator.use_camera, operator.fill_gaps) == ("Camera", True, 5)
    assert not {"one", "two"} & set(bpy.data.objects.keys())
    with within(_dialog(), number=1):
        bpy.ops.file.select_all(action="DESELECT")
    _dialog().spaces.active.params.filename = names[0]
    operator.depth_path = str(DEPTH)
    yield 0.5
    yield from _agree()
    yield until("the relief is there", lambda: "one" in bpy.data.objects)
    assert addon("scene.inputs").get_input(bpy.data.objects["one"].modifiers[0], "Projection") == "Camera"
    yield 1.0
    see("imported")

    (FOLDER / "damaged.jpg").write_bytes(PHOTO.read_bytes()[:5000])
    yield from _open(viewport, "depth_nodes.import_photo")
    _dialog().spaces.active.params.directory = str(FOLDER).encode()
    _dialog().spaces.active.params.filename = "damaged.jpg"
    yield 1.0
    yield from _agree()
    yield until("the dialog is back", _problem)
    yield 1.0
    see("damaged")
    assert "damaged.jpg" in _dialog().spaces.active.active_operator.problem


def _background() -> object:
    """Return whether the relief shows a background; None where there is none now."""
    ob = bpy.data.objects.get(PHOTO.stem)
    return ob and addon("scene.inputs").get_input(ob.modifiers[0], "Background")


def _open(viewport: bpy.types.Area, operator: str) -> Steps:
    yield from tab(viewport)
    yield 0.5
    hand = Hand()
    yield from hand.click((yield from hand.find(viewport, operator)))
    yield until("the dialog is open", lambda: len(bpy.context.window_manager.windows) == 2)
    yield until("the dialog is ready", lambda: _dialog().spaces.active.params is not None)


def _agree() -> Steps:
    with within(_dialog(), number=1):
        bpy.ops.file.execute("INVOKE_DEFAULT")
    yield driver.BEAT


def _dialog() -> bpy.types.Area:
    return driver.window(1).screen.areas[0]


def _problem() -> str:
    """Return what the dialog says is wrong, once it is open."""
    if len(bpy.context.window_manager.windows) < 2:
        return ""
    return getattr(getattr(_dialog().spaces.active, "active_operator", None), "problem", "")


def _selected() -> set[str]:
    with within(_dialog(), number=1):
        return {file.name for file in bpy.context.selected_files or ()}
