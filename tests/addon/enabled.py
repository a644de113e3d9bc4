"""The modules of the enabled extension: its imports are relative, so it has to be a package as Blender makes it one."""

from tools import extension

extension.enable()

assets = extension.module("addon.assets")
depth_file = extension.module("addon.depth_file")
depth_image = extension.module("addon.depth_image")
errors = extension.module("addon.errors")
exif = extension.module("addon.exif")
exr = extension.module("addon.exr")
fill_gaps = extension.module("addon.fill_gaps")
freeze = extension.module("addon.freeze")
installation = extension.module("addon.installation")
modifiers = extension.module("addon.modifiers")
protocol = extension.module("inference.protocol")
runtime = extension.module("addon.runtime")
smooth_steps = extension.module("addon.smooth_steps")
version = extension.module("addon.version")
worker_client = extension.module("addon.worker_client")
