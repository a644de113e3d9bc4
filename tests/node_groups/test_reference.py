"""The reference pages: what they say of the sockets, held against the groups that Blender built."""

import re
import xml.etree.ElementTree as ElementTree
from math import degrees

import bpy
import pytest

from node_groups import FLOOR, build, catalog, drawing, layout, reference

pytestmark = pytest.mark.skipif(bpy.app.version[:2] != FLOOR, reason="the groups are built by the oldest Blender only")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def trees():
    return build.build_all()


@pytest.mark.parametrize("module", catalog.MODULES, ids=lambda module: module.GROUP.name)
def test_every_socket_has_a_row_with_its_default_and_range(module, trees):
    page = reference.page(module)
    assert page.startswith(f"# {module.GROUP.name}\n")
    rows = {}
    for line in page.splitlines():
        if found := re.match(r"\| \*\*(.+?)\*\* \| (.*) \|$", line):
            rows.setdefault(found[1], []).append(found[2].split(" | "))
    sockets = [item for item in trees[module.GROUP.name].interface.items_tree if item.item_type == "SOCKET"]
    assert sum(map(len, rows.values())) == len(sockets)
    for socket in (socket for socket in sockets if socket.in_out == "INPUT"):
        (row,) = [row for row in rows[socket.name] if len(row) == 4]
        assert row[3].startswith(socket.description)
        if socket.socket_type == "NodeSocketFloat":
            turned = degrees if socket.subtype == "ANGLE" else float
            assert float(re.match(r"[-\d.e+]+", row[1])[0]) == pytest.approx(turned(socket.default_value), rel=1e-3)
            if " to " in row[2]:
                low, high = (float(re.match(r"[-\d.e+]+", end)[0]) for end in row[2].split(" to "))
                assert (low, high) == pytest.approx((turned(socket.min_value), turned(socket.max_value)), rel=1e-3)
        elif socket.socket_type == "NodeSocketMenu":
            assert row[1] == socket.default_value
        elif socket.socket_type == "NodeSocketBool":
            assert row[1] == ("on" if socket.default_value else "off")


@pytest.mark.parametrize("name", [module.GROUP.name for module in catalog.MODULES])
def test_the_picture_shows_every_node_and_link_inside_its_borders(name, trees):
    tree = trees[name]
    picture = ElementTree.fromstring(drawing.svg(tree))  # noqa: S314 (written a line ago)
    frames = [node for node in tree.nodes if node.bl_idname == "NodeFrame"]
    nodes = [node for node in tree.nodes if node.bl_idname != "NodeFrame"]
    boxes = picture.findall(f"{SVG}rect")
    filled = sum(any(node.parent == frame for node in nodes) for frame in frames)
    assert len(boxes) == 1 + filled + 2 * len(nodes)  # the ground; a node is a body and a header
    assert len(picture.findall(f"{SVG}path")) == len(tree.links)
    left, top, width, height = map(float, picture.get("viewBox").split())
    for box in boxes:
        x, y, w, h = (float(box.get(key)) for key in ("x", "y", "width", "height"))
        assert left - 1 <= x <= x + w <= left + width + 1
        assert top - 1 <= y <= y + h <= top + height + 1


def test_drawn_nodes_do_not_cover_one_another(trees):
    """A node is drawn no taller than the layout took it to be."""
    for tree in trees.values():
        for node in (node for node in tree.nodes if node.bl_idname != "NodeFrame"):
            assert drawing.height(node) <= layout.size(node)[1], f"{tree.name}: {node.name}"


def test_the_reference_is_written_whole(tmp_path):
    reference.write(tmp_path)
    names = {reference.slug(module.GROUP.name) for module in catalog.MODULES}
    assert {path.name for path in tmp_path.iterdir()} == {"index.md"} | {
        f"{name}.{suffix}" for name in names for suffix in ("md", "png", "svg")
    }
    index = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert all(f"]({name}.md)" in index for name in names)
