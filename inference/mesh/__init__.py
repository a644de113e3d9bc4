"""From a depth map to a mesh file, by the rules of the node groups: numpy alone makes the surface.

made = scene.build(depth, photo, shape.Shape(projection="camera", focal_length=35.0))
write.write(made, "scene.glb")
"""
