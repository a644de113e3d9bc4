"""What every suite shares."""

import os
import sys

import pytest


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End a process that has imported Blender at once, all reports written: Blender can hang or crash at exit."""
    if "bpy" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash.get(_EXIT_STATUS, pytest.ExitCode.INTERNAL_ERROR))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how the session ended, for the hook above."""
    session.config.stash[_EXIT_STATUS] = exitstatus


_EXIT_STATUS = pytest.StashKey[int]()
