"""The process beside Blender, and what the two say to each other. `protocol` needs the standard library alone."""
