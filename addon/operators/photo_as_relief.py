"""Photo as Relief: photos from disk become reliefs, their depth estimated on the way. A dropped photo does this too."""

from functools import partial
from pathlib import Path

import bpy
from bpy.props import CollectionProperty, StringProperty

from .. import estimate, jobs, photo, relief
from ..errors import PhotoError
from .estimating import Estimating
from .placing import Placing, select_only


class DEPTH_NODES_OT_photo_as_relief(Estimating, Placing, bpy.types.Operator):  # type: ignore[misc]  # as Blender's own
    """Estimate the depth of a photo and add it as a relief"""

    bl_idname = "depth_nodes.photo_as_relief"
    bl_label = "Photo as Relief"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})

    def begin(self, context: bpy.types.Context) -> list[jobs.Job]:
        folder = Path(bpy.path.abspath(self.directory))
        paths = [folder / file.name for file in self.files if file.name]
        paths = paths or ([Path(bpy.path.abspath(self.filepath))] if self.filepath else [])
        if not paths:
            raise PhotoError("No photo given: choose a photo")
        settings = estimate.settings()
        under_way = []
        for path in paths:
            picture = photo.load(path)
            finish = partial(self._add, context, picture.session_uid)
            under_way.append(jobs.submit(picture, settings, on_depth=finish))
        return under_way

    def _add(self, context: bpy.types.Context, photo_uid: int, depth: bpy.types.Image) -> None:
        picture = next(image for image in bpy.data.images if image.session_uid == photo_uid)
        scene, collection = context.scene, context.collection
        ob, modifier = relief.add(
            picture, depth, collection=collection, matrix=self.matrix(context), projection=self.projection
        )
        if self.use_camera:
            relief.add_camera(ob, modifier, picture, collection=collection, scene=scene)
        select_only(context, ob)
