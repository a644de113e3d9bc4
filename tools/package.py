"""Builds the extension's zip with Blender's own packager, and has it validate what it built.

    python -m tools.package

runs in an environment with bpy and leaves build/depth_nodes-VERSION.zip, and the same for the extension platform,
depth_nodes-VERSION-platform.zip, whose manifest asks for no network: that build offers no download and makes none.
"""

import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def packager(*arguments: str) -> None:
    """Run Blender's own packager; leave with one line if it refuses."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or not spec.origin:
        raise SystemExit(
            "Blender's packager comes with bpy: run this in an environment that has it, as make build does"
        )
    (program,) = Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    if subprocess.run([sys.executable, str(program), *arguments], check=False).returncode:
        raise SystemExit(f"Blender's packager refuses to {arguments[0]}: see its message above")


def build(folder: Path) -> Path:
    """Build the checkout's zip in `folder` and validate it. Return its path."""
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    path = folder / f"{manifest['id']}-{manifest['version']}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    packager("build", "--source-dir", str(ROOT), "--output-filepath", str(path))
    packager("validate", str(path))
    return path


def for_platform(archive: Path, folder: Path) -> Path:
    """Make of a zip the one for the extension platform, which never goes online, in `folder`. Return its path."""
    path = folder / f"{archive.stem}-platform.zip"
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for entry in whole.infolist():
            data = whole.read(entry)
            if entry.filename == "blender_manifest.toml":
                text, lines = re.subn(r"^network = .*\n", "", data.decode(), flags=re.MULTILINE)
                if lines != 1:
                    raise SystemExit(
                        "blender_manifest.toml has no line that asks for the network: mend tools/package.py"
                    )
                data = text.encode()
            written.writestr(entry.filename, data)
    packager("validate", str(path))
    return path


if __name__ == "__main__":
    made = build(ROOT / "build")
    print(made, for_platform(made, made.parent), sep="\n")
