"""Another Blender, in a process of its own, that plays a script of this folder and says what came of it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def play(script: str, *arguments: str | Path, environment: Mapping[str, str], home: Path, seconds: float) -> dict:
    """Return the JSON that a script of this folder prints last; it runs in `home`. Asserts that it did not fail."""
    run = subprocess.run(
        [sys.executable, Path(__file__).with_name(script), *arguments],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.splitlines()[-1])
