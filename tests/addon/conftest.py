"""Every test of the extension starts in an empty file, with factory preferences."""

import bpy
import pytest

from tools import extension


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Open an empty file without objects."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give new reliefs a coarse grid: Blender shapes one at every step, and a million vertices take their time."""
    extension.enable()  # the file of tests may do so only later
    relief, inputs = (extension.module(f"addon.scene.{name}") for name in ("relief", "inputs"))
    add_modifier = relief.add_modifier

    def add(ob: bpy.types.Object) -> bpy.types.NodesModifier:
        modifier = add_modifier(ob)
        inputs.set_input(modifier, "Resolution", 64)
        return modifier

    monkeypatch.setattr(relief, "add_modifier", add)
