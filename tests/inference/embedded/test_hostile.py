"""Files that are damaged, or made to do harm: one true sentence or no depth, never a traceback, and little memory."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from inference.embedded import find, read
from inference.embedded.embedded import Embedded
from inference.errors import EmbeddedDepthError
from inference.picture import Photo
from tests.inference.embedded import writers
from tests.inference.embedded.test_containers import (
    DEPTH_ITEM,
    DUAL,
    GREY,
    HEIGHT,
    PHOTO,
    PNG,
    SHARP,
    STATED,
    WIDTH,
    auxiliary,
)
from tests.inference.picture_files import png_claiming

WHOLE = {
    "GDepth": writers.gdepth(PHOTO, PNG, {"Near": "1", "Far": "2"}, SHARP),
    "Dynamic Depth": writers.dynamic_depth(PHOTO, [DEPTH_ITEM], STATED),
    "Apple JPEG": writers.multi_picture(PHOTO, [auxiliary("disparity", 0.5, 4.0)]),
    "Samsung": writers.samsung(PHOTO, DUAL),
    "Huawei": writers.huawei(PHOTO, SHARP, GREY),
}
LOOKS = Photo(np.zeros((4 * HEIGHT, 4 * WIDTH, 3), np.uint8), None)


def told(tmp_path, whole: bytes) -> str:
    """Return the sentence about a file whose depth can't be read."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(whole)
    with pytest.raises(EmbeddedDepthError) as caught:
        read.read(path, LOOKS)
    said = str(caught.value)
    assert str(path) in said
    assert said.endswith("Copy the photo from its phone again, or have its depth estimated")
    assert "\n" not in said
    return said


def outcome(path: Path, photo: Photo) -> Embedded | EmbeddedDepthError | None:
    """Return the depth that a file brings, or the error that says why it can't be read."""
    try:
        return read.read(path, photo)
    except EmbeddedDepthError as error:
        return error


@pytest.mark.parametrize("container", WHOLE)
def test_a_file_that_breaks_off_anywhere_is_told_or_brings_none_or_all_of_it(tmp_path, container):
    path = tmp_path / "photo.jpg"
    path.write_bytes(WHOLE[container])
    expected = read.read(path, LOOKS)
    for length in range(1, len(WHOLE[container]), 997):
        path.write_bytes(WHOLE[container][:length])
        match outcome(path, LOOKS):
            case Embedded() as found:
                np.testing.assert_array_equal(found.values, expected.values)
            case EmbeddedDepthError() as error:
                assert str(path) in str(error)


@pytest.mark.parametrize("container", WHOLE)
def test_damaged_bytes_are_told_or_change_the_numbers_and_nothing_else(tmp_path, container):
    draw, path = np.random.default_rng(list(container.encode())), tmp_path / "photo.jpg"
    for _ in range(120):
        damaged = np.frombuffer(WHOLE[container], np.uint8).copy()
        count = draw.choice((1, 3, 30))
        damaged[draw.integers(0, damaged.size, count)] = draw.integers(0, 256, count)
        path.write_bytes(damaged.tobytes())
        match outcome(path, LOOKS):
            case Embedded() as found:
                assert np.isfinite(found.values).all()
            case EmbeddedDepthError() as error:
                assert str(path) in str(error)


def test_lengths_beyond_the_file(tmp_path):
    items = [DEPTH_ITEM]
    for length in (len(DEPTH_ITEM[1]) + 1, 2**31, 2**63):
        assert "is cut off" in told(
            tmp_path, writers.dynamic_depth(PHOTO, items, STATED, lengths={DEPTH_ITEM[0]: length})
        )
    assert "negative length" in told(tmp_path, writers.dynamic_depth(PHOTO, items, STATED, lengths={DEPTH_ITEM[0]: -5}))
    block = WHOLE["Huawei"][:-12] + struct.pack("<I", 2**32 - 1) + b"DepthEn\0"
    assert "not in the file" in told(tmp_path, block)
    large = writers.huawei(PHOTO, SHARP, GREY).replace(
        struct.pack("<HH", WIDTH, HEIGHT), struct.pack("<HH", 65535, 65535)
    )
    assert "65535 x 65535, more than" in told(tmp_path, large)
    entry = struct.pack("<HHII", 0, 0x0AB1, len(DUAL[1][2]) + 27 + len(DUAL[2][2]) + 27, len(DUAL[1][2]) + 27)
    assert entry in WHOLE["Samsung"]
    assert "not in the file" in told(
        tmp_path, WHOLE["Samsung"].replace(entry, entry[:8] + struct.pack("<I", 2**32 - 1))
    )


def test_a_picture_that_is_listed_beyond_the_file_is_none(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(WHOLE["Apple JPEG"][:-50])
    assert find.container_of(tmp_path / "photo.jpg") is None


BILLION = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DEPTH = '<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/">'
BOMBS = {
    "exponential entities": f'<!DOCTYPE x [<!ENTITY l0 "lol">{BILLION}]>{DEPTH}&l9;</x:xmpmeta>',
    "an external entity": f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{DEPTH}&a;</x:xmpmeta>',
    "an external document type": f'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">{DEPTH}</x:xmpmeta>',
    "depth": DEPTH + "<a>" * 20_000,
    "no end": DEPTH,
    "an unknown entity": f"{DEPTH}&l9;</x:xmpmeta>",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("place", ["standard", "extended"])
def test_xml_that_would_explode_is_refused(tmp_path, bomb, coding, place):
    text = BOMBS[bomb].encode(coding)
    if place == "standard":
        mark = b"<!-- http://ns.google.com/photos/1.0/depthmap/ -->" if coding == "utf-16" else b""
        whole = writers.with_segments(PHOTO, (1, b"http://ns.adobe.com/xap/1.0/\0" + text[:65000] + mark))
    else:
        whole = writers.gdepth(PHOTO, b"", {"Near": "1"}, extended=text)
    tracemalloc.start()
    said = told(tmp_path, whole)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "is described by" in said
    assert most < 30e6


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded(tmp_path):
    tracemalloc.start()
    for width, height in ((30_000, 22_500), (8_000, 6_000)):
        said = told(tmp_path, writers.gdepth(PHOTO, png_claiming(width, height), {"Near": "1", "Far": "2"}))
        assert f"{width} x {height} pixels" in said or "has more pixels" in said
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        (WHOLE["GDepth"].replace(b'GDepth:Data="iVBOR', b'GDepth:Data="iVBO!'), "damaged"),
        (
            WHOLE["GDepth"].replace(
                b"http://ns.adobe.com/xmp/extension/\0", b"http://ns.adobe.com/xmp/extensiom/\0", 1
            ),
            "incomplete",
        ),
        (writers.dynamic_depth(PHOTO, [("other", DEPTH_ITEM[1])], STATED), "named in the file, but not in it"),
        (writers.dynamic_depth(PHOTO, [(DEPTH_ITEM[0], b"GIF89a" + bytes(200))], STATED), "damaged"),
        (writers.samsung(PHOTO, DUAL[:2]), "width and height the file doesn't state"),
        (
            writers.samsung(PHOTO, [*DUAL[:2], (0x0AB3, "DualShot_Extra_Info", writers.extra_info(9, 9))]),
            "doesn't state",
        ),
    ],
)
def test_what_contradicts_itself_is_told(tmp_path, whole, words):
    assert words in told(tmp_path, whole)


def test_a_hundred_thousand_packets_take_no_time(tmp_path):
    box = struct.pack(">I4s", 8 + 27, b"meta") + b"urn:mpeg:hevc:2015:auxid:2\0"
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\0\0\0\x0cftypheic" + box + b"<x:xmpmeta" * 100_000)
    assert find.container_of(path) == "Apple HEIC"
