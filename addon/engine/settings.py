"""How to estimate, and with which engine: what the preferences say."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.worker.protocol import Device, Estimate, EstimateClip, Own  # type: ignore[import-not-found]
from ..errors import EngineError, EstimateError
from . import place
from .backends import MAY_FETCH

PACKAGE = __package__.rpartition(".addon.")[0]  # bl_ext.<repository>.depth_nodes

BUILT_IN, BETTER = "draft", "small"  # the model before there is an engine, and the one after

BEYOND = 777  # from half as much again on they lose consistency
QUALITIES = {"DRAFT": 308, "STANDARD": catalog.TRAINED, "FINE": 770}

OWN_DEPTHS: dict[str, Own] = {"USE": "use", "ANCHOR": "anchor", "IGNORE": ""}


@dataclass(frozen=True)
class Settings:
    """How to estimate.

    size: pixels of the picture's shorter side inside the model; 0 is the size at which it was trained. weights: a local
    file, or empty. own_depth: what to do with depth that a photo's own file brings: "use" it as it is; "anchor" the
    estimate to it, which makes metres; or nothing.
    """

    model: str = BUILT_IN
    device: Device = "auto"
    size: int = 0
    weights: str = ""
    invert: bool = False
    accept_license: bool = False
    own_depth: Own = ""


def preferences() -> bpy.types.AddonPreferences:
    """Return the extension's preferences."""
    return bpy.context.preferences.addons[PACKAGE].preferences  # type: ignore[return-value]  # None before it is enabled


def engine() -> place.Engine:
    """Return the engine to estimate with. Raises EngineError if there is none."""
    return place.chosen(bpy.path.abspath(preferences().existing_python), place.root())


def has_engine() -> bool:
    """Return whether the models that aren't built in can run."""
    try:
        engine()
    except EngineError:
        return False
    return True


def engine_of(spec: catalog.ModelSpec) -> place.Engine:
    """Return the Python that runs a model. Raises EngineError where the model needs the engine and there is none."""
    if spec.built_in:
        return place.built_in()
    try:
        return engine()
    except EngineError as error:
        raise EngineError(f"{spec.title} needs the engine. {error}, or use Draft, which is built in") from error


def note_use(used: place.Engine) -> None:
    """Note that this Blender uses an engine, for whoever removes it."""
    place.note_user(used, place.root(), ".".join(map(str, bpy.app.version[:2])))


def prefer_engine() -> None:
    """Where there is an engine and no model was chosen yet, choose the one that the engine is recommended for."""
    if has_engine() and not preferences().is_property_set("model"):
        preferences().model = BETTER


def current(model: str = "") -> Settings:
    """Return what the preferences say, for the model that they name or for another one."""
    chosen = preferences()
    spec = catalog.get(model or chosen.model)
    of_model = spec.name == chosen.model and not spec.built_in  # quality and weights are those of the chosen model
    own_size: int = chosen.size
    return Settings(
        model=spec.name,
        device="auto" if spec.built_in else chosen.device,
        size=QUALITIES.get(chosen.quality, own_size) if of_model else spec.trained,
        weights=bpy.path.abspath(chosen.weights) if of_model else "",
        invert=chosen.invert,
        accept_license=spec.name in chosen.accepted.split(","),
        own_depth=OWN_DEPTHS[chosen.own_depth],
    )


def check(wanted: Settings) -> None:
    """Raise EstimateError where the terms of the model's weights have to be accepted first."""
    spec = catalog.get(wanted.model)
    if spec.reservation and not wanted.accept_license:
        raise EstimateError(f"{spec.reservation}. Accept that first, or choose another model")


def request(
    wanted: Settings,
    identifier: int,
    picture: Path,
    output: Path,
    *,
    linear: bool,
    orientation: int,
    raw: str = "",
    source: str = "",
) -> Estimate:
    """Return what to ask of the engine.

    linear: the picture is a `.npy` file of scene-linear colours. orientation: how its file stores them, by EXIF.
    raw, source: of a clip's frame, as in the protocol.
    """
    return Estimate(
        id=identifier,
        picture=str(picture),
        output=str(output),
        **_of_model(wanted),
        linear=linear,
        orientation=orientation,
        background=not (wanted.invert or raw),  # what lies behind is known by what is near
        raw=raw,
        source=source,
    )


def request_clip(
    wanted: Settings, clip: str, frames: list[int], raw: Path, output: Path, *, fixed_camera: bool
) -> EstimateClip:
    """Return what to ask of the engine for a clip that it reads itself; `jobs` gives it its number."""
    return EstimateClip(
        id=0,
        clip=clip,
        frames=frames,
        raw=str(raw),
        output=str(output),
        **_of_model(wanted),
        background=True,
        fixed_camera=fixed_camera,
    )


def _of_model(wanted: Settings) -> dict[str, Any]:
    """Return what every request says of the model and of what it may do."""
    return {
        "model": wanted.model,
        "weights": wanted.weights,
        "device": wanted.device,
        "size": wanted.size,
        "offline": not (MAY_FETCH and bpy.app.online_access),
        "accept_license": wanted.accept_license,
    }


def smaller(wanted: Settings) -> Settings:
    """Return the settings with half the pixels."""
    return replace(wanted, size=max(round(wanted.size / 2**0.5), 70))
