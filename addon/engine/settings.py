"""How to estimate: what the preferences say."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from ...inference import catalog  # type: ignore[import-not-found]  # the checkout's root is the extension's
from ...inference.worker.protocol import Device  # type: ignore[import-not-found]

PACKAGE = __package__.rpartition(".addon.")[0]  # bl_ext.<repository>.depth_nodes
_FOLDER = "engine"

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


def preferences() -> bpy.types.AddonPreferences:
    """Return the extension's preferences."""
    return bpy.context.preferences.addons[PACKAGE].preferences


def existing_python() -> str:
    """Return the path of the artist's own Python, or an empty one where there is none."""
    return bpy.path.abspath(preferences().existing_python)


def engine_folder() -> Path:
    """Return where an engine of our own is made: with the extension's user files, which an uninstall removes."""
    return Path(bpy.utils.extension_path_user(PACKAGE, create=True)) / _FOLDER


def current() -> Settings:
    """Return what the preferences say."""
    chosen = preferences()
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
