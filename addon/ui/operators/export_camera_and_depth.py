"""File > Export > Camera and Depth: the scene as a dataset that splats and radiance fields are trained on."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...errors import DepthNodesError, ViewError
from ...scene import dataset, still
from ..words import reported
from .waiting import Waiting

_CHOICES = ("filepath", "reader", "views", "step", "points")


class _Choices:
    """Mixed into the operator that asks, and the one that renders."""

    filepath: StringProperty(
        name="Folder", description="The new folder for the dataset", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    reader: EnumProperty(
        name="For",
        description="What trains on it. Pictures, cameras and points are there for each as a COLMAP model",
        items=(
            ("3DGS", "Gaussian Splatting", "Depth as depths/ and depth_params.json. Train with -d depths"),
            ("TRANSFORMS", "Nerfstudio, Instant NGP", "Depth as depths_z/, named in transforms.json"),
            ("COLMAP", "COLMAP", "Depth and normals as stereo/, for stereo_fusion"),
        ),
    )
    views: EnumProperty(
        name="Views",
        description="Which pictures are rendered",
        items=(
            ("ANIMATION", "Animation", "What the scene's camera sees, from the scene's first frame to its last"),
            ("CAMERAS", "All Cameras", "What each camera of the scene sees at the current frame"),
        ),
    )
    step: IntProperty(name="Frame Step", description="Every how many frames a picture is rendered", default=1, min=1)
    points: IntProperty(
        name="Points",
        description="About how many points on the surfaces there are for a trainer to start from",
        default=30_000,
        min=100,
        soft_max=200_000,
        max=2_000_000,
    )


class DEPTH_NODES_OT_export_camera_and_depth(_Choices, bpy.types.Operator):
    """Render the scene as a dataset for splatting and radiance fields: pictures, cameras, exact depth and points"""

    bl_idname = "depth_nodes.export_camera_and_depth"
    bl_label = "Export Camera and Depth"

    check_existing: BoolProperty(default=False, options={"HIDDEN"})

    _window = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not any(ob.type == "CAMERA" for ob in context.scene.objects):
            cls.poll_message_set("Add a camera first")
            return False
        return True

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(self, "reader")
        layout.prop(self, "views")
        row = layout.row()
        row.enabled = self.views == "ANIMATION"
        row.prop(self, "step")
        layout.prop(self, "points")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self._window = True
        name = f"{Path(bpy.data.filepath).stem or 'untitled'}_dataset"
        self.filepath = str(Path(bpy.data.filepath).with_name(name)) if bpy.data.filepath else name
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        # A file browser's operator is over once the folder is chosen; the one that waits for the renders begins here.
        try:
            begun = bpy.ops.depth_nodes.render_dataset(
                "INVOKE_DEFAULT" if self._window else "EXEC_DEFAULT",  # a script's call returns when all is done
                **{name: getattr(self, name) for name in _CHOICES},
            )
        except RuntimeError as error:  # what the other operator has reported
            self.report({"ERROR"}, reported(error))
            return {"CANCELLED"}
        return set(begun) & {"FINISHED", "CANCELLED"} or {"FINISHED"}


class DEPTH_NODES_OT_render_dataset(Waiting, _Choices, bpy.types.Operator):
    """Render a dataset, one picture after the other; Esc leaves nothing"""

    bl_idname = "depth_nodes.render_dataset"
    bl_label = "Export Camera and Depth"
    bl_options = {"INTERNAL"}

    _steps: Generator[dataset.Step, None, None]
    _step: dataset.Step

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin, and hand the window back while Blender renders."""
        try:
            self._steps = self._begin(context)
        except DepthNodesError as error:
            return self._failed(error)
        try:
            self._go_on()
        except DepthNodesError as error:
            self._steps.close()
            return self._failed(error)
        return self._wait(context)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Go on where a render has ended; Esc gives up. Until then nothing may change in the scene."""
        is_rendering = bpy.app.is_job_running("RENDER")
        escaped = event.type == "ESC" and event.value == "PRESS" and not is_rendering  # else Blender itself stops it
        if event.type != "TIMER" and not escaped:
            return {"RUNNING_MODAL"}
        if is_rendering:
            return {"PASS_THROUGH"}
        stopped = self._step.path is not None and not self._step.path.is_file()
        if escaped or stopped:
            self._give_up(context)
            self.report({"INFO"}, "The render was stopped, so nothing was written")
            return {"CANCELLED"}
        try:
            self._go_on()
        except StopIteration:
            self._leave(context)
            return self._done()
        except DepthNodesError as error:
            self._give_up(context)
            return self._failed(error)
        self._show(context)
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: its window is closed, or another file is loaded."""
        self._give_up(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Render and wait: for scripts and background mode."""
        try:
            with closing(self._begin(context)) as steps:
                for step in steps:
                    if step.scene:
                        still.render(step.scene)
        except DepthNodesError as error:
            return self._failed(error)
        return self._done()

    def _begin(self, context: bpy.types.Context) -> Generator[dataset.Step, None, None]:
        scene = context.scene
        if not self.filepath:
            raise ViewError("No folder was chosen. Choose one")
        if self.views == "CAMERAS":
            shots = dataset.of_cameras(scene)
        else:
            shots = dataset.over_time(scene, scene.frame_start, scene.frame_end, self.step)
        return dataset.export(scene, shots, self.reader, Path(bpy.path.abspath(self.filepath)), self.points)

    def _go_on(self) -> None:
        """Do what is next, and begin the render that it needs. Raises StopIteration behind the last."""
        self._step = next(self._steps)
        if not self._step.scene:
            return
        view = bpy.context.preferences.view
        display, view.render_display_type = view.render_display_type, "NONE"  # a window for each would take the focus
        try:
            still.render(self._step.scene, wait=False)
        finally:
            view.render_display_type = display

    def _give_up(self, context: bpy.types.Context) -> None:
        self._steps.close()
        self._leave(context)

    def _failed(self, error: DepthNodesError) -> set[str]:
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}

    def _done(self) -> set[str]:
        self.report({"INFO"}, f"The dataset is in {bpy.path.abspath(self.filepath)}")
        return {"FINISHED"}

    def _status(self) -> str:
        return f"Camera and depth: {self._step.text}, {self._step.fraction:.0%}   (Esc cancels)"
