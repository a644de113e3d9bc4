"""Weight files -> the plain network, for both layouts that Depth Anything V2 is published in."""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..catalog import Layout
from ..errors import WeightsError
from .plain import DepthAnything, ModelConfig

# Our names -> published names, of a tensor, or of a layer that has a weight and perhaps a bias. {i} counts blocks of
# the encoder from 0 and levels of the head from 0, the finest; {n} is i + 1, and {r} counts the levels in reverse.
_ORIGINAL = {
    "encoder.cls_token": "pretrained.cls_token",
    "encoder.pos_embed": "pretrained.pos_embed",
    "encoder.patch_embed": "pretrained.patch_embed.proj",
    "encoder.blocks.{i}.norm1": "pretrained.blocks.{i}.norm1",
    "encoder.blocks.{i}.attn.qkv": "pretrained.blocks.{i}.attn.qkv",
    "encoder.blocks.{i}.attn.proj": "pretrained.blocks.{i}.attn.proj",
    "encoder.blocks.{i}.scale1.gamma": "pretrained.blocks.{i}.ls1.gamma",
    "encoder.blocks.{i}.norm2": "pretrained.blocks.{i}.norm2",
    "encoder.blocks.{i}.mlp.fc1": "pretrained.blocks.{i}.mlp.fc1",
    "encoder.blocks.{i}.mlp.fc2": "pretrained.blocks.{i}.mlp.fc2",
    "encoder.blocks.{i}.mlp.w12": "pretrained.blocks.{i}.mlp.w12",
    "encoder.blocks.{i}.mlp.w3": "pretrained.blocks.{i}.mlp.w3",
    "encoder.blocks.{i}.scale2.gamma": "pretrained.blocks.{i}.ls2.gamma",
    "encoder.norm": "pretrained.norm",
    "head.project.{i}": "depth_head.projects.{i}",
    "head.enlarge4": "depth_head.resize_layers.0",
    "head.enlarge2": "depth_head.resize_layers.1",
    "head.reduce2": "depth_head.resize_layers.3",
    "head.narrow.{i}": "depth_head.scratch.layer{n}_rn",
    "head.fusion.{i}.skip.conv1": "depth_head.scratch.refinenet{n}.resConfUnit1.conv1",
    "head.fusion.{i}.skip.conv2": "depth_head.scratch.refinenet{n}.resConfUnit1.conv2",
    "head.fusion.{i}.refine.conv1": "depth_head.scratch.refinenet{n}.resConfUnit2.conv1",
    "head.fusion.{i}.refine.conv2": "depth_head.scratch.refinenet{n}.resConfUnit2.conv2",
    "head.fusion.{i}.out": "depth_head.scratch.refinenet{n}.out_conv",
    "head.output.conv1": "depth_head.scratch.output_conv1",
    "head.output.conv2": "depth_head.scratch.output_conv2.0",
    "head.output.conv3": "depth_head.scratch.output_conv2.2",
}
# Hugging Face's layout; {part} is query, key and value, which we hold one below the other.
_HF = {
    "encoder.cls_token": "backbone.embeddings.cls_token",
    "encoder.pos_embed": "backbone.embeddings.position_embeddings",
    "encoder.patch_embed": "backbone.embeddings.patch_embeddings.projection",
    "encoder.blocks.{i}.norm1": "backbone.encoder.layer.{i}.norm1",
    "encoder.blocks.{i}.attn.qkv": "backbone.encoder.layer.{i}.attention.attention.{part}",
    "encoder.blocks.{i}.attn.proj": "backbone.encoder.layer.{i}.attention.output.dense",
    "encoder.blocks.{i}.scale1.gamma": "backbone.encoder.layer.{i}.layer_scale1.lambda1",
    "encoder.blocks.{i}.norm2": "backbone.encoder.layer.{i}.norm2",
    "encoder.blocks.{i}.mlp.fc1": "backbone.encoder.layer.{i}.mlp.fc1",
    "encoder.blocks.{i}.mlp.fc2": "backbone.encoder.layer.{i}.mlp.fc2",
    "encoder.blocks.{i}.mlp.w12": "backbone.encoder.layer.{i}.mlp.weights_in",
    "encoder.blocks.{i}.mlp.w3": "backbone.encoder.layer.{i}.mlp.weights_out",
    "encoder.blocks.{i}.scale2.gamma": "backbone.encoder.layer.{i}.layer_scale2.lambda1",
    "encoder.norm": "backbone.layernorm",
    "head.project.{i}": "neck.reassemble_stage.layers.{i}.projection",
    "head.enlarge4": "neck.reassemble_stage.layers.0.resize",
    "head.enlarge2": "neck.reassemble_stage.layers.1.resize",
    "head.reduce2": "neck.reassemble_stage.layers.3.resize",
    "head.narrow.{i}": "neck.convs.{i}",
    "head.fusion.{i}.skip.conv1": "neck.fusion_stage.layers.{r}.residual_layer1.convolution1",
    "head.fusion.{i}.skip.conv2": "neck.fusion_stage.layers.{r}.residual_layer1.convolution2",
    "head.fusion.{i}.refine.conv1": "neck.fusion_stage.layers.{r}.residual_layer2.convolution1",
    "head.fusion.{i}.refine.conv2": "neck.fusion_stage.layers.{r}.residual_layer2.convolution2",
    "head.fusion.{i}.out": "neck.fusion_stage.layers.{r}.projection",
    "head.output.conv1": "head.conv1",
    "head.output.conv2": "head.conv2",
    "head.output.conv3": "head.conv3",
}
# Published files carry these tensors, and the network has no use for them.
_UNUSED_ENDS = (".mask_token",)
_UNUSED_STARTS = ("depth_head.scratch.refinenet4.resConfUnit1.", "neck.fusion_stage.layers.0.residual_layer1.")


def published_names(ours: str, layout: Layout) -> tuple[str, ...]:
    """Return the names under which a tensor of the plain network is published: one, or three parts in order."""
    number = next((int(part) for part in ours.split(".") if part.isdigit()), 0)
    name = ours.replace(f".{number}.", ".{i}.", 1)
    names = _ORIGINAL if layout == "original" else _HF
    layer, _, parameter = name.rpartition(".")
    theirs = names[name] if name in names else f"{names[layer]}.{parameter}"
    parts = ("query", "key", "value") if "{part}" in theirs else ("",)
    return tuple(theirs.format(i=number, n=number + 1, r=3 - number, part=part) for part in parts)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Map the tensors of a .safetensors or .pth file into memory; pickled code in a .pth is never run.

    Raises `WeightsError` for a file that is absent, damaged, of another format, or holds anything but named tensors.
    """
    if path.suffix not in (".safetensors", ".pth"):
        raise WeightsError(f"{path} is neither .safetensors nor .pth. Choose the file that was published")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise WeightsError(f"The weights {path} can't be read ({reason}). Download the file again") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise WeightsError(f"{path} is not a table of named tensors. Choose the file that was published")
    return tensors


def load_model(path: Path, config: ModelConfig, max_distance: float | None = None) -> DepthAnything:
    """Build the plain network from a file of either layout, in float32 on the CPU, ready to evaluate.

    The file has to hold every tensor of the network in its shape and nothing that the tables do not know, else a
    `WeightsError` names what is wrong.
    """
    with torch.device("meta"):
        network = DepthAnything(config, max_distance)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    tensors = read_tensors(path)
    try:
        state = _to_state(tensors, _layout(tensors), shapes)
    except WeightsError as error:
        raise WeightsError(f"{path} does not fit the model ({error}). Choose this model's file") from None
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


def _layout(tensors: dict[str, Tensor]) -> Layout:
    if any(name.startswith("pretrained.") for name in tensors):
        return "original"
    if any(name.startswith("backbone.") for name in tensors):
        return "hf"
    raise WeightsError(
        "its tensors are named neither pretrained.* nor backbone.*, so it is not a Depth Anything V2 file"
    )


def _to_state(tensors: dict[str, Tensor], layout: Layout, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Rename, check and join the published tensors."""
    left = {
        name: tensor
        for name, tensor in tensors.items()
        if not name.endswith(_UNUSED_ENDS) and not name.startswith(_UNUSED_STARTS)
    }
    state, missing, misfits = {}, [], []
    for ours, (rows, *others) in shapes.items():
        names = published_names(ours, layout)
        expected = (rows // len(names), *others)
        parts = []
        for name in names:
            tensor = left.pop(name, None)
            if tensor is None:
                missing.append(name)
            elif tuple(tensor.shape) != expected or not tensor.is_floating_point():
                misfits.append(f"{name} is {tensor.dtype} {tuple(tensor.shape)} instead of {expected}")
            else:
                parts.append(tensor.float())
        if len(parts) == len(names):
            state[ours] = torch.cat(parts)  # a copy: what is mapped to the file would hold all of it in memory
    problems = {"missing": missing, "unknown": sorted(left), "wrong": misfits}
    if any(problems.values()):
        raise WeightsError("; ".join(_abridged(what, names) for what, names in problems.items() if names))
    return state


def _abridged(what: str, names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{what}: {', '.join(names[:3])}{more}"
