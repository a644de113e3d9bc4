"""The modules of the enabled extension: its imports are relative, so it has to be a package as Blender makes it one."""

from tools import extension

extension.enable()

errors = extension.module("addon.errors")
version = extension.module("addon.version")
clean = extension.module("addon.depth.clean")
depth_image = extension.module("addon.depth.image")
exif = extension.module("addon.depth.exif")
exr = extension.module("addon.depth.exr")
meaning = extension.module("addon.depth.meaning")
freeze = extension.module("addon.scene.freeze")
groups = extension.module("addon.scene.groups")
inputs = extension.module("addon.scene.inputs")
material = extension.module("addon.scene.material")
photo = extension.module("addon.scene.photo")
plane = extension.module("addon.scene.plane")
relief = extension.module("addon.scene.relief")
client = extension.module("addon.engine.client")
handover = extension.module("addon.engine.handover")
install = extension.module("addon.engine.install")
jobs = extension.module("addon.engine.jobs")
place = extension.module("addon.engine.place")
probe = extension.module("addon.engine.probe")
settings = extension.module("addon.engine.settings")
setup = extension.module("addon.engine.setup")
protocol = extension.module("inference.worker.protocol")
