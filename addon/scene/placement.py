"""Where new reliefs stand: several in a row, selected, each with its camera if that is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import bpy
from mathutils import Matrix

from ..depth import image as depth_image
from . import camera, relief
from .plane import in_metres

GAP = 0.2  # metres between two reliefs of a row


@dataclass
class Placement:
    """Where reliefs stand, how they are projected, and whether a camera comes with them; several stand in a row."""

    matrix: Matrix
    projection: relief.Projection
    use_camera: bool
    shape: Mapping[str, Any] = field(default_factory=dict)
    made: list[int] = field(default_factory=list, init=False)  # the `session_uid` of each relief

    def add_relief(self, photo_uid: int, depth: bpy.types.Image) -> bpy.types.Object:
        """Add the relief of a photo, which is there, to the active collection, and select it with those before it."""
        context: Any = bpy.context  # every moment in which an estimate ends has a scene and a collection
        picture: Any = depth_image.find(photo_uid)
        collection = context.collection
        ob, modifier = relief.add(
            picture, depth, collection=collection, matrix=self.matrix, projection=self.projection, shape=self.shape
        )
        if self.use_camera:
            camera.add(ob, modifier, picture, collection=collection, scene=context.scene)
        if context.mode == "OBJECT":  # else somebody began to edit another object meanwhile
            select(context, ob, alone=not self.made)
        # Last: it evaluates, and what is done to the scene after that has Blender evaluate again.
        before = [one for uid in self.made for one in bpy.data.objects if one.session_uid == uid]
        if before:
            _put_beside(ob, in_metres(self.matrix, context.scene), before[-1])
        self.made.append(ob.session_uid)
        return ob


def select(context: bpy.types.Context, ob: bpy.types.Object, *, alone: bool = True) -> None:
    """Select a new object and make it active, as Blender's own Add menu does; `alone` deselects the others.

    Nothing is evaluated for that.
    """
    objects = context.view_layer.objects
    for other in objects.selected if alone else ():
        other.select_set(False)
    _ = objects.active  # who asks for it has the view layer take in what was linked since it was drawn
    if objects.get(ob.name) is not None:  # not so in a collection that the view layer leaves out
        ob.select_set(True)
        objects.active = ob


def _put_beside(ob: bpy.types.Object, matrix: Matrix, before: bpy.types.Object) -> None:
    """Move a new relief along the row in which reliefs stand by `matrix`, so that it begins where another one ends."""
    end = (matrix.inverted() @ before.matrix_world).translation.x + max(_across(before))
    ob.matrix_world = matrix @ Matrix.Translation((end + GAP - min(_across(ob)), 0.0, 0.0))


def _across(ob: bpy.types.Object) -> list[float]:
    """Return how far an object reaches along its own X, corner by corner, as it is evaluated."""
    return [corner[0] for corner in ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).bound_box]
