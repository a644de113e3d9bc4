"""What Depth Relief costs: `python -m tests.benchmarks.bench_groups` with bpy installed.

All figures are medians of interleaved runs in this one process, for one full evaluation; trust the ratios. The limit is
what the job costs at the least: the bare nodes, which are a Grid, one Image Texture and a Set Position; or to read and
write what changes, as quickly as one core copies.
"""

from time import perf_counter
from typing import Any

import numpy as np

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402

from tests.benchmarks.machine import bandwidth  # noqa: E402  Blender's user folder is set first
from tests.benchmarks.measure import Row, Stopwatch, Taken  # noqa: E402
from tests.node_groups.scene import (  # noqa: E402
    append_groups,
    depth_image,
    mesh_object,
    plane,
    relief,
    set_inputs,
)

freeze = extension.module("addon.scene.freeze")
stored = extension.module("addon.depth.image")

SIDE = 1024
ROUNDS = 15
UNCUT = {"Cutoff": False}
CUT = {"Cutoff": True, "Edge Snap": False}
SNAPPED = {"Cutoff": True, "Edge Snap": True}
WHOLE = {"Minimum Island": 0}
CAMERA = SNAPPED | {"Projection": "Camera"}
BARE = "Grid + Image Texture + Set Position"
SIDES = (512, 724, 1024, 1448, 2048, 2896)  # a quarter of a megapixel to eight

watch = Stopwatch()


def depth_map(side: int) -> np.ndarray:
    """A square scene in [0, 1]: ground, thirty nearer blocks with edges blurred over some pixels, a little noise."""
    random = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 1, side, dtype=np.float32), np.linspace(0, 1, side, dtype=np.float32))
    values = 0.3 * y
    for _ in range(30):
        u, v, size = random.uniform(0.05, 0.95), random.uniform(0.05, 0.95), random.uniform(0.02, 0.12)
        inside = np.clip((size - np.maximum(np.abs(x - u), np.abs(y - v))) * side / 6 + 0.5, 0, 1)
        values = np.maximum(values, inside * (0.3 * v + random.uniform(0.1, 0.6)))
    return (values + random.uniform(0, 0.002, values.shape)).astype(np.float32) / 1.1


def evaluation(ob: bpy.types.Object) -> float:
    """Seconds for one evaluation of an object."""
    ob.update_tag()
    start = perf_counter()
    bpy.context.view_layer.update()
    return perf_counter() - start


def sampled_grid(image: bpy.types.Image, subdivide: bool, most: float | None = None) -> bpy.types.Object:
    """The least that does the job: a Grid, or a subdivided quad, moved by one Image Texture.

    Faces above `most`, if given, are deleted: what any cut costs at the least.
    """
    tree = bpy.data.node_groups.new("bare", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    nodes, links = tree.nodes, tree.links
    grid = nodes.new("GeometryNodeMeshGrid")
    side = 2 if subdivide else image.size[0]
    for name, value in (("Size X", 2.0), ("Size Y", 2.0), ("Vertices X", side), ("Vertices Y", side)):
        grid.inputs[name].default_value = value
    flat = grid.outputs["Mesh"]
    if subdivide:
        finer = nodes.new("GeometryNodeSubdivideMesh")
        finer.inputs["Level"].default_value = round(np.log2(image.size[0]))
        links.new(flat, finer.inputs["Mesh"])
        flat = finer.outputs["Mesh"]
    uv = nodes.new("ShaderNodeVectorMath")
    uv.operation = "MULTIPLY_ADD"
    uv.inputs[1].default_value = uv.inputs[2].default_value = (0.5, 0.5, 0.0)
    links.new(nodes.new("GeometryNodeInputPosition").outputs[0], uv.inputs[0])
    texture = nodes.new("GeometryNodeImageTexture")
    texture.extension = "EXTEND"
    texture.inputs["Image"].default_value = image
    links.new(uv.outputs[0], texture.inputs["Vector"])
    red, up = nodes.new("FunctionNodeSeparateColor"), nodes.new("ShaderNodeCombineXYZ")
    move, end = nodes.new("GeometryNodeSetPosition"), nodes.new("NodeGroupOutput")
    links.new(texture.outputs["Color"], red.inputs[0])
    links.new(red.outputs["Red"], up.inputs["Z"])
    links.new(up.outputs[0], move.inputs["Offset"])
    links.new(flat, move.inputs["Geometry"])
    result = move.outputs[0]
    if most is not None:
        delete, above, height = (
            nodes.new(name) for name in ("GeometryNodeDeleteGeometry", "FunctionNodeCompare", "ShaderNodeSeparateXYZ")
        )
        delete.domain, above.inputs[1].default_value = "FACE", most
        links.new(nodes.new("GeometryNodeInputPosition").outputs[0], height.inputs[0])
        links.new(height.outputs["Z"], above.inputs[0])
        links.new(above.outputs[0], delete.inputs["Selection"])
        links.new(result, delete.inputs["Geometry"])
        result = delete.outputs[0]
    links.new(result, end.inputs[0])
    ob = mesh_object(np.zeros((1, 3)))
    ob.modifiers.new("bare", "NODES").node_group = tree
    return ob


def displaced(image: bpy.types.Image) -> bpy.types.Object:
    """What one does without nodes: Subdivision Surface (simple) and Displace."""
    ob = plane()
    finer = ob.modifiers.new("finer", "SUBSURF")
    finer.subdivision_type = "SIMPLE"
    finer.levels = finer.render_levels = round(np.log2(image.size[0]))
    push = ob.modifiers.new("push", "DISPLACE")
    push.texture = bpy.data.textures.new("depth", "IMAGE")
    push.texture.image = image
    push.texture_coords = "UV"
    return ob


def from_pydata(values: np.ndarray) -> float:
    """Seconds for a mesh made in Python: numpy, then from_pydata."""
    start = perf_counter()
    side = len(values)
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(1, -1, side))
    first = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = first[:, None] + np.array([side, side + 1, 1, 0])
    mesh = bpy.data.meshes.new("pydata")
    mesh.from_pydata(np.dstack([x, y, values]).reshape(-1, 3).tolist(), [], faces.tolist())
    seconds = perf_counter() - start
    bpy.data.meshes.remove(mesh)
    return seconds


def forget(*objects: bpy.types.Object) -> None:
    """Remove objects and the meshes that only they use, evaluated ones included."""
    for ob in objects:
        mesh = ob.data
        bpy.data.objects.remove(ob)
        bpy.data.meshes.remove(mesh)
    bpy.context.view_layer.update()


def evaluations(objects: dict[str, bpy.types.Object], rounds: int = ROUNDS) -> dict[str, Taken]:
    """What an evaluation of each object takes; they take turns."""
    return watch.interleaved({name: lambda ob=ob: evaluation(ob) for name, ob in objects.items()}, rounds)


def copying(bytes_moved: int) -> float:
    """Seconds to read and write so many bytes in all."""
    return bytes_moved / bandwidth() / 1e9


def compare_settings(image: bpy.types.Image, values: np.ndarray) -> None:
    """Depth Relief against the bare sampled grid, alone and with the deletion of a twentieth of its faces."""
    settings: dict[str, dict[str, Any]] = {
        "Depth Relief, no cutoff": UNCUT,
        "Depth Relief, cutoff without Edge Snap": CUT,
        "Depth Relief, cutoff without Edge Snap, Minimum Island 0": CUT | WHOLE,
        "Depth Relief, cutoff and Edge Snap (the default)": SNAPPED,
        "Depth Relief, cutoff and Edge Snap, Minimum Island 0": SNAPPED | WHOLE,
        "Depth Relief, no cutoff, Camera": UNCUT | {"Projection": "Camera"},
        "Depth Relief, default, Camera": CAMERA,
        "Depth Relief, default, Camera, Soften Steps 0": CAMERA | {"Soften Steps": 0},
    }
    objects = {BARE: sampled_grid(image, subdivide=False)}
    objects["the same and Delete Geometry"] = sampled_grid(image, False, float(np.quantile(values, 0.95)))
    objects |= {name: relief({"Image": image, "Resolution": SIDE, **given}) for name, given in settings.items()}
    times = evaluations(objects)
    least = times[BARE].median
    rows = [Row(name, taken, least, (f"{taken.median / least:.2f}",)) for name, taken in times.items()]
    watch.show(f"{SIDE} x {SIDE} vertices", "bare nodes", rows, ("times the bare nodes",))
    forget(*objects.values())


def compare_ways(image: bpy.types.Image, values: np.ndarray) -> None:
    """Depth Relief without cutoff against the other ways to the same mesh."""
    ours = "Depth Relief, no cutoff"
    objects = {
        BARE: sampled_grid(image, subdivide=False),
        ours: relief({"Image": image, "Resolution": SIDE, **UNCUT}),
        "Plane, Subdivision (simple) and Displace modifiers": displaced(image),
        "Quad + Subdivide Mesh + Image Texture + Set Position": sampled_grid(image, subdivide=True),
    }
    jobs = {name: lambda ob=ob: evaluation(ob) for name, ob in objects.items()}
    times = watch.interleaved(jobs | {"numpy and from_pydata": lambda: from_pydata(values)}, rounds=3)
    least, own = times[BARE].median, times[ours].median
    rows = [Row(name, taken, least, (f"{taken.median / own:.1f}",)) for name, taken in times.items()]
    watch.show("Other ways to the same relief", "bare nodes", rows, ("times Depth Relief",))
    forget(*objects.values())


def dragging(ob: bpy.types.Object) -> float:
    """Seconds for one evaluation of an object that was evaluated just before, as while a slider is dragged."""
    evaluation(ob)
    return evaluation(ob)


def compare_frozen(image: bpy.types.Image) -> None:
    """Frozen against live, for each setting; the default also with its cut frozen."""
    rows = []
    least = copying(2 * 12 * SIDE**2)  # each position is read and written
    for name, given in (("no cutoff", UNCUT), ("cutoff without Edge Snap", CUT), ("default", SNAPPED)):
        settings = {"Image": image, "Resolution": SIDE, **given}
        objects = {"live": relief(settings), "frozen": relief(settings)}
        freeze.freeze(objects["frozen"], objects["frozen"].modifiers[0])
        if given["Cutoff"]:
            objects["frozen with its cut"] = ob = relief(settings)
            freeze.freeze(ob, ob.modifiers[0], cut=True)
        times = watch.interleaved({way: lambda ob=ob: dragging(ob) for way, ob in objects.items()}, ROUNDS)
        for way, taken in times.items():
            gain = f"{times['live'].median / taken.median:.1f}"
            rows.append(Row(f"{name}, {way}", taken, least, (gain,)))
        forget(*objects.values())
    watch.show("Freeze Grid", "copying the positions", rows, ("times as quick as live",))


def growth() -> None:
    """From a quarter of a megapixel to eight, one vertex a pixel."""
    rows = []
    for side in SIDES:
        image = depth_image(depth_map(side), name=f"depth {side}")
        objects = {
            "bare nodes": sampled_grid(image, subdivide=False),
            "no cutoff": relief({"Image": image, "Resolution": side, **UNCUT}),
            "default": relief({"Image": image, "Resolution": side, **SNAPPED}),
        }
        times = evaluations(objects, rounds=7 if side <= 1024 else 3)
        least = times.pop("bare nodes").median
        for name, taken in times.items():
            words = (f"{1e9 * taken.median / side**2:.1f} ns",)
            rows.append(Row(f"{name}, {side**2 / 1e6:.2f} megapixels", taken, least, words))
        forget(*objects.values())
        bpy.data.images.remove(image)
    watch.show("Growth", "bare nodes", sorted(rows, key=lambda row: row.name.split(",")[0]), ("a vertex",))


def round_trip(side: int = 2048) -> None:
    """From a depth array to the image that holds it to the mesh that follows, for a 2K map."""
    values = depth_map(side)
    image = stored.write("depth", values, kind="disparity")
    bare = sampled_grid(image, subdivide=False)
    ob = relief({"Image": image, "Resolution": side, **UNCUT})
    bpy.context.view_layer.update()

    def turn() -> dict[str, float]:
        values[:] = values[:, ::-1].copy()
        start = perf_counter()
        stored.write(image, values, kind="disparity")
        written = perf_counter()
        ob.update_tag()
        bpy.context.view_layer.update()
        return {"array to image, packed": written - start, "mesh follows, no cutoff": perf_counter() - written}

    bare.hide_viewport = True
    times = watch.parts(turn, rounds=5)
    bare.hide_viewport = False
    set_inputs(ob.modifiers[0], SNAPPED)
    times |= evaluations({BARE: bare, "mesh with the defaults": ob}, rounds=3)
    least = dict.fromkeys(times, times.pop(BARE).median)
    least["array to image, packed"] = copying(values.nbytes * (1 + 4))  # an image has four channels
    rows = [Row(name, taken, least[name]) for name, taken in times.items()]
    watch.show(f"{side} x {side}: array to image to mesh", "copying, or bare nodes", rows)
    forget(bare, ob)


def main() -> None:
    """Print all tables."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    append_groups()
    print(f"Blender {bpy.app.version_string}")
    values = depth_map(SIDE)
    image = depth_image(values)
    compare_settings(image, values)
    compare_ways(image, values)
    compare_frozen(image)
    round_trip()
    growth()


if __name__ == "__main__":
    main()
