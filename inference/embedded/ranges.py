"""The two laws of Google's depth photos, old and new: RangeInverse and RangeLinear, from near to far."""

from .stored import NEAR_IS_BLACK, Law
from .xmp import number


def law(said: dict[str, str]) -> Law:
    """Return the law that Format, Near, Far, Units and MeasureType state; of no unit where their numbers can't have it.

    Black is near. In dioptres the near end is the larger number; files that have it the other way round are relative.
    """
    near, far = number(said, "Near"), number(said, "Far")
    inverse = said.get("Format", "RangeInverse").lower() != "rangelinear"
    units = said.get("Units", "").lower()
    metric = units in ("m", "meters", "metres", "diopters", "dioptres")
    if near is None or far is None or min(near, far) <= 0.0 or near == far:
        return NEAR_IS_BLACK
    if units.startswith("diopt"):
        near, far = 1.0 / near, 1.0 / far
    if far < near:
        return NEAR_IS_BLACK
    along_ray = said.get("MeasureType", "").lower().startswith("optic") and "ray" in said["MeasureType"].lower()
    if inverse:
        return Law("inverse", 1.0 / near, 1.0 / far, metric, along_ray)
    return Law("distance", near, far, metric, along_ray)
