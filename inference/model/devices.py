"""The devices that torch finds on this machine, and which of them runs a model in a precision."""

import logging
import os
from pathlib import Path
from typing import get_args

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

from ..catalog import Device, Precision
from ..errors import DeviceError, first_line
from ..memory import keep_freed_memory
from .cpu import accelerate
from .plain import Encoder
from .quantize import check_int8, quantize

log = logging.getLogger(__name__)


def choose(name: Device, precision: Precision) -> torch.device:
    """Return a device that has run a small computation in that precision.

    "auto" takes the first of CUDA, XPU, MPS and the CPU that runs it. Finding a graphics card does not mean that this
    torch has kernels for it: an older or an integrated one may only say so when it is first used.
    """
    if name not in get_args(Device):
        raise DeviceError(f"No device is called {name!r}. Choose one of {', '.join(get_args(Device))}")
    if precision not in get_args(Precision):
        raise DeviceError(f"No precision is called {precision!r}. Choose one of {', '.join(get_args(Precision))}")
    dtype = torch.float32 if precision == "int8" else getattr(torch, precision)
    if name != "auto":
        problem = _problem(name, dtype)
        if problem:
            raise DeviceError(f"The device {name} can't run the model ({problem}). Choose auto or cpu")
        device = torch.device(name)
    else:
        device = _first_that_works(dtype)
    if precision == "int8":
        if device.type != "cpu":
            raise DeviceError(f"int8 is faster on CPUs only. On {device}, choose float16")
        check_int8()
    elif precision != "float32" and device.type == "cpu":
        raise DeviceError(f"{precision} is faster on GPUs only. On the CPU, choose float32 or int8")
    return device


def adapt(network: nn.Module, encoder: Encoder, device: torch.device, precision: Precision) -> torch.dtype:
    """Put over a network what is quick on a device, in place, and return the type that it computes in.

    network: a plain one, in float32 on the CPU. encoder: its part that int8 is for.
    """
    dtype: torch.dtype = torch.float32 if precision == "int8" else getattr(torch, precision)
    if device.type == "cpu" and dtype == torch.float32:
        accelerate(network, exact=precision == "float32")
    if precision == "int8":
        quantize(encoder)
    return dtype


def _first_that_works(dtype: torch.dtype) -> torch.device:
    for candidate in ("cuda", "xpu", "mps"):
        if not _is_there(candidate):
            continue
        problem = _problem(candidate, dtype)
        if problem is None:
            return torch.device(candidate)
        log.warning("%s is left out: %s", candidate, problem)
    return torch.device("cpu")


def _is_there(name: str) -> bool:
    match name:
        case "cuda":
            return torch.cuda.is_available()
        case "xpu":
            return torch.xpu.is_available()
        case "mps":
            return torch.backends.mps.is_available()
        case _:
            return True


def _problem(name: str, dtype: torch.dtype) -> str | None:
    """Return in one line why a device can't run a model, or None where it can."""
    if not _is_there(name):
        made_for = torch.version.cuda or torch.version.hip
        if name == "cuda" and made_for:
            return (
                f"this PyTorch is built for {'CUDA' if torch.version.cuda else 'ROCm'} {made_for} and finds no such "
                "device; the driver may be too old"
            )
        return f"this PyTorch finds no {name} device"
    if name == "cpu":
        return None
    try:
        found = _small_computation(torch.device(name), dtype)
    except (RuntimeError, AssertionError, TypeError, OSError) as error:  # torch asserts where it lacks a backend
        return first_line(error)
    if not torch.allclose(found, _small_computation(torch.device("cpu"), torch.float32), rtol=0.1, atol=0.1):
        return "a small test computation gives a wrong result"
    return None


def _small_computation(device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Run one layer of each kind that the networks have, and return the result in float32 on the CPU."""
    x = torch.linspace(-1, 1, 3 * 28 * 28).reshape(1, 3, 28, 28).to(device, dtype)
    x = F.conv2d(x, torch.full((16, 3, 14, 14), 0.01, device=device, dtype=dtype), stride=14)  # (1, 16, 2, 2)
    tokens = F.layer_norm(x.flatten(2).transpose(1, 2), (16,))[:, None]  # (1, 1, 4, 16)
    tokens = F.gelu(F.scaled_dot_product_attention(tokens, tokens, tokens))
    x = tokens[:, 0].transpose(1, 2).reshape(1, 16, 2, 2) + x
    x = F.interpolate(x, scale_factor=2.1, mode="bicubic")  # (1, 16, 4, 4)
    x = F.interpolate(x, (9, 9), mode="bilinear", align_corners=True)
    return x.float().cpu()


def prepare(threads: int | None) -> None:
    """Let torch compute with so many threads of the CPU and keep freed memory; None is one for each physical core."""
    keep_freed_memory()
    set_threads(threads)


def set_threads(threads: int | None) -> None:
    """Let torch compute with so many threads of the CPU; None is one for each physical core."""
    if (cores := threads or _physical_cores()) is not None:
        torch.set_num_threads(cores)


def _physical_cores() -> int | None:
    """Return how many cores this process may use, or None to leave it to torch, which counts them on other systems."""
    cores = set()
    for cpu in os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ():
        try:
            cores.add(Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text())
        except OSError:  # a sandbox hides it
            return None
    return len(cores) or None
