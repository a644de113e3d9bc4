"""Estimated depth as a prior for radiance fields and splatting: aligned to a scene's own sparse points, photo by photo.

dataset = read("scene/")
fit = align(inverse, view.keypoints, view.inverse_depth)
"""
