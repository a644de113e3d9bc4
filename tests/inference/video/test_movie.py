"""Movies, written and read by PyAV: which frame is which."""

import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from inference import catalog
from inference.errors import PhotoError
from inference.predict import Predictor
from inference.video.clip import open_clip
from inference.worker import clip as worker_clip
from inference.worker.protocol import EstimateClip
from tests.inference.video.test_command import Plain


def write(path, count: int, *, times: list[int] | None = None, options: dict[str, str] | None = None) -> None:
    """Write a movie whose frames are grey, each by its number."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.gop_size, stream.max_b_frames = 5, 2
        for number in range(count):
            picture = np.full((48, 64, 3), 30 + 16 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def grey(clip, frame: int) -> int:
    return round((float(clip.read(frame).rgb.mean()) - 30) / 16)


def test_every_frame_in_any_order(tmp_path):
    write(tmp_path / "a.mp4", 13)
    clip = open_clip(str(tmp_path / "a.mp4"))
    assert clip.numbers == tuple(range(1, 14))
    assert clip.fps == 25
    assert not clip.uneven
    assert clip.read(3).rgb.shape == (48, 64, 3)
    assert [grey(clip, frame) for frame in range(1, 14)] == list(range(13))
    assert [grey(clip, frame) for frame in (11, 2, 2, 13, 1, 9)] == [10, 1, 1, 12, 0, 8]
    assert clip.source(3) != clip.source(4)


def test_frames_that_last_differently_long_are_said_and_counted(tmp_path):
    write(tmp_path / "a.mp4", 6, times=[0, 1, 2, 7, 8, 15])
    clip = open_clip(str(tmp_path / "a.mp4"))
    assert clip.uneven
    assert [grey(clip, frame) for frame in clip.numbers] == list(range(6))


def test_the_worker_says_that_frames_are_uneven_and_which_it_has_not(tmp_path):
    write(tmp_path / "a.mp4", 6, times=[0, 1, 2, 7, 8, 15])
    (tmp_path / "raw").mkdir()
    asked = EstimateClip(1, str(tmp_path / "a.mp4"), [1, 2, 3, 9], str(tmp_path / "raw"), str(tmp_path), model="draft")
    stages = []
    predictor = Predictor(Plain(), catalog.get("draft"), revision="")
    told = worker_clip.estimated(asked, lambda: predictor, lambda stage, share: stages.append((stage, share)))
    assert told.uneven
    assert told.failed == [(9, "frame 9: the clip has no such frame")]
    assert told.shots[0][:2] == [1, 3]
    assert sorted(path.name for path in tmp_path.glob("*.exr")) == [f"depth_000{number}.exr" for number in (1, 2, 3)]
    assert ("estimating", 1.0) in stages


def test_what_is_no_movie_or_has_no_such_frame(tmp_path):
    write(tmp_path / "a.mp4", 3)
    clip = open_clip(str(tmp_path / "a.mp4"))
    with pytest.raises(PhotoError, match="no frame 4; its frames are 1 to 3"):
        clip.read(4)
    (tmp_path / "b.mp4").write_bytes(b"no movie at all" * 99)
    with pytest.raises(PhotoError, match=r"b\.mp4.*decoded"):
        open_clip(str(tmp_path / "b.mp4"))
    (tmp_path / "c.png").write_bytes(b"x")
    with pytest.raises(PhotoError, match="one picture"):
        open_clip(str(tmp_path / "c.png"))


def test_without_the_package(tmp_path, monkeypatch):
    write(tmp_path / "a.mp4", 3)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(PhotoError, match=r"lack of the package av\. Set it up again"):
        open_clip(str(tmp_path / "a.mp4"))
