"""Photo as Relief: photos from disk become reliefs, their depth estimated on the way. A dropped photo does this too."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import bpy
from bpy.props import CollectionProperty, StringProperty

from .. import estimate, jobs, photo
from ..errors import DepthNodesError, PhotoError
from .estimating import Estimating
from .placing import Placement, Placing


class DEPTH_NODES_OT_photo_as_relief(Estimating, Placing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of a photo and add it as a relief"""

    bl_idname = "depth_nodes.photo_as_relief"
    bl_label = "Photo as Relief"
    bl_options = {"UNDO", "INTERNAL"}  # no REGISTER: adjusting it afterwards would estimate again, and block

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})

    def begin(self, context: bpy.types.Context) -> list[Callable[[], jobs.Job]]:
        folder = Path(bpy.path.abspath(self.directory))
        paths = [folder / file.name for file in self.files if file.name]
        paths = paths or ([Path(bpy.path.abspath(self.filepath))] if self.filepath else [])
        if not paths:
            raise PhotoError("No photo given: choose a photo")
        settings = estimate.settings()
        placement = self.placement(context)
        return [partial(_submit_photo, path, settings, placement) for path in paths]


def _submit_photo(path: Path, settings: estimate.Settings, placement: Placement) -> jobs.Job:
    picture = photo.load(path)
    try:
        return jobs.submit(picture, settings, on_depth=partial(placement.add_relief, picture.session_uid))
    except DepthNodesError:
        if picture.users == 0:  # else it was in the file before
            bpy.data.images.remove(picture)
        raise
