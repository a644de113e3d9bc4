"""What every suite shares."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

# The root's __init__.py is Blender's; pytest takes it for a package that is called as the clone's folder is. In a clone
# called "inference" or "tests" that package would hide ours.
_ROOT = Path(__file__).parents[1]
if (_ROOT / _ROOT.name / "__init__.py").exists():
    sys.modules.pop(_ROOT.name, None)

# Blender reads this once, while it is imported: nothing of the user's own Blender is seen or touched.
_USER = tempfile.TemporaryDirectory(prefix="depth_nodes_user_", ignore_cleanup_errors=True)
os.environ["BLENDER_USER_RESOURCES"] = _USER.name
os.environ["XDG_DATA_HOME"] = os.environ["LOCALAPPDATA"] = _USER.name  # where engines are


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End a process that has imported Blender at once, all reports written: Blender can hang or crash at exit."""
    if "bpy" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash.get(_EXIT_STATUS, pytest.ExitCode.INTERNAL_ERROR))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how the session ended, for the hook above, and remove the user folder: no exit handler may run."""
    session.config.stash[_EXIT_STATUS] = exitstatus
    _USER.cleanup()


_EXIT_STATUS = pytest.StashKey[int]()
