"""A real portrait of an iPhone: its depth, its lens, how it lies, and what must not be taken for depth."""

import numpy as np
import pytest
from PIL import Image

from inference.embedded import find, read, use
from inference.errors import EmbeddedDepthError
from inference.photo import read_photo
from tests.material import material

IROT = 2288  # where the portrait's one rotation stands: both pictures refer to it


@pytest.fixture(scope="module")
def pug():
    """Return the file of the portrait."""
    return material("heic/pug.heic")


@pytest.fixture(scope="module")
def photo(pug):
    return read_photo(pug)


@pytest.fixture(scope="module")
def own(pug, photo):
    return read.required(pug, photo)


def test_what_the_file_says(pug, own):
    """The figures are those of its XMP: disparity from 1.498047 to 4.382812, 3032.59 pixels of focal length in 4032."""
    assert find.container_of(pug) == own.container == "Apple HEIC"
    assert (own.kind, own.accuracy, own.values.shape) == ("distance", "relative", (576, 768))
    assert own.known is None
    half_a_step = (4.382812 - 1.498047) / 255 / 2  # by which a slope may leave the steps of 8 bits
    assert 1 / own.near == pytest.approx(4.382812, abs=half_a_step * 1.01)
    assert 1 / own.far == pytest.approx(1.498047, abs=half_a_step * 1.01)
    assert own.focal_length == pytest.approx(3032.59423828125 / 4032 * 36)


def test_every_value_is_that_of_another_reading(own):
    """The same portrait's distances, taken out of it by other means."""
    kept = np.load(material("rgbd/apple_portrait_pug.npz"))["depth"]
    small = np.asarray(Image.fromarray(own.values).resize(kept.shape[::-1], Image.Resampling.NEAREST))
    assert np.abs(1 / small - 1 / kept).mean() < 0.02  # of 2.9; the one is 8-bit, the other resized


def test_a_turned_portrait_is_turned_once(pug, photo, own, tmp_path):
    whole = bytearray(pug.read_bytes())
    assert whole[IROT - 4 : IROT + 1] == b"irot\0"
    whole[IROT] = 1  # a quarter turn anticlockwise
    path = tmp_path / "turned.heic"
    path.write_bytes(whole)
    turned = read_photo(path)
    assert turned.rgb.shape[:2] == photo.rgb.shape[1::-1]
    np.testing.assert_allclose(read.required(path, turned).values, np.rot90(own.values), rtol=1e-5)


def test_the_whole_map_has_the_photos_size_and_range_and_follows_its_outlines(photo, own):
    depth = use.whole(own, photo)
    assert depth.values.shape == photo.rgb.shape[:2]
    assert (depth.kind, depth.model, depth.revision) == ("distance", "embedded", "Apple HEIC")
    assert own.near * 0.999 <= depth.raw_min < depth.raw_max <= own.far * 1.001
    assert depth.lens.focal_length == own.focal_length
    again = np.asarray(Image.fromarray(1 / depth.values).resize((768, 576), Image.Resampling.BOX))
    assert np.median(np.abs(again - 1 / own.values)) < 0.01


def test_a_gain_map_alone_is_no_depth(pug, photo, tmp_path):
    path = tmp_path / "gain.heic"
    path.write_bytes(pug.read_bytes().replace(b"urn:mpeg:hevc:2015:auxid:2\0", b"urn:mpeg:hevc:2015:auxid:1\0"))
    assert find.container_of(path) is None
    with pytest.raises(EmbeddedDepthError, match="brings no depth of its own"):
        read.required(path, photo)


@pytest.mark.parametrize("length", [300, 2000, 9000, 100_000, 1_200_000])
def test_a_portrait_that_is_cut_off_ends_in_one_sentence(pug, photo, tmp_path, length):
    path = tmp_path / "cut.heic"
    path.write_bytes(pug.read_bytes()[:length])
    with pytest.raises(EmbeddedDepthError) as caught:
        read.required(path, photo)
    assert str(path) in str(caught.value)
