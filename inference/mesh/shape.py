"""How depth becomes a surface, and the surface: names, rules and defaults are those of the modifier Depth Relief."""

from dataclasses import dataclass
from math import radians
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PLANE = 2.0  # metres: the longer side of a relief's plane


Projection = Literal["camera", "relief"]

Floats = NDArray[np.float32]
Quads = NDArray[np.uint32]


@dataclass(frozen=True)
class Shape:
    """How depth becomes a surface.

    projection: `camera` sets each pixel at its distance along its ray, in metres in front of a camera at the origin
        that looks along -Z, +Y up. `relief` pushes a plane around the origin, whose longer side is 2 m, towards +Z.
    vertices: along the longer side. They lie on pixel centres where there are as many.
    near_distance, far_distance: in metres, of the nearest and the farthest point; for relative depth only.
    focal_length: in millimetres, of a sensor whose longer side is 36 mm.
    scale: metres by which the nearest point of a relief stands out.
    cutoff: cut faces that bridge a depth jump. Faces of unknown pixels always go.
    threshold: the jump, as the gap over the nearer distance. angle: the steepest face that stays, in radians.
    least_gap: of steep faces that are cut in a camera's scene. minimum_island: faces of the smallest piece that stays.
    soften_steps: over how many vertices small steps of a camera's scene are spread, so that they don't stretch.
    edge_snap: turn blurred edges into steps first, that reach `snap_radius` pixels of the map to either side.
    background: show the second layer. border: how far a camera's scene goes on beyond the picture, in shares of it.
    """

    projection: Projection = "camera"
    vertices: int = 1024
    near_distance: float = 1.0
    far_distance: float = 4.0
    focal_length: float = 50.0
    scale: float = 0.5
    cutoff: bool = True
    threshold: float = 0.2
    angle: float = radians(85)
    least_gap: float = 0.03
    soften_steps: int = 8
    minimum_island: int = 64
    edge_snap: bool = True
    snap_radius: int = 3
    background: bool = True
    border: float = 0.35


@dataclass(frozen=True, eq=False)
class Layer:
    """A surface with the place of each vertex in its picture.

    vertices: float32 (N, 3). uv: float32 (N, 2), (0, 0) is the picture's lower left corner.
    quads: uint32 (M, 4), counter-clockwise as the camera sees them.
    """

    vertices: Floats
    uv: Floats
    quads: Quads

    def triangles(self) -> Quads:
        """Return uint32 (2 M, 3). Each quad is split between the two corners that are closer to each other in depth."""
        depth = self.vertices[:, 2][self.quads]
        straight = np.abs(depth[:, 0] - depth[:, 2]) <= np.abs(depth[:, 1] - depth[:, 3])
        turned = np.where(straight[:, None], self.quads, np.roll(self.quads, -1, axis=1))
        return turned[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
