"""Pictures with depth on disk, and where a training draws them from.

Two layouts. A folder of *shards* (`NNNN.rgb.npy` and `NNNN.disparity.npy`, written by `dataset.py`) holds many cheap
pictures of one size. A folder of *pictures* holds `NAME.jpg`, `NAME.png` and a line of JSON for each in `index.jsonl`:
`{"name": NAME, "group": SCENE, "top": TOP}`. The PNG has 16 bits: 0 is unknown, 1 is the sky, and any other value v an
inverse depth of `TOP * ((v - 1) / 65534) ** 2`. Both may grow while a training reads them.
"""

import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

UNKNOWN = -1.0  # in an array of inverse depths; 0 is infinitely far
Picture = tuple[NDArray[np.uint8], NDArray[np.float32]]  # sRGB (H, W, 3), inverse depth (H, W)


class Source(Protocol):
    """Where pictures are drawn from."""

    def draw(self, rng: np.random.Generator) -> Picture:
        """Return one picture by chance."""

    def look(self) -> None:
        """Find what has been written since the last look."""


def write(folder: Path, name: str, group: str, photo: NDArray[np.uint8], inverse: NDArray[np.float32]) -> None:
    """Add a picture to a folder of pictures; `inverse` is `UNKNOWN` where nothing is known."""
    folder.mkdir(parents=True, exist_ok=True)
    top = max(float(inverse.max()), 1e-9)
    coded = 1 + np.round(65534 * np.sqrt(np.clip(inverse, 0, None) / top))
    Image.fromarray(np.where(inverse < 0, 0, coded).astype(np.uint16)).save(folder / f"{name}.png")
    Image.fromarray(photo).save(folder / f"{name}.jpg", quality=92)
    with (folder / "index.jsonl").open("a", encoding="utf-8") as index:
        index.write(json.dumps({"name": name, "group": group, "top": top}) + "\n")


def read(folder: Path, entry: dict[str, Any]) -> Picture:
    """Return the picture of one line of a folder's index."""
    with Image.open(folder / f"{entry['name']}.jpg") as file:
        photo = np.asarray(file.convert("RGB"))
    with Image.open(folder / f"{entry['name']}.png") as file:
        coded = np.asarray(file).astype(np.float32)
    return photo, np.where(coded < 1, UNKNOWN, entry["top"] * ((coded - 1) / 65534) ** 2).astype(np.float32)


def index(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a folder's index; a line that is still being written is left for later."""
    path = folder / "index.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


class Folder:
    """A folder of pictures. A group is drawn by the root of its size: another scene says more than another view."""

    def __init__(self, folder: Path, held_back: int = 0) -> None:
        """`held_back` in 100 groups are kept for validation and never drawn."""
        self.folder, self.share = folder, held_back
        self.pictures: dict[str, list[Picture]] = {}
        self.validation: list[Picture] = []
        self.seen = 0
        self.look()

    def look(self) -> None:
        """Read the pictures that have been added."""
        entries = index(self.folder)
        for entry in entries[self.seen :]:
            picture = read(self.folder, entry)
            if _held_back(entry["group"], self.share):
                self.validation.append(picture)
            else:
                self.pictures.setdefault(entry["group"], []).append(picture)
        self.seen = len(entries)
        odds = np.sqrt([len(group) for group in self.pictures.values()])
        self.groups, self.odds = list(self.pictures), odds / odds.sum()

    def draw(self, rng: np.random.Generator) -> Picture:
        """Return one picture by chance."""
        group = self.pictures[self.groups[int(rng.choice(len(self.groups), p=self.odds))]]
        return group[int(rng.integers(len(group)))]


class Shards:
    """A folder of shards. Pictures that are like photos are drawn more often."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shards: dict[str, tuple[NDArray[np.uint8], NDArray[np.float16], NDArray[np.float64]]] = {}
        self.look()

    def look(self) -> None:
        """Open the shards that have been added."""
        for path in sorted(self.folder.glob("*.rgb.npy")):
            if path.name not in self.shards:
                depth = np.load(path.with_name(path.name.replace("rgb", "disparity")), "r")
                self.shards[path.name] = np.load(path, "r"), depth, likeness(depth)

    def draw(self, rng: np.random.Generator) -> Picture:
        """Return one picture by chance."""
        photos, depths, odds = list(self.shards.values())[int(rng.integers(len(self.shards)))]
        frame = int(rng.choice(len(photos), p=odds))
        return photos[frame], depths[frame].astype(np.float32)


def likeness(depths: NDArray[np.float16]) -> NDArray[np.float64]:
    """Return how often each picture of a shard (n, H, W) is to be drawn, as shares (n,).

    That what is lower in the picture is nearer holds more often, and further, in photos than in scenes thrown together
    by chance: photographers stand upright. Pictures where it holds are drawn more often, until it is as true as in
    photos: 0.79 of the pairs in order, 0.7 of the pixels within a quarter.
    """
    small = depths[:, 4::8, 4::8].astype(np.float64) + 1e-3
    count, height, width = small.shape
    rows, flat = np.repeat(np.arange(height), width), small.reshape(count, -1)
    one, other = np.random.default_rng(0).integers(0, height * width, (2, 2000))
    ratio = flat[:, one] / flat[:, other]
    apart = np.maximum(ratio, 1 / ratio) > 1.15
    ordered = (((rows[one] > rows[other]) == (ratio > 1)) & apart).sum(1) / np.maximum(apart.sum(1), 1)
    centred = rows - rows.mean()
    slope = ((flat - flat.mean(1, keepdims=True)) * centred).mean(1, keepdims=True) / rows.var()
    quotient = np.maximum(flat.mean(1, keepdims=True) + slope * centred, 1e-9) / flat
    within = (np.maximum(quotient, 1 / quotient) < 1.25).mean(1)
    weights = np.exp(3 * ordered + 2.5 * within)
    return weights / weights.sum()


def _held_back(group: str, share: int) -> bool:
    """Whether a group is one of `share` in 100, by its name alone."""
    return sum(ord(letter) * (place + 7) for place, letter in enumerate(group)) * 2654435761 % 2**32 % 100 < share
