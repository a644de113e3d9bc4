"""Colour profiles: the pixels of a picture to sRGB."""

import logging
from functools import cache
from io import BytesIO

from PIL import Image, ImageCms

log = logging.getLogger(__name__)


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def foreign_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """Return the colour profile of a picture that is not in sRGB, None where it is or does not say."""
    data = image.info.get("icc_profile")
    if not data:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(data))
        return None if "srgb" in ImageCms.getProfileDescription(profile).lower() else profile
    except (OSError, ImageCms.PyCMSError) as error:
        log.info("colour profile cannot be read, taking the picture as sRGB: %s", error)
        return None


def to_srgb(image: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> Image.Image:
    """Return the image in mode RGB. A profile that does not fit the image's channels says nothing and is left out."""
    if image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    if profile is None and image.mode == "LAB":
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if profile is not None:
        try:
            transform = ImageCms.buildTransform(profile, _srgb(), image.mode, "RGB")
            return transform.apply(image)
        except ImageCms.PyCMSError as error:
            log.info("colour profile does not fit the picture, taking it as sRGB: %s", error)
    return image if image.mode == "RGB" else image.convert("RGB")
