"""Weight files -> a loaded model. Holds the one table of the names that the two published layouts use."""

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from .catalog import Layout
from .errors import WeightsError
from .model import DepthAnything, ModelConfig


@dataclass(frozen=True)
class _Row:
    """One tensor of the model and its published names; a tensor that is published in parts has several, in order."""

    ours: str
    original: tuple[str, ...]
    hf: tuple[str, ...]


def _both(ours: str, original: str, hf: str) -> list[_Row]:
    """Return the rows for weight and bias."""
    return [_Row(f"{ours}.{p}", (f"{original}.{p}",), (f"{hf}.{p}",)) for p in ("weight", "bias")]


def _block(i: int, swiglu: bool) -> list[_Row]:
    ours, original, hf = f"encoder.blocks.{i}", f"pretrained.blocks.{i}", f"backbone.encoder.layer.{i}"
    qkv = ("query", "key", "value")
    mlp = ("w12", "w3") if swiglu else ("fc1", "fc2")
    hf_mlp = ("weights_in", "weights_out") if swiglu else mlp
    rows = [
        _Row(f"{ours}.qkv.{p}", (f"{original}.attn.qkv.{p}",), tuple(f"{hf}.attention.attention.{x}.{p}" for x in qkv))
        for p in ("weight", "bias")
    ]
    rows += _both(f"{ours}.proj", f"{original}.attn.proj", f"{hf}.attention.output.dense")
    for n in (1, 2):
        rows += _both(f"{ours}.norm{n}", f"{original}.norm{n}", f"{hf}.norm{n}")
        rows += _both(f"{ours}.mlp.{mlp[n - 1]}", f"{original}.mlp.{mlp[n - 1]}", f"{hf}.mlp.{hf_mlp[n - 1]}")
        rows.append(_Row(f"{ours}.scale{n}", (f"{original}.ls{n}.gamma",), (f"{hf}.layer_scale{n}.lambda1",)))
    return rows


def _table(config: ModelConfig) -> list[_Row]:
    embed = "backbone.embeddings"
    rows = [
        _Row("encoder.cls_token", ("pretrained.cls_token",), (f"{embed}.cls_token",)),
        _Row("encoder.pos_embed", ("pretrained.pos_embed",), (f"{embed}.position_embeddings",)),
        *_both("encoder.patch_embed", "pretrained.patch_embed.proj", f"{embed}.patch_embeddings.projection"),
        *_both("encoder.norm", "pretrained.norm", "backbone.layernorm"),
    ]
    for i in range(config.depth):
        rows += _block(i, config.swiglu)

    stage, fusion, scratch = "neck.reassemble_stage.layers", "neck.fusion_stage.layers", "depth_head.scratch"
    for name, level in (("enlarge4", 0), ("enlarge2", 1), ("reduce2", 3)):
        rows += _both(f"head.{name}", f"depth_head.resize_layers.{level}", f"{stage}.{level}.resize")
    for level in range(4):
        ours, original, hf = f"head.fusion.{level}", f"{scratch}.refinenet{level + 1}", f"{fusion}.{3 - level}"
        rows += _both(f"head.project.{level}", f"depth_head.projects.{level}", f"{stage}.{level}.projection")
        narrow = f"{scratch}.layer{level + 1}_rn.weight"
        rows.append(_Row(f"head.narrow.{level}.weight", (narrow,), (f"neck.convs.{level}.weight",)))
        rows += _both(f"{ours}.out", f"{original}.out_conv", f"{hf}.projection")
        units = [("refine", 2)] if level == 3 else [("skip", 1), ("refine", 2)]
        for unit, n in units:
            for conv in (1, 2):
                rows += _both(
                    f"{ours}.{unit}.conv{conv}",
                    f"{original}.resConfUnit{n}.conv{conv}",
                    f"{hf}.residual_layer{n}.convolution{conv}",
                )
    rows += _both("head.out1", f"{scratch}.output_conv1", "head.conv1")
    rows += _both("head.out2", f"{scratch}.output_conv2.0", "head.conv2")
    rows += _both("head.out3", f"{scratch}.output_conv2.2", "head.conv3")
    return rows


def _is_unused(name: str) -> bool:
    """Tell whether published files carry this tensor without the model having a use for it."""
    return name.endswith(".mask_token") or name.startswith(
        ("depth_head.scratch.refinenet4.resConfUnit1.", "neck.fusion_stage.layers.0.residual_layer1.")
    )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Map the tensors of a .safetensors or .pth file into memory; pickled code in a .pth is never run.

    Raises `WeightsError` for a file that is absent, damaged, of another format, or holds anything but named tensors.
    """
    if path.suffix not in (".safetensors", ".pth"):
        raise WeightsError(f"{path} is neither .safetensors nor .pth: give the file that was published")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise WeightsError(f"cannot read the weights {path}: {reason}; fetch the file again") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise WeightsError(f"{path} is not a table of named tensors: give the file that was published")
    return tensors


def load_model(path: Path, config: ModelConfig, max_distance: float | None = None) -> DepthAnything:
    """Build the model from a file of either layout, in float32 on the CPU, ready to evaluate.

    The file has to hold every tensor of the model in its shape and nothing that the table does not know, else a
    `WeightsError` names what is wrong.
    """
    with torch.device("meta"):
        model = DepthAnything(config, max_distance)
    tensors = read_tensors(path)
    try:
        state = _to_state(tensors, _layout(tensors), config, {k: v.shape for k, v in model.state_dict().items()})
    except WeightsError as error:
        raise WeightsError(f"{path} does not fit the model: {error}") from None
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)


def _layout(tensors: dict[str, Tensor]) -> Layout:
    if any(name.startswith("pretrained.") for name in tensors):
        return "original"
    if any(name.startswith("backbone.") for name in tensors):
        return "hf"
    raise WeightsError("its tensors are named neither pretrained.* nor backbone.*, so it is no Depth Anything V2 file")


def _to_state(
    tensors: dict[str, Tensor], layout: Layout, config: ModelConfig, shapes: dict[str, torch.Size]
) -> dict[str, Tensor]:
    """Rename, check and join the published tensors, then multiply the LayerScale factors into the linear layers."""
    left = {name: tensor for name, tensor in tensors.items() if not _is_unused(name)}
    state, missing, misfits = {}, [], []
    for row in _table(config):
        names = row.original if layout == "original" else row.hf
        rows, *others = shapes.get(row.ours, (config.width,))
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
            state[row.ours] = torch.cat(parts)  # a copy: what is mapped to the file would hold all of it in memory
    problems = {"missing": missing, "unknown": sorted(left), "wrong": misfits}
    if any(problems.values()):
        raise WeightsError("; ".join(_abridged(what, names) for what, names in problems.items() if names))

    _fold_scales(state, config)
    return state


def _fold_scales(state: dict[str, Tensor], config: ModelConfig) -> None:
    """Multiply LayerScale's factors and the scale of the attention into the linear layers before them."""
    queries = torch.ones(3 * config.width)
    queries[: config.width] = (config.width / config.heads) ** -0.5  # 1/8 for every published model: exact
    for i in range(config.depth):
        block = f"encoder.blocks.{i}"
        last = "w3" if config.swiglu else "fc2"
        factors = {"qkv": queries, "proj": state.pop(f"{block}.scale1"), f"mlp.{last}": state.pop(f"{block}.scale2")}
        for layer, factor in factors.items():
            state[f"{block}.{layer}.weight"] *= factor[:, None]
            state[f"{block}.{layer}.bias"] *= factor


def _abridged(what: str, names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{what}: {', '.join(names[:3])}{more}"
