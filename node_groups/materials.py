"""Which material the surfaces of Depth Relief show."""

from .builder import Tree
from .value import Value


def given_or_own(tree: Tree, mesh: Value, is_grid: Value) -> Value:
    """Set the material where one is given; otherwise the object's own stays, on a grid too.

    A grid starts without materials, and no node hands them on but Join Geometry: so the incoming mesh joins the grid,
    its materials stay, and it goes again. That costs a copy of the grid, so only a mesh with a material pays for it.
    """
    incoming, material = tree.input("Geometry"), tree.input("Material")
    own_slot = tree.sample_index(incoming, tree.add.material_index(), 0, "FACE")
    joined = tree.join(incoming, mesh)
    theirs = tree.add.index() < tree.count(incoming).point_count
    alone = tree.add.delete_geometry(geometry=joined, selection=theirs, domain="POINT")
    kept = tree.add.set_material_index(geometry=alone, material_index=own_slot)
    given = show(tree, mesh, material, is_grid)
    bare_face = tree.add.mesh_grid(vertices_x=2, vertices_y=2).mesh
    has_own = _slot_of(tree, incoming, None) > 0
    own = tree.switch(
        is_grid, true=tree.switch(has_own, true=kept, false=mesh), false=mesh
    )  # the incoming mesh is looked at for a grid only
    return tree.switch(_slot_of(tree, bare_face, material) > 0, true=given, false=own)


def show(tree: Tree, mesh: Value, material: Value, is_grid: Value) -> Value:
    """The mesh with one material; a grid comes with an empty slot, which it takes, lest exporters and viewers stumble."""
    taken = tree.add.replace_material(mesh, new=material)
    return tree.switch(is_grid, true=taken, false=tree.add.set_material(taken, material=material))


def _slot_of(tree: Tree, mesh: Value, material: Value | None) -> Value:
    """The slot that a material gets on a mesh.

    A material socket can't be asked whether it is empty, but this tells. No material takes the first slot of a mesh
    without any, and the next free one otherwise; a material takes the second slot, behind an empty first one.
    """
    shown = tree.add.set_material(mesh, material=material)
    return tree.sample_index(shown, tree.add.material_index(), 0, "FACE")
