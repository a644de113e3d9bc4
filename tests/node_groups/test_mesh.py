"""The surfaces that `inference.mesh` makes without Blender are those that Depth Relief makes, face by face."""

from math import radians
from typing import Any

import bpy
import numpy as np
import pytest

from inference.background import Background, behind
from inference.depth import Depth
from inference.mesh.layers import layers
from inference.mesh.shape import Layer, Shape

from .scene import depth_image, evaluate, relief

HEIGHT, WIDTH = 48, 64
# What the modifier calls the fields of `Shape`.
NAMES = {
    "vertices": "Resolution",
    "near_distance": "Near Distance",
    "far_distance": "Far Distance",
    "focal_length": "Focal Length",
    "scale": "Scale",
    "cutoff": "Cutoff",
    "threshold": "Threshold",
    "angle": "Angle",
    "least_gap": "Least Gap",
    "soften_steps": "Soften Steps",
    "minimum_island": "Minimum Island",
    "edge_snap": "Edge Snap",
    "snap_radius": "Snap Radius",
    "background": "Background",
    "border": "Border",
}


def scenery(kind: str, holes: bool) -> Depth:
    """A slope with a little noise, blurred blocks of three sizes, and if wanted a hole and a stray unknown pixel."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    values = 0.1 + 0.2 * y + np.random.default_rng(4).uniform(0, 0.01, x.shape)
    for across, down, size, rise in ((0.35, 0.4, 0.2, 0.6), (0.8, 0.75, 0.08, 0.45), (0.75, 0.2, 0.03, 0.3)):
        inside = np.clip((size - np.maximum(np.abs(x - across), np.abs(y - down))) * WIDTH / 2 + 0.5, 0, 1)
        values += rise * inside
    values /= values.max()
    values = (values if kind == "disparity" else 6 - 5 * values).astype(np.float32)
    known = np.ones(values.shape, bool)
    if holes:
        known[30:40, 6:12] = known[5, 50] = False
    counted = values[known]
    low, high = float(counted.min()), float(counted.max())
    if kind == "disparity":  # as a depth image holds it
        values, low, high = ((values - low) / (high - low)).astype(np.float32), 0.0, 1.0
    return Depth(values, known if holes else None, kind, low, high, "", "")  # type: ignore[arg-type]


def in_blender(depth: Depth, back: Background | None, shape: Shape) -> list[Layer]:
    """Return the surfaces of the modifier, the front first."""
    image = depth_image(depth.values, depth.validity)
    if back is not None:
        pixels = np.ones((HEIGHT, WIDTH, 4), np.float32)
        pixels[..., 0], pixels[..., 1], pixels[..., 2] = depth.values, back.depth, back.presence
        if depth.validity is not None:
            pixels[..., 3] = depth.validity
        image.pixels.foreach_set(pixels[::-1].ravel())
        image.update()
    materials = [bpy.data.materials.get(name) or bpy.data.materials.new(name) for name in ("front", "back")]
    given: dict[str, Any] = {name: getattr(shape, field) for field, name in NAMES.items()}
    given |= {"Image": image, "Kind": depth.kind.title(), "Projection": shape.projection.title(), "Sensor Width": 36.0}
    given |= {"Material": materials[0], "Background Material": materials[1], "Background": back is not None}
    sides = np.array([WIDTH, HEIGHT]) / max(WIDTH, HEIGHT) * 2.0
    ob = relief(given, size=tuple(sides))
    mesh = evaluate(ob, keep=True)
    slots = [
        slot.name if slot else "" for slot in ob.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.materials
    ]
    of_back = np.array(
        [slots[index] == "back" for index in mesh.attributes.get("material_index", np.zeros(len(mesh.faces), int))]
    )
    uv = np.empty((len(mesh.vertices), 2), np.float32)
    uv[mesh.corners] = mesh.attribute("UVMap")
    bpy.data.objects.remove(ob)
    found = []
    for faces in (mesh.faces[~of_back], mesh.faces[of_back]):
        used, place = np.unique(faces, return_inverse=True)
        found.append(Layer(mesh.vertices[used], uv[used], place.reshape(faces.shape).astype(np.uint32)))
    return found


def ordered(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of each face, (M, 4, 5) of place and UV, in an order that the surface alone decides.

    And so each face begins at its lower left corner.
    """
    corners = np.concatenate([layer.vertices, layer.uv], axis=1)[layer.quads].astype(float)
    uv = np.round(corners[..., 3:], 5)
    first = np.argmin(uv.sum(axis=2), axis=1)
    corners = np.take_along_axis(corners, ((first[:, None] + np.arange(4)) % 4)[..., None], axis=1)
    middle = np.round(corners[..., 3:].mean(axis=1), 4)
    return corners[np.lexsort(middle.T)], middle[np.lexsort(middle.T)]


def assert_same(ours: Layer | None, theirs: Layer) -> None:
    if ours is None or not len(ours.quads):
        assert len(theirs.quads) == 0
        return
    (corners, middle), (wanted, wanted_middle) = ordered(ours), ordered(theirs)
    np.testing.assert_allclose(middle, wanted_middle, atol=2e-4)
    np.testing.assert_allclose(corners[..., 3:], wanted[..., 3:], atol=1e-5)
    reach = np.linalg.norm(wanted[..., :3], axis=-1).max()
    np.testing.assert_allclose(corners[..., :3], wanted[..., :3], atol=1e-4 * reach)


SHAPES = [
    {},
    {"vertices": 41, "threshold": 0.35, "minimum_island": 8, "border": 0.1},
    {"vertices": 150, "snap_radius": 2, "far_distance": 20.0, "focal_length": 24.0},
    {"edge_snap": False, "threshold": 0.1, "angle": radians(70), "minimum_island": 0, "border": 0.0},
    {"vertices": 240, "least_gap": 0.06, "soften_steps": 3, "focal_length": 100.0},
]


def compare(depth: Depth, projection: str, shape: dict[str, Any]) -> Layer:
    """Hold both surfaces, and the front alone, to Blender's; return the front."""
    photo = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    known = np.ones(depth.values.shape, bool) if depth.validity is None else np.asarray(depth.validity, bool)
    back = behind(depth.values, known, depth.kind, photo)
    asked = Shape(projection=projection, **{"vertices": WIDTH, "minimum_island": 20, **shape})  # type: ignore[arg-type]
    for layer in (back, None):
        front, second = layers(depth, layer, asked, WIDTH / HEIGHT)
        their_front, their_back = in_blender(depth, layer, asked)
        assert_same(front, their_front)
        if layer is not None:
            assert second is not None
            assert_same(second, their_back)
    return front


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("kind", ["disparity", "distance"])
@pytest.mark.parametrize("projection", ["camera", "relief"])
def test_every_face_is_blenders(projection: str, kind: str, holes: bool, shape: dict[str, Any]) -> None:
    front = compare(scenery(kind, holes), projection, shape)
    vertices = shape.get("vertices", WIDTH)
    assert 0.3 < len(front.quads) / (vertices * vertices * HEIGHT / WIDTH) < 0.98


@pytest.mark.parametrize("projection", ["camera", "relief"])
def test_whole_where_nothing_is_cut(projection: str) -> None:
    front = compare(scenery("disparity", holes=False), projection, {"cutoff": False, "near_distance": 0.5})
    assert len(front.quads) == (HEIGHT - 1) * (WIDTH - 1)
