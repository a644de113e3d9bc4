"""What others published of what the models compute, for `doctor`.

For COCO's picture 000000039769 (val2017), resized by Pillow's bicubic filter to 686 x 518: the first three rows and
columns of the output of each model, rounded to four places, and the mean of what the models are given. They come from
the library transformers (Apache-2.0): its script that converts the published weights, and its tests.
"""

PIXEL_MEAN = 0.3033738
SIZE = (686, 518)

Corner = tuple[tuple[float, float, float], ...]

CORNERS: dict[str, Corner] = {
    "small": ((2.6751, 2.6211, 2.6571), (2.5820, 2.6138, 2.6271), (2.6160, 2.6141, 2.6306)),
    "base": ((4.3576, 4.3723, 4.3908), (4.3231, 4.3146, 4.3611), (4.3016, 4.3170, 4.3121)),
    "large": ((162.2751, 161.8504, 162.8788), (160.3138, 160.8050, 161.9835), (159.3812, 159.9884, 160.0768)),
    "small-indoor": ((1.3349, 1.2946, 1.2801), (1.2793, 1.2337, 1.2899), (1.2629, 1.2218, 1.2476)),
    "base-indoor": ((1.4601, 1.3824, 1.4904), (1.5031, 1.4349, 1.4274), (1.4570, 1.4578, 1.4200)),
    "large-indoor": ((1.5040, 1.5019, 1.5218), (1.5087, 1.5195, 1.5149), (1.5437, 1.5128, 1.5252)),
    "small-outdoor": ((9.5804, 8.0339, 7.7386), (7.9890, 7.2464, 7.7149), (7.7021, 7.2330, 7.3304)),
    "base-outdoor": ((10.2916, 9.0933, 8.8622), (9.1964, 9.3393, 9.0644), (8.9618, 9.4201, 9.2262)),
    "large-outdoor": ((14.0137, 13.3627, 13.1080), (13.2522, 13.3943, 13.3705), (13.0581, 13.4505, 13.3925)),
    "v1-base": ((26.3997, 26.3004, 26.3928), (26.2260, 26.2092, 26.3427), (26.0719, 26.0483, 26.1254)),
    "v1-large": ((87.9968, 87.7493, 88.2704), (87.1927, 87.6611, 87.3640), (86.7789, 86.9469, 86.7991)),
}
