"""The groups that ship, in the order in which one may use another, and their asset catalogs."""

from . import (
    background_layer,
    bas_relief,
    depth_range,
    depth_relief,
    depth_samples,
    disparity_to_distance,
    displace,
    displace_grid,
    edge_aware_cutoff,
    edge_snap,
    grid_shape,
    image_grid,
    normalize_depth,
    sample_depth,
    small_islands,
    smooth_depth,
    unproject,
)

MODULES = (
    sample_depth,
    depth_range,
    normalize_depth,
    disparity_to_distance,
    grid_shape,
    image_grid,
    edge_snap,
    displace,
    displace_grid,
    unproject,
    small_islands,
    edge_aware_cutoff,
    smooth_depth,
    bas_relief,
    depth_samples,
    background_layer,
    depth_relief,
)

# Blender lists assets by catalog, then by name, so Depth Relief stands first. The identifiers are fixed for ever: a
# user's files refer to them.
CATALOGS = {
    "Depth": "6d0a2b58-8d0c-4a53-9b42-0d1f7a1c3e01",
    "Depth/Nodes": "6d0a2b58-8d0c-4a53-9b42-0d1f7a1c3e02",
}

AUTHOR = "Depth Nodes"
LICENCE = "CC0-1.0"
