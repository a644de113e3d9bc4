"""A bank of tileable grey patterns, blurred in steps so that far surfaces don't flicker."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE = 256  # texels along a side
LEVELS = 5  # each blurred to half the detail of the one before, all kept at full size
Tile = NDArray[np.floating[Any]]


def make_bank(seed: int, count: int = 96) -> NDArray[np.uint8]:
    """Return (count, LEVELS, TILE, TILE) uint8 patterns that repeat without a seam."""
    rng = np.random.default_rng(seed)
    bank = np.empty((count, LEVELS, TILE, TILE), np.uint8)
    for index in range(count):
        tile = _stretch(PATTERNS[index % len(PATTERNS)](rng))
        spectrum = np.fft.rfft2(tile)
        for level in range(LEVELS):
            blurred = np.fft.irfft2(spectrum * _gaussian(0.5 * (2**level - 1)), tile.shape)
            bank[index, level] = np.round(255 * np.clip(blurred, 0, 1)).astype(np.uint8)
    return bank


def _frequencies() -> tuple[Tile, Tile]:
    """Return the frequencies of `rfft2` in cycles a tile, along rows and columns."""
    rows = np.fft.fftfreq(TILE, 1 / TILE).astype(np.float32)[:, None]
    columns = np.fft.rfftfreq(TILE, 1 / TILE).astype(np.float32)[None]
    return rows, columns


def _gaussian(sigma: float) -> Tile:
    """Return what a blur of `sigma` texels multiplies each frequency with."""
    rows, columns = _frequencies()
    return np.exp(-2 * (np.pi * sigma / TILE) ** 2 * (rows**2 + columns**2))


def _stretch(tile: Tile) -> Tile:
    low, high = np.percentile(tile, (1, 99))
    return np.clip((tile - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


def _coordinates() -> tuple[Tile, Tile]:
    axis = np.arange(TILE, dtype=np.float32) / TILE
    return np.meshgrid(axis, axis, indexing="ij")


def _cloud(rng: np.random.Generator, slope: float, stretch: float = 1.0) -> Tile:
    """Return noise whose amplitude falls with the frequency to the power of `slope`, drawn out along the rows."""
    rows, columns = _frequencies()
    radius = np.sqrt((rows / stretch) ** 2 + (columns * stretch) ** 2)
    radius[0, 0] = np.inf
    phases = rng.standard_normal(radius.shape) + 1j * rng.standard_normal(radius.shape)
    return _stretch(np.fft.irfft2(phases * radius**-slope, (TILE, TILE)))


def _noise(rng: np.random.Generator) -> Tile:
    return _cloud(rng, rng.uniform(0.6, 2.2))


def _grain(rng: np.random.Generator) -> Tile:
    return _cloud(rng, rng.uniform(0.9, 1.8), rng.uniform(2.5, 5))


def _wood(rng: np.random.Generator) -> Tile:
    rows, _ = _coordinates()
    rings = rows * rng.integers(3, 12) + rng.uniform(0.2, 1.2) * _cloud(rng, 2, 3)
    return 0.6 * np.abs(2 * (rings % 1) - 1) + 0.4 * _cloud(rng, 1.2, 5)


def _stripes(rng: np.random.Generator) -> Tile:
    rows, columns = _coordinates()
    phase = rows * rng.integers(0, 6) + columns * rng.integers(1, 24)
    wave = np.sin(2 * np.pi * phase)
    return wave if rng.random() < 0.4 else (wave > rng.uniform(-0.7, 0.7)).astype(np.float32)


def _checkers(rng: np.random.Generator) -> Tile:
    rows, columns = _coordinates()
    count = 2 * int(rng.integers(1, 9))
    return ((np.floor(rows * count) + np.floor(columns * count)) % 2).astype(np.float32) + 0.3 * _cloud(rng, 1)


def _bricks(rng: np.random.Generator) -> Tile:
    rows, columns = _coordinates()
    count, gap = 2 * int(rng.integers(1, 7)), rng.uniform(0.03, 0.12)
    shifted = columns * count * rng.choice([0.5, 1.0]) + 0.5 * (np.floor(rows * count) % 2) * rng.integers(0, 2)
    tone = rng.random((64, 64)).astype(np.float32)[
        np.floor(rows * count).astype(int) % 64, np.floor(shifted % (count / 2)).astype(int) % 64
    ]
    face = ((rows * count) % 1 > gap) & (shifted % 1 > gap / 2)
    return np.where(face, 0.5 + 0.4 * tone, 0.1) + 0.25 * _cloud(rng, 0.9)


def _cells(rng: np.random.Generator) -> Tile:
    """Patches around random points: stones, leaves, pebbles."""
    points = rng.random((int(rng.integers(12, 160)), 2)).astype(np.float32)
    tone = rng.random(len(points)).astype(np.float32)
    rows, columns = _coordinates()
    nearest = np.full((TILE, TILE), np.inf, np.float32)
    second, owner = nearest.copy(), np.zeros((TILE, TILE), int)
    for index, (row, column) in enumerate(points):
        apart = np.abs(rows - row), np.abs(columns - column)
        square = sum(np.minimum(gap, 1 - gap) ** 2 for gap in apart)
        second = np.minimum(second, np.maximum(square, nearest))
        owner = np.where(square < nearest, index, owner)
        nearest = np.minimum(square, nearest)
    rim = np.clip((np.sqrt(second) - np.sqrt(nearest)) * rng.uniform(20, 90), 0, 1)
    return (0.3 + 0.7 * tone[owner]) * rim


def _dots(rng: np.random.Generator) -> Tile:
    rows, columns = _coordinates()
    count = int(rng.integers(3, 20))
    return ((rows * count % 1 - 0.5) ** 2 + (columns * count % 1 - 0.5) ** 2 < rng.uniform(0.04, 0.16)).astype(
        np.float32
    )


def _print(rng: np.random.Generator) -> Tile:
    """Rectangles and lines of marks, as on packages, covers and screens."""
    tile = np.full((TILE, TILE), rng.random(), np.float32)
    for _ in range(int(rng.integers(3, 14))):
        (row, column), (height, width) = rng.integers(0, TILE, 2), rng.integers(10, 130, 2)
        tile[row : row + height, column : column + width] = rng.random()
    for _ in range(int(rng.integers(0, 5))):
        (row, column), pitch, ink = rng.integers(0, 200, 2), int(rng.integers(5, 16)), rng.random()
        for line in range(row, min(row + pitch * int(rng.integers(1, 9)), TILE - pitch), pitch):
            marks = np.repeat(rng.random(int(rng.integers(8, 60))) < 0.7, max(pitch // 3, 1))
            width = min(len(marks), TILE - column)
            block = tile[line : line + pitch // 2, column : column + width]
            block[:] = np.where(marks[:width], ink, block)
    return tile


def _blotches(rng: np.random.Generator) -> Tile:
    cloud = _cloud(rng, rng.uniform(1, 2))
    return np.clip((cloud - rng.uniform(0.3, 0.7)) * rng.uniform(5, 40) + 0.5, 0, 1) + 0.2 * _cloud(rng, 0.8)


PATTERNS: tuple[Callable[[np.random.Generator], Tile], ...] = (
    _noise, _grain, _wood, _print, _stripes, _noise, _cells, _blotches, _print, _checkers, _bricks, _dots,
)  # fmt: skip
