"""The version of this extension, as its manifest states it."""

import tomllib
from pathlib import Path

VERSION: str = tomllib.loads((Path(__file__).parent.parent / "blender_manifest.toml").read_text("utf-8"))["version"]
