"""File > Import > Depth Relief and Add > Mesh > Depth Relief: a photo and its depth map become a relief."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, FloatProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ....inference.catalog import Kind  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...depth import files
from ...depth.clean import USUAL_GAP
from ...depth.evidence import Unit
from ...depth.meaning import NearIs
from ...errors import DepthNodesError, PhotoError, printable
from ...scene import pairing, photo, placement, relief
from .. import first_sight
from . import fill_background
from .placing import PLACING, THUMBNAILS, Placing
from .reopening import Reopening

# near_is and kind of `meaning.read` for each answer
_MEANINGS: dict[str, tuple[NearIs | None, Kind | None]] = {
    "AUTO": (None, None),
    "BRIGHT": ("bright", "disparity"),
    "DARK": ("dark", "disparity"),
    "METRES": (None, "distance"),
}
_UNITS: dict[str, Unit | None] = {
    "AUTO": None,
    "M": "m",
    "CM": "cm",
    "MM": "mm",
    "M256": "1/256 m",
    "M5000": "1/5000 m",
}


class DEPTH_NODES_OT_import_relief(Placing, Reopening, bpy.types.Operator, ImportHelper):  # type: ignore[misc]  # as Blender's own do
    """Make a relief from a photo and its depth map. Select both, or the photo alone if the map is in its folder"""

    bl_idname = "depth_nodes.import_relief"
    bl_label = "Import Depth Relief"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(
        default=";".join(f"*{suffix}" for suffix in dict.fromkeys((*photo.SUFFIXES, *photo.FOREIGN, *files.SUFFIXES))),
        options={"HIDDEN"},
    )
    display_type: THUMBNAILS
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    depth_path: StringProperty(
        name="Depth Map",
        description="Depth map of the photo: EXR, NPY, NPZ, PFM, TIFF or PNG. If empty, the other selected file is "
        "used, or one in the photo's folder named photo_depth.png, photo.depth.exr or similar",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    meaning: EnumProperty(
        name="Depth Is",
        description="How to read the depth map",
        items=(
            ("AUTO", "Automatic", "What the file says, otherwise what its values suggest"),
            ("BRIGHT", "Near Is Bright", "Relative depth: brighter is nearer"),
            ("DARK", "Near Is Dark", "Relative depth: darker is nearer"),
            ("METRES", "Distance", "Distance from the camera, in the unit below"),
        ),
    )
    unit: EnumProperty(
        name="Unit",
        description="What one step of a distance is",
        items=(
            ("AUTO", "Automatic", "What the file says, otherwise millimetres for whole numbers and metres for others"),
            ("M", "Metres", "Most renderers and models"),
            ("CM", "Centimetres", "Unreal Engine and some scanners"),
            ("MM", "Millimetres", "Most depth cameras"),
            ("M256", "1/256 Metre", "KITTI and other driving data in 16 bits"),
            ("M5000", "1/5000 Metre", "TUM's indoor sequences in 16 bits"),
        ),
    )
    along_ray: BoolProperty(
        name="Along the Ray",
        description="The file holds distances from the camera's eye to each point, not along the view axis. Without "
        "this, a flat wall would bulge",
        default=False,
    )
    focal_length: FloatProperty(
        name="Focal Length",
        description="Focal length of the photo in millimetres, for a sensor whose longer side is 36 mm. 0 takes what "
        "the file says, otherwise 50 mm",
        default=0.0,
        min=0.0,
        max=10000.0,
    )
    smooth_steps: BoolProperty(
        name="Smooth 8-Bit Steps",
        description="Smooth the 256 levels of an 8-bit depth map into slopes, also where a file with more bits has no "
        "more levels. No value moves by more than half a level",
        default=True,
    )
    fill_gaps: IntProperty(
        name="Fill Gaps",
        description="Widest gap of missing depth to fill, in pixels of the depth map. Wider gaps stay holes, and so do "
        "transparent parts of the file or the photo",
        default=USUAL_GAP,
        min=0,
        max=64,
        subtype="PIXEL",
    )

    _folder = ""

    background: BoolProperty(
        name="Background",
        description="Fill in depth and colour behind every edge, so that a moving camera does not see holes there",
        default=True,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.properties.is_property_set("filepath"):
            self.filepath = self._folder  # where it was last, also after an error
        return self.open(context, event)

    def draw(self, context: bpy.types.Context) -> None:
        self.draw_problem(context)
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        distance = (
            ("unit", "along_ray", *(["focal_length"] if self.along_ray else [])) if self._may_be_distance() else ()
        )
        reading = ("depth_path", "meaning", *distance, "smooth_steps", "fill_gaps", "background")
        for name in (*reading, *PLACING):
            self.layout.prop(self, name)

    def execute(self, context: bpy.types.Context) -> set[str]:
        near_is, kind = _MEANINGS[self.meaning]
        type(self)._folder = self.directory or self._folder
        of_distance = {}
        if self._may_be_distance():
            of_distance = {"unit": _UNITS[self.unit], "along_ray": self.along_ray}
        later = self.background and self._has_dialog  # Blender goes on: the relief is there before its background
        try:
            photo_path, depth_path = self._paths()
            made = relief.from_files(
                photo_path,
                depth_path,
                collection=context.collection,
                near_is=near_is,
                kind=kind,
                focal_length=self.focal_length or None,
                **of_distance,
                smooth_steps=self.smooth_steps,
                fill_gaps=self.fill_gaps,
                background="later" if later else self.background,
                matrix=self.matrix(context),
                projection=self.projection,
                shape=self.shape(),
                scene=context.scene if self.use_camera else None,
            )
        except DepthNodesError as error:
            return self.refuse(context, str(error))
        placement.select(context, made.ob)
        first_sight.show(context, [made.ob], from_camera=made.camera is not None)
        if made.filling is not None:
            fill_background.wait_for(context, made.ob, made.filling)
        if made.notes:
            advice = " If the relief is inside out, tick Invert in the modifier." if made.kind_guessed else ""
            self.report({"INFO"}, printable(f"{Path(depth_path).name}: {' '.join(made.notes)}{advice}"))
        return {"FINISHED"}

    def _may_be_distance(self) -> bool:
        return self.meaning in {"AUTO", "METRES"}

    def _paths(self) -> tuple[Path, Path]:
        """Return the paths of the photo and its depth map from what was selected, given, or lies beside."""
        selected = [Path(bpy.path.abspath(self.directory)) / file.name for file in self.files if file.name]
        if len(selected) < 2:
            if not self.filepath:
                raise PhotoError(
                    "No photo was chosen. Choose a photo, and its depth map if it is not in the same folder"
                )
            selected = [Path(bpy.path.abspath(self.filepath))]
        if self.depth_path and len(selected) == 1:
            return selected[0], Path(bpy.path.abspath(self.depth_path))
        if len(selected) == 2 and not self.depth_path:
            return pairing.tell_apart(*selected)
        if len(selected) > 1:
            raise PhotoError("Select one photo, or one photo and its depth map")
        beside = pairing.find_depth(selected[0])
        if beside is None:
            name = selected[0].stem
            raise PhotoError(
                f"There is no depth map for {selected[0].name}. Choose one, or save it in the same folder as "
                f"{name}_depth.png"
            )
        return selected[0], beside
