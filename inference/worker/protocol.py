"""What Blender and the worker say to each other: frozen messages, one JSON object a line.

    Blender  ──►  Estimate, EstimateClip, Stabilise, Cancel ──►  stdin   worker
             ◄──  Ready, Progress, Done, Stabilised, Failed, Cancelled  ◄──  stdout

Every `Estimate` is answered by any number of `Progress` and then by one of `Done`, `Failed` and `Cancelled`; every
`EstimateClip` and `Stabilise` likewise, with `Stabilised` for `Done`. They are worked off in the order in which they
come. Arrays travel as `.npy` files whose paths the messages name. The worker ends when its stdin does, and when it has
been idle for long.
Standard library only: both sides import this module.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

from ..catalog import Device, Kind, Precision

Own = Literal["", "use", "anchor"]  # what becomes of the depth that a photo brings
Stage = Literal["loading", "downloading", "finding cuts", "estimating", "writing", "stabilising"]

# What went wrong, for the side that offers the way out; the text for people is in `Failed.message`.
Fault = Literal[
    "engine",
    "photo",
    "weights",
    "offline",
    "download",
    "licence",
    "device",
    "memory",
    "disk",
    "request",
    "embedded",
    "internal",
]


@dataclass(frozen=True)
class Estimate:
    """Estimate the depth of one picture.

    id: chosen by the asking side, and repeated in every answer.
    picture: a photo file, seen upright and answered as it is stored; or a `.npy` file, top row first, (H, W, 4) float32
        RGBA with straight alpha in 0 to 1, the colours sRGB-encoded, or scene-linear where `linear` is set. Such pixels
        are upright; `orientation` is how their file stores them, as EXIF numbers it, and how they are answered.
    output: the folder for the answer's arrays; it exists and belongs to the asking side.
    model: a name of the catalog. weights: a local file of that model in place of the hub's, or empty.
    precision: float32 is exact; float16 and bfloat16 are for GPUs, int8 is for CPUs.
    size: pixels of the picture's shorter side inside the model; 0 is the size at which it was trained.
    background: make up what lies behind every edge too.
    raw: of a movie's or sequence's frame, the file that the raw frame goes to (see `inference.video.raw`), in the place
        of arrays; source: what it notes of where the frame comes from.
    focal_length: of the photo, in millimetres on a sensor whose longer side is 36 mm; 0 is what its file says.
    embedded: "use" answers with the depth that the photo's file brings, without a model; "anchor" estimates, and takes
        scale and shift from it, which makes metres. A photo that brings none, or none that will do, is the fault
        "embedded". `inference.embedded.find.container_of` says beforehand which photos bring depth.
    photo_file: where the depth is, where `picture` is not that file; own: an `.npz` file of its pictures, `grey` and
        perhaps `confidence` (see `inference.embedded.stored.Decoded`), for a Python that can't decode them.
    upright: answer upright, however the photo lies in its file.
    show: answer with a picture of the photo too, for a program that can't open its file.
    offline: never touch the network; weights that are not on disk are then the fault "offline".
    """

    id: int
    picture: str
    output: str
    model: str = "small"
    weights: str = ""
    device: Device = "auto"
    precision: Precision = "float32"
    size: int = 0
    linear: bool = False
    orientation: int = 1
    offline: bool = True
    accept_license: bool = False
    background: bool = False
    raw: str = ""
    source: str = ""
    focal_length: float = 0.0
    embedded: Own = ""
    photo_file: str = ""
    own: str = ""
    upright: bool = False
    show: bool = False


@dataclass(frozen=True)
class EstimateClip:
    """Estimate the frames of a movie or image sequence, and make the depth of the clip from them.

    clip: the movie, or a pattern such as shot_####.png: see `inference.video.clip`. Pictures are answered as they are
        stored. frames: their numbers, in order. What an earlier request left in `raw` is gone on with.
    raw, output, background, fixed_camera: as of `Stabilise`. The others: as of `Estimate`.
    """

    id: int
    clip: str
    frames: list[int]
    raw: str
    output: str
    model: str = "small"
    weights: str = ""
    device: Device = "auto"
    precision: Precision = "float32"
    size: int = 0
    offline: bool = True
    accept_license: bool = False
    background: bool = False
    fixed_camera: bool = False


@dataclass(frozen=True)
class Stabilise:
    """Make the depth of a clip from its raw frames: files that Blender shows as a sequence.

    raw: the folder of the raw frames. output: the folder for the files; it exists. frames: the numbers, in order.
    background: make up what lies behind every edge too. fixed_camera: the camera stands still.
    """

    id: int
    raw: str
    output: str
    frames: list[int]
    background: bool = False
    fixed_camera: bool = False


@dataclass(frozen=True)
class Cancel:
    """Cancel an estimate, whether it has begun or not. One that is unknown or done is ignored."""

    id: int


@dataclass(frozen=True)
class Ready:
    """The worker's first line: it is listening. Nothing heavy has been imported yet."""


@dataclass(frozen=True)
class Progress:
    """Where an estimate is. `fraction` of this stage, 0 to 1, or None where unknown.

    done, total: bytes, while downloading.
    """

    id: int
    stage: Stage
    fraction: float | None = None
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Done:
    """The depth is on disk.

    values: `.npy`, float32 (H, W), top row first, as the model put it out (see `inference.depth.Depth`): at the size at
        which the model saw the picture, or at the picture's own where it has transparency.
    validity: `.npy`, float32 (H, W) in 0 to 1 from the picture's alpha and the model's sky, or empty where all of it
        counts.
    background: `.npy`, float32 (H, W, 2): depth and presence of what lies behind; colour: `.npy`, uint8, its picture
        (see `inference.background.Background`). Empty unless asked for.
    width, height: the picture's own. seconds: spent in the model alone.
    focal_length, lens: see `inference.depth.Lens`; 0 and empty where nothing is known of it.
    embedded: whose format the photo's own depth was in, of which the answer is made; empty where it is an estimate.
    residual: of an anchored estimate, the median of its error over the photo's own inverse depth.
    sharp: a picture file of the photo before its background was blurred, or empty where the file brings none.
    picture: a PNG or JPEG file of the photo, upright and in sRGB, or empty unless asked for.
    """

    id: int
    values: str
    validity: str
    kind: Kind
    raw_min: float
    raw_max: float
    model: str
    revision: str
    width: int
    height: int
    seconds: float
    background: str = ""
    colour: str = ""
    focal_length: float = 0.0
    lens: Literal["", "photo", "model", "assumed"] = ""
    embedded: str = ""
    residual: float = 0.0
    sharp: str = ""
    picture: str = ""


@dataclass(frozen=True)
class Stabilised:
    """The clip's files are on disk.

    raw_min, raw_max: the range of all shots. shots: first frame, last frame, lowest and highest value of each.
    failed: of each frame that came to nothing, its number and why. uneven: the movie's frames last differently long.
    """

    id: int
    kind: Kind
    raw_min: float
    raw_max: float
    model: str
    revision: str
    shots: list[list[float]]
    failed: list[tuple[int, str]] = field(default_factory=list)
    uneven: bool = False


@dataclass(frozen=True)
class Failed:
    """The estimate failed; `message` is one line for people that says what to do next."""

    id: int
    fault: Fault
    message: str


@dataclass(frozen=True)
class Cancelled:
    """The estimate was cancelled as asked."""

    id: int


Work = Estimate | EstimateClip | Stabilise
Request = Work | Cancel
Answer = Ready | Progress | Done | Stabilised | Failed | Cancelled
Message = Request | Answer

_CLASSES = {cls.__name__: cls for cls in get_args(Message)}


class ProtocolError(ValueError):
    """A line is not a message of this protocol."""


def encode(message: Message) -> str:
    """Return the message as one line of ASCII, its end included."""
    return json.dumps({"type": type(message).__name__, **asdict(message)}) + "\n"


def decode(line: str) -> Message:
    """Return the message of one line; raises `ProtocolError` for anything else."""
    try:
        fields = json.loads(line)
        return _CLASSES[fields.pop("type")](**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProtocolError(f"not a message of this protocol: {line.strip()[:200]!r}") from error
