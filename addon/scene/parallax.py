"""Parallax: a camera move around the view of the photo, as far as the background reaches behind the front.

A camera that moves aside by t shifts what is at distance z by t / (spread z), in shares of the picture's longer side.
So behind an edge between the nearest distance n and the farthest f, t / spread (1 / n - 1 / f) of the picture comes to
light. The background reaches `REACH`: that gives t. A camera that moves ahead by t shifts a point at the border by
half as much.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import asin, cos, pi, sin
from typing import Any, Literal

import bpy
import numpy as np
from mathutils import Euler, Matrix

from ...inference.background import REACH  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..errors import CameraError
from . import camera as fitting
from .animation import curves

Move = Literal["DOLLY", "PUSH", "ORBIT", "LOOP"]

_ENDS = 2.0, 98.0  # percentiles of the vertices' distances: the nearest and the farthest
_STEEPEST = 0.4  # radians that a camera turns around a relief at most
_MOST = 0.5  # shares of the nearest distance that a camera moves at most
_ZOOM = 0.3  # by so much of its picture an orthographic camera comes closer
_MARK = "depth_nodes_parallax"  # on an action that was made here


@dataclass(frozen=True)
class _Pose:
    """A camera at one moment, against the photo's view: what its shift gains, and what its scale is multiplied by."""

    place: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0

    @property
    def matrix(self) -> Matrix:
        return Matrix.LocRotScale(self.place, Euler(self.turn), None)


def animate(
    camera: bpy.types.Object,
    ob: bpy.types.Object,
    modifier: bpy.types.NodesModifier,
    scene: bpy.types.Scene,
    *,
    move: Move = "LOOP",
    frames: int = 96,
    strength: float = 1.0,
) -> None:
    """Give a relief's camera the keyframes of a move, from the scene's first frame on, and end the scene with it.

    frames: its length. strength: 1 goes as far as the background covers. A former move gives way; the camera's own
    keyframes are an error. Raises CameraError for them, and where the relief has nothing to be seen.
    """
    clear(camera)
    owners: tuple[Any, ...] = (camera, camera.data)
    if any(True for owner in owners for _ in curves(owner)):
        raise CameraError(f"{camera.name!r} has keyframes of its own. Unlink its action, or add another camera first")
    view = fitting.photo_view(ob, modifier)
    near, far = _distances(ob, view)
    poses = (_seen_flat if view.type == "ORTHO" else _seen_deep)(view, near, far, strength)(move)
    fitting.go_back(camera, ob, modifier)
    start, last = scene.frame_start, frames if move == "LOOP" else frames - 1
    for number, pose in enumerate(poses):
        _key(camera, ob, view, pose, start + last * number / (len(poses) - 1))
    for owner in owners:
        _finish(owner, is_loop=move == "LOOP")
    scene.frame_end = start + frames - 1
    scene.camera = camera
    scene.frame_set(scene.frame_current)


def clear(camera: bpy.types.Object) -> None:
    """Take a move that was made here from a camera; other keyframes stay."""
    for owner in (camera, camera.data):
        action = owner.animation_data.action if owner.animation_data else None
        if action is not None and action.get(_MARK):
            owner.animation_data_clear()
            if action.users == 0:
                bpy.data.actions.remove(action)


def _distances(ob: bpy.types.Object, view: fitting.View) -> tuple[float, float]:
    """Return how far from the photo's view the nearest and the farthest vertices are."""
    mesh = ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty((len(mesh.vertices), 3), np.float32)
    if not len(points):
        raise CameraError(f"{ob.name!r} has no faces to be seen. Raise Threshold, or choose a depth image")
    mesh.vertices.foreach_get("co", points.reshape(-1))
    to_view = np.array(view.matrix.inverted())
    near, far = np.percentile(-(points @ to_view[2, :3] + to_view[2, 3]), _ENDS)
    return max(float(near), 1e-4), max(float(far), 2e-4)


def _seen_deep(view: fitting.View, near: float, far: float, strength: float) -> Callable[[Move], Sequence[_Pose]]:
    """A camera before a scene. Its lens shifts against the move, so that the middle of the depth stays in its place."""
    gap = max(1.0 / near - 1.0 / far, 1e-6)
    most = _MOST * near
    aside = min(strength * view.spread * REACH / gap, most)
    ahead = min(strength * 2.0 * REACH / gap, most)
    middle = 2.0 / (1.0 / near + 1.0 / far)

    def beside(x: float, y: float) -> _Pose:
        return _Pose((x, y, 0.0), shift=(-x / (middle * view.spread), -y / (middle * view.spread)))

    def around(angle: float) -> _Pose:
        return _Pose((middle * sin(angle), 0.0, middle * (cos(angle) - 1.0)), (0.0, angle, 0.0))

    def poses(move: Move) -> Sequence[_Pose]:
        match move:
            case "DOLLY":
                return beside(-aside, 0.0), beside(aside, 0.0)
            case "PUSH":
                return _Pose(), _Pose((0.0, 0.0, -ahead))
            case "ORBIT":
                most = asin(min(aside / middle, 1.0))
                return [around(most * share) for share in (-1.0, -0.5, 0.0, 0.5, 1.0)]
        return [beside(aside * x, aside * y) for x, y in _circle()]

    return poses


def _seen_flat(view: fitting.View, near: float, far: float, strength: float) -> Callable[[Move], Sequence[_Pose]]:
    """An orthographic camera before a relief: it turns around the relief, since moving aside would show no depth."""
    depth = max(far - near, 1e-6)
    most = min(asin(min(strength * REACH * view.ortho_scale / depth, 1.0)), _STEEPEST)
    middle = (near + far) / 2

    def around(yaw: float, pitch: float) -> _Pose:
        turn = Euler((-pitch, yaw, 0.0))
        place = turn.to_matrix() @ Matrix.Translation((0.0, 0.0, middle)).translation
        return _Pose((place.x, place.y, place.z - middle), (-pitch, yaw, 0.0))

    def poses(move: Move) -> Sequence[_Pose]:
        match move:
            case "DOLLY":
                return around(-most, 0.0), around(most, 0.0)
            case "PUSH":
                return _Pose(), _Pose(scale=1.0 - min(_ZOOM * strength, 0.9))
            case "ORBIT":
                return [around(most * share, 0.5 * most * (1 - share**2)) for share in (-1.0, -0.5, 0.0, 0.5, 1.0)]
        return [around(most * x, most * y) for x, y in _circle()]

    return poses


def _circle() -> Iterator[tuple[float, float]]:
    """Once around, in eighths; the last is the first again."""
    return ((cos(turn * pi / 4), sin(turn * pi / 4)) for turn in range(9))


def _key(camera: bpy.types.Object, ob: bpy.types.Object, view: fitting.View, pose: _Pose, frame: float) -> None:
    data: Any = camera.data
    fitting.place_at(camera, ob, view.matrix @ pose.matrix)
    data.shift_x, data.shift_y = (own + added for own, added in zip(view.shift, pose.shift, strict=True))
    data.ortho_scale = view.ortho_scale * pose.scale
    turn = "rotation_quaternion" if camera.rotation_mode == "QUATERNION" else "rotation_euler"
    for path in ("location", turn):
        camera.keyframe_insert(path, frame=frame)
    for path in ("ortho_scale",) if view.type == "ORTHO" else ("shift_x", "shift_y"):
        data.keyframe_insert(path, frame=frame)


def _finish(owner: Any, *, is_loop: bool) -> None:
    """Smooth the keyframes, and repeat them where the move ends as it begins."""
    owner.animation_data.action[_MARK] = True
    for curve in curves(owner):
        if is_loop:
            curve.modifiers.new("CYCLES")
        for key in curve.keyframe_points:
            key.interpolation = "BEZIER"
            key.handle_left_type = key.handle_right_type = "AUTO" if is_loop else "AUTO_CLAMPED"
        curve.update()
