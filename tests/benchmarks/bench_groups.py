"""What Depth Relief costs: `python -m tests.benchmarks.bench_groups` with bpy installed.

All figures are medians of interleaved runs in this one process, in milliseconds for one full evaluation; trust the
ratios. The unit of the first table is what the job costs at the least: a Grid, one Image Texture and a Set Position.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402

from tests.node_groups.scene import (  # noqa: E402  Blender's user folder is set first
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


def interleaved(jobs: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median of each job's own times, in milliseconds; the jobs take turns, after one turn to warm up."""
    for job in jobs.values():
        job()
    turns = [[job() for job in jobs.values()] for _ in range(rounds)]
    return dict(zip(jobs, 1000 * np.median(turns, axis=0), strict=True))


@dataclass(frozen=True)
class Row:
    """A line of a table: what is measured, its time, and what it is compared with, as words."""

    name: str
    milliseconds: float
    comparison: str


def show(title: str, rows: list[Row]) -> None:
    """Print a table."""
    print(f"\n{title}")
    for row in rows:
        print(f"  {row.name:58} {row.milliseconds:9.1f} ms   {row.comparison}", flush=True)


def sampled_grid(image: bpy.types.Image, subdivide: bool) -> bpy.types.Object:
    """The least that does the job: a Grid, or a subdivided quad, moved by one Image Texture."""
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
    links.new(move.outputs[0], end.inputs[0])
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


def compare_settings(image: bpy.types.Image) -> None:
    """Depth Relief against the bare sampled grid."""
    settings: dict[str, dict[str, Any]] = {
        "Depth Relief, no cutoff": UNCUT,
        "Depth Relief, cutoff without Edge Snap": CUT,
        "Depth Relief, cutoff without Edge Snap, Minimum Island 0": CUT | WHOLE,
        "Depth Relief, cutoff and Edge Snap (the default)": SNAPPED,
        "Depth Relief, cutoff and Edge Snap, Minimum Island 0": SNAPPED | WHOLE,
        "Depth Relief, no cutoff, Camera": UNCUT | {"Projection": "Camera"},
    }
    objects = {"Grid + Image Texture + Set Position": sampled_grid(image, subdivide=False)}
    objects |= {name: relief({"Image": image, "Resolution": SIDE, **given}) for name, given in settings.items()}
    times = interleaved({name: lambda ob=ob: evaluation(ob) for name, ob in objects.items()})
    least = times["Grid + Image Texture + Set Position"]
    show(f"{SIDE} x {SIDE} vertices", [Row(name, time, f"{time / least:5.2f} x") for name, time in times.items()])
    forget(*objects.values())


def compare_ways(image: bpy.types.Image, values: np.ndarray) -> None:
    """Depth Relief without cutoff against the other ways to the same mesh."""
    ours = "Depth Relief, no cutoff"
    objects = {
        ours: relief({"Image": image, "Resolution": SIDE, **UNCUT}),
        "Plane, Subdivision (simple) and Displace modifiers": displaced(image),
        "Quad + Subdivide Mesh + Image Texture + Set Position": sampled_grid(image, subdivide=True),
    }
    jobs = {name: lambda ob=ob: evaluation(ob) for name, ob in objects.items()}
    times = interleaved(jobs | {"numpy and from_pydata": lambda: from_pydata(values)}, rounds=3)
    rows = [Row(name, time, f"{time / times[ours]:5.1f} times Depth Relief") for name, time in times.items()]
    show("Other ways to the same relief", rows)
    forget(*objects.values())


def dragging(ob: bpy.types.Object) -> float:
    """Seconds for one evaluation of an object that was evaluated just before, as while a slider is dragged."""
    evaluation(ob)
    return evaluation(ob)


def compare_frozen(image: bpy.types.Image) -> None:
    """Frozen against live, for each setting; the default also with its cut frozen."""
    rows = []
    for name, given in (("no cutoff", UNCUT), ("cutoff without Edge Snap", CUT), ("default", SNAPPED)):
        settings = {"Image": image, "Resolution": SIDE, **given}
        objects = {"live": relief(settings), "frozen": relief(settings)}
        freeze.freeze(objects["frozen"], objects["frozen"].modifiers[0])
        if given["Cutoff"]:
            objects["frozen with its cut"] = ob = relief(settings)
            freeze.freeze(ob, ob.modifiers[0], cut=True)
        times = interleaved({way: lambda ob=ob: dragging(ob) for way, ob in objects.items()})
        for way, time in times.items():
            gain = "" if way == "live" else f"{times['live'] / time:5.1f} times quicker"
            rows.append(Row(f"{name}, {way}", time, gain))
        forget(*objects.values())
    show("Freeze Grid", rows)


def growth() -> None:
    """From 256 to 4096 squared, one vertex a pixel; with the cutoff to 2048, to stay within 3 GB."""
    rows = []
    for side in (256, 512, 1024, 2048, 4096):
        image = depth_image(depth_map(side), name=f"depth {side}")
        for name, given in (("no cutoff", UNCUT), ("default", SNAPPED)):
            if side > 2048 and given is SNAPPED:
                continue
            ob = relief({"Image": image, "Resolution": side, **given})
            [time] = interleaved({name: lambda ob=ob: evaluation(ob)}, rounds=7 if side <= 1024 else 3).values()
            rows.append(Row(f"{side} x {side}, {name}", time, f"{1e6 * time / side**2:6.1f} ns a vertex"))
            forget(ob)
        bpy.data.images.remove(image)
    show("Growth", sorted(rows, key=lambda row: row.name.split(", ")[1]))


def round_trip(side: int = 2048) -> None:
    """From a depth array to the image that holds it to the mesh that follows, for a 2K map."""
    values = depth_map(side)
    image = stored.write("depth", values, kind="disparity")
    ob = relief({"Image": image, "Resolution": side, **UNCUT})
    bpy.context.view_layer.update()
    writing, following = [], []
    for turn in range(5):
        changed = values[:, ::-1].copy() if turn % 2 else values
        start = perf_counter()
        stored.write(image, changed, kind="disparity")
        written = perf_counter()
        bpy.context.view_layer.update()
        following.append(1000 * (perf_counter() - written))
        writing.append(1000 * (written - start))
    set_inputs(ob.modifiers[0], SNAPPED)
    [default] = interleaved({"default": lambda: evaluation(ob)}, rounds=3).values()
    show(
        f"{side} x {side}: array to image to mesh",
        [
            Row("array to image, packed", float(np.median(writing)), ""),
            Row("mesh follows, no cutoff", float(np.median(following)), ""),
            Row("mesh with the defaults", default, ""),
        ],
    )
    forget(ob)


def main() -> None:
    """Print all tables."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    append_groups()
    print(f"Blender {bpy.app.version_string}")
    values = depth_map(SIDE)
    image = depth_image(values)
    compare_settings(image)
    compare_ways(image, values)
    compare_frozen(image)
    round_trip()
    growth()


if __name__ == "__main__":
    main()
