"""Networks as their own packages have them, with numbers from a seed: Depth Anything 3 and MoGe-2."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import torch
from torch import nn

from tests.inference.original import seeded


def fill(network: nn.Module) -> nn.Module:
    """Give every parameter numbers that its name and shape decide, as `original.seeded` does."""
    named = {name: name.replace("normal", "facing") for name, _ in network.named_parameters()}  # no norm among them
    weights = {name: seeded(named[name], tuple(tensor.shape)) for name, tensor in network.named_parameters()}
    network.load_state_dict(weights, strict=False)  # buffers are constants
    return network.eval()


class DepthAnything3(nn.Module):
    """The package's encoder and head, named as in its files; `name`, a size of its encoders, and the head's widths."""

    def __init__(self, name: str, taps: list[int], features: int, channels: list[int]) -> None:
        super().__init__()
        from depth_anything_3.model.dinov2.dinov2 import DinoV2
        from depth_anything_3.model.dpt import DPT

        backbone = DinoV2(name, out_layers=taps, alt_start=-1, qknorm_start=-1, rope_start=-1, cat_token=False)
        head = DPT(backbone.pretrained.embed_dim, output_dim=1, features=features, out_channels=channels)
        self.model = nn.ModuleDict({"backbone": backbone, "head": head})

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return depth and sky, each (B, height, width), of normalised pixels (B, 3, height, width)."""
        taps, _ = self.model["backbone"](pixels[:, None], cam_token=None, export_feat_layers=[])
        out = self.model["head"](taps, *pixels.shape[-2:], patch_start_idx=0)
        return out["depth"][:, 0], out["sky"][:, 0]


def moge(widths: list[int]) -> nn.Module:
    """Return the package's MoGe-2 with the encoder, the taps and the stacks of the Small one, in widths of ours."""
    with stand_ins("utils3d", "scipy", "scipy.signal"):
        sys.modules["scipy.signal"].fftconvolve = None
        from moge.model.v2 import MoGeModel

    levels = {
        "dim_res_blocks": widths,
        "num_res_blocks": [0, 1, 1, 1, 0],
        "res_block_in_norm": "none",
        "res_block_hidden_norm": "none",
        "resamplers": ["conv_transpose", "conv_transpose", "conv_transpose", "bilinear"],
    }

    def head(outputs: int) -> dict[str, object]:
        return {"dim_in": widths, "dim_out": [None, None, None, None, outputs], **levels}

    return MoGeModel(
        encoder={"backbone": "dinov2_vits14", "intermediate_layers": [5, 11], "dim_out": widths[0]},
        neck={"dim_in": [widths[0] + 2, 2, 2, 2, 2], "dim_out": None, **levels},
        points_head=head(3),
        normal_head=head(3),
        mask_head=head(1),
        scale_head={"dims": [384, 384, 384, 1]},
        remap_output="exp",
    )


@contextmanager
def stand_ins(*names: str) -> Iterator[None]:
    """Let a package import what it needs for other things than its network; nothing else may meet the stand-ins."""
    missing = [name for name in names if name not in sys.modules]
    sys.modules.update({name: ModuleType(name) for name in missing})
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]
