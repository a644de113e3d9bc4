"""Reads a safetensors file by numpy alone.

The format: eight bytes, little endian, the length of a JSON object; that object, which gives each tensor's dtype, shape
and place; the tensors' bytes. (Hugging Face, github.com/huggingface/safetensors, "Format".)
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import WeightsError

_TYPES = {"F16": "<f2", "F32": "<f4"}


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of a file of half or single precision as float32; raises `WeightsError` for any other."""
    try:
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        header.pop("__metadata__", None)
        return {name: _tensor(content[8 + length :], entry) for name, entry in header.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"The built-in model's weights, {path}, can't be read ({error}). Install the extension again"
        ) from error


def _tensor(data: bytes, entry: dict[str, Any]) -> NDArray[np.float32]:
    begin, end = entry["data_offsets"]
    return np.frombuffer(data[begin:end], _TYPES[entry["dtype"]]).reshape(entry["shape"]).astype(np.float32)
