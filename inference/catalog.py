"""The published Depth Anything V2 models: where their weights lie, what they must hash to, and what they put out."""

from dataclasses import dataclass
from typing import Literal

from .errors import ModelNameError

Encoder = Literal["vits", "vitb", "vitl", "vitg"]
Layout = Literal["original", "hf"]
Kind = Literal["disparity", "distance"]


@dataclass(frozen=True)
class ModelSpec:
    """One published weight file.

    `sha256` and `bytes` are None where no public record of them was seen; the hub's own hash of the file then decides.
    `commercial` is None where upstream states no licence. `max_distance` (metres) is what a metric model can reach at
    most; a relative model has none.
    """

    name: str
    title: str
    repo: str
    revision: str
    file: str
    sha256: str | None
    bytes: int | None
    licence: str
    commercial: bool | None
    encoder: Encoder
    layout: Layout
    kind: Kind
    max_distance: float | None


_ENCODERS: dict[str, Encoder] = {"small": "vits", "base": "vitb", "large": "vitl"}
_LICENCES = {"small": ("Apache-2.0", True), "base": ("CC-BY-NC-4.0", False), "large": ("CC-BY-NC-4.0", False)}
_UNSTATED = "unstated upstream"
_MAX_DISTANCE = {"indoor": 20.0, "outdoor": 80.0}


def _relative(size: str, revision: str, sha256: str | None, n_bytes: int | None) -> ModelSpec:
    licence, commercial = _LICENCES[size]
    repo = f"depth-anything/Depth-Anything-V2-{size.title()}-hf"
    return ModelSpec(
        size,
        f"Depth Anything V2 {size.title()}",
        repo,
        revision,
        "model.safetensors",
        sha256,
        n_bytes,
        licence,
        commercial,
        _ENCODERS[size],
        "hf",
        "disparity",
        None,
    )


def _metric(size: str, scene: str, revision: str, sha256: str | None, n_bytes: int | None) -> ModelSpec:
    repo = f"depth-anything/Depth-Anything-V2-Metric-{scene.title()}-{size.title()}-hf"
    return ModelSpec(
        f"{size}-{scene}",
        f"Depth Anything V2 Metric {scene.title()} {size.title()}",
        repo,
        revision,
        "model.safetensors",
        sha256,
        n_bytes,
        _UNSTATED,
        None,
        _ENCODERS[size],
        "hf",
        "distance",
        _MAX_DISTANCE[scene],
    )


MODELS: tuple[ModelSpec, ...] = (
    _relative(
        "small",
        "5426e4f0f36572d16453bbda7a8389317b1bef99",
        "3152477ce0d8d6978d76b995120de97cb5b928701fd0f817769f59e249a16b70",
        99_173_660,
    ),
    _relative("base", "main", None, None),
    _relative("large", "main", None, None),
    _metric("small", "indoor", "main", None, None),
    _metric("base", "indoor", "main", None, None),
    _metric("large", "indoor", "main", None, None),
    _metric("small", "outdoor", "main", None, None),
    _metric("base", "outdoor", "main", None, None),
    _metric("large", "outdoor", "main", None, None),
)
DEFAULT = MODELS[0]


def get(name: str) -> ModelSpec:
    """Return the model of that name; an unknown name raises `ModelNameError` with the known ones."""
    for spec in MODELS:
        if spec.name == name:
            return spec
    raise ModelNameError(f"no model is called {name!r}: choose one of {', '.join(spec.name for spec in MODELS)}")
