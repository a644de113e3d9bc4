"""Set Up Engine: a separate Python with torch and what else the worker needs; and Better Depth, which uses it."""

import bpy
from bpy.props import BoolProperty, EnumProperty

from ....inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...engine import jobs, place, probe, settings, setup
from ...errors import DepthNodesError


def _backends(_self: object, _context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    return _ITEMS


# Kept, since Blender doesn't keep the texts of items that are computed.
_ITEMS = [
    (
        backend.name,
        f"{backend.title}, about {backend.download / 1e9:.1f} GB",
        f"Download about {backend.download / 1e9:.1f} GB, which take up about {backend.disk / 1e9:.1f} GB on disk",
    )
    for backend in place.backends()
]


class DEPTH_NODES_OT_set_up_engine(bpy.types.Operator):
    """Install a separate Python for depth estimation in the background. Blender's own Python is not changed"""

    bl_idname = "depth_nodes.set_up_engine"
    bl_label = "Set Up Engine"
    bl_options = {"INTERNAL"}

    backend: EnumProperty(
        name="Backend",
        description="Hardware to run the model on. CPU works on every machine",
        items=_backends,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if setup.is_making():
            cls.poll_message_set("The engine is being set up")
            return False
        if jobs.waiting():
            cls.poll_message_set("Depth is being estimated. Wait for it, or cancel it")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if not bpy.app.online_access:
            return self.execute(context)
        self.backend = probe.guess_backend().name
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Download"))

    def draw(self, _context: bpy.types.Context) -> None:
        backend = self._chosen()
        layout = self.layout
        layout.prop(self, "backend")
        column = layout.column(align=True)
        column.label(text="PyTorch and the packages it needs will be downloaded from", icon="INTERNET")
        column.label(text="pypi.org" + (f" and {backend.index.split('/')[2]}" if backend.index else ""), icon="BLANK1")
        column.label(text=f"into {settings.engine_folder()}", icon="FILE_FOLDER")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        jobs.free_memory()  # a worker of the old engine holds its files
        try:
            made = setup.make(self._chosen())
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not bpy.app.background:
            return {"FINISHED"}
        made.join()
        setup.finish()
        if made.state != "done":
            self.report({"ERROR"}, made.error)
            return {"CANCELLED"}
        return {"FINISHED"}

    def _chosen(self) -> place.Backend:
        return next(backend for backend in place.BACKENDS if backend.name == self.backend)


class DEPTH_NODES_OT_better_depth(bpy.types.Operator):
    """Estimate again with the model of the engine, into the same depth image: everything that you set stays"""

    bl_idname = "depth_nodes.better_depth"
    bl_label = "Better Depth"
    bl_options = {"INTERNAL"}

    backend: EnumProperty(
        name="Built For",
        description="What is to compute; the CPU always works",
        items=_backends,
        options={"SKIP_SAVE"},
    )
    allow_online: BoolProperty(
        name="Allow Online Access",
        description="Let Blender go online from now on, as in Preferences > System",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if setup.is_making() or jobs.waiting():
            cls.poll_message_set("Wait for what is under way, or cancel it")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if settings.has_engine() and settings.is_on_disk(catalog.get(settings.BETTER)):
            return self.execute(context)
        self.backend = probe.guess_backend().name
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Download"))

    def draw(self, _context: bpy.types.Context) -> None:
        layout, better = self.layout, catalog.get(settings.BETTER)
        layout.label(text="Better depth comes from a larger model, which is fetched once:", icon="IMPORT")
        fetched = layout.column(align=True)
        if not settings.has_engine():
            backend = self._chosen()
            places = "pypi.org" + (f" and {backend.index.split('/')[2]}" if backend.index else "")
            fetched.label(text=f"The engine that runs it, {backend.download / 1e9:.1f} GB from {places}", icon="BLANK1")
            layout.prop(self, "backend")
        if not settings.is_on_disk(better):
            fetched.label(text=f"{better.title}, {better.bytes / 1e6:.0f} MB from huggingface.co", icon="BLANK1")
        if not bpy.app.online_access:
            layout.label(text="Blender may not go online yet:", icon="INTERNET_OFFLINE")
            layout.prop(self, "allow_online")

    def execute(self, context: bpy.types.Context) -> set[str]:
        if self.allow_online:
            context.preferences.system.use_online_access = True
        try:
            if not settings.has_engine():
                jobs.free_memory()
                made = setup.make(self._chosen())
                if bpy.app.background:
                    made.join()
                    setup.finish()
            return set(bpy.ops.depth_nodes.estimate_better("EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"))
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
        except RuntimeError as error:  # what the other operator has reported
            self.report({"ERROR"}, str(error).removeprefix("Error: ").strip())
        return {"CANCELLED"}

    def _chosen(self) -> place.Backend:
        return next(backend for backend in place.BACKENDS if backend.name == self.backend)
