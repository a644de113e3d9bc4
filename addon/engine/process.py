"""How a program is started beside Blender: without a console window on Windows, and behind the window in priority."""

import subprocess
import sys

NO_WINDOW = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
BEHIND_BLENDER = subprocess.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 0
