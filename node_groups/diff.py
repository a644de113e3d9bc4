"""Print what changed in the groups between two states of the asset file, since a .blend can't be read in a review.

    python -m node_groups.diff [BEFORE [AFTER]]

Both are git revisions; without them HEAD is compared with the file as it is in the checkout.
"""

import difflib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import bpy

from . import text
from .build import BLEND

FILE = "assets/depth_nodes.blend"


def differences(before: dict[str, list[str]], after: dict[str, list[str]]) -> Iterator[str]:
    """Yield the lines of a unified diff, group by group; a frame's name stands above what changed in it."""
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, []), after.get(name, [])
        if old == new:
            continue
        yield f"=== {name}" + (": new" if not old else ": gone" if not new else "")
        heading = ""
        for line in difflib.ndiff(old, new):
            if not line.startswith("?"):
                if line[2:3] != " ":
                    heading = line
                if line[0] in "+-":
                    if heading and heading != line:
                        yield heading
                    yield line
                    heading = ""


def read(blend: Path) -> dict[str, list[str]]:
    """Return the text of each group in a .blend, by name. The groups of the open file go."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(blend)) as (there, here):
        here.node_groups = there.node_groups
    return {tree.name: text.lines(tree) for tree in bpy.data.node_groups}


def at(revision: str) -> dict[str, list[str]]:
    """Return the text of each group as the asset file is at a git revision."""
    shown = subprocess.run(["git", "show", f"{revision}:{FILE}"], cwd=BLEND.parent, capture_output=True, check=False)
    if shown.returncode:
        sys.exit(f"There is no {FILE} at {revision}: {shown.stderr.decode(errors='replace').strip()}")
    with tempfile.TemporaryDirectory() as folder:
        blend = Path(folder) / "groups.blend"
        blend.write_bytes(shown.stdout)
        return read(blend)


def main() -> None:
    """Compare and print."""
    before, after = (*sys.argv[1:3], None, None)[:2]
    old = at(before or "HEAD")
    new = at(after) if after else read(BLEND)
    sys.stdout.write("".join(f"{line}\n" for line in differences(old, new)))


if __name__ == "__main__":
    main()
