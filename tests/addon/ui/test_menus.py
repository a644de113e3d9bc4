"""The menus: each way in is there once, and the depth groups are listed by Blender or by us, never by both."""

from types import SimpleNamespace

import numpy as np
import pytest

from tools import extension

import bpy  # isort: skip

FILL = "depth_nodes.fill_background"
TO_MESH = "depth_nodes.relief_to_mesh"
NODE_MENUS = ["NODE_MT_geometry_node_add_all", "OBJECT_MT_modifier_add"]
if bpy.app.version >= (5, 0):
    NODE_MENUS.append("NODE_MT_geometry_node_swap_all")


@pytest.fixture(autouse=True)
def _enabled(empty_file):
    extension.enable()


class Layout:
    """Stands in for a UILayout, which exists only while Blender draws: remembers what is put on it."""

    def __init__(self):
        self.entries = []
        self.labels = []
        self.properties = []
        self.labels_of_properties = []

    def menu(self, name, **_):
        self.entries.append(name)

    def operator(self, name, text="", **_):
        self.entries.append(text or name)
        return SimpleNamespace()

    def separator(self, **_):
        pass

    def column(self, **_):
        return self

    row = box = column

    def label(self, text="", **_):
        self.labels.append(text)

    def prop(self, _data, name, text="", **_):
        self.properties.append(name)
        self.labels_of_properties.append(text)

    def panel(self, _name, default_closed=False, **_):
        return self, None if default_closed else self

    def progress(self, text="", **_):
        self.labels.append(text)


class Drawn:
    """What a panel knows while Blender draws it: the context, and a region of some width."""

    region = SimpleNamespace(width=292)

    def __getattr__(self, name):
        return getattr(bpy.context, name)


def sidebar() -> Layout:
    """Return what the viewport's tab draws."""
    layout = Layout()
    bpy.types.VIEW3D_PT_depth_nodes.draw(SimpleNamespace(layout=layout), Drawn())
    return layout


def ours(menu: str) -> list[str]:
    """Return what this extension adds to one of Blender's menus."""
    layout = Layout()
    for draw in getattr(bpy.types, menu).draw._draw_funcs:
        if draw.__module__.startswith(extension.MODULE):
            draw(SimpleNamespace(layout=layout), bpy.context)
    return layout.entries


def content(menu: str) -> list[str]:
    """Return the entries of one of this extension's menus."""
    layout = Layout()
    getattr(bpy.types, menu).draw(SimpleNamespace(layout=layout), bpy.context)
    return layout.entries


def use_library(on: bool) -> None:
    bpy.context.preferences.addons[extension.MODULE].preferences.use_asset_library = on


def listed() -> int:
    """Return how often the preferences list the extension's assets, switched on."""
    folder = extension.module("addon.scene.groups").FOLDER
    libraries = [one for one in bpy.context.preferences.filepaths.asset_libraries if getattr(one, "enabled", True)]
    return sum(bpy.path.abspath(library.path).rstrip("/") == str(folder) for library in libraries)


@pytest.mark.parametrize("menu", NODE_MENUS)
def test_groups_are_listed_by_blender_or_by_us(menu):
    bpy.ops.mesh.primitive_plane_add()
    assert listed() == 1  # on by default: Blender draws the catalog "Depth" here
    assert ours(menu) == []
    use_library(False)
    assert listed() == 0
    (submenu,) = ours(menu)
    assert getattr(bpy.types, submenu).bl_label == "Depth"
    use_library(True)
    assert listed() == 1
    assert ours(menu) == []


@pytest.mark.parametrize("menu", ["NODE_MT_depth_nodes_add", "NODE_MT_depth_nodes_swap"])
def test_our_menu_has_every_group_once(menu):
    with bpy.data.libraries.load(str(extension.ROOT / "assets" / "depth_nodes.blend"), assets_only=True) as (there, _):
        groups = sorted(there.node_groups)
    assert len(groups) >= 9
    assert content(menu) == groups


def test_blender_draws_the_catalog_at_the_root():
    """Add > Depth comes from a catalog named so at the root of the tree; its name is all that Blender goes by."""
    lines = (extension.ROOT / "assets" / "blender_assets.cats.txt").read_text().splitlines()
    paths = [line.split(":")[1] for line in lines if line.count(":") == 2]
    assert paths
    assert {path.split("/")[0] for path in paths} == {"Depth"}


def test_add_mesh_and_import_lead_to_the_same_operator():
    assert ours("VIEW3D_MT_mesh_add") == ["Depth Relief"]
    assert [entry.split(" (")[0] for entry in ours("TOPBAR_MT_file_import")] == ["Photo as Relief", "Depth Relief"]


def test_export_leads_to_a_dataset():
    assert [entry.split(" (")[0] for entry in ours("TOPBAR_MT_file_export")] == ["Camera and Depth"]


def test_object_menu_offers_what_can_be_done(tmp_path):
    from tests.addon.pictures import hill

    bpy.ops.mesh.primitive_plane_add()
    assert ours("VIEW3D_MT_object") == []
    relief = extension.module("addon.scene.relief")
    modifier = relief.add_modifier(bpy.context.object)
    relief.set_depth(modifier, extension.module("addon.depth.image").write("d", hill(), kind="disparity"))
    assert ours("VIEW3D_MT_object") == ["depth_nodes.freeze_grid", "Bake Maps…"]
    assert ours("VIEW3D_MT_object_convert") == [TO_MESH]
    bpy.ops.depth_nodes.freeze_grid()
    assert ours("VIEW3D_MT_object") == ["depth_nodes.unfreeze_grid", "Bake Maps…"]


def test_object_menu_offers_the_update_of_old_groups():
    from tests.addon.scene.test_upgrade import open_older

    open_older("0.1.0")
    assert "depth_nodes.update_groups" in ours("VIEW3D_MT_object")
    assert bpy.ops.depth_nodes.update_groups() == {"FINISHED"}
    assert "depth_nodes.update_groups" not in ours("VIEW3D_MT_object")
    with pytest.raises(RuntimeError, match="up to date"):
        bpy.ops.depth_nodes.update_groups()


def test_sidebar_offers_what_can_be_done(tmp_path):
    from tests.addon.pictures import hill, write_photo

    def entries() -> list[str]:
        return sidebar().entries

    ways_in, presets = ["Photo…", "Photo and Depth Map…"], ["DEPTH_NODES_MT_presets", "depth_nodes.preset_add"]
    camera = [*presets, "depth_nodes.add_camera", "depth_nodes.parallax"]
    freezing = ["depth_nodes.freeze_grid", "Freeze Grid and Cut", TO_MESH, "Bake Maps…"]
    assert entries() == ways_in
    bpy.ops.mesh.primitive_plane_add()
    ob, relief = bpy.context.object, extension.module("addon.scene.relief")
    image = bpy.data.images.load(str(write_photo(tmp_path / "photo.png")))
    ob.data.materials.append(relief.material(image))
    assert entries() == [*ways_in, "Estimate Depth"]
    modifier = relief.add_modifier(ob)
    assert entries() == [*ways_in, "Estimate Depth", *camera, *freezing]
    depth_image = extension.module("addon.depth.image")
    for model, again, better in (("draft", "Again", ["Better Depth…"]), ("small", "Again", []), ("", "Instead", [])):
        known = depth_image.DepthInfo("disparity", model=model)
        relief.set_depth(modifier, depth_image.write("d", hill(), kind="disparity", info=known))
        assert entries() == [*ways_in, f"Estimate Depth {again}", *better, *camera, FILL, *freezing]
    behind = depth_image.Layer(hill(), hill(), np.zeros((8, 8, 3), np.uint8))
    relief.set_depth(modifier, depth_image.write("d", hill(), kind="disparity", behind=behind))
    assert entries() == [*ways_in, "Estimate Depth Instead", *camera, *freezing]
    extension.module("addon.scene.inputs").set_input(modifier, "Cutoff", False)
    assert entries() == [*ways_in, "Estimate Depth Instead", *camera, "depth_nodes.freeze_grid", TO_MESH, "Bake Maps…"]
    bpy.ops.depth_nodes.add_camera()
    bpy.context.view_layer.objects.active = bpy.context.scene.camera
    assert entries()[-2:] == ["depth_nodes.photo_view", "depth_nodes.parallax"]
    bpy.context.view_layer.objects.active = ob
    assert "depth_nodes.photo_view" in entries()
    assert "depth_nodes.add_camera" not in entries()


def test_sidebar_has_the_sliders_that_do_something():
    from tests.addon.pictures import hill

    inputs, relief = extension.module("addon.scene.inputs"), extension.module("addon.scene.relief")
    bpy.ops.mesh.primitive_plane_add()
    modifier = relief.add_modifier(bpy.context.object)
    relief.set_depth(modifier, extension.module("addon.depth.image").write("d", hill(), kind="disparity"))

    def shown(**changes: object) -> list[str]:
        for name, value in changes.items():
            inputs.set_input(modifier, name, value)
        layout = sidebar()
        drawn = {inputs.field(modifier, name)[1] for name in inputs.input_names(modifier)}
        assert set(layout.properties) <= drawn
        return [name for name in layout.labels_of_properties if name != "Smooth"]

    assert shown() == ["Projection", "Scale", "Near", "Far", "Bas-Relief", "Threshold"]
    assert "depth_nodes.pick_points" not in sidebar().entries
    assert shown(Projection="Camera") == ["Projection", "Near Distance", "Far Distance", "Near", "Far", "Threshold"]
    assert "depth_nodes.pick_points" in sidebar().entries
    assert shown(Kind="Distance") == ["Projection", "Threshold"]
    assert shown(Projection="Relief", Cutoff=False) == ["Projection", "Scale", "Near", "Far", "Bas-Relief"]


def test_sidebar_says_what_the_model_needs_before_a_photo_is_chosen():
    settings = extension.module("addon.engine.settings")

    settings.preferences().model = "draft"
    assert sidebar().entries[0] == "Photo…"
    settings.preferences().model = "small"
    system = bpy.context.preferences.system
    for online, button in ((True, "depth_nodes.set_up_engine"), (False, "Allow Online Access")):
        system.use_online_access = online
        assert sidebar().entries[0] == button
        assert "needs the engine" in sidebar().labels[0]


def test_a_depth_image_that_is_read_as_colour_can_be_set_right(tmp_path):
    from tests.addon.pictures import write_photo

    bpy.ops.mesh.primitive_plane_add()
    relief = extension.module("addon.scene.relief")
    modifier = relief.add_modifier(bpy.context.object)
    image = bpy.data.images.load(str(write_photo(tmp_path / "depth.png")))
    extension.module("addon.scene.inputs").set_input(modifier, "Image", image)
    for space, offered in (("sRGB", True), ("Non-Color", False)):
        image.colorspace_settings.name = space
        layout = sidebar()
        assert ("name" in layout.properties) == offered
        assert any("Non-Color" in label for label in layout.labels) == offered


def test_a_camera_that_no_relief_can_be_built_for_is_told():
    inputs, relief = (extension.module(f"addon.scene.{name}") for name in ("inputs", "relief"))
    bpy.ops.mesh.primitive_plane_add()
    ob = bpy.context.object
    modifier = relief.add_modifier(ob)
    camera = bpy.data.objects.new("Eye", bpy.data.cameras.new("Eye"))
    bpy.context.scene.collection.objects.link(camera)

    def told() -> bool:
        return "set its Type to Perspective" in " ".join(sidebar().labels)

    for kind, is_told in (("PANO", True), ("PERSP", False), ("ORTHO", False)):
        camera.data.type = kind
        for projection, lens in (("Camera", "Camera Object"), ("Camera", "Focal Length"), ("Relief", "Camera Object")):
            for name, value in (("Projection", projection), ("Lens", lens), ("Camera", camera)):
                inputs.set_input(modifier, name, value)
            assert told() == (is_told and (projection, lens) == ("Camera", "Camera Object")), (kind, projection, lens)


def test_a_failure_is_shown_with_the_button_that_helps(tmp_path):
    from tests.addon.pictures import write_photo

    settings = extension.module("addon.engine.settings")
    image = bpy.data.images.load(str(write_photo(tmp_path / "photo.png")))
    settings.preferences().model = "small"
    with pytest.raises(RuntimeError, match="Small needs the engine"):
        bpy.ops.depth_nodes.estimate_depth(image=image.name)
    shown = SimpleNamespace(space_data=SimpleNamespace(image=image), region=SimpleNamespace(width=292))
    system = bpy.context.preferences.system
    for online, button in ((True, "depth_nodes.set_up_engine"), (False, "Allow Online Access")):
        system.use_online_access = online
        layout = Layout()
        bpy.types.IMAGE_PT_depth_nodes.draw(SimpleNamespace(layout=layout), shown)
        assert "needs the engine" in " ".join(layout.labels)
        assert max(len(label) for label in layout.labels) < 36  # what a sidebar of this width has room for
        assert layout.entries[0] == button
    postponed = extension.module("addon.engine.postponed")
    assert len(postponed.kept()) == 1  # it goes on once there is an engine
    with pytest.raises(RuntimeError, match="Small needs the engine"):
        bpy.ops.depth_nodes.estimate_postponed()
    assert len(postponed.kept()) == 1
    bpy.ops.wm.read_homefile(use_empty=True)
    assert postponed.kept() == []
    assert "depth_nodes.estimate_depth" in layout.entries
    assert {"model", "quality"} <= set(layout.properties)


def test_the_preferences_draw_every_state():
    setup = extension.module("addon.engine.setup")
    layout = Layout()
    preferences = bpy.context.preferences.addons[extension.MODULE].preferences
    preferences.model = "small"
    type(preferences).draw(
        SimpleNamespace(
            layout=layout,
            **{
                name: getattr(preferences, name)
                for name in ("existing_python", "model", "weights", "accepted", "quality", "size")
            },
        ),
        Drawn(),
    )
    cpu = extension.module("addon.engine.backends").backends()[0]
    assert f"{cpu.download // 1_000_000} MB for CPU" in " ".join(layout.labels)
    assert layout.entries[0] == "Allow Online Access"
    assert "depth_nodes.set_up_engine" in layout.entries
    assert {"existing_python", "model", "quality", "device", "weights", "idle_minutes"} <= set(layout.properties)
    assert not setup.is_making()
