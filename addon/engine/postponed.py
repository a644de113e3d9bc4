"""What was asked for without an engine, to be estimated once there is one: what submits each job, in turn."""

from collections.abc import Callable
from typing import Any

_kept: list[Callable[[], Any]] = []


def keep(submit: Callable[[], Any]) -> None:
    """Keep what submits a job that needs an engine, until there is one."""
    _kept.append(submit)


def kept() -> list[Callable[[], Any]]:
    """Return what was kept, in turn."""
    return [*_kept]


def forget() -> None:
    """Drop what was kept: something else was asked for, or what it was for is gone."""
    _kept.clear()
