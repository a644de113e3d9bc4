"""Builds the extension's zip with Blender's own packager, and has it validate what it built.

    python -m tools.package

runs in an environment with bpy and leaves build/depth_nodes-VERSION.zip.
"""

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Build, validate, and print the path of the zip."""
    (blender,) = importlib.util.find_spec("bpy").submodule_search_locations
    (packager,) = Path(blender).glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    path = ROOT / "build" / f"{manifest['id']}-{manifest['version']}.zip"
    path.parent.mkdir(exist_ok=True)
    build = ("build", "--source-dir", str(ROOT), "--output-filepath", str(path))
    for arguments in (build, ("validate", str(path))):
        if subprocess.run([sys.executable, str(packager), *arguments], check=False).returncode:
            raise SystemExit(f"Blender's packager refuses to {arguments[0]}: see its message above")
    print(path)


if __name__ == "__main__":
    main()
