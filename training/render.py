"""Renders a scene of simple solids with numpy: a linear picture, and the exact distance of every pixel."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .solids import KINDS, NEAR, Array, Solid, intersect, normals
from .textures import LEVELS, TILE


@dataclass(frozen=True)
class Material:
    """How a surface looks: two linear colours, mixed by one pattern and darkened by another."""

    colours: Array  # (2, 3)
    tiles: tuple[int, int]
    scales: tuple[float, float]  # metres along a side of each pattern
    contrast: float  # of the second pattern
    gloss: float
    glow: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True)
class Light:
    """A point of light, or a direction to the sun where `far`; colour (3,) linear."""

    position: Array
    colour: Array
    far: bool
    shadow: bool


@dataclass(frozen=True)
class Camera:
    """position (3,); axes (3, 3) with right, up and forward as columns; focal length in picture heights."""

    position: Array
    axes: Array
    focal: float


@dataclass
class Scene:
    """What is to be seen. The sky's colours are those at the horizon and overhead; None is a closed room."""

    camera: Camera
    solids: list[Solid] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    lights: list[Light] = field(default_factory=list)
    ambient: float = 0.4
    contact: float = 0.2  # how dark it gets where things touch, 0 to 1
    fog: float = 0.0  # a metre
    sky: Array | None = None  # (2, 3)


def render(
    scene: Scene, height: int, width: int, bank: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return (height, width, 3) linear colours and (height, width) distances along the view axis, inf in the sky."""
    upward, across = _rays(scene, height, width)
    distance, owner = _visible(scene, upward, across)
    rays = np.empty((height, width, 3), np.float32)
    rays[..., 0], rays[..., 1], rays[..., 2] = across, upward[:, None], 1
    rays = rays @ scene.camera.axes.T.astype(np.float32)
    colour = _sky(scene, rays, bank, rng)
    seen = owner >= 0
    points = scene.camera.position.astype(np.float32) + distance[seen][:, None] * rays[seen]
    surface = _Surface.at(scene, points, owner[seen])
    albedo, gloss, glow = surface.look(scene, distance[seen] / (scene.camera.focal * height), bank, rng)
    light, shine = _lighting(scene, surface, rays[seen], _shadows(scene, points, seen, rng))
    light *= _crevices(distance, scene.contact)[seen][:, None]
    colour[seen] = albedo * (light + glow[:, None]) + gloss[:, None] * shine
    if scene.fog and scene.sky is not None:
        clear = np.exp(-scene.fog * distance)[..., None]
        colour = colour * clear + scene.sky[0] * (1 - clear)
    return colour, distance


def owners(scene: Scene, height: int, width: int) -> NDArray[np.int16]:
    """Return (height, width): the index of the solid that each pixel sees, -1 for none."""
    upward, across = _rays(scene, height, width)
    return _visible(scene, upward, across)[1]


def _rays(scene: Scene, height: int, width: int) -> tuple[Array, Array]:
    """Return the slopes (height,) and (width,) of the rays through the pixels' centres."""
    pitch = 1 / (scene.camera.focal * height)
    across = ((np.arange(width, dtype=np.float32) + 0.5) - width / 2) * pitch
    upward = (height / 2 - (np.arange(height, dtype=np.float32) + 0.5)) * pitch
    return upward, across


def _visible(scene: Scene, upward: Array, across: Array) -> tuple[Array, NDArray[np.int16]]:
    """Return the distance of what each pixel sees, and the index of its solid, -1 for none."""
    distance = np.full((len(upward), len(across)), np.inf, np.float32)
    owner = np.full(distance.shape, -1, np.int16)
    for index, solid in enumerate(scene.solids):
        window = _window(solid, scene.camera, upward, across)
        if window is None:
            continue
        to_local = solid.to_local()
        origin = to_local @ (scene.camera.position - solid.centre).astype(np.float32)
        turn = to_local @ scene.camera.axes.astype(np.float32)
        x, y = across[window[1]][None], upward[window[0]][:, None]
        rays = [turn[k, 0] * x + turn[k, 1] * y + turn[k, 2] for k in range(3)]
        t = intersect(solid, origin, *rays)
        part = distance[window]
        nearer = t < part
        part[nearer] = t[nearer]
        owner[window][nearer] = index
    return distance, owner


def _window(solid: Solid, camera: Camera, upward: Array, across: Array) -> tuple[slice, slice] | None:
    """Return the rows and columns of pixels that can see the solid, None where it is behind or beside the picture."""
    corners = (solid.corners() - camera.position) @ camera.axes
    if (corners[:, 2] < NEAR).all():
        return None
    if (corners[:, 2] < NEAR).any():
        return slice(0, len(upward)), slice(0, len(across))
    x, y = corners[:, 0] / corners[:, 2], corners[:, 1] / corners[:, 2]
    columns = slice(int(np.searchsorted(across, x.min())), int(np.searchsorted(across, x.max())))
    rows = slice(int(np.searchsorted(-upward, -y.max())), int(np.searchsorted(-upward, -y.min())))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


@dataclass(frozen=True)
class _Surface:
    """What is seen at n pixels: points and unit normals (n, 3), and where patterns are looked up, (n, 2) metres."""

    points: Array
    normals: Array
    pattern: Array
    material: NDArray[np.int64]

    @classmethod
    def at(cls, scene: Scene, points: Array, owner: NDArray[np.int16]) -> "_Surface":
        kinds = np.array([KINDS.index(solid.kind) for solid in scene.solids], np.uint8)[owner]
        tapers = np.array([solid.taper for solid in scene.solids], np.float32)[owner]
        maps = np.array([solid.to_local() for solid in scene.solids], np.float32)
        centres = np.array([solid.centre for solid in scene.solids], np.float32)
        halves = np.array([solid.half for solid in scene.solids], np.float32)[owner]
        local = np.einsum("nij,nj->ni", maps[owner], points - centres[owner])
        inward = normals(kinds, local, tapers)
        outward = np.einsum("nji,nj->ni", maps[owner], inward)
        metric, axis = local * halves, np.abs(inward / halves).argmax(1)
        first = np.where(axis == 0, metric[:, 2], metric[:, 0])
        second = np.where(axis == 1, metric[:, 2], metric[:, 1])
        material = np.array([solid.material for solid in scene.solids])[owner]
        sides = material * 0.37 + axis * 0.61  # so that neighbouring faces don't continue each other
        return cls(points, _unit(outward), np.stack([first + sides, second + sides], 1), material)

    def look(
        self, scene: Scene, footprint: Array, bank: NDArray[np.uint8], rng: np.random.Generator
    ) -> tuple[Array, Array, Array]:
        """Return albedo (n, 3), gloss and glow (n,). footprint: (n,) metres that a pixel covers."""
        of = scene.materials
        mixed = []
        for which in range(2):
            tiles = np.array([material.tiles[which] for material in of])[self.material]
            scales = np.array([material.scales[which] for material in of], np.float32)[self.material]
            offsets = np.array([material.offset for material in of], np.float32)[self.material]
            texels = footprint / scales * TILE
            level = np.clip(np.round(np.log2(np.maximum(texels, 1))), 0, LEVELS - 1).astype(int)
            place = (self.pattern / scales[:, None] + offsets[:, None]) * TILE
            # Rounding at random is a bilinear look-up once the picture is scaled down.
            row, column = np.floor(place + rng.random(place.shape, np.float32)).astype(np.int64).T % TILE
            mixed.append(bank[tiles, level, row, column].astype(np.float32) / 255)
        colours = np.array([material.colours for material in of], np.float32)[self.material]
        contrast = np.array([material.contrast for material in of], np.float32)[self.material]
        albedo = colours[:, 0] + (colours[:, 1] - colours[:, 0]) * mixed[0][:, None]
        albedo *= (1 + contrast * (mixed[1] - 0.7))[:, None]
        gloss = np.array([material.gloss for material in of], np.float32)[self.material]
        return albedo, gloss, np.array([material.glow for material in of], np.float32)[self.material]


def _lighting(scene: Scene, surface: _Surface, rays: Array, shadows: list[Array]) -> tuple[Array, Array]:
    """Return diffuse light and highlights, (n, 3) each."""
    up = surface.normals[:, 1]
    light = np.repeat((scene.ambient * (0.8 + 0.2 * up))[:, None], 3, 1)
    shine = np.zeros_like(light)
    view = -_unit(rays)
    for source, lit in zip(scene.lights, shadows, strict=True):
        towards = np.broadcast_to(source.position, surface.points.shape)
        fall: Array = np.ones(1, np.float32)
        if not source.far:
            towards = source.position - surface.points
            fall = 1 / (0.3 + _dot(towards, towards))
        towards = _unit(towards)
        facing = np.maximum(_dot(surface.normals, towards), 0)
        light += (facing * lit * fall)[:, None] * source.colour
        highlight = np.maximum(_dot(surface.normals, _unit(towards + view)), 0) ** 40
        shine += (highlight * lit * fall)[:, None] * source.colour
    return light.astype(np.float32), shine.astype(np.float32)


def _shadows(scene: Scene, points: Array, seen: NDArray[np.bool_], rng: np.random.Generator) -> list[Array]:
    """Return for each light how much of it reaches the seen points, from every second row and column, blurred."""
    reach = []
    positions = np.zeros((*seen.shape, 3), np.float32)
    positions[seen] = points
    coarse, there = positions[::2, ::2], seen[::2, ::2]
    for source in scene.lights:
        lit = np.ones(coarse.shape[:2], np.float32)
        if source.shadow:
            spread = 0.03 if source.far else 0.08
            jitter = spread * rng.standard_normal(coarse[there].shape, np.float32)  # a light of some size
            lit[there] = ~_blocked(scene, coarse[there], source, jitter)
            lit = _soften(_soften(lit))
        reach.append(np.repeat(np.repeat(lit, 2, 0), 2, 1)[: seen.shape[0], : seen.shape[1]][seen])
    return reach


def _blocked(scene: Scene, points: Array, source: Light, jitter: Array) -> NDArray[np.bool_]:
    """Return whether something stands between each point (n, 3) and the light."""
    towards = source.position + jitter if source.far else source.position * (1 + 0 * points) + jitter - points
    limit = np.inf if source.far else 1.0
    towards = towards.astype(np.float32)
    square = _dot(towards, towards)
    start = points + (0.01 / np.sqrt(square))[:, None] * towards
    casting = [solid for solid in scene.solids if solid.kind != "room" and not scene.materials[solid.material].glow]
    if not casting:
        return np.zeros(len(points), np.bool_)
    # How near each ray passes each centre, (solids, n): matrix products leave little to the loop over solids.
    centres = np.array([solid.centre for solid in casting], np.float32)
    along = centres @ towards.T - _dot(start, towards)
    apart = (centres**2).sum(1)[:, None] - 2 * centres @ start.T + _dot(start, start)
    step = np.clip(along / square, 0, limit)
    passing = apart - 2 * step * along + step * step * square
    blocked = np.zeros(len(points), np.bool_)
    for solid, squares in zip(casting, passing, strict=True):
        near = np.flatnonzero((squares < float((solid.half**2).sum())) & ~blocked)
        if len(near):
            to_local = solid.to_local()
            x, y, z = (towards[near] @ to_local.T).T
            origin = (start[near] - solid.centre.astype(np.float32)) @ to_local.T
            blocked[near] = intersect(solid, origin, x, y, z) < limit
    return blocked


def _dot(one: Array, other: Array) -> Array:
    """Return the products (n,) of vectors (n, 3); many times as quick as a sum over the short axis."""
    return np.einsum("ni,ni->n", one, other)


def _unit(vectors: Array) -> Array:
    """Return vectors (n, 3) at a length of 1."""
    return vectors / (np.sqrt(_dot(vectors, vectors)) + 1e-9)[:, None]


def _soften(picture: Array) -> Array:
    """Return (h, w) blurred over 3 x 3."""
    wide = np.pad(picture, 1, mode="edge")
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    return (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9


def _crevices(distance: Array, strength: float) -> Array:
    """Return (h, w) how open each pixel's surroundings are: darker where something touches or nearly touches it."""
    near = 1 / np.maximum(distance, NEAR)
    shade = np.ones_like(near)
    for reach in (3, 9):
        wide = np.pad(near, ((reach + 1, reach),) * 2, mode="edge").cumsum(0, np.float64).cumsum(1)
        size = 2 * reach + 1
        total = wide[size:, size:] - wide[:-size, size:] - wide[size:, :-size] + wide[:-size, :-size]
        gap = (total / size**2).astype(np.float32) / np.maximum(near, 1e-4) - 1
        # A step across an outline is no contact: what stands far in front throws no shade.
        shade *= 1 - strength * np.clip(12 * gap, 0, 1) * np.exp(-((gap / 0.15) ** 2))
    return shade


def _sky(scene: Scene, rays: Array, bank: NDArray[np.uint8], rng: np.random.Generator) -> Array:
    """Return the colours (h, w, 3) of the sky, with clouds."""
    if scene.sky is None:
        return np.zeros_like(rays)
    height = np.clip(rays[..., 1] / np.linalg.norm(rays, axis=-1), 0, 1)
    blend = np.sqrt(height)[..., None]
    colour = scene.sky[0] * (1 - blend) + scene.sky[1] * blend
    place = (rays[..., ::2] / (height[..., None] + 0.25) * 40 + rng.integers(0, TILE, 2)).astype(np.int64) % TILE
    cloud = bank[int(rng.choice([0, 5, 7])), 2, place[..., 0], place[..., 1]].astype(np.float32)[..., None] / 255
    return (colour + rng.uniform(0, 0.5) * np.clip(cloud - rng.uniform(0, 0.6), 0, 1)).astype(np.float32)
