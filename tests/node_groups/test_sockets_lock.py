"""Identifiers of sockets and menu items never change: a user's file keeps its values by them."""

import re
from itertools import pairwise
from pathlib import Path

import bpy
import pytest

from node_groups import choices, lock
from node_groups.builder import Tree
from node_groups.sockets import Bool, Float, Geometry, Group, Panel

from .scene import BLEND

ROOT = Path(__file__).parents[2]


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


RELEASED = sorted((Path(__file__).parent / "released").glob("*.lock"), key=lambda path: version(path.stem))


def identifiers(tree: bpy.types.NodeTree) -> dict[str, str]:
    """The identifiers of a group as the open file has them, by the lock's entries."""
    result = {}
    for item in tree.interface.items_tree:
        if item.item_type == "SOCKET":
            result[f"{item.in_out.lower()} {item.name}"] = item.identifier
        else:
            result[f"panel {item.name}"] = f"Socket_{item.persistent_uid}"  # panels count in the same row
    return result


@pytest.mark.parametrize("record", RELEASED, ids=lambda path: path.stem)
def test_the_identifiers_of_a_release_are_still_there(record: Path) -> None:
    for name, entries in lock.parse(record.read_text(encoding="utf-8")).items():
        there = identifiers(bpy.data.node_groups[name])
        released = {entry: f"Socket_{place}" for place, entry in enumerate(entries) if not entry.startswith("item ")}
        assert released.items() <= there.items(), name


@pytest.mark.parametrize("record", RELEASED, ids=lambda path: path.stem)
def test_the_items_of_a_releases_menus_keep_their_places(record: Path) -> None:
    ours = {choice.group: [item.name for item in choice.items] for choice in choices.ALL}
    for name, entries in lock.parse(record.read_text(encoding="utf-8")).items():
        released = [entry.removeprefix("item ") for entry in entries if entry.startswith("item ")]
        assert ours.get(name, [])[: len(released)] == released


def test_the_lock_only_grows() -> None:
    locks = [lock.parse(path.read_text(encoding="utf-8")) for path in RELEASED] + [lock.read()]
    for older, newer in pairwise(locks):
        for name, entries in older.items():
            if not name.startswith("."):  # the menus' groups have the same two sockets for ever
                assert newer[name][: len(entries)] == entries


def test_every_release_left_its_record() -> None:
    """`make release` copies sockets.lock to tests/node_groups/released/VERSION.lock."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [path.stem for path in RELEASED] == sorted(re.findall(r"^## \[(\d[\d.]*)\]", changelog, re.M), key=version)


def test_the_asset_file_follows_the_lock() -> None:
    for name, entries in lock.read().items():
        there = identifiers(bpy.data.node_groups[name])
        assert there == {entry: f"Socket_{entries.index(entry)}" for entry in there}
    assert BLEND.is_file()


OLD = Group("Growing", "As released.", (Geometry("Geometry", "Any"), Float("Second", "B"), Float("Third", "C")), ())
NEW = Group(
    "Growing",
    "As it became.",
    (
        Geometry("Geometry", "Any"),
        Float("First", "A"),
        Panel("Panel", "Around the third", (Bool("On", "Whether", toggle=True), Float("Third", "C"))),
    ),
    (),
)


def test_a_socket_put_in_the_middle_takes_a_number_at_the_end() -> None:
    old = lock.extended({}, [OLD])
    new = lock.extended(old, [NEW])
    assert new == {
        "Growing": ["input Geometry", "input Second", "input Third", "input First", "panel Panel", "input On"]
    }
    tree = Tree(NEW, {}, new["Growing"]).data
    assert identifiers(tree) == {
        "input Geometry": "Socket_0",
        "input First": "Socket_3",
        "panel Panel": "Socket_4",
        "input Panel": "Socket_5",  # Blender shows a toggle under its panel's name
        "input Third": "Socket_2",  # and nothing takes the number of Second, which is gone
    }
    assert [item.index for item in tree.interface.items_tree] == [0, 1, 2, 3, 4]


def test_what_the_lock_lacks_is_an_error() -> None:
    with pytest.raises(LookupError, match="First"):
        Tree(NEW, {}, lock.extended({}, [OLD])["Growing"])


def test_a_lock_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "FILE", tmp_path / "sockets.lock")
    order = {"One Group": ["output Geometry", "input Some Input"], "Another": ["panel Panel"]}
    lock.write(order)
    assert lock.read() == order
