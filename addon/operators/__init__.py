"""What an artist can ask for, one operator a file. Each checks, calls one function, and reports."""

import bpy

from .add_group import DEPTH_NODES_OT_add_group
from .add_modifier import DEPTH_NODES_OT_add_modifier
from .freeze_grid import DEPTH_NODES_OT_freeze_grid
from .import_relief import DEPTH_NODES_OT_import_relief
from .unfreeze_grid import DEPTH_NODES_OT_unfreeze_grid

register, unregister = bpy.utils.register_classes_factory(
    (
        DEPTH_NODES_OT_add_group,
        DEPTH_NODES_OT_add_modifier,
        DEPTH_NODES_OT_freeze_grid,
        DEPTH_NODES_OT_import_relief,
        DEPTH_NODES_OT_unfreeze_grid,
    )
)
