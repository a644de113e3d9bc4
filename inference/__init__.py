"""Depth Anything V2 without Blender: a library, a command line and a worker process.

Importing the package costs nothing: torch is loaded by `inference.predict`, never here.
"""
