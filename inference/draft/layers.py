"""Layers of a network of convolutions, by numpy alone.

A map is float32 (h, w, c): the channels lie together, so that a 1x1 convolution is one matrix product, and shifting a
padded map by rows and columns is a view of its memory. Weights are as torch keeps them.
"""

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

_BLOCK = 1 << 17  # numbers of a strip that a depthwise convolution works on: what stays in a core's cache


def pointwise(x: Map, weight: Map, bias: Map) -> Map:
    """Convolve (..., c) with (outputs, c) or (outputs, c, 1, 1): (..., outputs)."""
    y = x @ weight.reshape(len(weight), -1).T
    y += bias
    return y


def depthwise(x: Map, weight: Map, bias: Map, stride: int) -> Map:
    """Filter each channel of (h, w, c) by its own (c, 1, k, k), then ReLU6: (h / stride, w / stride, c).

    Stride 1 pads k // 2 zeros on every side, stride 2 as TensorFlow's SAME pads even sides.
    """
    height, width, channels = x.shape
    kernel = weight.shape[-1]
    before = (kernel - stride) // 2
    padded = _padded(x, before, kernel - stride - before)
    taps = np.tile(weight.reshape(channels, kernel, kernel).transpose(1, 2, 0), (1, 1, width // stride))
    y = np.empty((height // stride, width // stride, channels), np.float32)
    rows = max(_BLOCK // (width // stride * channels), 1)
    for top in range(0, len(y), rows):
        strip = y[top : top + rows].reshape(-1, width // stride * channels)
        _filter(padded[top * stride :], taps, strip, stride)
        part = y[top : top + rows]
        part += bias
        np.clip(part, 0.0, 6.0, out=part)
    return y


def _filter(padded: Map, taps: Map, out: Map, stride: int) -> None:
    """Write into `out` (rows, w * c) the sum of the views of `padded` (h, w, c), each times its tap (w * c)."""
    rows, columns = len(out), out.shape[1] // padded.shape[2]
    term = np.empty_like(out)
    for i, line in enumerate(taps):
        for j, tap in enumerate(line):
            view = padded[i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            target = term if i or j else out
            shape = view.shape
            np.multiply(view, tap.reshape(shape[1:]), out=target.reshape(shape))
            if target is term:
                out += term


def convolution(x: Map, weight: Map, bias: Map) -> Map:
    """Convolve (h, w, c) with (outputs, c, 3, 3), one zero padded on every side: (h, w, outputs)."""
    height, width, channels = x.shape
    padded = np.zeros((height + 3, width + 2, channels), np.float32)
    padded[1 : height + 1, 1 : width + 1] = x
    # A shift by rows and columns is an offset into the pixels as one list; what wraps around falls into the two
    # columns that are dropped.
    pixels, count = padded.reshape(-1, channels), height * (width + 2)
    taps = np.ascontiguousarray(weight.transpose(2, 3, 1, 0))  # else numpy would not hand them to its BLAS
    y = np.zeros((count, len(weight)), np.float32)
    for i in range(3):
        for j in range(3):
            first = i * (width + 2) + j
            y += pixels[first : first + count] @ taps[i, j]
    y += bias
    return y.reshape(height, width + 2, -1)[:, :width]


def strided(x: Map, weight: Map, bias: Map) -> Map:
    """Convolve (h, w, c) with (outputs, c, 3, 3) at every second place, padded as SAME, then ReLU6."""
    height, width, channels = x.shape
    padded = _padded(x, 0, 1)
    columns = [padded[i : i + height : 2, j : j + width : 2] for i in range(3) for j in range(3)]
    patches = np.concatenate(columns, -1)  # (h / 2, w / 2, 9 c)
    flat = weight.transpose(0, 2, 3, 1).reshape(len(weight), 9 * channels)
    return relu6(pointwise(patches, flat, bias))


def relu6(x: Map) -> Map:
    """Clip to 0 to 6, in place."""
    return np.clip(x, 0.0, 6.0, out=x)


def relu(x: Map) -> Map:
    """Return what is above 0."""
    return np.maximum(x, 0.0)


def layer_norm(x: Map, weight: Map, bias: Map, epsilon: float) -> Map:
    """Normalise the last axis to mean 0 and variance 1, then scale and shift it."""
    centred = x - x.mean(-1, keepdims=True)
    variance = np.square(centred).mean(-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(epsilon)) * weight + bias


def softmax(x: Map) -> Map:
    """Return the softmax over the last axis."""
    powers: Map = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def double(x: Map) -> Map:
    """Make a map twice as large: bilinear, half-pixel centres, edges repeated."""
    for axis in (0, 1):
        before = np.concatenate([x.take([0], axis), x.take(range(x.shape[axis] - 1), axis)], axis)
        after = np.concatenate([x.take(range(1, x.shape[axis]), axis), x.take([-1], axis)], axis)
        near = np.float32(0.75) * x
        pair: Map = np.stack([near + np.float32(0.25) * before, near + np.float32(0.25) * after], axis + 1)
        x = pair.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return x


def _padded(x: Map, before: int, after: int) -> Map:
    height, width, channels = x.shape
    padded = np.zeros((before + height + after, before + width + after, channels), np.float32)
    padded[before : before + height, before : before + width] = x
    return padded
