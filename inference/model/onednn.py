"""Layers whose matrix products oneDNN makes, and the measured choice between it and the library that torch takes, MKL.

On some processors MKL uses half the width of oneDNN; on others it is ahead by a little, or in some shapes alone. Each
shape of a layer is measured once: both ways take turns, and oneDNN gets the layer only where it is ahead in three
quarters of the turns, so that noise never chooses it. A clear result is kept in the folder of this Python's
environment, under the processor and torch's version; where that folder can't be written, each start measures.
"""

import json
import logging
import math
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from itertools import product as pairs
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from ..errors import first_line
from ..paths import replacing
from . import plain

log = logging.getLogger(__name__)

Run = Callable[[], Tensor]

_MEASURED = Path(sys.prefix) / "depth_nodes_measured.json"  # {processor and torch: {shape: whether oneDNN is quicker}}
# A thread's own time leaves out what other programs take. Windows counts it in steps of a 64th of a second.
_clock = time.perf_counter if sys.platform == "win32" else time.thread_time
_TURNS = 7
_ROWS = 256  # tokens of a linear layer that is measured
_TOKENS = plain.GRID**2 + 1  # of an attention that is measured: with fewer, its scores would stay in the cache
_WORTH = 0.99  # of torch's time: what is closer stays with torch
_SCORES = 1 << 21  # attention scores that are held at once: 8 MiB, a cacheful
_TOO_LARGE = 2.0**100  # times values of up to 2 ** 27, the weights of attention still sum up without an overflow


# --- The choice ---------------------------------------------------------------------------------------------------


@cache
def is_quicker_linear(inputs: int, outputs: int) -> bool:
    """Whether oneDNN makes a linear layer of this shape quicker than torch's own choice on this machine."""

    def contest() -> tuple[Run, Run]:
        x, weight = torch.randn(_ROWS, inputs), torch.randn(outputs, inputs)
        return partial(product, x, torch.ops.mkldnn._reorder_linear_weight(weight)), partial(F.linear, x, weight)

    return _is_quicker(f"linear {inputs} {outputs}", contest)


@cache
def is_quicker_attention(channels: int) -> bool:
    """Whether `attend` outruns torch's fused attention on this machine, with so many channels a head."""

    def contest() -> tuple[Run, Run]:
        q, k, v = torch.randn(3, 1, 1, _TOKENS, channels)
        return partial(attend, q, k, v), lambda: F.scaled_dot_product_attention(q, k, v).transpose(1, 2)

    return _is_quicker(f"attention {channels}", contest)


def _is_quicker(shape: str, contest: Callable[[], tuple[Run, Run]]) -> bool:
    """Return what is known of a shape, or what a race between oneDNN and torch finds.

    One thread races: two would wait for each other while other processes have the cores. A torch without these
    operators, which are not public, and one where they fail or differ, keeps its own choice.
    """
    here = _kept().get(_machine(), {})
    if shape in here:
        return here[shape]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=()), torch.inference_mode():
            is_quicker, is_clear = _race(*contest())
    except (AttributeError, RuntimeError) as error:
        log.info("oneDNN's own operators are left out: %s", first_line(error))
        return False
    finally:
        torch.set_num_threads(threads)
    if is_clear:
        _keep(shape, is_quicker)
    return is_quicker


def _race(by_onednn: Run, by_torch: Run) -> tuple[bool, bool]:
    """Return whether oneDNN is quicker, and whether another race would find the same."""
    if not torch.allclose(by_onednn(), by_torch(), rtol=1e-3, atol=1e-3):
        return False, False
    shares = [_seconds(by_onednn) / _seconds(by_torch) for _ in range(_TURNS)]
    low, middle, high = statistics.quantiles(shares)
    return middle < _WORTH and high < 1, high - low < 0.1


def _seconds(run: Run) -> float:
    start = _clock()
    run()
    return _clock() - start


def _kept() -> dict[str, dict[str, bool]]:
    """Return what was measured in this environment before, by machine and shape."""
    try:
        return {machine: dict(shapes) for machine, shapes in json.loads(_MEASURED.read_text("utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError):  # nothing yet, or a file that something else wrote
        return {}


def _keep(shape: str, is_quicker: bool) -> None:
    """Add a result to the file, whole or not at all; without it, the next start measures again."""
    results = _kept()  # again: another process may have measured meanwhile
    results.setdefault(_machine(), {})[shape] = is_quicker
    try:
        with replacing(_MEASURED) as part:
            part.write_text(json.dumps(results, indent=1), "utf-8")
    except OSError as error:
        log.info("%s is not written: %s", _MEASURED, error)


@cache
def _machine() -> str:
    """Return a name of this processor, as it shows itself to this process, and of torch."""
    cores = Path("/proc/cpuinfo")
    told = cores.read_text("utf-8", "replace") if cores.is_file() else ""
    model = [
        match[1]
        for word in ("vendor_id", "model name", "model", "stepping")
        if (match := re.search(rf"^{word}\s*: (.*)$", told, re.MULTILINE))
    ]
    names = (platform.machine(), *(model or [platform.processor()]), torch.backends.cpu.get_cpu_capability())
    return f"{' '.join(names)}, torch {torch.__version__}"


# --- The layers ---------------------------------------------------------------------------------------------------


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x weight' + bias by oneDNN, called as torch's compiler calls it.

    Either the weight or its transpose has to be contiguous: others oneDNN multiplies a thousand times as slowly.
    """
    return torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, "none", [], "")


class Linear(nn.Linear):
    """A linear layer by oneDNN, which in the first run puts the weight in its own order."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer.in_features, layer.out_features, device="meta")
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """Turn (..., in) into (..., out)."""
        if not self.weight.is_mkldnn:
            reordered = torch.ops.mkldnn._reorder_linear_weight(self.weight)
            self.weight = nn.Parameter(reordered, requires_grad=False)
        return product(x, self.weight, self.bias)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return the attention of q, k and v, each (B, heads, T, channels), as (B, T, heads, channels).

    This does without the search for the largest score of each query. The softmax stays the same when all scores of a
    query change by one number: with the mean of the keys taken off them, the mean of the scores is 0. The mean of their
    powers is at least 1 then (Jensen), so what vanishes does not count, and one look at the sums of the powers tells
    whether any came near an overflow; if so, torch's own attention does the work.
    """
    batch, heads, tokens, channels = q.shape
    bits = math.log2(math.e) / math.sqrt(channels)  # to a power of 2, and the scale of the scores
    shift = k.mean(2, keepdim=True).mul_(-bits)
    keys = torch.add(shift, k, alpha=bits, out=k.new_empty(k.shape))
    out = q.new_empty(batch, tokens, heads, channels)
    rows = -(-tokens // -(-(tokens**2) // _SCORES))  # as few blocks as _SCORES allows, all alike
    sums = []
    for picture, head in pairs(range(batch), range(heads)):
        key, value = keys[picture, head], v[picture, head].contiguous()
        parts = zip(q[picture, head].split(rows), out[picture, :, head].split(rows), strict=True)
        sums += [_weigh(query, key, value, part) for query, part in parts]
    if torch.cat(sums).amax() < _TOO_LARGE:
        return out
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)


def _weigh(query: Tensor, key: Tensor, value: Tensor, out: Tensor) -> Tensor:
    """Write the means of the values, weighted with 2 to the power of the scores, and return the sums of the weights."""
    powers = product(query, key).exp2_()
    sums = powers.sum(-1, keepdim=True)
    torch.div(product(powers, value.T), sums, out=out)
    return sums
