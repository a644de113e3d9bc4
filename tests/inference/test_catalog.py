"""The catalog: complete, consistent, and without torch."""

import subprocess
import sys

import pytest

from inference import catalog
from inference.errors import DepthNodesError
from inference.model.plain import CONFIGS

PUBLISHED = [spec for spec in catalog.MODELS if not spec.built_in]
V2 = [spec for spec in PUBLISHED if spec.family == "depth_anything_v2"]


def test_every_published_model_is_there():
    sizes, scenes = ("small", "base", "large"), ("", "-indoor", "-outdoor")
    assert {spec.name for spec in V2} == {size + scene for size in sizes for scene in scenes}
    assert {spec.name for spec in PUBLISHED if spec.family == "depth_anything_v1"} == {"v1-base", "v1-large"}
    assert {spec.name for spec in PUBLISHED if spec.family == "depth_anything_3"} == {"da3-mono", "da3-metric"}
    assert {spec.name for spec in PUBLISHED if spec.family == "moge_2"} == {"moge-small"}
    videos = {"video-small", "video-base", "video-large", "video-metric-small"}
    assert {spec.name for spec in PUBLISHED if spec.family == "video_depth_anything"} == videos


def test_the_built_in_model_comes_first():
    assert catalog.MODELS[0] is catalog.get("draft")
    assert [spec.name for spec in catalog.MODELS if spec.built_in] == ["draft"]


def test_every_file_is_pinned():
    for spec in PUBLISHED:
        assert len(spec.revision) == 40
        assert len(spec.sha256) == 64
        int(spec.revision + spec.sha256, 16)
        pickled = spec.name == "base" or spec.family == "video_depth_anything"
        assert spec.file.endswith(".pth" if pickled else ".pt" if spec.family == "moge_2" else ".safetensors")
    for column in ("name", "title", "repo", "revision", "sha256"):
        assert len({getattr(spec, column) for spec in PUBLISHED}) == len(PUBLISHED)


def test_sizes_are_those_of_the_parameters():
    parameters = {"vits": 24_785_089, "vitb": 97_470_785, "vitl": 335_315_649}
    others = {"da3-mono": 334_171_394, "da3-metric": 334_171_394, "moge-small": 35_103_656}
    videos = {"video-small": 29_080_193, "video-base": 114_531_521, "video-large": 384_554_177}
    others |= videos | {"video-metric-small": 29_080_193}
    for spec in PUBLISHED:
        count = others.get(spec.name, parameters[spec.encoder])
        assert 0 < spec.bytes - 4 * count < 200_000  # the names and shapes


def test_kinds_and_distances():
    for spec in V2:
        assert spec.encoder in CONFIGS
        scene = spec.name.partition("-")[2]
        expected = {"": ("disparity", None), "indoor": ("distance", 20.0), "outdoor": ("distance", 80.0)}
        assert (spec.kind, spec.max_distance) == expected[scene]


def test_licences_are_those_of_the_model_cards():
    licences = {spec.name: (spec.licence, spec.commercial) for spec in catalog.MODELS}
    assert licences["small"] == ("Apache-2.0", True)
    assert licences["base"] == licences["large"] == ("CC-BY-NC-4.0", False)
    assert licences["video-base"] == licences["video-large"] == ("CC-BY-NC-4.0", False)
    assert licences["video-small"] == licences["video-metric-small"] == ("Apache-2.0", True)
    assert all(licences[name] == ("Apache-2.0", True) for name in ("v1-base", "v1-large", "da3-mono", "da3-metric"))
    assert licences["moge-small"] == ("MIT", True)
    assert all(
        "unstated" in licence and commercial is None
        for name, (licence, commercial) in licences.items()
        if name.endswith("door")
    )


def test_every_model_says_in_a_few_words_what_it_is_for():
    assert all(3 < len(spec.use) < 45 for spec in catalog.MODELS)
    metres = [spec for spec in PUBLISHED if spec.kind == "distance"]
    assert all("metres" in spec.use for spec in metres)


def test_unknown_name_lists_the_known():
    assert catalog.get("base-outdoor").max_distance == 80
    with pytest.raises(DepthNodesError, match=r"small-indoor.*large-outdoor"):
        catalog.get("huge")


def test_catalog_and_errors_need_the_standard_library_alone():
    code = "import sys, inference.catalog, inference.errors; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "torch", "PIL", "huggingface_hub"} & set(loaded)
