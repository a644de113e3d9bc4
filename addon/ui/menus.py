"""The menus: import and add, freeze, and the depth groups where Blender doesn't list them by itself.

While the asset library is on, Blender draws its catalog "Depth" in Add, Swap and Add Modifier. A menu of ours there
would show the same groups twice, so ours appears only while the library is off.
"""

from functools import cache

import bpy

from ..scene import freeze, groups, photo, presets, relief, upgrade


@cache
def group_names() -> tuple[str, ...]:
    """Return the names of the node groups marked as assets, sorted. Raises OSError without the asset file."""
    with bpy.data.libraries.load(str(groups.BLEND), assets_only=True) as (there, _):
        return tuple(sorted(there.node_groups))


def _draw_groups(layout: bpy.types.UILayout, *, swap: bool) -> None:
    if not groups.BLEND.is_file():
        layout.label(text="The asset file is missing. Install Depth Nodes again", icon="ERROR")
        return
    for name in group_names():
        properties = layout.operator("depth_nodes.add_group", text=name, translate=False)
        properties.group = name
        properties.swap = swap


class NODE_MT_depth_nodes_add(bpy.types.Menu):
    bl_label = "Depth"

    def draw(self, _context: bpy.types.Context) -> None:
        _draw_groups(self.layout, swap=False)


class NODE_MT_depth_nodes_swap(bpy.types.Menu):
    bl_label = "Depth"

    def draw(self, _context: bpy.types.Context) -> None:
        _draw_groups(self.layout, swap=True)


class OBJECT_MT_depth_nodes_modifier_add(bpy.types.Menu):
    bl_label = "Depth"

    def draw(self, _context: bpy.types.Context) -> None:
        self.layout.operator("depth_nodes.add_modifier")


def _draw_add_node(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    if not groups.are_listed():
        self.layout.menu(NODE_MT_depth_nodes_add.__name__)


def _draw_swap_node(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    if not groups.are_listed():
        self.layout.menu(NODE_MT_depth_nodes_swap.__name__)


def _draw_add_modifier(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    if context.object is not None and context.object.type == "MESH" and not groups.are_listed():
        self.layout.menu(OBJECT_MT_depth_nodes_modifier_add.__name__)


def _draw_add_mesh(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    self.layout.operator("depth_nodes.import_relief", text="Depth Relief", icon="IMAGE_DATA")


def _draw_import(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    self.layout.operator("depth_nodes.import_photo", text="Photo as Relief (.jpg/.png/…)")
    self.layout.operator("depth_nodes.import_relief", text="Depth Relief (photo and depth map)")


def _draw_export(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    self.layout.operator("depth_nodes.export_camera_and_depth", text="Camera and Depth (dataset for splatting)")


def _draw_image(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    if context.space_data.image is not None:
        self.layout.separator()
        self.layout.operator("depth_nodes.estimate_depth")
        if context.space_data.image.source in {"MOVIE", "SEQUENCE"}:
            self.layout.operator("depth_nodes.estimate_frames")


def _draw_object(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    if upgrade.needed():
        self.layout.separator()
        self.layout.operator("depth_nodes.update_groups")
    modifier = relief.find_modifier(context.object)
    if modifier is None:
        return
    self.layout.separator()
    is_frozen = freeze.is_frozen(context.object, modifier)
    self.layout.operator("depth_nodes.unfreeze_grid" if is_frozen else "depth_nodes.freeze_grid")
    self.layout.operator("depth_nodes.bake_maps", text="Bake Maps…")


def _draw_convert(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    if relief.find_modifier(context.object) is not None:
        self.layout.separator()
        self.layout.operator("depth_nodes.relief_to_mesh")


def _draw_view(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator("depth_nodes.view_depth_map", text="Depth Map of This View…")
    self.layout.operator("depth_nodes.texture_from_picture", text="Texture From Picture…")


class VIEW3D_FH_depth_nodes_photo(bpy.types.FileHandler):
    """Offers the relief when a photo is dropped into the viewport, beside what Blender itself offers."""

    bl_idname = "VIEW3D_FH_depth_nodes_photo"
    bl_label = "Depth Relief"
    bl_import_operator = "depth_nodes.import_photo"
    bl_file_extensions = ";".join((*photo.SUFFIXES, *photo.FOREIGN))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


class VIEW3D_FH_depth_nodes_movie(bpy.types.FileHandler):
    """Offers the relief when a movie is dropped into the viewport, over the frames of the scene."""

    bl_idname = "VIEW3D_FH_depth_nodes_movie"
    bl_label = "Depth Relief"
    bl_import_operator = "depth_nodes.movie_as_relief"
    bl_file_extensions = ";".join(photo.MOVIE_SUFFIXES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


_CLASSES = (
    NODE_MT_depth_nodes_add,
    NODE_MT_depth_nodes_swap,
    OBJECT_MT_depth_nodes_modifier_add,
    VIEW3D_FH_depth_nodes_photo,
    VIEW3D_FH_depth_nodes_movie,
)
_ENTRIES = (
    ("NODE_MT_geometry_node_add_all", _draw_add_node),
    ("NODE_MT_geometry_node_swap_all", _draw_swap_node),  # from 5.0 on
    ("OBJECT_MT_modifier_add", _draw_add_modifier),
    ("IMAGE_MT_image", _draw_image),
    ("TOPBAR_MT_file_import", _draw_import),
    ("TOPBAR_MT_file_export", _draw_export),
    ("VIEW3D_MT_mesh_add", _draw_add_mesh),
    ("VIEW3D_MT_object", _draw_object),
    ("VIEW3D_MT_object_convert", _draw_convert),
    ("VIEW3D_MT_view", _draw_view),
)


def register() -> None:
    bpy.utils.register_preset_path(str(presets.OURS))
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    for menu, draw in _ENTRIES:
        if hasattr(bpy.types, menu):
            getattr(bpy.types, menu).append(draw)


def unregister() -> None:
    bpy.utils.unregister_preset_path(str(presets.OURS))
    for menu, draw in reversed(_ENTRIES):
        if hasattr(bpy.types, menu):
            getattr(bpy.types, menu).remove(draw)
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    group_names.cache_clear()
