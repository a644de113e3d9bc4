"""The models: where their weights lie, what they hash to, what they put out, and what each is for.

Hashes and revisions are those of the hub, as recorded in public lock files; `docs/models.md` says where. The sizes of
the safetensors files also follow to the byte from the tables of names and shapes. Base is pinned to its original .pth,
since no public record of its safetensors file's hash was found.
"""

from dataclasses import dataclass
from typing import Literal

from .errors import ModelNameError

# The module that runs the model: see `inference.model.load`.
Family = Literal[
    "draft", "depth_anything_v1", "depth_anything_v2", "depth_anything_3", "moge_2", "video_depth_anything"
]
Encoder = Literal["lite2", "vits", "vitb", "vitl", "vitg"]
Kind = Literal["disparity", "distance"]
Device = Literal["auto", "cpu", "cuda", "mps", "xpu"]
Precision = Literal["float32", "float16", "bfloat16", "int8"]

_METRIC_BYTES = {"small": 99_173_660, "base": 389_916_980, "large": 1_341_322_868}
_ENCODERS: dict[str, Encoder] = {"small": "vits", "base": "vitb", "large": "vitl"}

TRAINED = 518  # pixels of a side at which Depth Anything V2 was trained
EMBEDDED = "embedded"  # stands for a model where the photo brought its depth; its revision is the container


@dataclass(frozen=True)
class ModelSpec:
    """One weight file: published on the hub, or `built_in`, without a repository, in `weights/`.

    `max_distance` (metres) is what a metric model can reach at most; a relative model has none. `trained` is the side,
    in pixels, of the pictures in training. `use` says in a few words to an artist what it is for. `lens` says whether
    it needs the photo's lens for its metres, or estimates it.
    """

    name: str
    title: str
    repo: str
    revision: str
    sha256: str
    bytes: int
    licence: str
    encoder: Encoder
    use: str
    kind: Kind = "disparity"
    file: str = "model.safetensors"
    max_distance: float | None = None
    trained: int = TRAINED
    family: Family = "depth_anything_v2"
    lens: Literal["", "needs", "estimates"] = ""

    @property
    def commercial(self) -> bool | None:
        """Whether the licence allows commercial use; None where upstream states none."""
        return {"CC-BY-NC-4.0": False, "unstated upstream": None}.get(self.licence, True)

    @property
    def reservation(self) -> str:
        """What has to be accepted before the weights are used, a sentence without its full stop; empty for nothing."""
        unstated = f"The authors of {self.title} state no licence for its weights, so only they can say what it allows"
        forbids = f"The licence of {self.title}, {self.licence}, forbids commercial use"
        return {True: "", False: forbids, None: unstated}[self.commercial]

    @property
    def sees_clips(self) -> bool:
        """Whether it looks from frame to frame: see `inference.model.ClipModel`."""
        return self.family == "video_depth_anything"

    @property
    def built_in(self) -> bool:
        """Whether its weights come with the program, and numpy alone runs it."""
        return not self.repo


def _metric(size: str, scene: str, revision: str, sha256: str) -> ModelSpec:
    return ModelSpec(
        name=f"{size}-{scene}",
        title=f"Depth Anything V2 Metric {scene.title()} {size.title()}",
        repo=f"depth-anything/Depth-Anything-V2-Metric-{scene.title()}-{size.title()}-hf",
        revision=revision,
        sha256=sha256,
        bytes=_METRIC_BYTES[size],
        licence="unstated upstream",
        encoder=_ENCODERS[size],
        kind="distance",
        use=f"metres {scene}s",
        max_distance={"indoor": 20.0, "outdoor": 80.0}[scene],
    )


def _video(size: str, kind: Kind, revision: str, sha256: str, n_bytes: int, licence: str) -> ModelSpec:
    metric, name = ("Metric-", "video-metric") if kind == "distance" else ("", "video")
    return ModelSpec(
        name=f"{name}-{size}",
        title=f"{metric.replace('-', ' ')}Video Depth Anything {size.title()}",
        repo=f"depth-anything/{metric}Video-Depth-Anything-{size.title()}",
        revision=revision,
        file=f"{metric.lower().replace('-', '_')}video_depth_anything_{_ENCODERS[size]}.pth",
        sha256=sha256,
        bytes=n_bytes,
        licence=licence,
        encoder=_ENCODERS[size],
        kind=kind,
        use="clips without flicker, in metres" if kind == "distance" else "clips without flicker",
        family="video_depth_anything",
    )


MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="draft",
        title="Draft (built in)",
        repo="",
        revision="1",
        file="draft.safetensors",
        sha256="",
        bytes=11_678_090,
        licence="Apache-2.0",
        encoder="lite2",
        use="at once, no download",
        trained=224,
        family="draft",
    ),
    ModelSpec(
        name="small",
        title="Depth Anything V2 Small",
        repo="depth-anything/Depth-Anything-V2-Small-hf",
        revision="5426e4f0f36572d16453bbda7a8389317b1bef99",
        sha256="3152477ce0d8d6978d76b995120de97cb5b928701fd0f817769f59e249a16b70",
        bytes=99_173_660,
        licence="Apache-2.0",
        encoder="vits",
        use="fast",
    ),
    ModelSpec(
        name="base",
        title="Depth Anything V2 Base",
        repo="depth-anything/Depth-Anything-V2-Base",
        revision="a4e71a6c2ce52fe50df0f212066b0d4a87be9b5e",
        file="depth_anything_v2_vitb.pth",
        sha256="0d2b7002e62d39d655571c371333340bd88f67ab95050c03591555aa05645328",
        bytes=389_961_218,
        licence="CC-BY-NC-4.0",
        encoder="vitb",
        use="finer",
    ),
    ModelSpec(
        name="large",
        title="Depth Anything V2 Large",
        repo="depth-anything/Depth-Anything-V2-Large-hf",
        revision="7581137eff8d4e94f6e796d3baea0e9fa79b22d2",
        sha256="4e01e34ed5549b529b70b92d53226bc370f03041977b390d3dde45d47f516cf9",
        bytes=1_341_322_868,
        licence="CC-BY-NC-4.0",
        encoder="vitl",
        use="finest outlines",
    ),
    ModelSpec(
        name="v1-base",
        title="Depth Anything V1 Base",
        repo="LiheYoung/depth-anything-base-hf",
        revision="74316968dd3bb353fb1fba30ab5876ff4f0c3352",
        sha256="91a6561491e7cca06cec2522f2353037f59a8d8ec8e3436a7520883d1cf99d65",
        bytes=389_916_980,
        licence="Apache-2.0",
        encoder="vitb",
        use="free and steady, softer edges",
        family="depth_anything_v1",
    ),
    ModelSpec(
        name="v1-large",
        title="Depth Anything V1 Large",
        repo="LiheYoung/depth-anything-large-hf",
        revision="27ccb0920352c0c37b3a96441873c8d37bd52fb6",
        sha256="bc27360a3e6906e5ddd8f618e2dcde11362327361918b8f76793e42e25de31b3",
        bytes=1_341_322_868,
        licence="Apache-2.0",
        encoder="vitl",
        use="free and steady, softer edges",
        family="depth_anything_v1",
    ),
    ModelSpec(
        name="da3-mono",
        title="Depth Anything 3 Mono Large",
        repo="depth-anything/DA3MONO-LARGE",
        revision="f465978e618db8cc79c83b8bbf24964857db1875",
        sha256="7a799a7f95eb8d4c404c2ca8be3dc3276b350a417ddc4420db72ba850cc0e960",
        bytes=1_336_734_448,
        licence="Apache-2.0",
        encoder="vitl",
        use="best free shapes, knows the sky",
        family="depth_anything_3",
    ),
    ModelSpec(
        name="da3-metric",
        title="Depth Anything 3 Metric Large",
        repo="depth-anything/DA3METRIC-LARGE",
        revision="4010e39f3634a45bc60553321fb49fb760bd594e",
        sha256="bbea5b0b3ee389849cffa7ddae89de064a90abd2b055fc5aa99aac68db324776",
        bytes=1_336_734_448,
        licence="Apache-2.0",
        encoder="vitl",
        kind="distance",
        use="metres with a known lens, cuts the sky",
        family="depth_anything_3",
        lens="needs",
    ),
    ModelSpec(
        name="moge-small",
        title="MoGe-2 Small",
        repo="Ruicheng/moge-2-vits-normal",
        revision="679230677b4d282c6f304189a93e98e14f085902",
        file="model.pt",
        sha256="79a16621928c2bf0ed04659218c55c01075e950507f40bb3332fb4c873d3e1dc",
        bytes=140_550_416,
        licence="MIT",
        encoder="vits",
        kind="distance",
        use="metres and the lens, for Camera projection",
        family="moge_2",
        lens="estimates",
    ),
    _metric(
        "small",
        "indoor",
        "8078d68a9c75a972131914f6afd0c1723be0da7f",
        "e990eb82fbf11b05b7813261196a2b841bdcf5a05f64396724a8987fa90504a3",
    ),
    _metric(
        "base",
        "indoor",
        "c6d9784685727bfc6d0a7b5452ce94afaee1e7f5",
        "8b902f5d9a8c8a9520f3a8c6a00afe442b464eff5aaf0cb405d1da721cd9f79f",
    ),
    _metric(
        "large",
        "indoor",
        "d2fc6a93601aabb1139a3bf0ebfcb4e89c67817f",
        "04d3295ff4f9cbee72b8998a85930fe870b45ba4431e7af47415fbded02388ca",
    ),
    _metric(
        "small",
        "outdoor",
        "fd2c22027eaf20374204f14099b8341e1925ad39",
        "ad065c77a7421ca55159a1f0db9433397a607690f2d76bb8a6fc54b1be7a3124",
    ),
    _metric(
        "base",
        "outdoor",
        "5b575fded0346068343a6d96d0ce3ab6dbc9fb49",
        "1f2e9ed13ee39126686994669f8d1bfd9cd8f093a4d2a0891e5a0e5263b480c9",
    ),
    _metric(
        "large",
        "outdoor",
        "4eab4cf1983c2801c515804005214de56a4b67cc",
        "15f7de4b22f1b1194847ea694ee9ed6395563ba5cd52b70b87901f183c232c9a",
    ),
    _video(
        "small",
        "disparity",
        "256875362cff76724b920335dfb4b29dd611f66e",
        "13379300b739e659f076a59d52e9801bd8d38c541a7e71f73bbca4dcfb013609",
        116_440_756,
        "Apache-2.0",
    ),
    _video(
        "base",
        "disparity",
        "7231d0c6e260f54f103eba5005d01f6efa4f43db",
        "775e578e8f9431ec0496514aa466bd0a1f67c28d0f518267809f35a43c04329b",
        458_247_082,
        "CC-BY-NC-4.0",
    ),
    _video(
        "large",
        "disparity",
        "7aafbcb5c6af0bac741aad2b6471894fb4761afa",
        "43df27c6b396042ba34ff7b798ab279f64d204d2e86d7a373968f8fa36d0e6fa",
        1_538_392_012,
        "CC-BY-NC-4.0",
    ),
    _video(
        "small",
        "distance",
        "273d090f2ce17df50c2872d82c8322c45da5b4dd",
        "3c28432b4e1f0d7bb31cad5151b6313b49457db5aa58d82e85bfb0f8b1311b33",
        116_444_063,
        "Apache-2.0",
    ),
)


def get(name: str) -> ModelSpec:
    """Return the model of that name; an unknown name raises `ModelNameError` with the known ones."""
    if spec := next((spec for spec in MODELS if spec.name == name), None):
        return spec
    raise ModelNameError(f"No model is called {name!r}. Choose one of {', '.join(spec.name for spec in MODELS)}")
