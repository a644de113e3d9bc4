"""Draft's layers as plain numbers, for the network in torch and for the one in numpy.

The trunk is EfficientNet-Lite2 (Tan and Le 2019; Google's `efficientnet/lite`), without its last layers. It has no
squeeze-and-excite, and each BatchNorm is folded into the convolution before it.
"""

STRIDE = 32  # both sides of the network's input are multiples of it
SIZE = 224  # pixels of the input's shorter side
MEAN, DEVIATION = 127.0, 128.0  # the trunk takes (8-bit sRGB - MEAN) / DEVIATION

STEM = 32  # channels after the first convolution
EXPANSION = 6  # widening inside a block; the first stage has none
TOKENS = 192  # channels of the attention at 1/32
HEADS = 6
BLOCKS = 3
HIDDEN = 3 * TOKENS
EPSILON = 1e-5  # of the layer norms

SHARP = 768  # pixels of a depth map's shorter side at most, to which the photo sharpens it

# A stage: kernel of its depthwise convolutions, stride of the first one, channels, blocks.
STAGES = (
    (3, 1, 16, 1),
    (3, 2, 24, 3),
    (5, 2, 48, 3),
    (3, 2, 88, 4),
    (5, 1, 120, 4),
    (5, 2, 208, 5),
    (3, 1, 352, 1),
)
TAKEN = (0, 1, 2, 4, 6)  # stages whose maps go on, at 1/2, 1/4, 1/8, 1/16 and 1/32
DECODER = (96, 64, 40, 16)  # channels on the way up, at 1/16, 1/8, 1/4 and 1/2


def input_size(height: int, width: int, size: int = SIZE) -> tuple[int, int]:
    """Return the (height, width) at which Draft sees a photo: aspect kept, multiples of 32, shorter side `size`.

    The longer side is at most four times the shorter one, so that a panorama doesn't take the memory of many photos.
    """
    scale = size / min(height, width)
    rows, columns = (max(round(scale * side / STRIDE), 1) * STRIDE for side in (height, width))
    return min(rows, 4 * size), min(columns, 4 * size)


def output_size(height: int, width: int) -> tuple[int, int]:
    """Return the (height, width) of a photo's depth map: the photo's, or less where the photo is large."""
    scale = min(SHARP / min(height, width), 1.0)
    return max(round(scale * height), 1), max(round(scale * width), 1)
