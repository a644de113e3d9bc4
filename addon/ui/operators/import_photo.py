"""File > Import > Photo as Relief, also for photos that are dropped: asks what to make of them and hands them on."""

from pathlib import Path

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ...engine import jobs, own_depth, postponed, settings
from ...scene import photo
from ..words import draw_wrapped, reported
from .placing import PLACING, THUMBNAILS, Placing
from .reopening import Reopening

_LETTERS = 44  # that fit into a line of the dialog


class DEPTH_NODES_OT_import_photo(Placing, Reopening, bpy.types.Operator, ImportHelper):  # type: ignore[misc]  # as Blender's own
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
    _brought: list[str] = []

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._window = True
        if self.properties.is_property_set("files"):  # dropped
            paths = (Path(self.directory, file.name) for file in self.files)
            found = [(path.name, own_depth.container_of(path)) for path in paths]
            self._brought = [f"{name} brings depth ({container})" for name, container in found if container]
            return set(self.invoke_popup(context))
        return self.open(context, event)

    def draw(self, context: bpy.types.Context) -> None:
        self.draw_problem(context)
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        for name in PLACING:
            self.layout.prop(self, name)
        for text in self._brought:
            draw_wrapped(self.layout.column(align=True), text, _LETTERS, icon="IMAGE_ZDEPTH")
        self.layout.prop(settings.preferences(), "own_depth")

    def execute(self, context: bpy.types.Context) -> set[str]:
        # A file browser's operator is over once the files are chosen; the one that waits for the depth begins here.
        failed = jobs.last_failed()
        try:
            return self._begin() & {"FINISHED", "CANCELLED"} or {"FINISHED"}
        except RuntimeError as error:  # what the other operator has reported; it may go on with other photos
            problem = reported(error)
        if not jobs.waiting() and not postponed.kept() and jobs.last_failed() is failed:
            return self.refuse(context, problem)  # no photo could be read
        self.report({"ERROR"}, problem)
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
