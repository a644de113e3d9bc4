"""Run in a process of its own by test_sessions.py: a Blender whose user has photos estimated.

python -m tests.addon.engine.session estimate PHOTO TIMES: the last line of stdout is JSON: the depth, and at the eighth
and the last estimate the resident memory of Blender and of the worker, in bytes.
python -m tests.addon.engine.session crash PHOTO: prints `worker` and its process id in the middle of an estimate, and
dies.
"""

import json
import os
import signal
import sys

from tools import extension

extension.enable_alone()

import bpy  # noqa: E402

from tests.addon.engine.worker import COMMAND, resident, weights  # noqa: E402  Blender's user folder is set first

EARLY = 8


def worker() -> int:
    (client,) = extension.module("addon.engine.jobs")._clients.values()
    return client._process._process.pid


def estimate(photo: str, times: int) -> dict:
    image = bpy.data.images.load(photo)
    memory = []
    for number in range(1, times + 1):
        bpy.ops.depth_nodes.estimate_depth(image=image.name, make="RELIEF" if number == 1 else "DEPTH")
        if number == 1:  # a mesh that follows, and takes no time
            inputs, relief = (extension.module(f"addon.scene.{name}") for name in ("inputs", "relief"))
            inputs.set_input(relief.find_modifier(bpy.context.object), "Resolution", 128)
        bpy.context.view_layer.update()
        if number in (EARLY, times):
            memory.append((resident(os.getpid()), resident(worker())))
    depth = extension.module("addon.engine.handover").depth_of(image)
    values, _ = extension.module("addon.depth.image").read(depth)
    depths = sum(extension.module("addon.depth.image").info(image) is not None for image in bpy.data.images)
    return {"depth": values.tolist(), "memory": memory, "depth images": depths}


def crash(photo: str) -> None:
    jobs, settings = extension.module("addon.engine.jobs"), extension.module("addon.engine.settings").current()
    job = jobs.submit(bpy.data.images.load(photo), settings)
    while job.text != "Estimating":
        jobs.poll()
    print(f"worker {worker()}", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def main(what: str, photo: str, times: str = "1") -> None:
    chosen = extension.module("addon.engine.settings").preferences()
    chosen.existing_python, chosen.weights, chosen.device = COMMAND[0], str(weights()), "cpu"
    chosen.quality, chosen.size = "CUSTOM", 70 if what == "estimate" else 1022
    if what == "crash":
        crash(photo)
    print(json.dumps(estimate(photo, int(times))), flush=True)
    extension.module("addon.engine.jobs").unregister()
    os._exit(0)  # a process that ran operators can hang or crash while Blender exits


if __name__ == "__main__":
    main(*sys.argv[1:])
