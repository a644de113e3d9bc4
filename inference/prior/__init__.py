"""Estimated depth as a prior for radiance fields and splatting: aligned to a scene's own sparse points, photo by photo.

found = dataset.read(Path("scene/"))
for result in run.run(found, "3dgs", found.folder, estimate): ...
"""
