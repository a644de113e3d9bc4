"""The extension's preferences: whether its node groups are listed in the asset browser."""

import bpy
from bpy.props import BoolProperty

from . import assets

_EXTENSION = __package__.rpartition(".")[0]  # bl_ext.<repository>.depth_nodes


def _list_or_unlist(self: "DepthNodesPreferences", _context: bpy.types.Context) -> None:
    if self.use_asset_library:
        assets.register_library()
    else:
        assets.unregister_library()


class DepthNodesPreferences(bpy.types.AddonPreferences):
    bl_idname = _EXTENSION

    use_asset_library: BoolProperty(
        name="Asset Library",
        description="List the depth groups in the asset browser, to drag them onto objects and into node trees. Off, "
        "they are still in the Add menus",
        default=True,
        update=_list_or_unlist,
    )

    def draw(self, _context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.prop(self, "use_asset_library")


def register() -> None:
    bpy.utils.register_class(DepthNodesPreferences)
    addon: bpy.types.Addon | None = bpy.context.preferences.addons.get(_EXTENSION)
    if addon is None or addon.preferences.use_asset_library:
        assets.register_library()


def unregister() -> None:
    assets.unregister_library()
    bpy.utils.unregister_class(DepthNodesPreferences)
