"""The network against the original's output, plain and as the CPU runs it: every size, batch and thread count."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from inference.model import cpu, onednn, plain
from inference.model.plain import CONFIGS, DepthAnything
from inference.model.weights import load_model

MAX_ERROR, L2_ERROR = 2e-5, 5e-6  # of the range, and relative

SIZES = [
    ("tiny", 70, 98),
    ("tiny", 56, 56),
    ("small", 518, 518),
    ("small", 518, 924),
    ("small", 392, 392),
    ("small_metric20", 518, 518),
    ("small_metric20", 518, 686),
    ("base", 252, 336),
]


KINDS = ["plain", "oneDNN", "torch's choice"]


@pytest.fixture(scope="module")
def model_of(reference, tmp_path_factory):
    """Return a function that saves a reference's weights as the published .pth and loads them, plain or quicker.

    "int8" is what int8 layers are put over.
    """
    models = {}

    def get(name: str, kind: str = "torch's choice") -> DepthAnything:
        if (name, kind) not in models:
            path = tmp_path_factory.mktemp("weights") / f"{name}.pth"
            torch.save(reference(name).tensors, path)
            network = load_model(path, reference(name).config, reference(name).max_distance)
            if kind != "plain":
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(onednn, "is_quicker_linear", lambda *_: kind == "oneDNN")
                    patch.setattr(onednn, "is_quicker_attention", lambda *_: kind == "oneDNN")
                    cpu.accelerate(network, exact=kind != "int8")
            models[name, kind] = network
        return models[name, kind]

    return get


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def run(network: DepthAnything, pixels: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return network(pixels).numpy()


def assert_equal(ours: np.ndarray, original: np.ndarray) -> None:
    assert ours.dtype == np.float32
    assert np.abs(ours - original).max() <= MAX_ERROR * np.ptp(original)
    assert np.linalg.norm(ours - original) <= L2_ERROR * np.linalg.norm(original)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "height", "width"), SIZES)
def test_depth_is_the_originals(reference, model_of, pixels, name, height, width, kind):
    ours = run(model_of(name, kind), pixels(height, width))[0]
    assert ours.shape == (height, width)
    assert_equal(ours, reference(name).depth(height, width))


@pytest.mark.parametrize(("name", "height", "width"), SIZES)
def test_taps_are_the_originals(reference, model_of, pixels, name, height, width):
    with torch.inference_mode():
        taps = model_of(name).encoder(pixels(height, width))
    for ours, theirs in zip(taps, reference(name).taps(height, width), strict=True):
        assert_equal(ours[0].numpy(), theirs)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_thread_count_does_not_matter(reference, model_of, pixels, threads, count):
    torch.set_num_threads(count)
    assert_equal(run(model_of("tiny"), pixels(70, 98))[0], reference("tiny").depth(70, 98))


def test_each_picture_of_a_batch_is_as_if_alone(model_of, pixels):
    batch = pixels(84, 140, seed=3, batch=3)
    together = run(model_of("tiny"), batch)
    assert together.shape == (3, 84, 140)
    for i, ours in enumerate(together):
        assert_equal(ours, run(model_of("tiny"), batch[i : i + 1])[0])
    assert np.abs(together[0] - together[1]).max() > 1e-3 * np.ptp(together)


@pytest.mark.parametrize("size", [(14, 14), (14, 280), (518, 14), (1036, 56)])
def test_any_multiple_of_14_goes_through(model_of, pixels, size):
    ours = run(model_of("tiny"), pixels(*size))[0]
    assert ours.shape == size
    assert np.isfinite(ours).all()


@pytest.mark.parametrize(
    ("tokens", "spread", "offset"),
    [
        (5, 1, 0),
        (1370, 1, 0),
        (3000, 1, 0),  # in several blocks of queries
        (300, 3, 0),  # the largest scores are 50 above the mean of their query
        (300, 60, 0),  # so far above that their powers overflow
        (300, 1, 300),  # large, but the same for all keys
        (300, 1, -300),
    ],
)
def test_attention_of_blocks_is_softmax_of_products(tokens, spread, offset):
    q, k, v = torch.randn(3, 2, 3, tokens, 8, generator=torch.Generator().manual_seed(0)).numpy()
    q[..., 0], k[..., 0] = 16, offset / 16
    k[..., 1:] *= spread
    q *= np.sqrt(np.float32(8))  # takes the scale off again
    scores = np.einsum("bhqw,bhkw->bhqk", q.astype(np.float64), k) / np.sqrt(8)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    expected = np.einsum("bhqk,bhkw->bqhw", weights / weights.sum(-1, keepdims=True), v)
    ours = onednn.attend(*map(torch.from_numpy, (q, k, v))).numpy()
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5 * max(1, spread, abs(offset) / 30))


def test_metric_depth_stays_within_its_distance(reference, model_of, pixels):
    depth = run(model_of("small_metric20"), 100 * pixels(98, 98))
    assert depth.min() >= 0
    assert depth.max() <= 20


def test_giant_has_the_published_number_of_parameters():
    with torch.device("meta"):
        giant = DepthAnything(CONFIGS["vitg"])
    encoder = sum(parameter.numel() for parameter in giant.encoder.parameters())
    # DINOv2's ViT-g/14 has 1,136,480,768 parameters, the mask token among them.
    assert encoder == 1_136_480_768 - 1536


@pytest.mark.parametrize("swiglu", [False, True])
@pytest.mark.parametrize("kind", ["oneDNN", "torch's choice", "int8"])
def test_a_quicker_block_keeps_what_the_plain_one_says(monkeypatch, kind, swiglu):
    monkeypatch.setattr(onednn, "is_quicker_linear", lambda *_: kind == "oneDNN")
    monkeypatch.setattr(onednn, "is_quicker_attention", lambda *_: kind == "oneDNN")
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(plain.Block(plain.ModelConfig(64, 1, 2, (), 0, (), swiglu=swiglu))).requires_grad_(False)
    for name, parameter in network.named_parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator) / (8 if parameter.ndim == 2 else 1))
        if name.endswith(("norm1.weight", "norm2.weight")):
            parameter.exp_()  # trained ones differ by large factors
    tokens = torch.randn(2, 5, 64, generator=generator)
    tokens[..., 7] += 100  # as one of the channels of a trained encoder
    with torch.inference_mode():
        expected = copy.deepcopy(network).double()(tokens.double()).numpy()
        plainly = network(tokens).numpy()
        cpu.accelerate(network, exact=kind != "int8")
        found = network(tokens.clone()).numpy()
    error = np.abs(found - expected).max() / np.ptp(expected)
    assert error <= 4 * np.abs(plainly - expected).max() / np.ptp(expected)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kind", ["oneDNN", "torch's choice"])
def test_a_1x1_convolution_keeps_what_it_says(monkeypatch, kind, groups):
    monkeypatch.setattr(onednn, "is_quicker_linear", lambda *_: kind == "oneDNN")
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(8, 6, 1, groups=groups)).requires_grad_(False)
    x = torch.randn(2, 8, 5, 7)
    weight, bias = network[0].weight[:, :, 0, 0].double(), network[0].bias.double()
    parts = zip(x.double().chunk(groups, 1), weight.chunk(groups), strict=True)
    expected = torch.cat([torch.einsum("bihw,oi->bohw", *part) for part in parts], 1) + bias[:, None, None]
    cpu.accelerate(network)
    assert not isinstance(network[0], nn.Conv2d)
    for taken in (x, x.contiguous(memory_format=torch.channels_last)):
        torch.testing.assert_close(network(taken).double(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("height", "width", "strip"), [(70, 98, (0, 70)), (518, 40, (443, 518)), (90, 45, (44, 60))])
def test_a_strip_is_a_part_of_the_enlarged_map(height, width, strip):
    start, stop = strip
    x = torch.randn(2, 3, 33, 20, generator=torch.Generator().manual_seed(0))
    expected = plain.resize(x, height, width)[:, :, start:stop].numpy()
    np.testing.assert_allclose(cpu._resize_rows(x, height, width, start, stop).numpy(), expected, rtol=0, atol=2e-6)


def test_layers_that_will_be_rounded_keep_their_weights():
    block = plain.Block(plain.ModelConfig(16, 1, 2, (), 0, ())).requires_grad_(False)
    expected = {name: block.get_submodule(name).weight.clone() for name in ("norm1", "norm2", "attn.qkv", "mlp.fc1")}
    network = nn.Sequential(block)
    cpu.accelerate(network, exact=False)
    for name, weight in expected.items():
        torch.testing.assert_close(network[0].get_submodule(name).weight, weight, rtol=0, atol=0)
