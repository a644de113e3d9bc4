"""What a background costs, and a slider that is dragged: `python -m tests.benchmarks.bench_layers` with bpy installed.

Medians of interleaved runs in this one process, as in `bench_groups`. The limit is what one layer takes, or the
slider Scale.
"""

from functools import partial

import numpy as np

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402  Blender's user folder is set first

from tests.benchmarks.bench_groups import (  # noqa: E402
    CAMERA,
    ROUNDS,
    SIDE,
    SNAPPED,
    depth_map,
    evaluations,
    forget,
    watch,
)
from tests.benchmarks.measure import Row  # noqa: E402
from tests.node_groups.scene import append_groups, depth_image, relief, set_inputs  # noqa: E402

background = extension.module("inference.background")
stored = extension.module("addon.depth.image")


def layered(values: np.ndarray) -> bpy.types.Image:
    """The depth image of a map with the background that an import gives it."""
    grey = np.full((*values.shape, 3), 128, np.uint8)
    back = background.behind(values, np.ones(values.shape, bool), "disparity", grey)
    behind = stored.Layer(back.depth, back.presence, back.colour)
    return stored.write("layers", values, kind="disparity", behind=behind)


def compare_layers(values: np.ndarray) -> None:
    """What the background costs on top of one layer."""
    image, rows = layered(values), []
    for name, given in (("default", SNAPPED), ("default, Camera", CAMERA)):
        settings = {"Image": image, "Resolution": SIDE, **given}
        objects = {"one layer": relief(settings), "with Background": relief(settings | {"Background": True})}
        times = evaluations(objects)
        one = times["one layer"].median
        for layers, taken in times.items():
            rows.append(Row(f"{name}, {layers}", taken, one, (f"{taken.median / one:.2f}",)))
        forget(*objects.values())
    watch.show("Background", "one layer", rows, ("times one layer",))


def compare_sliders(image: bpy.types.Image) -> None:
    """From setting one input of an unfrozen default relief to the mesh that follows."""
    values = {"Scale": (0.4, 0.5), "Threshold": (0.2, 0.25), "Smooth": (1, 2)}
    objects = {name: relief({"Image": image, "Resolution": SIDE, **SNAPPED}) for name in values}
    turns = dict.fromkeys(values, 0)

    def drag(name: str) -> None:
        turns[name] += 1
        set_inputs(objects[name].modifiers[0], {name: values[name][turns[name] % 2]})
        objects[name].update_tag()
        bpy.context.view_layer.update()

    times = watch.interleaved({name: watch.of(partial(drag, name)) for name in values}, ROUNDS)
    least = times["Scale"].median
    watch.show(
        "Dragging a slider, unfrozen, default", "Scale", [Row(name, taken, least) for name, taken in times.items()]
    )
    forget(*objects.values())


def main() -> None:
    """Print both tables."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    append_groups()
    print(f"Blender {bpy.app.version_string}")
    values = depth_map(SIDE)
    compare_layers(values)
    compare_sliders(depth_image(values))


if __name__ == "__main__":
    main()
