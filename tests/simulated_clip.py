"""A scene of spheres in a room, ray-cast by numpy: clips with known depth and known motion, and a model's error.

`python -m tests.simulated_clip FOLDER` writes the project's own clip: a camera that moves in, a cut, a camera that
moves aside.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SPHERES = (  # centre in metres (x right, y up, z forward), radius, brightness
    ((-0.9, -0.5, 3.2), 0.5, 0.85),
    ((0.7, -0.3, 4.2), 0.7, 0.35),
    ((0.1, 0.5, 5.2), 0.4, 0.6),
)
WALLS = (  # normal, offset: the points with normal . p = offset
    ((0.0, 0.0, 1.0), 7.0),
    ((0.0, 1.0, 0.0), -1.0),
    ((0.0, 1.0, 0.0), 2.2),
    ((1.0, 0.0, 0.0), -3.0),
    ((1.0, 0.0, 0.0), 3.0),
)
FOCAL = 1.0  # in widths of the picture


@dataclass(frozen=True)
class Frames:
    """A clip. rgb: uint8 (n, h, w, 3). z: metres along the view, (n, h, w). positions: of the camera, (n, 3)."""

    rgb: np.ndarray
    z: np.ndarray
    positions: np.ndarray


def path(name: str, count: int, speed: float = 0.012) -> np.ndarray:
    """Return camera positions, (count, 3): `static`, `dolly` (moves in) or `truck` (moves aside)."""
    steps = np.arange(count)[:, None] * speed
    return steps * {"static": (0.0, 0.0, 0.0), "dolly": (0.0, 0.0, 1.0), "truck": (0.5, 0.0, 0.0)}[name]


def shoot(positions: np.ndarray, height: int = 90, width: int = 160, look: float = 0.0) -> Frames:
    """Render the scene from each position. look: another one gives other textures, as behind a cut."""
    y, x = np.mgrid[0:height, 0:width]
    rays = np.stack([(x + 0.5) / width - 0.5, (height / 2 - y - 0.5) / width, np.full(x.shape, FOCAL)], -1)
    frames = [_cast(rays, position, look) for position in positions]
    return Frames(np.stack([rgb for rgb, _ in frames]), np.stack([z for _, z in frames]), positions)


def _cast(rays: np.ndarray, origin: np.ndarray, look: float) -> tuple[np.ndarray, np.ndarray]:
    z = np.full(rays.shape[:2], np.inf)  # rays have z = 1: the distance along a ray is the depth
    light = np.zeros(rays.shape[:2])
    for place, (normal, offset) in enumerate(WALLS):
        with np.errstate(divide="ignore"):
            along = (offset - np.dot(origin, normal)) / (rays @ np.array(normal))
        z, light = _nearest(z, light, np.where(along > 0, along, np.inf), 0.55 + 0.07 * place)
    for centre, radius, brightness in SPHERES:
        away = origin - np.array(centre)
        a, b, c = (rays**2).sum(-1), rays @ away, away @ away - radius**2
        inside = b**2 - a * c
        along = np.where(inside > 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
        z, light = _nearest(z, light, np.where(along > 0, along, np.inf), brightness)
    point = origin + rays * z[..., None]
    u, v = point[..., 0] + 0.7 * point[..., 2], point[..., 1] + 0.4 * point[..., 2]
    light = light + 0.08 * np.sin(3.1 * u + look) + 0.06 * np.sin(4.3 * v + 1.7 * look) + 0.25 * np.sin(look)
    colour = light[..., None] * np.array([1.0, 0.92, 0.85])
    return np.clip(np.rint(colour * 255), 0, 255).astype(np.uint8), z


def _nearest(z: np.ndarray, light: np.ndarray, along: np.ndarray, brightness: float) -> tuple[np.ndarray, np.ndarray]:
    return np.minimum(z, along), np.where(along < z, brightness, light)


def as_predicted(z: np.ndarray, strength: float = 1.0, seed: int = 1) -> np.ndarray:
    """Return disparity as a model would put it out that sees each frame alone, float32 (n, h, w).

    Its gauge jitters (gain 1 %, shift 0.5 % of the range) and swings slowly (3 %), and each frame has a smooth error
    of its own (0.2 %); `strength` times that.
    """
    rng = np.random.default_rng(seed)
    disparity = 1.0 / z
    extent = np.ptp(disparity[0])
    frames = np.arange(len(z))
    gain = np.exp(strength * (0.01 * rng.standard_normal(len(z)) + 0.03 * np.sin(2 * np.pi * frames / 90)))
    shift = strength * 0.005 * extent * rng.standard_normal(len(z))
    coarse = rng.standard_normal((len(z), 6, 9))
    field = np.stack([_smooth(one, *z.shape[1:]) for one in coarse]) * (strength * 0.002 * extent)
    return (20.0 * (gain[:, None, None] * disparity + shift[:, None, None] + field) + 3.0).astype(np.float32)


def _smooth(coarse: np.ndarray, height: int, width: int) -> np.ndarray:
    rows = np.linspace(0, coarse.shape[0] - 1, height)
    columns = np.linspace(0, coarse.shape[1] - 1, width)
    tall = np.stack([np.interp(rows, np.arange(coarse.shape[0]), line) for line in coarse.T], 1)
    return np.stack([np.interp(columns, np.arange(coarse.shape[1]), line) for line in tall])


def tae(prediction: np.ndarray, frames: Frames) -> float:
    """Return the temporal alignment error in percent: depth of one frame, seen from the next, against its depth there.

    As Video Depth Anything measures it (Chen et al. 2025, section 4.1): one scale and shift in disparity for the clip.
    """
    depth = 1.0 / np.maximum(_fitted(prediction, frames.z), 1e-3)
    pairs = [(i, i + 1) for i in range(len(depth) - 1)]
    errors = [_reprojected(depth, frames.positions, *order) for pair in pairs for order in (pair, pair[::-1])]
    return 100.0 * float(np.mean(errors))


def _reprojected(depth: np.ndarray, positions: np.ndarray, source: int, target: int) -> float:
    height, width = depth.shape[1:]
    y, x = np.mgrid[0:height, 0:width]
    z = depth[source]
    move = positions[source] - positions[target]
    there = z + move[2]
    across = (((x + 0.5) / width - 0.5) * z + move[0]) / there
    up = ((height / 2 - y - 0.5) / width * z + move[1]) / there
    column = np.floor((across + 0.5) * width).astype(int)
    row = np.floor(height / 2 - up * width).astype(int)
    inside = (there > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    seen = np.zeros((height, width))
    seen[row[inside], column[inside]] = there[inside]
    both = seen > 0
    return float(np.mean(np.abs(seen[both] - depth[target][both]) / depth[target][both]))


def opw(prediction: np.ndarray, frames: Frames) -> float:
    """Return how much a surface's depth changes beyond its true change from frame to frame, in percent of the range.

    The optical-flow-based warping error of NVDS (Wang et al. 2023) with the true motion in the place of the flow.
    """
    fitted = _fitted(prediction, frames.z)
    truth = 1.0 / frames.z
    height, width = truth.shape[1:]
    y, x = np.mgrid[0:height, 0:width]
    total = []
    for i in range(1, len(truth)):
        move = frames.positions[i] - frames.positions[i - 1]
        z = frames.z[i]
        before = z + move[2]
        column = np.floor((((x + 0.5) / width - 0.5) * z + move[0]) / before * width + width / 2).astype(int)
        row = np.floor(height / 2 - ((height / 2 - y - 0.5) / width * z + move[1]) / before * width).astype(int)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        at = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
        colours = frames.rgb[i] / 255.0 - frames.rgb[i - 1][at] / 255.0
        weight = inside * np.exp(-50.0 * (colours**2).sum(-1))
        change = (fitted[i] - fitted[i - 1][at]) - (truth[i] - truth[i - 1][at])
        total.append((weight * np.abs(change)).sum() / max(weight.sum(), 1e-9))
    return 100.0 * float(np.mean(total)) / float(np.ptp(truth))


def absrel(prediction: np.ndarray, z: np.ndarray) -> float:
    """Return the mean error of depth in percent, after one scale and shift in disparity for the clip."""
    return 100.0 * float(np.mean(np.abs(1.0 / np.maximum(_fitted(prediction, z), 1e-3) - z) / z))


def _fitted(prediction: np.ndarray, z: np.ndarray) -> np.ndarray:
    x, y = prediction.reshape(-1).astype(np.float64), 1.0 / z.reshape(-1)
    scale = np.cov(x, y)[0, 1] / max(x.var(ddof=1), 1e-30)
    return (scale * (prediction - x.mean()) + y.mean()).astype(np.float64)


def own_clip(count: int = 12, height: int = 48, width: int = 64) -> Frames:
    """Return the project's own clip: the camera moves in, and from the middle on, after a cut, aside."""
    half = count // 2
    inwards = shoot(path("dolly", half, 0.04), height, width)
    aside = shoot(path("truck", count - half, 0.06) + np.array([0.4, 0.3, 1.2]), height, width, look=2.5)
    return Frames(*(np.concatenate(both) for both in zip(_parts(inwards), _parts(aside), strict=True)))


def _parts(frames: Frames) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return frames.rgb, frames.z, frames.positions


def save(frames: Frames, folder: Path, first: int = 1) -> str:
    """Write the frames as `shot_0001.png` and so on, and return their pattern."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for number, rgb in enumerate(frames.rgb, first):
        Image.fromarray(rgb).save(folder / f"shot_{number:04d}.png")
    return str(folder / "shot_%04d.png")


if __name__ == "__main__":
    save(own_clip(24, 180, 320), Path(sys.argv[1]))
