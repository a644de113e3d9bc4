"""Presets: what a relief's inputs are set to under a name, in files where Blender keeps its presets."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy

from ..errors import PresetError, first_line
from . import inputs

FOLDER = "depth_nodes"  # below `presets`, Blender's own and ours
OURS = Path(__file__).parents[2] / "assets"  # has a folder `presets` too

# What belongs to one photo, or says what its depth is.
_OF_ONE_PHOTO = {
    *("Image", "Kind", "Invert", "UV", "Surface", "Aspect", "Material", "Background", "Background Material"),
    *("Lens", "Focal Length", "Sensor Width", "Field of View", "Camera", "Shift X", "Shift Y"),
}
_TEXT = 'import bpy\n\nbpy.ops.depth_nodes.shape(\n    settings="""{}"""\n)\n'


def paths() -> dict[str, Path]:
    """Return the presets by the name that is shown: ours, and the artist's own."""
    found = [file for folder in bpy.utils.preset_paths(FOLDER) for file in sorted(Path(folder).glob("*.py"))]
    return {bpy.path.display_name(file.name): file for file in found}


def read(path: str | Path) -> dict[str, Any]:
    """Return the inputs of a preset by name. Raises PresetError for a file that is none."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        begin = text.index("settings=") + len("settings=")
        settings = json.loads(ast.literal_eval(text[begin:].strip().removesuffix(")").strip()))
    except (OSError, ValueError, SyntaxError) as error:
        raise PresetError(f"{path.name} is not a preset of Depth Relief, or is damaged. Remove it") from error
    return dict(settings)


def write(path: str | Path, settings: Mapping[str, Any]) -> None:
    """Write a preset, which Blender runs to apply it. Raises PresetError where it can't be written."""
    path = Path(path)
    try:
        path.write_text(_TEXT.format(json.dumps(settings, indent=1)), encoding="utf-8")
    except OSError as error:
        raise PresetError(f"{path} can't be written ({first_line(error)})") from error


def of(modifier: bpy.types.NodesModifier) -> dict[str, Any]:
    """Return what a preset keeps of a relief: everything that doesn't belong to its photo alone."""
    names = [name for name in inputs.input_names(modifier) if name not in _OF_ONE_PHOTO]
    return {name: inputs.get_input(modifier, name) for name in names}


def apply(modifier: bpy.types.NodesModifier, settings: Mapping[str, Any]) -> list[str]:
    """Set a relief's inputs, and return those that it doesn't have, as in a group of another release.

    Raises ModifierError for a value that an input doesn't take.
    """
    there = inputs.input_names(modifier)
    for name, value in settings.items():
        if name in there:
            inputs.set_input(modifier, name, value)
    return [name for name in settings if name not in there]
