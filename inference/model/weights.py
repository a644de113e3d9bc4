"""Weight files -> networks, by tables of names: one for each layout in which a network is published."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import WeightsError
from .plain import DepthAnything, ModelConfig

Network = TypeVar("Network", bound=nn.Module)
Names = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Layout:
    """How a published file names its tensors.

    sign: how names begin in a file of this layout, and in no other. names: ours to theirs, of a tensor, or of a layer
    that has a weight and perhaps a bias; {i} counts from 0, {n} is i + 1, and {r} counts the four levels of a head in
    reverse. Several names of theirs are held by us as one tensor, one below the other. unused_starts, unused_ends: what
    the files carry, and the network has no use for. within: the entry of a .pt file that holds the tensors.
    """

    sign: str
    names: Names
    unused_starts: tuple[str, ...] = ()
    unused_ends: tuple[str, ...] = (".mask_token",)
    within: str = ""


ENCODER = {  # DINOv2's own names
    "encoder.cls_token": "cls_token",
    "encoder.pos_embed": "pos_embed",
    "encoder.patch_embed": "patch_embed.proj",
    "encoder.blocks.{i}.norm1": "blocks.{i}.norm1",
    "encoder.blocks.{i}.attn.qkv": "blocks.{i}.attn.qkv",
    "encoder.blocks.{i}.attn.proj": "blocks.{i}.attn.proj",
    "encoder.blocks.{i}.scale1.gamma": "blocks.{i}.ls1.gamma",
    "encoder.blocks.{i}.norm2": "blocks.{i}.norm2",
    "encoder.blocks.{i}.mlp.fc1": "blocks.{i}.mlp.fc1",
    "encoder.blocks.{i}.mlp.fc2": "blocks.{i}.mlp.fc2",
    "encoder.blocks.{i}.mlp.w12": "blocks.{i}.mlp.w12",
    "encoder.blocks.{i}.mlp.w3": "blocks.{i}.mlp.w3",
    "encoder.blocks.{i}.scale2.gamma": "blocks.{i}.ls2.gamma",
    "encoder.norm": "norm",
}
HEAD = {  # DPT's, as Depth Anything has them; {i} counts the levels from the finest
    "head.project.{i}": "projects.{i}",
    "head.enlarge4": "resize_layers.0",
    "head.enlarge2": "resize_layers.1",
    "head.reduce2": "resize_layers.3",
    "head.narrow.{i}": "scratch.layer{n}_rn",
    "head.fusion.{i}.skip.conv1": "scratch.refinenet{n}.resConfUnit1.conv1",
    "head.fusion.{i}.skip.conv2": "scratch.refinenet{n}.resConfUnit1.conv2",
    "head.fusion.{i}.refine.conv1": "scratch.refinenet{n}.resConfUnit2.conv1",
    "head.fusion.{i}.refine.conv2": "scratch.refinenet{n}.resConfUnit2.conv2",
    "head.fusion.{i}.out": "scratch.refinenet{n}.out_conv",
    "head.output.conv1": "scratch.output_conv1",
    "head.output.conv2": "scratch.output_conv2.0",
    "head.output.conv3": "scratch.output_conv2.2",
}


def original(encoder: str, head: str) -> dict[str, str]:
    """Return the names of the original code, whose encoder and head are called so."""
    return {ours: encoder + theirs for ours, theirs in ENCODER.items()} | {
        ours: head + theirs for ours, theirs in HEAD.items()
    }


ORIGINAL = Layout(
    "depth_head.", original("pretrained.", "depth_head."), ("depth_head.scratch.refinenet4.resConfUnit1.",)
)
HF = Layout(
    "backbone.",
    {
        "encoder.cls_token": "backbone.embeddings.cls_token",
        "encoder.pos_embed": "backbone.embeddings.position_embeddings",
        "encoder.patch_embed": "backbone.embeddings.patch_embeddings.projection",
        "encoder.blocks.{i}.norm1": "backbone.encoder.layer.{i}.norm1",
        "encoder.blocks.{i}.attn.qkv": tuple(
            f"backbone.encoder.layer.{{i}}.attention.attention.{part}" for part in ("query", "key", "value")
        ),
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
    },
    ("neck.fusion_stage.layers.0.residual_layer1.",),
)


def published_names(ours: str, layout: Layout) -> tuple[str, ...]:
    """Return the names under which a tensor of a network is published: one, or several parts in order."""
    number = next((int(part) for part in ours.split(".") if part.isdigit()), 0)
    name = ours.replace(f".{number}.", ".{i}.", 1)
    layer, _, parameter = name.rpartition(".")
    theirs, end = (layout.names[name], "") if name in layout.names else (layout.names[layer], f".{parameter}")
    parts = (theirs,) if isinstance(theirs, str) else theirs
    return tuple(part.format(i=number, n=number + 1, r=3 - number) + end for part in parts)


def read_tensors(path: Path, within: str = "") -> dict[str, Tensor]:
    """Map the tensors of a .safetensors, .pth or .pt file into memory; pickled code in the latter is never run.

    within: the entry that holds them, where the file has it. Raises `WeightsError` for a file that is absent, damaged,
    of another format, or holds anything but named tensors.
    """
    if path.suffix not in (".safetensors", ".pth", ".pt"):
        raise WeightsError(f"{path} is neither .safetensors nor .pth nor .pt. Choose the file that was published")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise WeightsError(f"The weights {path} can't be read ({reason}). Download the file again") from error
    if within and isinstance(tensors, dict):
        tensors = tensors.get(within, tensors)
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise WeightsError(f"{path} is not a table of named tensors. Choose the file that was published")
    return tensors


def load_model(path: Path, config: ModelConfig, max_distance: float | None = None) -> DepthAnything:
    """Build the plain network from a file of either of its layouts: see `load`."""
    return load(path, lambda: DepthAnything(config, max_distance), (ORIGINAL, HF))


def load(path: Path, build: Callable[[], Network], layouts: Sequence[Layout]) -> Network:
    """Build a network from a file of one of the layouts, in float32 on the CPU, ready to evaluate.

    The file has to hold every tensor of the network in its shape and nothing that the layout does not know, else a
    `WeightsError` names what is wrong.
    """
    with torch.device("meta"):
        network = build()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    tensors = read_tensors(path, layouts[0].within)
    try:
        state = _to_state(tensors, _layout_of(tensors, layouts), shapes)
    except WeightsError as error:
        raise WeightsError(f"{path} does not fit the model ({error}). Choose this model's file") from None
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


def _layout_of(tensors: dict[str, Tensor], layouts: Sequence[Layout]) -> Layout:
    for layout in layouts:
        if any(name.startswith(layout.sign) for name in tensors):
            return layout
    signs = " nor ".join(f"{layout.sign}*" for layout in layouts)
    raise WeightsError(f"it has no tensors named {signs}, so it is not a file of this model")


def _to_state(tensors: dict[str, Tensor], layout: Layout, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Rename, check and join the published tensors."""
    left = {
        name: tensor
        for name, tensor in tensors.items()
        if not name.endswith(layout.unused_ends) and not name.startswith(layout.unused_starts)
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
