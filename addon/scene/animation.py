"""Keyframes and drivers that follow a property to its new place, since Blender finds them by path."""

from collections.abc import Callable, Iterator

import bpy

Holder = bpy.types.FCurve | bpy.types.DriverTarget


class Paths:
    """Finds data paths before a change and rewrites them after it, each once, also where objects share an action.

    Before, since some Blenders move paths themselves when sockets move, and others don't.
    """

    def __init__(self) -> None:
        self._found: set[int] = set()

    def find(self, owner: bpy.types.ID, prefix: str) -> list[tuple[Holder, str]]:
        """Return what holds a path of `owner` that begins with `prefix` and was not found before, and what follows it.

        They are its keyframes, also in NLA strips, its drivers, and what drivers anywhere read of it.
        """
        holders: list[Holder] = [*curves(owner), *_targets(owner)]
        new = [one for one in holders if one.data_path.startswith(prefix) and one.as_pointer() not in self._found]
        self._found |= {one.as_pointer() for one in new}
        return [(one, one.data_path.removeprefix(prefix)) for one in new]


def rewrite(found: list[tuple[Holder, str]], prefix: str, moved: Callable[[str], str]) -> None:
    """Give what was found its new paths: `moved` is given what followed the prefix, and returns it anew."""
    for holder, path in found:
        holder.data_path = prefix + moved(path)


def curves(owner: bpy.types.ID) -> Iterator[bpy.types.FCurve]:
    """Yield the keyframes of a datablock, also those in NLA strips, and its drivers."""
    data = owner.animation_data
    if data is None:
        return
    used = [(data.action, data.action_slot)]
    used += [(strip.action, strip.action_slot) for track in data.nla_tracks for strip in track.strips]
    for action, slot in used:
        for layer in action.layers if action is not None and slot is not None else ():
            for strip in layer.strips:
                bag = strip.channelbag(slot)
                yield from bag.fcurves if bag is not None else ()
    yield from data.drivers


def _targets(owner: bpy.types.ID) -> Iterator[bpy.types.DriverTarget]:
    """What drivers read of `owner`, wherever in the file they are."""
    for user in bpy.data.user_map():
        for block in (user, getattr(user, "node_tree", None), getattr(user, "shape_keys", None)):
            data = getattr(block, "animation_data", None)
            for curve in data.drivers if data is not None else ():
                for variable in curve.driver.variables:
                    yield from (target for target in variable.targets if target.id == owner)
