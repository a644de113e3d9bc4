"""Freeze Grid: the sampled grid becomes the object's own mesh, so that shaping it costs a tenth; and back again."""

import bpy


def is_frozen(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> bool:
    """Return whether the object's mesh is the frozen grid of this modifier."""
    raise NotImplementedError


def freeze(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> bpy.types.Mesh:
    """Make the grid that the modifier samples the object's mesh, with a `depth` attribute, and keep the former mesh.

    Everything that does not move the samples (range, projection, cutoff) stays live. Returns the new mesh. Raises
    FreezeError, before anything changes, if the relief is frozen already, has no image, is in edit mode, or is linked
    or overridden.
    """
    raise NotImplementedError


def unfreeze(ob: bpy.types.Object, modifier: bpy.types.NodesModifier) -> bpy.types.Mesh:
    """Give the object its former mesh and the modifier its former surface back; the frozen mesh is removed.

    Returns the former mesh. Raises FreezeError, before anything changes, if the relief is not frozen.
    """
    raise NotImplementedError
