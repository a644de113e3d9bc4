"""Weight files of both layouts, and of none."""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from inference.catalog import get
from inference.errors import WeightsError
from inference.model import depth_anything_v1
from inference.model.plain import CONFIGS, VITS, ModelConfig
from inference.model.weights import load_model, read_tensors
from tests.inference.conftest import TINY


@pytest.fixture
def tensors(reference) -> dict[str, torch.Tensor]:
    return dict(reference("tiny").tensors)


def refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        load_model(path, TINY)
    return str(caught.value)


def saved(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    if path.suffix == ".pth":
        torch.save(tensors, path)
    else:
        save_file(tensors, path)
    return path


def run(path: Path, pixels: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return load_model(path, TINY)(pixels).numpy()


@pytest.fixture(scope="module")
def published_hf(tmp_path_factory):
    """A Small model with random weights, written by transformers in the published layout: (its model, its file)."""
    transformers = pytest.importorskip("transformers", reason="transformers is what checks the -hf key table")
    backbone = transformers.Dinov2Config(
        hidden_size=384,
        num_attention_heads=6,
        image_size=518,
        patch_size=14,
        out_indices=[3, 6, 9, 12],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=384,
        neck_hidden_sizes=[48, 96, 192, 384],
        fusion_hidden_size=64,
        head_hidden_size=32,
    )
    torch.manual_seed(0)
    model = transformers.DepthAnythingForDepthEstimation(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # the library starts with zeros and ones, which would hide a swap
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 100
            parameter.add_(torch.randn_like(parameter) * fan_in**-0.5)
        model.head.conv3.bias.fill_(4.0)  # above the ReLU
    folder = tmp_path_factory.mktemp("hf")
    model.save_pretrained(folder)
    return model, folder / "model.safetensors"


def test_hf_layout_is_what_transformers_reads(published_hf, pixels):
    theirs, path = published_hf
    with torch.inference_mode():
        expected = theirs(pixels(518, 518)).predicted_depth[0].numpy()
        ours = load_model(path, VITS)(pixels(518, 518))[0].numpy()
    assert np.ptp(expected) > 0.01
    assert np.abs(ours - expected).max() <= 2e-5 * np.ptp(expected)


def test_hf_file_has_the_published_size_and_number_of_tensors(published_hf):
    _, path = published_hf
    assert path.stat().st_size == 99_173_660
    assert len(load_file(path)) == 287


def test_v1_reads_the_last_four_blocks(pixels, tmp_path, monkeypatch):
    transformers = pytest.importorskip("transformers", reason="transformers is what checks the taps")
    small = ModelConfig(width=32, depth=6, heads=2, taps=(0, 1, 2, 3), features=16, channels=(8, 16, 24, 32))
    backbone = transformers.Dinov2Config(
        hidden_size=32,
        num_hidden_layers=6,
        num_attention_heads=2,
        image_size=518,
        patch_size=14,
        out_indices=[3, 4, 5, 6],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=32, neck_hidden_sizes=[8, 16, 24, 32], fusion_hidden_size=16
    )
    torch.manual_seed(0)
    theirs = transformers.DepthAnythingForDepthEstimation(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        theirs.head.conv3.bias.fill_(4.0)
    theirs.save_pretrained(tmp_path)
    monkeypatch.setitem(CONFIGS, "vitb", small)
    with torch.inference_mode():
        expected = theirs(pixels(518, 518)).predicted_depth[0].numpy()
        ours = depth_anything_v1.build(get("v1-base"), tmp_path / "model.safetensors")(pixels(518, 518))[0].numpy()
    assert np.ptp(expected) > 0.01
    assert np.abs(ours - expected).max() <= 2e-5 * np.ptp(expected)


def test_both_files_give_the_same_depth(tensors, pixels, tmp_path):
    depths = [run(saved(tmp_path / name, tensors), pixels(70, 98)) for name in ("a.pth", "b.safetensors")]
    np.testing.assert_array_equal(*depths)


def test_half_precision_file_is_read_as_float32(tensors, pixels, tmp_path):
    halved = {name: tensor.half() for name, tensor in tensors.items()}
    expected = run(saved(tmp_path / "full.pth", {name: t.float() for name, t in halved.items()}), pixels(56, 56))
    np.testing.assert_array_equal(run(saved(tmp_path / "half.safetensors", halved), pixels(56, 56)), expected)


def test_tensors_stay_mapped_to_the_file(tensors, tmp_path):
    name = "pretrained.blocks.0.mlp.fc1.weight"
    for path in (saved(tmp_path / "a.safetensors", tensors), saved(tmp_path / "b.pth", tensors)):
        mapped = read_tensors(path)
        addresses = range(mapped[name].data_ptr(), mapped[name].data_ptr() + 1)
        maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(path))]
        spans = [range(*(int(end, 16) for end in line[0].split("-"))) for line in maps]
        assert any(addresses[0] in span for span in spans)


def test_missing_unknown_and_misshapen_tensors_are_named(tensors, tmp_path):
    del tensors["pretrained.blocks.3.norm2.bias"]
    tensors["pretrained.register_tokens"] = torch.zeros(1, 4, 32)
    tensors["depth_head.scratch.output_conv1.weight"] = torch.zeros(8, 16, 1, 1)
    message = refusal(saved(tmp_path / "a.pth", tensors))
    assert "missing: pretrained.blocks.3.norm2.bias;" in message
    assert "unknown: pretrained.register_tokens;" in message
    assert "depth_head.scratch.output_conv1.weight is torch.float32 (8, 16, 1, 1) instead of (8, 16, 3, 3)" in message


def test_tensor_of_integers_is_named(tensors, tmp_path):
    tensors["pretrained.norm.weight"] = tensors["pretrained.norm.weight"].int()
    assert "pretrained.norm.weight is torch.int32" in refusal(saved(tmp_path / "a.pth", tensors))


def test_unused_tensors_may_be_absent_but_their_like_may_not(tensors, pixels, tmp_path):
    before = run(saved(tmp_path / "a.pth", tensors), pixels(56, 56))
    unused = [n for n in tensors if n.endswith("mask_token") or "refinenet4.resConfUnit1" in n]
    assert len(unused) == 5
    for name in unused:
        del tensors[name]
    np.testing.assert_array_equal(run(saved(tmp_path / "b.pth", tensors), pixels(56, 56)), before)
    del tensors["depth_head.scratch.refinenet3.resConfUnit1.conv1.bias"]
    assert "missing: depth_head.scratch.refinenet3.resConfUnit1.conv1.bias" in refusal(
        saved(tmp_path / "c.pth", tensors)
    )


def test_weights_of_another_size_are_refused(tensors, tmp_path):
    path = saved(tmp_path / "a.pth", tensors)
    with pytest.raises(WeightsError, match=r"cls_token.*\(1, 1, 32\).*\(1, 1, 384\)"):
        load_model(path, VITS)


def test_pickled_code_is_refused_and_not_run(tmp_path):
    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    torch.save({"pretrained.cls_token": Hostile()}, tmp_path / "a.pth")
    assert "can't be read" in refusal(tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Hostile()))
    assert "can't be read" in refusal(tmp_path / "b.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["a.pth", "b.safetensors"])
@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.999])
def test_truncated_files_are_refused(tensors, tmp_path, name, kept):
    path = saved(tmp_path / name, tensors)
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    assert "can't be read" in refusal(path)


@pytest.mark.parametrize("name", ["absent.pth", "absent.safetensors", "folder.pth", "folder.safetensors", "model.onnx"])
def test_what_is_no_weight_file_is_refused(tmp_path, name):
    if name.startswith("folder"):
        (tmp_path / name).mkdir()
    assert name in refusal(tmp_path / name)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {"model": {"a": torch.zeros(1)}}, {"a": torch.zeros(1)}, {}])
def test_pth_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    message = refusal(tmp_path / "a.pth")
    assert "not a table of named tensors" in message or "not a file of this model" in message


def safetensors(header: object, data: bytes = b"") -> bytes:
    """Write the format by hand: the header's length, the header as JSON or as it is, the tensors' bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def described(start: int, end: int, shape: tuple[int, ...] = (1,)) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape, "data_offsets": (start, end)}


@pytest.mark.parametrize(
    "content",
    [
        safetensors({}),
        safetensors(b"{}      "),
        safetensors({"a": described(0, 4)}, bytes(4)),
        safetensors({"a": described(0, 4, ())}, bytes(4)),
        safetensors({"a": described(0, 0, (2, 0))}),
        safetensors({"__metadata__": {"format": "pt"}, "a": described(0, 4)}, bytes(4)),
    ],
)
def test_unusual_safetensors_are_read(tmp_path, content):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert isinstance(read_tensors(path), dict)
    assert "not a file of this model" in refusal(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 100),
        struct.pack("<Q", 2**63) + b"{}",
        safetensors(b"\xff"),
        safetensors(b"{"),
        safetensors([1, 2]),
        safetensors({"a": described(0, 4)}),
        safetensors({"a": described(0, 4)}, bytes(8)),
        safetensors({"a": described(0, 4, (2,))}, bytes(4)),
        safetensors({"a": described(4, 0)}, bytes(4)),
        safetensors({"a": described(0, 4, (2**62, 8))}, bytes(4)),
        safetensors({"a": described(0, 4), "b": described(0, 4)}, bytes(4)),
        safetensors({"a": described(0, 4), "b": described(6, 10)}, bytes(10)),
    ],
)
def test_malformed_safetensors_are_refused(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    assert "can't be read" in refusal(tmp_path / "a.safetensors")
