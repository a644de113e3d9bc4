"""The command that makes a prior of a set of photos with cameras."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DepthFileError
from .options import add_model_options, load, positive_float
from .report import FAILED, OK, PROGRAM, complain

if TYPE_CHECKING:
    from ..depth import Depth
    from ..predict import Predictor

_TARGETS = {
    "3dgs": "depths/*.png, linear in inverse depth, and depth_params.json beside the model; train with -d depths",
    "nerfstudio": "transforms_depth.json with depth_file_path; train with --data DATASET/transforms_depth.json",
    "ngp": "the same file: it has depth_path and integer_depth_scale too",
    "colmap": "stereo/ with depth and normal maps, for `colmap stereo_fusion --input_type geometric`",
}
_EPILOG = "readers:\n" + "\n".join(f"  {name:<12} {text}" for name, text in _TARGETS.items())


def run(arguments: Sequence[str]) -> int:
    """Estimate the depth of a dataset's photos and align it to the dataset's points."""
    options = _parser().parse_args(arguments)
    from ..prior import dataset
    from ..prior import run as way

    found = dataset.read(options.dataset)
    refused = 0
    for result in way.run(found, options.to, options.output or found.folder, _estimator(options)):
        match result:
            case way.Aligned(name, fit):
                print(
                    f"{name}: {fit.points} points, {fit.inliers:.0%} inliers, residual {fit.residual:.2%}, "
                    f"scale {fit.scale:.4g}, offset {fit.offset:.4g}",
                    flush=True,
                )
            case way.Refused(name, error):
                refused += 1
                complain(error)
                print(f"{name}: no depth", flush=True)
            case way.Written(paths):
                print("written:", ", ".join(map(str, paths)), flush=True)
    return FAILED if refused else OK


def _estimator(options: argparse.Namespace) -> "Callable[[Path], Depth]":
    """Return what gives the depth of a photo: maps that are there, or a model that is loaded for the first photo."""
    if options.depths:
        return lambda photo: _map_of(photo, options)
    loaded: list[Predictor] = []

    def estimate(photo: Path) -> "Depth":
        from ..photo import read_photo

        picture = read_photo(photo, max_pixels=int(options.max_megapixels * 1e6))
        if not loaded:
            loaded.append(load(options, options.size, options.precision))
        return loaded[0].predict(picture.rgb, picture.validity, focal_length=picture.focal_length)

    return estimate


def _map_of(photo: Path, options: argparse.Namespace) -> "Depth":
    from ..io import SUFFIXES as OURS
    from ..maps import SUFFIXES, read_map

    names = [photo.stem + suffix for suffix in (*OURS.values(), *SUFFIXES)]
    found = next((options.depths / name for name in names if (options.depths / name).is_file()), None)
    if found is None:
        raise DepthFileError(
            f"{photo}: no depth map in {options.depths} is called {photo.stem}.depth.exr or {photo.stem}"
        )
    return read_map(found, options.depth_is).depth


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} prior",
        description="Estimate the depth of each photo of a scene, align it to the scene's sparse points, and write it "
        "as a prior for radiance fields and splatting. The photos have to be undistorted.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "dataset", metavar="DATASET", type=Path, help="a folder with images/ and sparse/, or with transforms.json"
    )
    parser.add_argument("--to", required=True, choices=_TARGETS, help="who reads it")
    parser.add_argument("-o", "--output", metavar="FOLDER", type=Path, help="default: the dataset's own folder")
    parser.add_argument("--depths", metavar="FOLDER", type=Path, help="take depth maps from here in place of a model")
    parser.add_argument(
        "--depth-is", choices=("bright", "dark", "metres"), help="what those maps' numbers are, where they don't say"
    )
    parser.add_argument(
        "--max-megapixels", type=positive_float, default=250.0, metavar="N", help="refuse larger photos; default: 250"
    )
    add_model_options(parser.add_argument_group("model"))
    return parser
