"""The sample still life as a set of photos with known cameras: COLMAP's files, exact depth, and its sparse points.

    python -m tests.still_life FOLDER

Each photo is the sample seen from another place, drawn from the sample's exact depth: every pixel of the source becomes
a point, and the nearest point of each pixel is what is seen.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .maps import exact

PHOTO = Path(__file__).parents[1] / "assets" / "sample_photo.jpg"
WIDTH, HEIGHT = 240, 180
PLACES = ((0.0, 0.0, 0.0), (0.06, 0.0, 0.0), (-0.05, 0.03, 0.02))  # of the cameras, metres
TURNS = (0.0, -0.02, 0.015)  # about the vertical, radians


@dataclass(frozen=True)
class Shot:
    """A photo (H, W, 3), its distances (H, W), 0 where nothing is seen, and its pose, world to camera (3, 4)."""

    name: str
    photo: np.ndarray
    distance: np.ndarray
    pose: np.ndarray


@dataclass(frozen=True)
class Scene:
    """Photos by one camera, and sparse points (N, 3) with what each photo sees of them: indices and places."""

    shots: list[Shot]
    focal: float
    points: np.ndarray
    seen: list[tuple[np.ndarray, np.ndarray]]


def make(points: int = 300, wrong: float = 0.0, seed: int = 0) -> Scene:
    """Return the scene; `wrong` is the share of the sparse points that lie somewhere else along their ray."""
    distance, focal = exact()
    height, width = distance.shape
    focal *= WIDTH / width
    with Image.open(PHOTO) as file:
        photo = np.asarray(file.convert("RGB").resize((width, height)))
    x, y = np.meshgrid((np.arange(width) + 0.5) * WIDTH / width, (np.arange(height) + 0.5) * HEIGHT / height)
    world = np.stack([(x - WIDTH / 2) / focal * distance, (y - HEIGHT / 2) / focal * distance, distance], -1)
    world, colours = world.reshape(-1, 3), photo.reshape(-1, 3)
    shots = [
        _shot(f"view/{n}.png", world, colours, focal, *pose) for n, pose in enumerate(zip(PLACES, TURNS, strict=True))
    ]
    rng = np.random.default_rng(seed)
    chosen = world[rng.choice(len(world), points, replace=False)]
    seen = [_seen(shot, chosen, focal) for shot in shots]
    moved = chosen.copy()
    off = rng.random(points) < wrong
    moved[off] *= rng.uniform(0.3, 3.0, (off.sum(), 1))
    return Scene(shots, focal, moved, seen)


def _shot(
    name: str, world: np.ndarray, colours: np.ndarray, focal: float, place: tuple[float, float, float], turn: float
) -> Shot:
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    pose = np.column_stack([rotation, -rotation @ np.array(place)])
    column, row, depth = _projected(world, pose, focal)
    inside = (depth > 0) & (column >= 0) & (column < WIDTH) & (row >= 0) & (row < HEIGHT)
    pixel = row[inside].astype(int) * WIDTH + column[inside].astype(int)
    order = np.argsort(-depth[inside])  # the nearest is drawn last
    distance, photo = np.zeros(HEIGHT * WIDTH, np.float32), np.zeros((HEIGHT * WIDTH, 3), np.uint8)
    distance[pixel[order]] = depth[inside][order]
    photo[pixel[order]] = colours[inside][order]
    return Shot(name, photo.reshape(HEIGHT, WIDTH, 3), distance.reshape(HEIGHT, WIDTH), pose)


def _projected(world: np.ndarray, pose: np.ndarray, focal: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    here = world @ pose[:, :3].T + pose[:, 3]
    return focal * here[:, 0] / here[:, 2] + WIDTH / 2, focal * here[:, 1] / here[:, 2] + HEIGHT / 2, here[:, 2]


def _seen(shot: Shot, points: np.ndarray, focal: float) -> tuple[np.ndarray, np.ndarray]:
    """The points that nothing hides, and where."""
    column, row, depth = _projected(points, shot.pose, focal)
    inside = np.flatnonzero((depth > 0) & (column >= 1) & (column < WIDTH - 1) & (row >= 1) & (row < HEIGHT - 1))
    found = shot.distance[row[inside].astype(int), column[inside].astype(int)]
    near = inside[np.abs(found / depth[inside] - 1) < 0.02]
    return near, np.stack([column[near], row[near]], axis=1)


def write(scene: Scene, folder: Path) -> None:
    """Write the photos, and COLMAP's model as text, into `sparse/0`."""
    model = folder / "sparse" / "0"
    model.mkdir(parents=True)
    lens = f"{scene.focal:.9g} {WIDTH / 2} {HEIGHT / 2}"
    (model / "cameras.txt").write_text(f"# cameras\n1 SIMPLE_PINHOLE {WIDTH} {HEIGHT} {lens}\n")
    images, tracks = ["# images"], {number: [] for number in range(len(scene.points))}
    for index, (shot, (numbers, places)) in enumerate(zip(scene.shots, scene.seen, strict=True), 1):
        path = folder / "images" / shot.name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(shot.photo).save(path)
        turn = np.arctan2(shot.pose[0, 2], shot.pose[0, 0])
        pose = [np.cos(turn / 2), 0.0, np.sin(turn / 2), 0.0, *shot.pose[:, 3]]
        images.append(f"{index} {' '.join(f'{number:.12g}' for number in pose)} 1 {shot.name}")
        images.append(" ".join(f"{x:.9g} {y:.9g} {number + 1}" for (x, y), number in zip(places, numbers, strict=True)))
        for at, number in enumerate(numbers):
            tracks[number].append(f"{index} {at}")
    (model / "images.txt").write_text("\n".join(images) + "\n")
    points = [
        f"{number + 1} {' '.join(f'{value:.9g}' for value in scene.points[number])} 200 120 40 0.5 {' '.join(track)}"
        for number, track in tracks.items()
    ]
    (model / "points3D.txt").write_text("# points\n" + "\n".join(points) + "\n")


if __name__ == "__main__":
    write(make(), Path(sys.argv[1]))
