"""Prints the name of the build of PyTorch that the extension would suggest on this machine, in Blender's Python."""

import os
import sys

from tools import extension

extension.enable_alone()
print(extension.module("addon.engine.probe").suggest().backend.name)
sys.stdout.flush()
os._exit(0)  # Blender can hang at exit
