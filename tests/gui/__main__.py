"""Plays every scene in Blender's real window: `python3 -m tests.gui [WORDS OF PYTEST'S -k]`, or `make test-gui`.

Where no window can be had it says why and runs nothing. Pictures of every scene are left in build/gui/.
"""

import subprocess
import sys

from tests.gui import window
from tools import environments, test


def main() -> None:
    """Make what is needed, build the zip, play, and leave with the verdict."""
    try:
        window.ensure(window.SUITE)
        package = [environments.ensure("bpy-4.5"), "-m", "tools.package"]
    except window.WindowMissingError as problem:
        print(f"[window] nothing was run: {problem}")
        return
    except environments.EnvironmentMissingError as problem:
        raise SystemExit(str(problem)) from None
    subprocess.run([str(part) for part in package], cwd=environments.ROOT, check=True)
    chosen = ("-k", " ".join(sys.argv[1:])) if sys.argv[1:] else ()
    test.REPORTS.mkdir(parents=True, exist_ok=True)
    if not test.summarize([test.run(test.Suite("inference", "pytest", ("tests/gui", "--durations=0", *chosen)))]):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
