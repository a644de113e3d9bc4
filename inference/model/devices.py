"""The devices that torch finds on this machine, and which of them runs a model in a precision."""

import os
from pathlib import Path
from typing import get_args

import torch

from ..catalog import Device, Precision
from ..errors import DeviceError
from .quantize import check_int8


def choose(name: Device, precision: Precision) -> torch.device:
    """Return the device, on which that precision makes sense; "auto" is the first of CUDA, XPU, MPS and the CPU."""
    device = _find(name)
    if precision not in get_args(Precision):
        raise DeviceError(f"no precision is called {precision!r}: choose one of {', '.join(get_args(Precision))}")
    if precision == "int8":
        if device.type != "cpu":
            raise DeviceError(f"int8 is for CPUs, where it is quicker; on {device} take float16")
        check_int8()
    elif precision != "float32" and device.type == "cpu":
        raise DeviceError(f"{precision} is for GPUs, where it is quicker; on the CPU take float32, or int8")
    return device


def _find(name: Device) -> torch.device:
    present = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in present.items() if there))
    if name not in get_args(Device):
        raise DeviceError(f"no device is called {name!r}: choose one of {', '.join(get_args(Device))}")
    if not present[name]:
        there = ", ".join(device for device, there in present.items() if there)
        raise DeviceError(f"this torch finds no {name} device: choose one of auto, {there}")
    return torch.device(name)


def set_threads(threads: int | None) -> None:
    """Let torch compute with so many threads of the CPU; None is one for each physical core."""
    if (cores := threads or _physical_cores()) is not None:
        torch.set_num_threads(cores)


def _physical_cores() -> int | None:
    """Return how many cores this process may use, or None to leave it to torch, which counts them on other systems."""
    cores = set()
    for cpu in os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ():
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        if not siblings.is_file():
            return None
        cores.add(siblings.read_text())
    return len(cores) or None
