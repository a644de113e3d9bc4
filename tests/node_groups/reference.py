"""What the groups should compute, in numpy and from the descriptions of their sockets alone.

Pictures are (H, W) arrays, top row first. A grid has `columns` x `rows` vertices that run up each column in turn, so
that an array of a grid is (columns, rows), or flat in that order. All arithmetic is float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LATTICE = 128  # Depth Range reads so many pixels along each side


def grid_counts(width: int, height: int, resolution: int) -> tuple[int, int]:
    """Columns and rows of the grid for a picture: square cells in pixels, the longer side as wanted, never below 2."""
    longer = max(width, height) - 1
    if longer == 0:
        return 2, 2
    columns, rows = (int(np.floor((resolution - 1) * (side - 1) / longer + 0.5)) + 1 for side in (width, height))
    return max(columns, 2), max(rows, 2)


def grid_shares(columns: int, rows: int) -> np.ndarray:
    """Where each vertex lies on the grid, (N, 2), from (0, 0) to (1, 1)."""
    x, y = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows), indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def grid_faces(columns: int, rows: int) -> np.ndarray:
    """The quads of a grid, ((columns - 1) * (rows - 1), 4), counter-clockwise from the lower left."""
    first = (np.arange(columns - 1)[:, None] * rows + np.arange(rows - 1)).ravel()
    return first[:, None] + np.array([0, rows, rows + 1, 1])


def on_pixel_centres(uv: np.ndarray, width: int, height: int) -> np.ndarray:
    """UV (N, 2) squeezed so that 0 and 1 become the centres of the first and the last pixel."""
    size = np.array([width, height], float)
    return (uv * (size - 1) + 0.5) / size


def sample_linear(picture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Blend the four nearest pixels; beyond the border counts the border."""
    height, width = picture.shape
    x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1)
    y = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1)
    x0, y0 = np.floor(x + 1e-6).astype(int), np.floor(y + 1e-6).astype(int)  # a pixel centre belongs to its pixel
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = np.clip(x - x0, 0, 1), np.clip(y - y0, 0, 1)
    upper = picture[y0, x0] * (1 - fx) + picture[y0, x1] * fx
    lower = picture[y1, x0] * (1 - fx) + picture[y1, x1] * fx
    return upper * (1 - fy) + lower * fy


def sample_known(picture: np.ndarray, valid: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blend the four nearest pixels where all are known, else take the closest: depth and whether it is known, (N,)."""
    blend, closest = sample_linear(np.where(valid, picture, 0), uv), sample_closest(picture, uv)
    whole = sample_linear(valid.astype(float), uv) > 1 - 1e-6
    return np.where(whole, blend, closest), whole | sample_closest(valid, uv)


def sample_closest(picture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """The pixel that holds the point; beyond the border the border's."""
    height, width = picture.shape
    x = np.clip(np.floor(uv[:, 0] * width), 0, width - 1).astype(int)
    y = np.clip(np.floor(uv[:, 1] * height), 0, height - 1).astype(int)
    return picture[height - 1 - y, x]


def depth_range(
    picture: np.ndarray, valid: np.ndarray, kind: str, clip_near: float, clip_far: float
) -> tuple[float, float]:
    """Lowest and highest value of the known pixels of a fixed lattice, without the given percentages."""
    centres = (np.arange(LATTICE) + 0.5) / LATTICE
    uv = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
    known = sample_closest(valid & np.isfinite(picture), uv)
    values = np.sort(sample_closest(picture, uv)[known])
    if values.size == 0:
        return 0.0, 0.0
    below, above = (clip_near, clip_far) if kind == "Distance" else (clip_far, clip_near)
    ranks = [np.floor((len(values) - 1) * share + 0.5) for share in (below / 100, 1 - above / 100)]
    return float(values[int(ranks[0])]), float(values[int(ranks[1])])


def normalize(
    depth: np.ndarray,
    kind: str,
    low: float,
    high: float,
    near: float = 1.0,
    far: float = 0.0,
    invert: bool = False,
    falloff: float = 1.0,
) -> np.ndarray:
    """Depth of either kind as 0 (far) to 1 (near), with gamma; an empty range gives 0."""
    if low == high:
        return np.zeros(np.shape(depth))
    nearness = (depth - low) / (high - low)
    if (kind == "Distance") != invert:
        nearness = 1 - nearness
    return np.clip((nearness - far) / (near - far), 0, 1) ** falloff


def to_distance(depth: np.ndarray, near: float, far: float) -> np.ndarray:
    """Distance z = 1 / (a d + b), so that depth 1 lies at `near` and depth 0 at `far`."""
    return 1 / (depth * (1 / near - 1 / far) + 1 / far)


def snap(depth: np.ndarray, known: np.ndarray, distance: np.ndarray, radius: int, threshold: float) -> np.ndarray:
    """Depth of a grid (columns, rows) with hard edges.

    Where the farthest known vertex of the (2 radius + 1) squared window lies beyond the nearest by more than the
    threshold, a known vertex takes the highest or the lowest depth of its window, whichever is closer to the nearest
    known depth of the 3 x 3 vertices around it. `distance` is the distance of every vertex and must rise or fall with
    depth.
    """
    result = depth.copy()
    columns, rows = depth.shape
    for column, row in np.ndindex(columns, rows):
        if not known[column, row]:
            continue
        window = (
            slice(max(column - radius, 0), column + radius + 1),
            slice(max(row - radius, 0), row + radius + 1),
        )
        values, far_away = depth[window][known[window]], distance[window][known[window]]
        if far_away.max() > far_away.min() * (1 + threshold):
            low, high = values.min(), values.max()
            around = (slice(max(column - 1, 0), column + 2), slice(max(row - 1, 0), row + 2))
            own = depth[column, row]
            if radius > 0:
                own = depth[around][known[around]][distance[around][known[around]].argmin()]
            result[column, row] = high if own - low >= high - own else low
    return result


def smooth(
    depth: np.ndarray, known: np.ndarray, distance: np.ndarray, turns: int, threshold: float, soft: int = 0
) -> np.ndarray:
    """Depth of a grid (columns, rows), of which each known vertex takes the mean of five, again and again.

    The five are itself and its four neighbours; one that is unknown, or beyond a jump in distance by more than the
    threshold, counts as the vertex itself. With `soft`, it first takes the mean of three, along the columns and then
    along the rows, at r = half so many vertices (rounded up), and then at a third of 2 r + 1 (rounded down), of which
    as many are taken from r and so on until none is left; of these, at most r. Where the grid ends before, its last
    one counts.
    """
    reach = left = (soft + 1) // 2
    strides = [reach]
    while left > 0:
        strides.append(int(np.floor((2 * left + 1) / 3)))
        left -= strides[-1]
    passes = []
    for stride in strides[:reach]:
        passes += [((0, stride), (0, -stride)), ((stride, 0), (-stride, 0))]
    passes += [((1, 0), (-1, 0), (0, 1), (0, -1))] * turns
    result = depth.astype(float).copy()
    last = np.array(depth.shape) - 1
    for steps in passes:
        before = result.copy()
        for place in np.ndindex(*depth.shape):
            taken = [before[place]]
            for step in steps:
                other = tuple(np.clip(np.add(place, step), 0, last))
                same = known[place] and known[other]
                if same:
                    ends = sorted((distance[place], distance[other]))
                    same = ends[1] <= ends[0] * (1 + threshold)
                taken.append(before[other] if same else before[place])
            result[place] = np.mean(taken)
    return result


def compress(height: np.ndarray, known: np.ndarray, strength: float, knee: float = 0.005) -> np.ndarray:
    """Height of a grid (columns, rows) with the logarithm of Weyrich et al. (2007) applied to its steps.

    Sums of the steps along each line start it; then, at halving distances, every vertex takes twice the mean of itself
    and of what its four neighbours at that distance, or at the border, say that it should be. Brought to 0..1 over the
    known ones. First, 16 times, unknown vertices beside known ones become known, as the lowest of these four.
    """
    columns, rows = height.shape
    reached, there = height.copy(), known.copy()
    for _ in range(16):
        before, had = reached.copy(), there.copy()
        for c, r in zip(*np.nonzero(~had), strict=True):
            four = [(c - 1, r), (c + 1, r), (c, r - 1), (c, r + 1)]
            found = [before[at] for at in four if 0 <= at[0] < columns and 0 <= at[1] < rows and had[at]]
            if found:
                reached[c, r], there[c, r] = min(found), True
    sums = []
    for axis in (0, 1):
        h, k = np.moveaxis(reached, axis, 0), np.moveaxis(there, axis, 0)
        line = np.zeros(h.shape)
        for place in range(1, len(h)):
            step = np.where(k[place] & k[place - 1], h[place] - h[place - 1], 0.0)
            shrunk = np.sign(step) * knee * np.log(1 + np.abs(step) / knee)
            line[place] = line[place - 1] + (1 - strength) * step + strength * shrunk
        sums.append(np.moveaxis(line, 0, axis))
    across, up = sums
    result = (across + up) / 2
    for level in reversed(range(int(np.ceil(np.log2(max(columns, rows)))))):
        for _ in range(2):
            before = result.copy()
            for c, r in np.ndindex(columns, rows):
                total = before[c, r]
                for other in (max(c - 2**level, 0), min(c + 2**level, columns - 1)):
                    total += before[other, r] + across[c, r] - across[other, r]
                for other in (max(r - 2**level, 0), min(r + 2**level, rows - 1)):
                    total += before[c, other] + up[c, r] - up[c, other]
                result[c, r] = total / 5
    low, high = result[known].min(), result[known].max()
    return np.clip((result - low) / (high - low), 0, 1) if high > low else np.zeros(result.shape)


def rim(uv: np.ndarray, width: int, height: int, border: float) -> np.ndarray:
    """0 on the outermost pixel centres, 1 from `border` shorter sides inside them, a smooth step between."""
    if border == 0:
        return np.ones(len(uv))
    inside = (np.minimum(uv, 1 - uv) * [width, height] - 0.5).min(axis=1) / min(width, height)
    t = np.clip(inside / border, 0, 1)
    return t * t * (3 - 2 * t)


def unproject(
    uv: np.ndarray, distance: np.ndarray, width: int, height: int, spread: float, shift: tuple[float, float] = (0, 0)
) -> np.ndarray:
    """Each pixel on its ray from the origin along -Z; `spread` is the longer side's size at distance 1."""
    across = ((uv - 0.5) * [width, height] / max(width, height) + shift) * spread
    return np.concatenate([across, -np.ones((len(uv), 1))], axis=1) * distance[:, None]


def face_normals(vertices: np.ndarray, faces: Sequence[Sequence[int]]) -> np.ndarray:
    """Unit normals by Newell's method, (M, 3); 0 for faces without area."""
    normals = []
    for face in faces:
        here = vertices[list(face)]
        normals.append(np.cross(here, np.roll(here, -1, axis=0)).sum(axis=0))
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(normals) / np.where(lengths > 0, lengths, 1)


def vertex_normals(vertices: np.ndarray, faces: Sequence[Sequence[int]]) -> np.ndarray:
    """Unit normals of the vertices (N, 3): the faces' normals weighted by their angle at the vertex."""
    total = np.zeros(vertices.shape)
    for face, normal in zip(faces, face_normals(vertices, faces), strict=True):
        here = vertices[list(face)]
        ahead, behind = np.roll(here, -1, axis=0) - here, np.roll(here, 1, axis=0) - here
        cosine = (ahead * behind).sum(axis=1) / (np.linalg.norm(ahead, axis=1) * np.linalg.norm(behind, axis=1))
        np.add.at(total, list(face), np.arccos(np.clip(cosine, -1, 1))[:, None] * normal)
    return total / np.linalg.norm(total, axis=1, keepdims=True)


@dataclass(frozen=True)
class Cut:
    """One answer for each face: is it torn, has it an unknown corner, and does it stay."""

    torn: np.ndarray
    unknown: np.ndarray
    keep: np.ndarray
    margin: float  # how far the closest face is from changing its mind, relative: what rounding must stay below


def cut(
    vertices: np.ndarray,
    faces: Sequence[Sequence[int]],
    distance: np.ndarray,
    known: np.ndarray,
    view: np.ndarray,
    threshold: float,
    angle: float,
    minimum: int,
    least_gap: float = 0.0,
    pixel: np.ndarray | None = None,
    stepped: np.ndarray | None = None,
) -> Cut:
    """Which faces the cutoff keeps; `view` (N, 3) points from each vertex to the viewer, a face's is their mean.

    A quarter of `least_gap` counts where a vertex of the face is one of `stepped` (N,).

    Faces that bridge no more than `least_gap`, over the nearer distance, are never too steep. `pixel` (N, 2) says where
    each vertex lies in the picture, in pixels: faces that span many are allowed more, and count for more.
    """
    ends = np.array([(distance[list(face)].min(), distance[list(face)].max()) for face in faces])
    rays = np.array([view[list(face)].mean(axis=0) for face in faces])
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    facing = np.abs((face_normals(vertices, faces) * rays).sum(axis=1))
    unknown = np.array([not known[list(face)].all() for face in faces])
    ratio = ends[:, 1] / ends[:, 0] - 1
    spans = np.zeros(len(faces)) if pixel is None else np.array([span(pixel, face) for face in faces])
    across, spans = np.maximum(spans / 3, 1), np.maximum(spans, 1)
    limit, low = (1 + threshold) ** across - 1, (1 + threshold / 2) ** across - 1
    beside = np.zeros(len(faces), bool) if stepped is None else np.array([stepped[list(face)].any() for face in faces])
    least = (1 + np.where(beside, least_gap / 4, least_gap)) ** spans - 1
    jump, steep = ratio > limit, (facing < np.cos(angle)) & (ratio > least)
    needle = (1 + 2 * threshold) ** across - 1
    # What is torn beside unknown faces is a part of their hole, and no speck.
    torn = whole_edges(len(vertices), faces, jump | steep | unknown, ratio > low, (ratio > needle) | unknown) & ~unknown
    bad = torn | unknown
    minimum = min(minimum, len(faces) // 16)
    sure = ~unknown
    to_limits = [
        ratio - limit,
        ratio - low,
        ratio - needle,
        facing - np.cos(angle),
        *([ratio - least] if least_gap else []),
    ]
    margin = min(np.abs(difference[sure]).min(initial=1) for difference in to_limits)
    return Cut(torn, unknown, ~bad & ~crumbs(len(vertices), faces, ~bad, minimum), float(margin))


def steps(distance: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which vertices of a grid (columns, rows) lie at a step: its inverse distance changes unlike a plane's.

    Along a line of the grid a plane's inverse distance changes evenly. A step changes it by more, between a vertex and
    its next ones, than a quarter more than the mean change over 8 vertices to the flatter side and 0.2 % of itself.
    """
    nearness = np.where(known, 1 / np.where(known, distance, 1), 0)
    found = np.zeros(distance.shape, bool)
    for lines, result in ((nearness, found), (nearness.T, found.T)):
        count = len(lines)
        reach = min(8, (count - 1) // 2)
        for place in range(count):
            one, other = lines[max(place - 1, 0)], lines[min(place + 1, count - 1)]
            left, right = place - reach, place + reach
            if left < 0:
                left = right
            if right > count - 1:
                right = place - reach
            flat = np.minimum(*(np.abs(lines[end] - lines[place]) for end in (left, right))) / max(reach, 1)
            result[place] |= np.abs(other - one) / 2 > 1.25 * flat + 0.002 * lines[place]
    return found


def span(pixel: np.ndarray, face: Sequence[int]) -> float:
    """How many pixels a face spans, along x or y, between opposite ones of its first four corners."""
    a, b, c, d = (pixel[face[place % len(face)]] for place in range(4))
    return float(max(np.abs(a - c).max(), np.abs(b - d).max()))


def whole_edges(
    points: int, faces: Sequence[Sequence[int]], torn: np.ndarray, weak: np.ndarray, needle: np.ndarray
) -> np.ndarray:
    """Torn faces (M,), spread twice to all weak faces that touch them, without small pieces that hold no needle."""
    possible = torn | weak
    for _ in range(2):
        touched = np.zeros(points, bool)
        for face, is_torn in zip(faces, torn, strict=True):
            touched[list(face)] |= is_torn
        torn = possible & np.array([touched[list(face)].any() for face in faces])
    few = int(np.ceil(min(8.0, np.sqrt(len(faces)) / 8)))
    return torn & ~crumbs(points, faces, torn, few, needle)


def crumbs(
    points: int, faces: Sequence[Sequence[int]], good: np.ndarray, minimum: int, stay: np.ndarray | None = None
) -> np.ndarray:
    """Which faces belong to a piece of fewer than `minimum` good faces without one of `stay`, joined by vertices."""
    parent = np.arange(points)

    def root(vertex: int) -> int:
        while parent[vertex] != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    for face, stays in zip(faces, good, strict=True):
        if stays:
            for vertex in face[1:]:
                parent[root(vertex)] = root(face[0])
    piece = np.array([root(face[0]) for face in faces])
    sizes = np.bincount(piece[good], minlength=points)
    if stay is not None:
        sizes[piece[good & stay]] = len(faces)
    return good & (sizes[piece] < minimum)
