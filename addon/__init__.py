"""The Blender half of Depth Nodes: what an artist sees, over functions that scripts can call.

Everything that Blender is told of is listed here, so that the rooms below need no register of their own.
"""

import bpy

from .engine import jobs, setup
from .ui import menus, panels, preferences
from .ui.operators.accept_licence import DEPTH_NODES_OT_accept_licence
from .ui.operators.add_group import DEPTH_NODES_OT_add_group
from .ui.operators.add_modifier import DEPTH_NODES_OT_add_modifier
from .ui.operators.anchor import DEPTH_NODES_OT_anchor, DEPTH_NODES_OT_pick_points
from .ui.operators.bake_maps import DEPTH_NODES_OT_bake_maps
from .ui.operators.camera import (
    DEPTH_NODES_OT_add_camera,
    DEPTH_NODES_OT_parallax,
    DEPTH_NODES_OT_photo_view,
)
from .ui.operators.cancel_estimate import DEPTH_NODES_OT_cancel_estimate
from .ui.operators.cancel_set_up import DEPTH_NODES_OT_cancel_set_up
from .ui.operators.check_engine import DEPTH_NODES_OT_check_engine
from .ui.operators.copy_log import DEPTH_NODES_OT_copy_log
from .ui.operators.estimate import (
    DEPTH_NODES_OT_estimate_better,
    DEPTH_NODES_OT_estimate_depth,
    DEPTH_NODES_OT_estimate_instead,
    DEPTH_NODES_OT_estimate_postponed,
    DEPTH_NODES_OT_photo_as_relief,
    DEPTH_NODES_OT_retry_smaller,
)
from .ui.operators.estimate_frames import DEPTH_NODES_OT_estimate_frames, DEPTH_NODES_OT_movie_as_relief
from .ui.operators.export_camera_and_depth import (
    DEPTH_NODES_OT_export_camera_and_depth,
    DEPTH_NODES_OT_render_dataset,
)
from .ui.operators.fill_background import DEPTH_NODES_OT_fill_background
from .ui.operators.freeze_grid import DEPTH_NODES_OT_freeze_grid, DEPTH_NODES_OT_unfreeze_grid
from .ui.operators.import_photo import DEPTH_NODES_OT_import_photo
from .ui.operators.import_relief import DEPTH_NODES_OT_import_relief
from .ui.operators.presets import DEPTH_NODES_MT_presets, DEPTH_NODES_OT_preset_add, DEPTH_NODES_OT_shape
from .ui.operators.relief_to_mesh import DEPTH_NODES_OT_relief_to_mesh
from .ui.operators.remove_engine import DEPTH_NODES_OT_remove_engine
from .ui.operators.set_up_engine import DEPTH_NODES_OT_better_depth, DEPTH_NODES_OT_set_up_engine
from .ui.operators.show_depth import DEPTH_NODES_OT_show_depth
from .ui.operators.show_photo import DEPTH_NODES_OT_show_photo
from .ui.operators.show_unblurred import DEPTH_NODES_OT_show_unblurred
from .ui.operators.texture_from_picture import DEPTH_NODES_OT_texture_from_picture
from .ui.operators.update_groups import DEPTH_NODES_OT_update_groups
from .ui.operators.view_depth_map import DEPTH_NODES_OT_view_depth_map

_CLASSES = (
    DEPTH_NODES_MT_presets,
    DEPTH_NODES_OT_accept_licence,
    DEPTH_NODES_OT_add_camera,
    DEPTH_NODES_OT_add_group,
    DEPTH_NODES_OT_add_modifier,
    DEPTH_NODES_OT_anchor,
    DEPTH_NODES_OT_bake_maps,
    DEPTH_NODES_OT_better_depth,
    DEPTH_NODES_OT_cancel_estimate,
    DEPTH_NODES_OT_cancel_set_up,
    DEPTH_NODES_OT_check_engine,
    DEPTH_NODES_OT_copy_log,
    DEPTH_NODES_OT_estimate_better,
    DEPTH_NODES_OT_estimate_depth,
    DEPTH_NODES_OT_estimate_frames,
    DEPTH_NODES_OT_estimate_instead,
    DEPTH_NODES_OT_export_camera_and_depth,
    DEPTH_NODES_OT_fill_background,
    DEPTH_NODES_OT_freeze_grid,
    DEPTH_NODES_OT_import_photo,
    DEPTH_NODES_OT_import_relief,
    DEPTH_NODES_OT_movie_as_relief,
    DEPTH_NODES_OT_estimate_postponed,
    DEPTH_NODES_OT_parallax,
    DEPTH_NODES_OT_photo_as_relief,
    DEPTH_NODES_OT_relief_to_mesh,
    DEPTH_NODES_OT_photo_view,
    DEPTH_NODES_OT_pick_points,
    DEPTH_NODES_OT_preset_add,
    DEPTH_NODES_OT_remove_engine,
    DEPTH_NODES_OT_render_dataset,
    DEPTH_NODES_OT_retry_smaller,
    DEPTH_NODES_OT_set_up_engine,
    DEPTH_NODES_OT_shape,
    DEPTH_NODES_OT_show_depth,
    DEPTH_NODES_OT_show_photo,
    DEPTH_NODES_OT_show_unblurred,
    DEPTH_NODES_OT_texture_from_picture,
    DEPTH_NODES_OT_unfreeze_grid,
    DEPTH_NODES_OT_update_groups,
    DEPTH_NODES_OT_view_depth_map,
)
_MODULES = (setup, jobs, menus, panels, preferences)


def register() -> None:
    """Register the operators and every module; called when Blender enables the extension."""
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Take back what `register` did, in reverse."""
    for module in reversed(_MODULES):
        module.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
