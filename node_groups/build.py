"""Write assets/depth_nodes.blend: `python -m node_groups.build`, with the oldest supported Blender only.

A .blend written by Blender 4.5 opens in all later versions; one written by a later version does not open in 4.5.
"""

import logging
import sys
import tomllib
from pathlib import Path

import bpy

from . import catalog, menus, previews
from .builder import Tree

ASSETS = Path(__file__).parents[1] / "assets"
FLOOR = (4, 5)


# Under this key every group, hidden ones too, carries its name and the release it belongs to, so that a user's copy of
# an older release can be told from this one.
STAMP = "depth_nodes"


def build_all() -> dict[str, bpy.types.NodeTree]:
    """Build every group into the open file and return them by name, the hidden menu groups included."""
    trees = menus.build()
    for module in catalog.MODULES:
        tree = Tree(module.GROUP, trees)
        module.build(tree)
        trees[module.GROUP.name] = tree.finish()
    version = tomllib.loads((ASSETS.parent / "blender_manifest.toml").read_text("utf-8"))["version"]
    for name, data in trees.items():
        data[STAMP] = f"{name} {version}"
    return trees


def mark_assets(trees: dict[str, bpy.types.NodeTree]) -> None:
    """Make assets of the groups, with catalog, tags, author, licence and description."""
    for module in catalog.MODULES:
        group = module.GROUP
        tree = trees[group.name]
        tree.asset_mark()
        data = tree.asset_data
        data.catalog_id = catalog.CATALOGS[group.catalog]
        data.description = group.description
        data.author, data.license = catalog.AUTHOR, catalog.LICENCE
        for tag in group.tags:
            data.tags.new(tag)


def write(folder: Path) -> Path:
    """Write the .blend and its catalog file into `folder`, and return the .blend's path."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    trees = build_all()
    mark_assets(trees)
    previews.render(trees, [module.GROUP.name for module in catalog.MODULES])
    lines = ["VERSION 1", ""]
    lines += [f"{identifier}:{path}:{path.replace('/', '-')}" for path, identifier in catalog.CATALOGS.items()]
    (folder / "blender_assets.cats.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / "depth_nodes.blend"
    bpy.data.libraries.write(str(path), set(trees.values()), fake_user=True, compress=True)
    return path


def main() -> None:
    """Check the version and write."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if bpy.app.version[:2] != FLOOR:
        sys.exit(f"The asset file is written by Blender {FLOOR[0]}.{FLOOR[1]} only; this is {bpy.app.version_string}.")
    logging.info("%s", write(ASSETS))


if __name__ == "__main__":
    main()
