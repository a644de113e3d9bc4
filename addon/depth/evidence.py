"""What the values of a depth map suggest where nothing states it. Values are float32 (H, W), top row first."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Unit = Literal["m", "cm", "mm", "1/256 m", "1/5000 m"]
UNITS: tuple[Unit, ...] = get_args(Unit)
METRES: dict[Unit, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "1/256 m": 1 / 256, "1/5000 m": 1 / 5000}

Values = NDArray[np.float32]

BEYOND = 65504.0  # metres; the largest half float. Renderers write it or 1e10 where there is nothing
_FAR_OFF = 10.0  # times the range of all others: as far away lies what is no depth
_FIRST = 2**12  # pixels
_AT_MOST = 4  # different numbers that stand for nothing
_LEVELS = 256  # what 8 bits can hold
_FEWEST = 32  # fewer are layers or shades, not a depth that was rounded
_PIXELS = 64  # for each level at least, or there is no telling a level from a value
_ALIKE = 0.2  # of the pixels equal the next one, along and down: what was rounded has flats
_NO_ROOM = 100.0  # as whole millimetres, all within a hand's breadth
_FEW, _SHARE = 0.001, 0.2  # of the pixels, of the range


def placeholders(values: Values, bits: int | None) -> list[float]:
    """Return the numbers that stand for "nothing" in a map, such as -1, -9999, 1e10 or an integer's largest.

    One is a lone value, far off all others: the only negative one, the largest that its integers can be, or any that is
    ten times as far from the others as they are from each other.
    """
    found: list[float] = []
    counted = _finite(values)
    low, high = _extremes(counted)
    while low < high and len(found) < _AT_MOST:
        if low < 0.0:
            above = _without(counted, low)
            if _is_lone_negative(low, _extremes(above)[0], high):
                found.append(low)
                counted = above
                low, high = _extremes(counted)
                continue
        below = _without(counted, high)
        next_one = _extremes(below)[1]
        if not _is_far_above(high, low, next_one, bits):
            break
        found.append(high)
        counted, high = below, next_one
    return found


def _is_lone_negative(value: float, next_one: float, high: float) -> bool:
    is_only_one = next_one >= 0.0 and value == round(value)
    return is_only_one or (high > next_one and next_one - value > _FAR_OFF * (high - next_one))


def _is_far_above(value: float, low: float, next_one: float, bits: int | None) -> bool:
    if next_one <= low:  # two values are a mask, not a depth with something missing
        return False
    is_largest = bits is not None and value == np.float32(2**bits - 1)
    return value - next_one > (1.0 if is_largest else _FAR_OFF) * (next_one - low)


def falls_downwards(values: Values) -> bool:
    """Return whether values fall from the top rows to the bottom rows, by the sign of their rank correlation.

    The floor is nearer than the wall, a field nearer than the sky: true of 15 measured depth maps out of 15.
    """
    values = _some(values)
    counted = np.isfinite(values) & (values != 0.0)  # 0 is often what could not be measured
    if not counted.any():
        return False
    rows, _ = np.nonzero(counted)
    ranks = np.argsort(np.argsort(values[counted], kind="stable"), kind="stable")
    return float(np.dot(rows - rows.mean(), ranks - ranks.mean())) < 0.0


def why_relative(values: Values, bits: int | None) -> str:
    """Return what shows that a map holds no distances but shades, or nothing. bits: as in `Samples`."""
    if bits == 8:
        return "it has 8 bits"
    counted = _finite(values)
    low, high = _extremes(counted)
    if np.isnan(low):
        return ""
    if low < 0.0 and (counted < 0.0).sum() > _FEW * np.isfinite(counted).sum():
        return "some values are negative"
    if bits is None and high == 1.0:
        return "its values end at 1"
    if bits is None and not is_whole(counted):
        return ""
    if bits is not None and high == np.float32(2**bits - 1):
        return "its values fill their integers"
    if high < _LEVELS:
        return "its values fit into 8 bits"
    levels = np.unique(_some(values))
    levels = levels[np.isfinite(levels)].astype(np.int64)
    step = int(np.gcd.reduce(levels)) if 2 < levels.size <= _LEVELS else 0
    if step and (step % _LEVELS == 0 or step % (_LEVELS + 1) == 0):
        return "it has the 256 levels of 8 bits"
    is_power = (int(high) & (int(high) + 1)) == 0
    if is_power and low == 0.0 and _extremes(_without(counted, 0.0))[0] <= 0.01 * high:
        return f"its values fill 0 to {high:.0f}"
    return ""


def unit(values: Values, bits: int | None) -> tuple[Unit, str]:
    """Return the likely unit of a map of distances, and what shows it."""
    counted = values if bits is not None else np.where(values < BEYOND, values, np.float32(np.nan))
    _, high = _extremes(counted)
    if not high > 0.0 or not (bits is not None or is_whole(np.fmax(counted, np.float32(0.0)))):
        return "m", "its numbers have fractions"
    if high <= _NO_ROOM:
        return "m", f"it holds whole numbers up to {high:.0f}"
    return "mm", f"it holds whole numbers up to {high:.0f}, as sensors write millimetres"


def levels(values: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the values that a map was rounded to and their whole numbers, both (N,) and rising; None if it was not.

    A map of 8 bits keeps its few values whatever is made of it: 16 bits, floats, metres from a disparity. They need not
    be evenly spaced: one step is the smallest of those around, and a gap of several counts as so many.
    """
    for some in (_some(values), values):  # most maps show at once that they are none
        found = np.unique(some[np.isfinite(some)]).astype(np.float64)
        if found.size > _LEVELS:
            return None
    with np.errstate(invalid="ignore"):  # infinity minus itself
        alike = [(np.diff(values, axis=axis) == 0.0).mean() if values.shape[axis] > 1 else 0.0 for axis in (0, 1)]
    if found.size < _FEWEST or values.size < _PIXELS * found.size or min(alike) < _ALIKE:
        return None
    gaps = np.diff(found)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(gaps, 2, mode="edge"), 5)
    whole = np.cumsum(np.rint(gaps / around.min(axis=1)))
    return found, np.concatenate([[0.0], whole])


def is_whole(counted: Values) -> bool:
    """Return whether all values but those that are NaN are whole numbers."""
    first = counted.ravel()[:_FIRST]  # of most maps with fractions one of these has some
    return not any((np.abs(some - np.rint(some)) > 0.0).any() for some in (first, counted))


def outliers(values: Values) -> str:
    """Return a sentence where few pixels hold most of the range, so that all others are flat; or nothing."""
    counted = values[np.isfinite(values)]
    if counted.size == 0:
        return ""
    whole = float(counted.max()) - float(counted.min())
    low, high = np.quantile(_some(counted[None, :]), (_FEW / 2, 1.0 - _FEW / 2))
    if high - low >= _SHARE * whole:
        return ""
    return (
        f"One pixel in {1 / _FEW:.0f} holds {1 - (high - low) / whole:.0%} of its range: if the rest is flat, raise "
        "Clip Near or Clip Far in the modifier."
    )


# Picking the finite pixels of a map with scattered holes costs ten times what the next three do.


def _finite(values: Values) -> Values:
    """Return the values with NaN for what is infinite."""
    infinite = np.isinf(values)
    return np.where(infinite, np.float32(np.nan), values) if infinite.any() else values


def _without(values: Values, number: float) -> Values:
    """Return the values with NaN for a number."""
    return np.where(values == np.float32(number), np.float32(np.nan), values)


def _extremes(values: Values) -> tuple[float, float]:
    """Return the smallest and the largest value but NaN; NaN where there is none."""
    return float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))


def _some(values: Values) -> Values:
    """Return as many of the pixels (H, W) as show what the map is like."""
    height, width = values.shape
    if height == 1:
        return values[:, :: -(-width // 2**16)]
    step = -(-max(height, width) // 256)
    return values[::step, ::step]
