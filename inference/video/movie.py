"""Frames of a movie, by PyAV (FFmpeg's libraries), which an engine of an older release lacks."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import PhotoError, first_line
from ..picture import Photo
from .frames import source_of

_EVEN = 0.01  # of a frame's time, by which times may differ without it being said
_KEPT = 2  # frames, decoded already
_AHEAD = 64  # frames that are rather decoded than sought


class Movie:
    """A movie's frames in the order in which they are shown, from 1 on. Audio is not touched."""

    def __init__(self, path: Path) -> None:
        """Look at the times of all frames, without decoding any.

        Raises PhotoError for a file that is no movie, and where PyAV is not installed.
        """
        self._path = path
        self._av = _av(path)
        self._kept: OrderedDict[int, Photo] = OrderedDict()
        self._decoding: Iterator[tuple[int, Any]] | None = None
        self._next = 0
        try:
            self._container = self._av.open(str(path))
            if not self._container.streams.video:
                raise PhotoError(f"{path}: there is no picture in this file. Choose a movie")
            self._stream = self._container.streams.video[0]
            self._stream.thread_type = "AUTO"
            shown = [
                (packet.dts if packet.pts is None else packet.pts, packet.dts, packet.is_keyframe)
                for packet in self._container.demux(self._stream)
                if packet.dts is not None  # the last one is empty
            ]
        except (self._av.FFmpegError, OSError) as error:
            raise self._damaged(error) from error
        self._times = sorted(time for time, _, _ in shown)
        self._keys = sorted((time, stored) for time, stored, is_key in shown if is_key)
        if not self._times:
            raise PhotoError(f"{path}: there are no frames in this movie. Export it again")
        rate = self._stream.average_rate
        self.fps = float(rate) if rate else None
        self.numbers = tuple(range(1, len(self._times) + 1))
        self.uneven = self._is_uneven()
        self._place = {time: index for index, time in enumerate(self._times)}

    def read(self, frame: int) -> Photo:
        """Return a frame, in sRGB numbers as the movie states them, upright."""
        if not 1 <= frame <= len(self._times):
            raise PhotoError(f"{self._path}: there is no frame {frame}; its frames are 1 to {len(self._times)}")
        if frame not in self._kept:
            self._decode_to(frame - 1)
        return self._kept[frame]

    def source(self, frame: int) -> str:
        """Return the name, bytes and time of the file, and the frame's number."""
        return f"{source_of(self._path)} #{frame}"

    def _decode_to(self, index: int) -> None:
        try:
            if self._decoding is None or not self._next <= index < self._next + _AHEAD:
                # By when it is stored, which is how containers seek, and not by when it is shown.
                key = max(bisect_right(self._keys, (self._times[index], self._times[-1])) - 1, 0)
                start = self._keys[key][1] if self._keys else self._times[0]
                self._container.seek(start, stream=self._stream, backward=True)
                self._decoding = self._decoded()
            for place, decoded in self._decoding:
                self._next = place + 1
                if place == index:
                    self._keep(place + 1, decoded)
                    return
                if place > index:
                    break
        except (self._av.FFmpegError, OSError) as error:
            self._decoding = None
            raise self._damaged(error) from error
        self._decoding = None
        raise PhotoError(f"{self._path}: frame {index + 1} can't be decoded. Export the movie again")

    def _decoded(self) -> Iterator[tuple[int, Any]]:
        for decoded in self._container.decode(self._stream):
            if decoded.pts in self._place:
                yield self._place[decoded.pts], decoded

    def _keep(self, frame: int, decoded: Any) -> None:
        rgb = decoded.to_ndarray(format="rgb24")
        turns = round(-getattr(decoded, "rotation", 0) / 90) % 4  # clockwise, from a phone that was held upright
        if turns:
            import numpy as np

            rgb = np.ascontiguousarray(np.rot90(rgb, -turns))
        self._kept[frame] = Photo(rgb, None)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _is_uneven(self) -> bool:
        steps = [after - before for before, after in zip(self._times, self._times[1:], strict=False)]
        return bool(steps) and max(steps) - min(steps) > max(_EVEN * max(steps), 1)

    def _damaged(self, error: Exception) -> PhotoError:
        return PhotoError(f"{self._path} can't be decoded ({first_line(error)}). Export it as MP4 or as PNG files")


def _av(path: Path) -> Any:
    try:
        import av
    except ImportError as error:
        raise PhotoError(
            f"{path}: this engine can't read movies, for lack of the package av. Set it up again, or `pip install av` "
            "into it, or export the movie as PNG files"
        ) from error
    return av
