"""What an artist can ask for, one operator a file. Each checks, calls one function, and reports."""

import bpy

from .add_group import DEPTH_NODES_OT_add_group
from .add_modifier import DEPTH_NODES_OT_add_modifier
from .cancel_set_up import DEPTH_NODES_OT_cancel_set_up
from .check_engine import DEPTH_NODES_OT_check_engine
from .copy_log import DEPTH_NODES_OT_copy_log
from .freeze_grid import DEPTH_NODES_OT_freeze_grid
from .import_relief import DEPTH_NODES_OT_import_relief
from .set_up_engine import DEPTH_NODES_OT_set_up_engine
from .unfreeze_grid import DEPTH_NODES_OT_unfreeze_grid

register, unregister = bpy.utils.register_classes_factory(
    (
        DEPTH_NODES_OT_add_group,
        DEPTH_NODES_OT_add_modifier,
        DEPTH_NODES_OT_cancel_set_up,
        DEPTH_NODES_OT_check_engine,
        DEPTH_NODES_OT_copy_log,
        DEPTH_NODES_OT_freeze_grid,
        DEPTH_NODES_OT_import_relief,
        DEPTH_NODES_OT_set_up_engine,
        DEPTH_NODES_OT_unfreeze_grid,
    )
)
