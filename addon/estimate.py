"""Depth of an image of Blender: what is asked of the engine, and what becomes of its answer.

Everything here runs on the main thread and can be called from a script.
"""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np

from ..inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ..inference.protocol import Device, Done, Estimate  # type: ignore[import-not-found]
from . import depth_image, engine, picture
from .errors import EstimateError

_DEPTH_OF = "depth_nodes_depth"  # on the photo: its depth image, so that the next estimate rewrites that one

BEYOND = 777  # from half as much again on they lose consistency
QUALITIES = {"DRAFT": 308, "STANDARD": catalog.TRAINED, "FINE": 770}


@dataclass(frozen=True)
class Settings:
    """How to estimate. size: pixels of the picture's shorter side inside the model; weights: a local file, or empty."""

    model: str = "small"
    device: Device = "auto"
    size: int = catalog.TRAINED
    weights: str = ""
    invert: bool = False
    accept_license: bool = False


def settings() -> Settings:
    """Return what the preferences say."""
    chosen = engine.preferences()
    return Settings(
        model=chosen.model,
        device=chosen.device,
        size=QUALITIES.get(chosen.quality, chosen.size),
        weights=bpy.path.abspath(chosen.weights),
        invert=chosen.invert,
        accept_license=chosen.model in chosen.accepted.split(","),
    )


def smaller(wanted: Settings) -> Settings:
    """Return the settings with half the pixels."""
    return replace(wanted, size=max(round(wanted.size / 2**0.5), 70))


def is_on_disk(spec: catalog.ModelSpec) -> bool:
    """Return whether the Hugging Face cache holds the weights of a model; in the layout that the hub documents."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")
    folder = cache / f"models--{spec.repo.replace('/', '--')}" / "snapshots" / spec.revision
    return (folder / spec.file).is_file()


def request(
    image: bpy.types.Image,
    identifier: int,
    folder: Path,
    wanted: Settings,
    *,
    user: bpy.types.ImageUser | None = None,
    frame: int = 1,
) -> Estimate:
    """Return what to ask of the engine for an image. Raises DepthNodesError for one that can't be estimated."""
    spec = catalog.get(wanted.model)
    if spec.commercial is False and not wanted.accept_license:
        raise EstimateError(f"{spec.title} is licensed {spec.licence}: accept that first, or choose another model")
    place = _place(folder, identifier)
    place.mkdir()
    given = picture.hand_over(image, place, user=user, frame=frame)
    return Estimate(
        id=identifier,
        picture=str(given.path),
        output=str(place),
        model=wanted.model,
        weights=wanted.weights,
        device=wanted.device,
        size=wanted.size,
        linear=given.linear,
        offline=not bpy.app.online_access,
        accept_license=wanted.accept_license,
    )


def depth_of(image: bpy.types.Image) -> bpy.types.Image | None:
    """Return the depth image that was estimated from an image before, if it is still there."""
    found = image.get(_DEPTH_OF)
    return found if isinstance(found, bpy.types.Image) else None


def store(image: bpy.types.Image, done: Done, wanted: Settings) -> bpy.types.Image:
    """Write an answer into the depth image of its photo, the one there is or a new one, and return it.

    Every modifier that samples it follows.
    """
    values = np.load(done.values)  # (H, W)
    validity = np.load(done.validity) if done.validity else None
    if wanted.invert:
        values = np.float32(done.raw_min) + np.float32(done.raw_max) - values
    target = depth_of(image)
    written = depth_image.write(
        target if target is not None and target.is_editable else f"{Path(image.name).stem} Depth",
        values,
        kind=done.kind,
        validity=validity,
        info=depth_image.DepthInfo(done.kind, source=image.name, model=done.model, revision=done.revision),
    )
    if image.is_editable:
        image[_DEPTH_OF] = written
    return written


def discard(folder: Path, identifier: int) -> None:
    """Remove the files of a request and its answer; what can't be removed now goes with the folder."""
    shutil.rmtree(_place(folder, identifier), ignore_errors=True)


def _place(folder: Path, identifier: int) -> Path:
    return folder / str(identifier)
