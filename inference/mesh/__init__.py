"""From a depth map to a mesh file, by the rules of the node groups: numpy alone makes the surface.

scene = build(depth, photo, Shape(projection="camera", focal_length=35.0))
write(scene, "scene.glb")
"""
