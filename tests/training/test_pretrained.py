"""Folding a BatchNorm into a convolution, against torch's own layers one after the other."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from inference.draft.torch_network import Draft
from training.pretrained import EPSILON, _layers, folded


def test_a_folded_layer_gives_what_convolution_and_norm_give() -> None:
    torch.manual_seed(0)
    trunk = Draft().trunk
    shapes = {name: value.shape for name, value in trunk.state_dict().items()}
    published, norms = {}, {}
    for ours, convolution, norm in _layers():
        channels = shapes[f"{ours}.bias"][0]
        layer = nn.BatchNorm2d(channels, EPSILON)
        for value in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
            value.uniform_(0.5, 1.5)
        published[f"{convolution}.weight"] = torch.randn(shapes[f"{ours}.weight"])
        published.update({f"{norm}.{name}": value for name, value in layer.state_dict().items()})
        norms[ours] = convolution, layer.eval()
    trunk.load_state_dict(folded(published))  # every weight of the trunk, and no other

    convolution, norm = norms["stages.2.0.depthwise"]
    block = trunk.stages[2][0]
    x = torch.randn(1, block.depthwise.in_channels, 12, 16)
    plain = F.conv2d(F.pad(x, (1, 2, 1, 2)), published[f"{convolution}.weight"], stride=2, groups=x.shape[1])
    with torch.no_grad():
        torch.testing.assert_close(block.depthwise(x), F.relu6(norm(plain)), atol=1e-5, rtol=1e-5)
