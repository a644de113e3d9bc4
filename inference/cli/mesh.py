"""The command that makes a mesh file of a photo."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MeshError
from .options import add_model_options, add_own_options, load, positive_float
from .report import OK, PROGRAM

if TYPE_CHECKING:
    from ..maps import DepthMap
    from ..picture import Photo

_ASSUMED = 50.0  # millimetres: the lens of Depth Relief
_MEANINGS = ("bright", "dark", "metres")
_EPILOG = """\
.glb, .ply and .obj hold the scene: metres, +Y up, the camera at the origin looks along -Z.
.stl and .3mf hold a closed relief for printing and milling: millimetres, +Z up. Nothing is cut there but --outline.
"""


def run(arguments: Sequence[str]) -> int:
    """Make one mesh file."""
    options = _parser().parse_args(arguments)
    path = Path(options.output)
    from ..backdrop import with_backdrop
    from ..mesh import solid_files, write

    if path.suffix.lower() not in (*write.SUFFIXES, *solid_files.SUFFIXES):
        suffixes = ", ".join((*write.SUFFIXES, *solid_files.SUFFIXES))
        raise MeshError(f"-o {path} is not clear. Name a file that ends in one of {suffixes}")
    if not path.parent.is_dir():
        raise MeshError(f"-o {path}: there is no folder {path.parent}")
    from ..photo import read_photo

    photo = read_photo(options.photo, max_pixels=int(options.max_megapixels * 1e6))
    photo, known = _depth(options, photo)
    known = replace(known, depth=with_backdrop(known.depth, None))
    if path.suffix.lower() in solid_files.SUFFIXES:
        _write_solid(options, known, photo, path)
    else:
        _write_scene(options, known, photo, path)
    return OK


def _depth(options: argparse.Namespace, photo: "Photo") -> "tuple[Photo, DepthMap]":
    """Return the depth map that was named, or the photo's own, or estimate one; and the photo to lay over it."""
    from ..maps import DepthMap, read_map

    if options.depth:
        return photo, read_map(options.depth, options.depth_is)
    from ..embedded.read import brought
    from ..embedded.use import made

    photo, own = brought(options.photo, photo, metric=options.own == "anchor") if options.own else (photo, None)
    if options.own == "use":
        return photo, DepthMap(made(photo, own, None).depth)
    predictor = load(options, options.size, options.precision)
    lens = options.focal or (own and own.focal_length) or photo.focal_length
    estimate = predictor.predict(photo.rgb, photo.validity, focal_length=lens)
    return photo, DepthMap(made(photo, own, estimate).depth)


def _write_solid(options: argparse.Namespace, known: "DepthMap", photo: "Photo", path: Path) -> None:
    from ..mesh import solid_files
    from ..mesh.solid import Plate, solid

    plate = Plate(options.width, options.relief, options.base, options.pitch, options.negative, options.outline)
    made = solid(known.depth, photo, plate)
    solid_files.write(made, path)
    x, y, z = made.vertices.max(axis=0) - made.vertices.min(axis=0)
    print(f"{path}: closed, {len(made.triangles):,} triangles, {x:.4g} x {y:.4g} x {z:.4g} mm", flush=True)


def _write_scene(options: argparse.Namespace, known: "DepthMap", photo: "Photo", path: Path) -> None:
    from ..mesh import write
    from ..mesh.scene import build
    from ..mesh.shape import Shape

    made = build(
        known.depth,
        photo,
        Shape(
            projection=options.projection,
            vertices=options.vertices or max(photo.rgb.shape[:2]),
            near_distance=options.near_distance,
            far_distance=options.far_distance,
            focal_length=_lens(options, known, photo),
            scale=options.scale,
            cutoff=not options.no_cut,
            threshold=options.threshold,
            minimum_island=options.island,
            background=not options.no_background,
        ),
    )
    write.write(made, path, points=options.points)
    parts = [layer for _, layer, _ in made.parts()]
    faces = "points" if options.points else f"vertices, {sum(len(layer.quads) for layer in parts):,} faces"
    layers = "with background" if len(parts) > 1 else "one layer"
    print(f"{path}: {sum(len(layer.vertices) for layer in parts):,} {faces}, {layers}", flush=True)


def _lens(options: argparse.Namespace, known: "DepthMap", photo: "Photo") -> float:
    """Return the focal length: as given, as the depth map, its model or the photo says, or what Blender takes."""
    lens = known.depth.lens
    found = options.focal or known.focal_length or (lens.focal_length if lens else photo.focal_length)
    if found is None and options.projection == "camera":
        print(f"note: no focal length is known, {_ASSUMED:g} mm is taken; set it with --focal", file=sys.stderr)
    return found or _ASSUMED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} mesh",
        description="Make a mesh file of a photo and its depth, which is estimated unless --depth names a map.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("photo", metavar="PHOTO", type=Path)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="a .glb, .ply, .obj, .stl or .3mf file")
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--depth", metavar="MAP", type=Path, help="its depth map: .exr, .npy, or 16-bit .png or .tif")
    add_own_options(depth)
    parser.add_argument("--depth-is", choices=_MEANINGS, help="what the map's numbers are, where it doesn't say")
    _add_scene_options(parser.add_argument_group("scene"))
    _add_plate_options(parser.add_argument_group("closed relief, in millimetres"))
    parser.add_argument(
        "--max-megapixels", type=positive_float, default=250.0, metavar="N", help="refuse larger photos; default: 250"
    )
    add_model_options(parser.add_argument_group("model"))
    return parser


def _add_scene_options(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--projection", choices=("camera", "relief"), default="camera", help="default: camera")
    group.add_argument(
        "--focal",
        type=positive_float,
        metavar="MM",
        help=f"focal length on a sensor 36 mm wide; default: that of the map or the photo, else {_ASSUMED:g}",
    )
    group.add_argument(
        "--vertices",
        type=_vertices,
        default=1024,
        metavar="N",
        help="along the longer side; 0 is one a pixel of the photo; default: 1024",
    )
    group.add_argument(
        "--near-distance", type=positive_float, default=1.0, metavar="M", help="of relative depth; default: 1"
    )
    group.add_argument(
        "--far-distance", type=positive_float, default=4.0, metavar="M", help="of relative depth; default: 4"
    )
    group.add_argument(
        "--scale", type=positive_float, default=0.5, metavar="M", help="of a relief 2 m wide; default: 0.5"
    )
    group.add_argument(
        "--threshold",
        type=positive_float,
        default=0.2,
        metavar="GAP",
        help="cut where the gap over the nearer distance is larger; default: 0.2",
    )
    group.add_argument(
        "--island", type=int, default=64, metavar="N", help="leave out loose pieces with fewer faces; default: 64"
    )
    group.add_argument("--no-cut", action="store_true", help="leave the surface whole")
    group.add_argument("--no-background", action="store_true", help="leave out what lies behind the edges")
    group.add_argument("--points", action="store_true", help="points with colours, without faces")


def _add_plate_options(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--width", type=positive_float, default=100.0, metavar="MM", help="default: 100")
    group.add_argument("--relief", type=positive_float, default=8.0, metavar="MM", help="depth of relief; default: 8")
    group.add_argument("--base", type=positive_float, default=2.0, metavar="MM", help="plate below; default: 2")
    group.add_argument("--pitch", type=positive_float, default=0.2, metavar="MM", help="between points; default: 0.2")
    group.add_argument("--negative", action="store_true", help="a mould: deep where near, and mirrored")
    group.add_argument("--outline", action="store_true", help="leave out what is transparent in the photo")


def _vertices(text: str) -> int:
    if (number := int(text)) < 2 and number != 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 2")
    return number
