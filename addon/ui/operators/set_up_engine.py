"""Set Up Engine: a separate Python with torch and what else the worker needs; and Better Depth, which uses it."""

import bpy
from bpy.props import BoolProperty, EnumProperty

from ....inference import cache, catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...engine import jobs, place, postponed, probe, settings, setup
from ...engine.backends import Backend, backends, why_none
from ...errors import DepthNodesError, EngineError
from ..words import draw_line, draw_wrapped, reported, size

_NOT_HASHED = (
    "This PyTorch is pinned by its version, not by the hashes of its files. It comes from download.pytorch.org alone"
)
_LETTERS = 56  # that fit into a line of the dialogs


def _backends(_self: object, _context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    return _ITEMS


# Kept, since Blender doesn't keep the texts of items that are computed.
_ITEMS = [
    (
        backend.name,
        f"{backend.title}, about {size(backend.download)}",
        f"Download about {size(backend.download)}, which takes about {size(backend.disk)} on disk",
    )
    for backend in backends()
]


class ChoosingBackend:
    """Mixed into an operator that sets up an engine: the hardware that it is for, as the driver suggests it first."""

    backend: EnumProperty(
        name="Backend",
        description="Hardware to run the model on. CPU works on every machine",
        items=_backends,
        options={"SKIP_SAVE"},
    )
    _notes: tuple[str, ...] = ()  # of this machine's graphics cards

    def suggest(self) -> None:
        """Choose what this machine can run. Raises EngineError where there is no build for it."""
        suggested = probe.suggest()
        self.backend, self._notes = suggested.backend.name, suggested.notes

    def chosen(self) -> Backend:
        """Return the build that is chosen. Raises EngineError where there is none for this machine."""
        found = next((backend for backend in backends() if backend.name == self.backend), None)
        if found is None:
            raise EngineError(why_none())
        return found

    def draw_backend(self, layout: bpy.types.UILayout) -> None:
        """Draw the choice, and what the driver says of the card."""
        layout.prop(self, "backend")
        column = layout.column(align=True)
        notes = self._notes if self.chosen().is_hashed else (*self._notes, _NOT_HASHED)
        for note in notes:
            draw_wrapped(column, note, _LETTERS)


class DEPTH_NODES_OT_set_up_engine(ChoosingBackend, bpy.types.Operator):
    """Install a separate Python for depth estimation in the background. Blender's own Python is not changed"""

    bl_idname = "depth_nodes.set_up_engine"
    bl_label = "Set Up Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if not backends():
            cls.poll_message_set(why_none())
            return False
        if setup.is_making() or setup.is_working():
            cls.poll_message_set("The engine is being set up or removed")
            return False
        if jobs.waiting():
            cls.poll_message_set("Depth is being estimated. Wait for it, or cancel it")
            return False
        if not bpy.app.online_access:
            cls.poll_message_set("Blender is offline. Allow online access first, in Preferences > System > Network")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        try:
            self.suggest()
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Download"))

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        self.draw_backend(layout)
        column = layout.column(align=True)
        column.label(text="PyTorch and the packages it needs will be downloaded from", icon="INTERNET")
        draw_line(column, self.chosen().places, icon="BLANK1")
        draw_line(column, f"into {place.root()}", icon="FILE_FOLDER")

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs.free_memory()  # a worker of the old engine holds its files
        try:
            made = setup.make(self.chosen())
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not bpy.app.background:
            _go_on(context)
            return {"FINISHED"}
        made.join()
        setup.finish()
        if made.state != "done":
            self.report({"ERROR"}, made.error)
            return {"CANCELLED"}
        return {"FINISHED"}


def _go_on(context: bpy.types.Context) -> None:
    """Have what was asked for before there was an engine estimated, as soon as it is made."""
    if postponed.kept():
        with context.temp_override(window=context.window_manager.windows[0]):  # the preferences' own may be closed
            bpy.ops.depth_nodes.estimate_postponed("INVOKE_DEFAULT")


class DEPTH_NODES_OT_better_depth(ChoosingBackend, bpy.types.Operator):
    """Estimate again with a larger model, into the same depth image. Everything that you set is kept"""

    bl_idname = "depth_nodes.better_depth"
    bl_label = "Better Depth"
    bl_options = {"INTERNAL"}

    allow_online: BoolProperty(
        name="Allow Online Access",
        description="Let Blender go online, as the option in Preferences > System does",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if setup.is_making() or jobs.waiting():
            cls.poll_message_set("Wait until the running set-up or estimate is over, or cancel it")
            return False
        if not backends() and not settings.has_engine():
            cls.poll_message_set(why_none())
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if settings.has_engine() and cache.on_disk(catalog.get(settings.BETTER)):
            return self.execute(context)
        try:
            if not settings.has_engine():
                self.suggest()
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Download"))

    def draw(self, _context: bpy.types.Context) -> None:
        layout, better = self.layout, catalog.get(settings.BETTER)
        layout.label(text="A larger model gives better depth. It is downloaded once:", icon="IMPORT")
        fetched = layout.column(align=True)
        if not settings.has_engine():
            backend = self.chosen()
            draw_line(
                fetched, f"The engine that runs it, {size(backend.download)} from {backend.places}", icon="BLANK1"
            )
            self.draw_backend(layout)
        if cache.on_disk(better) is None:
            draw_line(fetched, f"{better.title}, {size(better.bytes)} from huggingface.co", icon="BLANK1")
        if not bpy.app.online_access:
            layout.label(text="Blender is offline:", icon="INTERNET_OFFLINE")
            layout.prop(self, "allow_online")

    def execute(self, context: bpy.types.Context) -> set[str]:
        if self.allow_online:
            context.preferences.system.use_online_access = True
        try:
            if not settings.has_engine():
                jobs.free_memory()
                made = setup.make(self.chosen())
                if bpy.app.background:
                    made.join()
                    setup.finish()
            return set(bpy.ops.depth_nodes.estimate_better("EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"))
        except DepthNodesError as error:
            self.report({"ERROR"}, str(error))
        except RuntimeError as error:  # what the other operator has reported
            self.report({"ERROR"}, reported(error))
        return {"CANCELLED"}
