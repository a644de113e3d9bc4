"""What an artist can ask for, one operator a file. Each checks, calls one function, and reports."""

import bpy

from .accept_licence import DEPTH_NODES_OT_accept_licence
from .add_group import DEPTH_NODES_OT_add_group
from .add_modifier import DEPTH_NODES_OT_add_modifier
from .cancel_estimate import DEPTH_NODES_OT_cancel_estimate
from .cancel_set_up import DEPTH_NODES_OT_cancel_set_up
from .check_engine import DEPTH_NODES_OT_check_engine
from .copy_log import DEPTH_NODES_OT_copy_log
from .estimate_depth import DEPTH_NODES_OT_estimate_depth
from .freeze_grid import DEPTH_NODES_OT_freeze_grid
from .import_photo import DEPTH_NODES_OT_import_photo
from .import_relief import DEPTH_NODES_OT_import_relief
from .photo_as_relief import DEPTH_NODES_OT_photo_as_relief
from .retry_smaller import DEPTH_NODES_OT_retry_smaller
from .set_up_engine import DEPTH_NODES_OT_set_up_engine
from .unfreeze_grid import DEPTH_NODES_OT_unfreeze_grid

register, unregister = bpy.utils.register_classes_factory(
    (
        DEPTH_NODES_OT_accept_licence,
        DEPTH_NODES_OT_cancel_estimate,
        DEPTH_NODES_OT_estimate_depth,
        DEPTH_NODES_OT_import_photo,
        DEPTH_NODES_OT_photo_as_relief,
        DEPTH_NODES_OT_add_group,
        DEPTH_NODES_OT_add_modifier,
        DEPTH_NODES_OT_cancel_set_up,
        DEPTH_NODES_OT_check_engine,
        DEPTH_NODES_OT_copy_log,
        DEPTH_NODES_OT_freeze_grid,
        DEPTH_NODES_OT_import_relief,
        DEPTH_NODES_OT_retry_smaller,
        DEPTH_NODES_OT_set_up_engine,
        DEPTH_NODES_OT_unfreeze_grid,
    )
)
