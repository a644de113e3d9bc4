"""How far what is under way is, in one line."""

from collections.abc import Sequence


def status(under_way: Sequence[tuple[str, str, float | None]]) -> str | None:
    """Say how far the first estimate is and how many wait behind it: of each the image's name, the stage, its share."""
    if not under_way:
        return None
    (name, stage, fraction), others = under_way[0], len(under_way) - 1
    share = f" {fraction:.0%}" if fraction is not None else "…"
    queue = f"   {others} more waiting" if others else ""
    return f"Depth of {name}: {stage}{share}{queue}   (Esc cancels)"
