"""The node groups that ship, declared in Python, and the asset file that they are written to."""

# The oldest supported Blender. It alone writes the asset file: later ones open what it wrote, not the other way round.
FLOOR = (4, 5)
