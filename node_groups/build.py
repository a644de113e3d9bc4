"""Write assets/depth_nodes.blend: `python -m node_groups.build`, with the oldest supported Blender only.

A .blend written by Blender 4.5 opens in all later versions; one written by a later version does not open in 4.5.
Groups keep the preview pictures that they have; `--previews` renders all of them again.
"""

import json
import logging
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import bpy
import numpy as np

from . import FLOOR, catalog, lock, menus, previews, text
from .builder import Tree

ASSETS = Path(__file__).parents[1] / "assets"
BLEND = ASSETS / "depth_nodes.blend"

# Under this key every group, hidden ones too, carries its stamp: its name, the version in which it got its present
# content, and the content's fingerprint. By it a copy in a user's file is known as this release's, or as an older one.
STAMP = "depth_nodes"
STAMPS = ASSETS / "groups.json"  # the stamps of the asset file, by group


def build_all() -> dict[str, bpy.types.NodeTree]:
    """Build every group into the open file and return them by name, the hidden menu groups included."""
    trees = menus.build()
    order = lock.read()
    for module in catalog.MODULES:
        tree = Tree(module.GROUP, trees, order.get(module.GROUP.name, ()))
        module.build(tree)
        trees[module.GROUP.name] = tree.finish()
    for name, stamp in stamps(trees).items():
        trees[name][STAMP] = stamp
    return trees


def stamps(trees: Mapping[str, bpy.types.NodeTree]) -> dict[str, str]:
    """Return each group's stamp. A group whose content is as it was keeps the stamp that it had."""
    version = tomllib.loads((ASSETS.parent / "blender_manifest.toml").read_text("utf-8"))["version"]
    before = json.loads(STAMPS.read_text("utf-8")) if STAMPS.is_file() else {}
    result = {}
    for name, tree in trees.items():
        content = text.fingerprint(tree)
        same = before.get(name, "").endswith(f" {content}")
        result[name] = before[name] if same else f"{name} {version} {content}"
    return result


def mark_assets(trees: dict[str, bpy.types.NodeTree]) -> None:
    """Make assets of the groups that have a catalog, with it, tags, author, licence and description."""
    for group in (module.GROUP for module in catalog.MODULES if module.GROUP.catalog):
        tree = trees[group.name]
        tree.asset_mark()
        data = tree.asset_data
        data.catalog_id = catalog.CATALOGS[group.catalog]
        data.description = group.description
        data.author, data.license = catalog.AUTHOR, catalog.LICENCE
        for tag in group.tags:
            data.tags.new(tag)


def write(folder: Path, pictures: Mapping[str, np.ndarray]) -> Path:
    """Write the .blend, its catalog file and the groups' stamps into `folder`, and return the .blend's path.

    `pictures` are previews by group, SIZE * SIZE * 4 floats each; those that are missing are rendered.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    trees = build_all()
    mark_assets(trees)
    previews.add(trees, pictures)
    lines = ["VERSION 1", ""]
    lines += [f"{identifier}:{path}:{path.replace('/', '-')}" for path, identifier in catalog.CATALOGS.items()]
    (folder / "blender_assets.cats.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recorded = {name: tree[STAMP] for name, tree in trees.items()}
    (folder / STAMPS.name).write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    path = folder / BLEND.name
    bpy.data.libraries.write(str(path), set(trees.values()), fake_user=True, compress=True)
    return path


def main() -> None:
    """Check the version and write."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if bpy.app.version[:2] != FLOOR:
        sys.exit(f"The asset file is written by Blender {FLOOR[0]}.{FLOOR[1]} only; this is {bpy.app.version_string}.")
    lock.write(lock.extended(lock.read(), (module.GROUP for module in catalog.MODULES)))
    pictures = {} if "--previews" in sys.argv else previews.kept(BLEND)
    logging.info("%s", write(ASSETS, pictures))


if __name__ == "__main__":
    main()
