"""File > Import > Photo as Relief, also for photos that are dropped: asks what to make of them and hands them on."""

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ...engine import jobs
from ...scene import photo
from .placing import PLACING, THUMBNAILS, Placing


class DEPTH_NODES_OT_import_photo(Placing, bpy.types.Operator, ImportHelper):  # type: ignore[misc]  # as Blender's own
    """Import photos as reliefs. The depth of each is estimated"""

    bl_idname = "depth_nodes.import_photo"
    bl_label = "Photo as Relief"
    bl_options = {"REGISTER"}

    filter_glob: StringProperty(
        default=";".join(f"*{suffix}" for suffix in (*photo.SUFFIXES, *photo.FOREIGN)), options={"HIDDEN"}
    )
    display_type: THUMBNAILS
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})

    _window = False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._window = True
        if self.properties.is_property_set("files"):  # dropped
            return set(self.invoke_popup(context))
        return set(ImportHelper.invoke(self, context, event))

    def draw(self, _context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        for name in PLACING:
            self.layout.prop(self, name)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        # A file browser's operator is over once the files are chosen; the one that waits for the depth begins here.
        try:
            return self._begin() & {"FINISHED", "CANCELLED"} or {"FINISHED"}
        except RuntimeError as error:  # what the other operator has reported; it may go on with other photos
            self.report({"ERROR"}, str(error).removeprefix("Error: ").strip())
            return {"FINISHED"} if jobs.waiting() else {"CANCELLED"}

    def _begin(self) -> set[str]:
        return set(
            bpy.ops.depth_nodes.photo_as_relief(
                "INVOKE_DEFAULT" if self._window else "EXEC_DEFAULT",  # a script's call returns when all is done
                filepath=self.filepath,
                directory=self.directory,
                files=[{"name": file.name} for file in self.files],
                preset=self.preset,
                projection=self.projection,
                orientation=self.orientation,
                use_camera=self.use_camera,
            )
        )
